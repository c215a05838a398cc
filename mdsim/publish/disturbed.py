"""One disturbed reader: what stands between the sender and its line while delivery faults are in force."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from mdsim.core.impairing import Disturbance, Injection, Pipeline
from mdsim.publish.feeds import Feed
from mdsim.publish.handling import Delivery
from mdsim.publish.link import Fault


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
    """The pipelines of one reader, one for each disturbance, in the order of these.

    A pipeline of its own for each keeps what it remembers (its draws, the last value, the tokens of a
    rate) when others come and go. What leaves one enters the next, so latencies add and losses combine.

    Attributes:
        receiver: the reader.
    """

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self._stages: list[tuple[Disturbance, Pipeline[Delivery]]] = []

    @property
    def down(self) -> str:
        """How its connection has to be down, empty while it need not."""
        return next((pipeline.down for _, pipeline in self._stages if pipeline.down), "")

    @property
    def idle(self) -> bool:
        """Whether nothing disturbs it any more."""
        return not self._stages

    def begin(self, disturbance: Disturbance, pipeline: Pipeline[Delivery]) -> None:
        """Take in a disturbance, at the place that its order gives it."""
        self._stages.append((disturbance, pipeline))
        self._stages.sort(key=lambda stage: (stage[0].since_ns, stage[0].order))

    def end(self, still: Sequence[Disturbance], at_ns: int) -> None:
        """Drop every disturbance that is not among ``still``; what waited in it goes on at once, in order."""
        kept = [stage for stage in self._stages if any(stage[0] is one for one in still)]
        for at in reversed(range(len(self._stages))):  # what is further on its way was sent earlier
            stage = self._stages[at]
            if not any(stage is one for one in kept):
                after = [one for one in self._stages[at + 1 :] if any(one is other for other in kept)]
                self._carry(stage[1].flush(), after, at_ns)
        self._stages = kept

    def carry(self, messages: Iterable[Delivery], at_ns: int) -> None:
        """Let messages in, and out what is due; with none, only that."""
        self._carry(messages, self._stages, at_ns)

    def next_due_ns(self) -> int | None:
        """When something leaves next; None when nothing waits."""
        found = [due_ns for _, pipeline in self._stages if (due_ns := pipeline.next_due_ns()) is not None]
        return min(found, default=None)

    def injections(self) -> list[Injection]:
        """What was done since the last call."""
        return [one for _, pipeline in self._stages for one in pipeline.injections()]

    def _carry(
        self,
        messages: Iterable[Delivery],
        stages: Iterable[tuple[Disturbance, Pipeline[Delivery]]],
        at_ns: int,
    ) -> None:
        for _, pipeline in stages:
            for message in messages:
                pipeline.put(message, at_ns)
            messages = pipeline.due(at_ns)
        wanted = [it for it in messages if self.receiver.receives(it[0].feed)]
        if wanted:
            self.receiver.write(wanted)
