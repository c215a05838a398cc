"""The timer of delivery faults: what a pipeline holds leaves when it is due, not with the next cycle."""

from __future__ import annotations

from collections.abc import Callable

import trio

from mdsim.core.time import SECOND
from mdsim.publish.disturber import Disturber

SHORTEST_S = 0.001
"""What is due within a millisecond leaves together, so that a thousand readers are no thousand wake-ups."""


class FaultTimer:
    """Wakes a disturber when its next message is due; asleep while nothing waits."""

    def __init__(self, disturber: Disturber, clock_ns: Callable[[], int]) -> None:
        """Keep time by the clock that the disturber itself has."""
        self._disturber = disturber
        self._clock_ns = clock_ns
        self._sooner = trio.Event()
        disturber.on_sooner = self._wake

    def _wake(self) -> None:
        self._sooner.set()

    async def run(self) -> None:
        """Send what is due until cancelled; with much to do, others get their turn in between."""
        while True:
            if self._disturber.behind:
                await trio.lowlevel.checkpoint()
                self._disturber.release()
                continue
            due_ns = self._disturber.next_due_ns()
            if due_ns is None:
                await self._sooner.wait()
            else:
                left_s = max(SHORTEST_S, (due_ns - self._clock_ns()) / SECOND)
                with trio.move_on_after(left_s):
                    await self._sooner.wait()
            self._sooner = trio.Event()
            self._disturber.release()
