"""The tap at the wire of one source: everything that comes is recorded, then faults may act on it."""

from __future__ import annotations

from collections.abc import Callable

import trio

from mdsim.core.time import MS
from mdsim.providers.waiting import Now, wait
from mdsim.providers.wire import Heard, Recorder, WirePipeline

LOOK_NS = 50 * MS
"""How often faults are asked whether the connection may still stand: they tell nobody by themselves."""

Deliver = Callable[[Heard, int], None]


class Tap:
    """Between the sockets of a source and its sessions."""

    def __init__(self, deliver: Deliver, record: Recorder | None, now: Now) -> None:
        self._deliver = deliver
        self._record = record
        self._now = now
        self._pipeline: WirePipeline | None = None
        self._changed = trio.Event()

    @property
    def down(self) -> str:
        """How the faults want connections closed (``disconnect``, ``reset``), empty when they may stand."""
        return "" if self._pipeline is None else self._pipeline.down

    async def until_down(self) -> str:
        """Wait until the faults want connections closed; how they want it."""
        while not self.down:
            again_ns = None if self._pipeline is None else self._now() + LOOK_NS
            await wait(self._changed, again_ns, self._now)
            await trio.lowlevel.checkpoint()
        return self.down

    def disturb(self, pipeline: WirePipeline | None) -> None:
        """Put faults at the wire, or take them away: what they held back goes on at once."""
        held = [] if self._pipeline is None or self._pipeline is pipeline else self._pipeline.flush()
        self._pipeline = pipeline
        now_ns = self._now()
        for heard in held:
            self._deliver(heard, now_ns)
        self._wake()

    def heard(self, heard: Heard) -> None:
        """Something came; it reaches its session now, later, changed, or not at all."""
        if self._record is not None:
            self._record(heard)
        if self._pipeline is None:
            self._deliver(heard, heard.recv_ns)
        else:
            self._pipeline.put(heard, heard.recv_ns)
            self._let_go(self._pipeline, heard.recv_ns)
            self._wake()

    def note(self, heard: Heard) -> None:
        """A connection came or went: for the recorder alone."""
        if self._record is not None:
            self._record(heard)

    async def run(self) -> None:
        """Let go what faults hold back, when its time has come."""
        while True:
            if self._changed.is_set():
                self._changed = trio.Event()
            due = None
            if self._pipeline is not None:
                self._let_go(self._pipeline, self._now())
                due = self._pipeline.next_due_ns()
            await wait(self._changed, due, self._now)

    def _let_go(self, pipeline: WirePipeline, now_ns: int) -> None:
        for item in pipeline.due(now_ns):
            self._deliver(item, now_ns)

    def _wake(self) -> None:
        self._changed.set()
