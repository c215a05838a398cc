"""Delivery faults on the readers of a server: who is disturbed, by what, and when what waits leaves."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Sequence

from mdsim.core.impairing import Disturbance, Injection, PipelineMaker
from mdsim.publish.disturbed import DisturbedReader, Receiver
from mdsim.publish.handling import Delivery, MessageHandling
from mdsim.publish.link import Reader

Chooser = Callable[[Disturbance, str], bool]
"""Whether a disturbance's share takes in a connection; of one name the answer is always the same."""

Tell = Callable[[Sequence[Injection]], None]
"""Takes what was done to readers, in the order in which it was done."""


class Disturber:
    """Puts pipelines between the hub and the readers that disturbances in force have drawn.

    Synchronous: ``refresh`` is called once a cycle before anything is published, ``release`` by whoever
    keeps the time (``next_due_ns``). A reader that is not drawn is never touched.

    Attributes:
        counted: injections by fault and kind of client (``websocket``, ``grpc``).
        on_sooner: called when something will leave earlier than all that waited before.
        after: called after every round of writing, for who gathers what is written.
    """

    def __init__(
        self, make: PipelineMaker, chosen: Chooser, tell: Tell, *, clock_ns: Callable[[], int]
    ) -> None:
        """Stand ready.

        Args:
            make: makes the pipeline of one reader.
            chosen: draws who is disturbed.
            tell: told of everything that is done.
            clock_ns: the present on the engine's clock.
        """
        self.counted: Counter[tuple[str, str]] = Counter()
        self.on_sooner: Callable[[], None] = _nothing
        self.after: list[Callable[[], None]] = []
        self._make = make
        self._chosen = chosen
        self._tell = tell
        self._clock_ns = clock_ns
        self._handling = MessageHandling()
        self._now_ns = 0
        self._given: Sequence[Disturbance] = ()
        self._active: tuple[Disturbance, ...] = ()
        self._kinds: dict[Receiver, str] = {}
        self._gates: dict[Receiver, _Gate] = {}
        self._due: list[tuple[int, int, _Gate]] = []
        self._pushed = 0

    def __len__(self) -> int:
        """Readers that are disturbed now."""
        return len(self._gates)

    # Readers

    def join(self, receiver: Receiver, kind: str) -> str:
        """Take a new reader in, and draw it too; how its connection is down, empty when it may come."""
        self._kinds[receiver] = kind
        if self._active:
            self._begin(receiver, self._active, joining=True)
        gate = self._gates.get(receiver)
        return gate.down if gate is not None else ""

    def leave(self, receiver: Receiver) -> None:
        """Forget a reader and what waits for it; one that is unknown is no error."""
        self._kinds.pop(receiver, None)
        gate = self._gates.pop(receiver, None)
        if gate is not None:
            gate.due_ns = None

    # Disturbances

    def refresh(self, disturbances: Sequence[Disturbance]) -> None:
        """Let these be in force, and no others; costs nothing while they are the same object as before.

        Those of sources are passed by.
        """
        if disturbances is self._given:
            if self._gates:
                self.release()
            return
        self._given = disturbances
        active = tuple(one for one in disturbances if one.source is None)
        begun = [one for one in active if not _among(one, self._active)]
        ended = [one for one in self._active if not _among(one, active)]
        self._active = active
        if ended:
            self._end(active)
        for receiver in list(self._kinds) if begun else ():
            self._begin(receiver, begun)
        self.release()

    def release(self) -> None:
        """Send what is due."""
        now_ns = self._now()
        while self._due and self._due[0][0] <= now_ns:
            due_ns, _, gate = heapq.heappop(self._due)
            if gate.due_ns == due_ns:
                gate.due_ns = None
                self.carry(gate, (), now_ns)
        for look in self.after:
            look()

    def next_due_ns(self) -> int | None:
        """When something leaves next, on the engine's clock; None when nothing waits."""
        while self._due and self._due[0][2].due_ns != self._due[0][0]:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    # What gates ask

    def carry(self, gate: _Gate, messages: Sequence[Delivery], now_ns: int | None = None) -> None:
        """Let messages into a gate, and out what is due."""
        gate.reader.carry(messages, self._now() if now_ns is None else now_ns)
        self._settle(gate)

    def _begin(self, receiver: Receiver, begun: Sequence[Disturbance], *, joining: bool = False) -> None:
        drawn = [one for one in begun if self._chosen(one, receiver.name)]
        if not drawn:
            return
        gate = self._gates.get(receiver)
        if gate is None:
            gate = self._gates[receiver] = _Gate(self, DisturbedReader(receiver), self._kinds[receiver])
            receiver.disturb(gate)
        for one in drawn:
            gate.reader.begin(one, self._make([one], self._handling, receiver.name))
        if joining:
            gate.down = gate.reader.down  # it is refused: there is nothing to take down yet
        self._settle(gate)

    def _end(self, still: Sequence[Disturbance]) -> None:
        now_ns = self._now()
        for receiver, gate in list(self._gates.items()):
            gate.reader.end(still, now_ns)
            self._settle(gate)
            if gate.reader.idle:
                del self._gates[receiver]
                receiver.disturb(None)

    def _settle(self, gate: _Gate) -> None:
        """Tell what was done, take down what must be, and note when the gate's next message leaves."""
        told = gate.reader.injections()
        if told:
            self.counted.update((one.fault, gate.kind) for one in told)
            self._tell(told)
        if not gate.down:
            gate.down = gate.reader.down
            if gate.down:
                gate.reader.receiver.take_down(gate.down)
        due_ns = gate.reader.next_due_ns()
        if due_ns == gate.due_ns:
            return
        gate.due_ns = due_ns
        if due_ns is None:
            return
        before_ns = self.next_due_ns()
        self._pushed += 1
        heapq.heappush(self._due, (due_ns, self._pushed, gate))
        if before_ns is None or due_ns < before_ns:
            self.on_sooner()

    def _now(self) -> int:
        """The present; a clock that is set back stands still here."""
        self._now_ns = max(self._now_ns, self._clock_ns())
        return self._now_ns


class _Gate:
    """A reader's fault: what is for it passes here.

    Attributes:
        down: how its connection was taken down or refused; there is no way back up for one connection.
        due_ns: when something leaves next.
    """

    def __init__(self, disturber: Disturber, reader: DisturbedReader, kind: str) -> None:
        self.reader = reader
        self.kind = kind
        self.down = ""
        self.due_ns: int | None = None
        self._disturber = disturber

    def deliver(self, _reader: Reader, messages: Sequence[Delivery]) -> None:
        self._disturber.carry(self, messages)


def _among(one: Disturbance, others: Sequence[Disturbance]) -> bool:
    return any(one is other for other in others)


def _nothing() -> None:
    """Nobody waits."""
