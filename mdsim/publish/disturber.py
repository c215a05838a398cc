"""Delivery faults on the readers of a server: who is disturbed, by what, and when what waits leaves."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from mdsim.core.impairing import Disturbance, Injection, PipelineMaker
from mdsim.publish.backlog import Backlog, Job
from mdsim.publish.disturbed import DisturbedReader, Receiver
from mdsim.publish.handling import Delivery, MessageHandling

Chooser = Callable[[Disturbance, str], bool]
"""Whether a disturbance's share takes in a connection; of one name the answer is always the same."""

TOLD_MOST = 262_144
"""Injections that wait to be asked for; past it they are only counted."""

CHANGE = 5
"""Work of putting up, changing or emptying one pipeline, beside a message through it."""


class Disturber:
    """Puts pipelines between the hub and the readers that disturbances in force have drawn.

    Synchronous: ``disturb`` is called before anything is published that it is about, ``release`` by whoever
    keeps the time (``next_due_ns``). A reader that is not drawn is never touched, and does not wait for
    those that are: past a slice of work, what is to be done for them waits for ``release`` (``behind``), in
    its order and with the time at which it came.

    Attributes:
        counted: injections by fault and kind of client (``websocket``, ``grpc``); ``untold`` are those of
            them that nobody asked for in time.
        on_sooner: called when something will leave earlier than all that waited before.
        after: called after every round of sending, for who gathers what is sent.
    """

    def __init__(self, make: PipelineMaker, chosen: Chooser, *, clock_ns: Callable[[], int]) -> None:
        """Stand ready.

        Args:
            make: makes the pipeline of one reader.
            chosen: draws who is disturbed.
            clock_ns: the present on the engine's clock.
        """
        self.counted: Counter[tuple[str, ...]] = Counter()
        self.on_sooner: Callable[[], None] = _nothing
        self.after: list[Callable[[], None]] = []
        self._make = make
        self._chosen = chosen
        self._told: list[Injection] = []
        self._clock_ns = clock_ns
        self._handling = MessageHandling()
        self._now_ns = 0
        self._given: Sequence[Disturbance] = ()
        self._active: tuple[Disturbance, ...] = ()
        self._kinds: dict[Receiver, str] = {}
        self._disturbed: dict[Receiver, DisturbedReader] = {}
        self._due: list[
            tuple[int, int, DisturbedReader]
        ] = []  # an entry of another time than its reader's is stale
        self._pushed = 0
        self._backlog = Backlog(self._wake)
        self._changed = False

    def __len__(self) -> int:
        """Readers that are disturbed now."""
        return len(self._disturbed)

    @property
    def behind(self) -> bool:
        """Whether ``release`` has something to do at once."""
        return len(self._backlog) > 0

    # Readers

    def join(self, receiver: Receiver, kind: str) -> str:
        """Take a new reader in, and draw it too; how its connection is down, empty when it may come."""
        self._kinds[receiver] = kind
        if self._active:
            self._begin(receiver, self._active, joining=True)
        reader = self._disturbed.get(receiver)
        return reader.down if reader is not None else ""

    def leave(self, receiver: Receiver) -> None:
        """Forget a reader and what waits for it; one that is unknown is no error."""
        self._kinds.pop(receiver, None)
        reader = self._disturbed.pop(receiver, None)
        if reader is not None:
            reader.due_ns = None
            reader.left = True

    # Disturbances and time

    def disturb(self, disturbances: Sequence[Disturbance]) -> None:
        """Let these, and only these, act from now on; those of sources are passed by.

        Costs nothing while it is given the same object as before.
        """
        if disturbances is not self._given:
            self._given = disturbances
            active = tuple(one for one in disturbances if one.source is None)
            begun = [one for one in active if not _among(one, self._active)]
            ended = [one for one in self._active if not _among(one, active)]
            self._active = active
            self._changed = True
            self._backlog.begin()
            if ended:
                self._backlog.finish()  # it belongs to what was in force
                self._end(ended)
            for receiver in list(self._kinds) if begun else ():
                self._begin(receiver, begun)
            self._send_due()

    def injections(self) -> Sequence[Injection]:
        """What was done to readers since the last call, in the order in which it was done.

        Asked once a cycle, before anything of it ends: whatever came in the cycles before is done by then.
        Only what ``disturb`` has just begun may take its time.
        """
        if not self._changed:
            self._backlog.begin()
            if self._backlog:
                self._backlog.finish()
                self._look()
        self._changed = False
        told, self._told = self._told, []
        return told

    def release(self) -> None:
        """Do a slice of what waits, and send what is due; costs nothing while there is neither."""
        if self._backlog or self._due:
            self._backlog.work()
            self._send_due()

    def _send_due(self) -> None:
        now_ns = self._now()
        while self._due and self._due[0][0] <= now_ns:
            due_ns, _, reader = heapq.heappop(self._due)
            if reader.due_ns == due_ns:
                reader.due_ns = None
                self._do(reader, CHANGE, partial(self._carry, reader, (), now_ns))
        self._look()

    def _look(self) -> None:
        for look in self.after:
            look()

    def next_due_ns(self) -> int | None:
        """When something leaves next, on the engine's clock; None when nothing waits."""
        due = self._due
        while due and due[0][2].due_ns != due[0][0]:
            heapq.heappop(due)
        return due[0][0] if due else None

    def _begin(self, receiver: Receiver, begun: Sequence[Disturbance], *, joining: bool = False) -> None:
        drawn = [one for one in begun if self._chosen(one, receiver.name)]
        if not drawn:
            return
        reader = self._disturbed.get(receiver)
        if reader is not None:
            both = (*reader.drawn, *drawn)
            self._change(reader, [one for one in self._active if _among(one, both)])
            return
        make = partial(self._make, drawn, self._handling, receiver.name)
        reader = DisturbedReader(receiver, self._kinds[receiver], drawn, make, self._work)
        self._disturbed[receiver] = reader
        receiver.disturb(reader)
        if joining:
            reader.down = reader.pipeline.down  # it is refused: there is nothing to take down yet
            self._settle(reader)
        else:
            self._do(reader, CHANGE, partial(self._settle, reader))

    def _end(self, ended: Sequence[Disturbance]) -> None:
        for reader in list(self._disturbed.values()):
            left = [one for one in reader.drawn if not _among(one, ended)]
            if len(left) != len(reader.drawn):
                self._change(reader, left)

    def _change(self, reader: DisturbedReader, drawn: Sequence[Disturbance]) -> None:
        reader.drawn = tuple(drawn)
        now_ns = self._now()

        def change() -> None:
            reader.change(drawn, now_ns)
            self._settle(reader)

        self._do(reader, CHANGE, change)

    def _work(self, reader: DisturbedReader, messages: Sequence[Delivery]) -> None:
        self._do(reader, len(messages), partial(self._carry, reader, messages, self._now()))

    def _carry(self, reader: DisturbedReader, messages: Sequence[Delivery], at_ns: int) -> None:
        reader.carry(messages, at_ns)
        self._settle(reader)

    def _do(self, reader: DisturbedReader, size: int, job: Job) -> None:
        reader.jobs += 1
        self._backlog.do(size, partial(self._done, reader, job))

    def _wake(self) -> None:
        self.on_sooner()

    def _done(self, reader: DisturbedReader, job: Job) -> None:
        reader.jobs -= 1
        if reader.left:
            return
        job()
        if not reader.drawn and not reader.jobs:  # nothing that was published before waits any more
            self._disturbed.pop(reader.receiver, None)
            reader.receiver.disturb(None)

    def _settle(self, reader: DisturbedReader) -> None:
        """Tell what was done, take down what must be, and note when the reader's next message leaves."""
        told = reader.pipeline.injections()
        if told:
            self.counted.update((one.fault, reader.kind) for one in told)
            room = max(0, TOLD_MOST - len(self._told))
            self._told += told[:room]
            if told[room:]:
                self.counted["untold", reader.kind] += len(told[room:])
        if not reader.down:
            reader.down = reader.pipeline.down
            if reader.down:
                reader.receiver.take_down(reader.down)
        due_ns = reader.pipeline.next_due_ns()
        if due_ns == reader.due_ns:
            return
        reader.due_ns = due_ns
        if due_ns is None:
            return
        before_ns = self.next_due_ns()
        self._pushed += 1
        heapq.heappush(self._due, (due_ns, self._pushed, reader))
        if before_ns is None or due_ns < before_ns:
            self.on_sooner()

    def _now(self) -> int:
        """The present; a clock that is set back stands still here."""
        self._now_ns = max(self._now_ns, self._clock_ns())
        return self._now_ns


def _among(one: Disturbance, others: Sequence[Disturbance]) -> bool:
    return any(one is other for other in others)


def _nothing() -> None:
    """Nobody waits."""
