"""One reader: what it asked for, the line to it, and what waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from mdsim.publish.counters import Counters
from mdsim.publish.feeds import EVERYWHERE, Feed
from mdsim.publish.link import Fault, Link
from mdsim.publish.message import CodecType, Message
from mdsim.publish.outbox import Outbox

GOING_AWAY = 1001
"""Close code: nothing was wrong with the reader."""


class Terms(NamedTuple):
    """How a feed is delivered: the format's name, and the shortest time between messages (0: every one)."""

    format: str
    interval_ns: int


class Group(Protocol):
    """Readers that receive the same."""

    def place(self, subscriber: Subscriber) -> None:
        """Put a reader where it belongs after its line or its fault changed."""


class Subscriber:
    """A reader of the hub.

    Attributes:
        name: of its connection, such as ``ws-17``, in the order in which they came.
        refused: how a delivery fault has its connection down from the first, empty when it may come.
        wants: what it asked for.
        flowing: everything was sent; otherwise the line is full and its link empties the outbox.
        ended: nothing is sent to it any more.
        fault: what disturbs it, or None.
        audience: readers that receive the same; kept by the hub.
    """

    __slots__ = (
        "_counters",
        "audience",
        "ended",
        "fault",
        "flowing",
        "link",
        "name",
        "outbox",
        "refused",
        "wants",
    )

    def __init__(
        self,
        link: Link,
        counters: Counters,
        chunk_bytes: int,
        whole: Callable[[Message], Message],
        name: str = "",
    ) -> None:
        self.link = link
        self.name = name
        self.refused = ""
        self.wants: dict[Feed, Terms] = {}
        self.flowing = True
        self.ended = False
        self.fault: Fault | None = None
        self.outbox = Outbox(chunk_bytes, whole)
        self.audience: Group | None = None
        self._counters = counters

    def deliveries(self) -> dict[Feed, Terms]:
        """Feeds it receives: those it asked for, and market-wide events with any instrument's events."""
        events = [terms for feed, terms in self.wants.items() if feed.channel == "events"]
        return self.wants | {Feed("events", EVERYWHERE): events[0]} if events else self.wants

    def receives(self, feed: Feed) -> bool:
        """Whether it receives a feed."""
        return feed in self.deliveries()

    def disturb(self, fault: Fault | None) -> None:
        """Put a fault between the hub and this reader, or take it away; costs the others nothing."""
        self.fault = fault
        if self.audience is not None:
            self.audience.place(self)

    def take_down(self, how: str) -> None:
        """End its connection for a fault: ``disconnect`` with a close frame, ``reset`` without a word."""
        if how == "reset":
            self.link.reset()
        else:
            self.link.close(GOING_AWAY, "a playbook ended this connection")

    def deliver(self, messages: Sequence[tuple[Message, CodecType]]) -> None:
        """Send messages, through its fault if it has one."""
        if self.fault is not None:
            self.fault.deliver(self, messages)
        else:
            self.write(messages)

    def write(self, messages: Iterable[tuple[Message, CodecType]]) -> None:
        """Send messages at once, or let the newest of each feed wait."""
        if self.ended:
            return
        if self.flowing:
            frames = [message.frame(codec) for message, codec in messages]
            if (
                self.fault is not None
            ):  # others are counted by the audience, which sends to all of them at once
                self._counters.messages += len(frames)
                self._counters.payload_bytes += sum(map(len, frames))
            self._begin(b"".join(frames))
            return
        for message, codec in messages:
            self._counters.conflated += self.outbox.mailbox.put(message, codec)

    def post(self, data: bytes) -> None:
        """Send a control frame or an answer: before what was published and waits, after what was begun."""
        if self.ended:
            return
        if self.flowing:
            self._begin(data)
        else:
            self.outbox.post(data)

    def finish(self, data: bytes) -> None:
        """Send the last bytes, such as a close frame; what was published and waits is dropped."""
        if self.ended:
            return
        self.ended = True
        if self.audience is not None:
            self.audience.place(self)
        if self.flowing:
            self._begin(data)
        else:
            self.outbox.finish(data)

    def _begin(self, data: bytes) -> None:
        try:
            sent = self.link.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.link.cut()
            return
        if sent < len(data):
            self.stall(memoryview(data)[sent:])

    def stall(self, rest: memoryview) -> None:
        """The line took no more: keep the rest of what was begun, and let the link work it off."""
        self.flowing = False
        self.outbox.hold(rest)
        self._counters.stalls += 1
        if self.audience is not None:
            self.audience.place(self)
        self.link.stalled()

    def next_chunk(self) -> bytes | memoryview:
        """The next bytes for a link that sends by itself; empty, and flowing again, when all is sent."""
        chunk = self.outbox.take()
        if not chunk:
            self.flowing = True
            if self.audience is not None:
                self.audience.place(self)
        return chunk

    def drain(self) -> bool:
        """Send what waits as far as the line takes it; whether all is sent.

        Raises:
            OSError: the line is dead.
        """
        while chunk := self.next_chunk():
            try:
                sent = self.link.send(chunk)
            except BlockingIOError:
                sent = 0
            if sent < len(chunk):
                self.outbox.hold(memoryview(chunk)[sent:])
                return False
        return True
