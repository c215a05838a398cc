"""One disturbed reader: the pipeline between the sender and its line while delivery faults are in force."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from mdsim.core.impairing import Disturbance, Pipeline
from mdsim.publish.feeds import Feed
from mdsim.publish.handling import Delivery
from mdsim.publish.link import Fault, Reader


class Receiver(Protocol):
    """A reader as delivery faults see it, whatever carries its messages.

    Attributes:
        name: of its connection, such as ``ws-17``; never given twice by one server.
    """

    @property
    def name(self) -> str: ...

    def write(self, messages: Iterable[Delivery]) -> None:
        """Send messages, as if nothing disturbed it."""

    def receives(self, feed: Feed) -> bool:
        """Whether it has asked for a feed, and not taken that back."""

    def disturb(self, fault: Fault | None) -> None:
        """Give what is for it to ``fault.deliver`` from now on, or to itself again."""

    def take_down(self, how: str) -> None:
        """End its connection: ``disconnect`` politely, ``reset`` at once."""


class DisturbedReader:
    """A reader's ``Fault``.

    Attributes:
        receiver: the reader.
        kind: how it reads, ``websocket`` or ``grpc``.
        drawn: the disturbances that its connection is among; the pipeline learns of them in its turn.
        jobs: what is still to be done for it.
        left: the reader has gone, and nothing more is done for it.
        down: how its connection was taken down or refused; there is no way back up for one connection.
        due_ns: when something leaves next, as it was last looked up.
    """

    __slots__ = ("_make", "_pipeline", "_work", "down", "drawn", "due_ns", "jobs", "kind", "left", "receiver")

    def __init__(
        self,
        receiver: Receiver,
        kind: str,
        drawn: Sequence[Disturbance],
        make: Callable[[], Pipeline[Delivery]],
        work: Callable[[DisturbedReader, Sequence[Delivery]], None],
    ) -> None:
        """Stand before a reader; ``work`` is called with all that is for it, ``make`` once it is needed."""
        self.receiver = receiver
        self.kind = kind
        self.drawn = tuple(drawn)
        self.jobs = 0
        self.left = False
        self.down = ""
        self.due_ns: int | None = None
        self._make = make
        self._pipeline: Pipeline[Delivery] | None = None
        self._work = work

    @property
    def pipeline(self) -> Pipeline[Delivery]:
        """What the disturbances do."""
        if self._pipeline is None:
            self._pipeline = self._make()
        return self._pipeline

    def deliver(self, _reader: Reader, messages: Sequence[Delivery]) -> None:
        """Take what is for the reader."""
        self._work(self, messages)

    def carry(self, messages: Iterable[Delivery], at_ns: int) -> None:
        """Let messages in, and out what is due."""
        for message in messages:
            self.pipeline.put(message, at_ns)
        self._write(self.pipeline.due(at_ns))

    def change(self, drawn: Sequence[Disturbance], at_ns: int) -> None:
        """Be disturbed by these from now on; what an ended one held back goes on."""
        self.pipeline.disturb(drawn)
        self._write(self.pipeline.due(at_ns) if drawn else self.pipeline.flush())

    def _write(self, messages: Iterable[Delivery]) -> None:
        wanted = [it for it in messages if self.receiver.receives(it[0].feed)]
        if wanted:
            self.receiver.write(wanted)
