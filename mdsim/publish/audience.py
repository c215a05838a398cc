"""Readers that receive the same: one payload is joined for all of them, and sent in one loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mdsim.publish.counters import Counters
from mdsim.publish.feeds import Feed
from mdsim.publish.message import CodecType, Message
from mdsim.publish.subscriber import Subscriber, Terms

Line = Callable[[bytes], int]
Deliveries = tuple[tuple[Feed, Terms], ...]


class Audience:
    """The readers of one set of deliveries.

    Attributes:
        deliveries: what they receive.
        outgoing: what is to be sent to them in this batch.
    """

    def __init__(self, deliveries: Deliveries, push_bytes: int, counters: Counters) -> None:
        self.deliveries = deliveries
        self.outgoing: list[tuple[Message, CodecType]] = []
        self._push_bytes = push_bytes
        self._counters = counters
        # Readers whose line flows, with the call that sends: nothing else is looked up in the hot loop.
        self._flowing: dict[Subscriber, Line] = {}
        self._held: dict[Subscriber, None] = {}

    def __len__(self) -> int:
        return len(self._flowing) + len(self._held)

    def place(self, subscriber: Subscriber) -> None:
        """Take a reader in, or put it where it belongs after its line or its fault changed."""
        if subscriber.flowing and subscriber.fault is None and not subscriber.ended:
            self._held.pop(subscriber, None)
            self._flowing[subscriber] = subscriber.link.send
        else:
            self._flowing.pop(subscriber, None)
            self._held[subscriber] = None

    def remove(self, subscriber: Subscriber) -> None:
        """Let a reader go."""
        self._flowing.pop(subscriber, None)
        self._held.pop(subscriber, None)

    def flush(self) -> None:
        """Send what is to be sent, to everyone."""
        outgoing, self.outgoing = self.outgoing, []
        for payload, messages in self._pushes(outgoing):
            self._push(payload, messages)

    def _pushes(
        self, outgoing: list[tuple[Message, CodecType]]
    ) -> Iterator[tuple[bytes, list[tuple[Message, CodecType]]]]:
        """Payloads of bounded size: what one full line may have to keep is at most one of them."""
        start = size = 0
        frames = [message.frame(codec) for message, codec in outgoing]
        for at, made in enumerate(frames):
            if at > start and size + len(made) > self._push_bytes:
                yield b"".join(frames[start:at]), outgoing[start:at]
                start, size = at, 0
            size += len(made)
        yield b"".join(frames[start:]), outgoing[start:]

    def _push(self, payload: bytes, messages: list[tuple[Message, CodecType]]) -> None:
        held = list(self._held)
        full: list[tuple[Subscriber, int]] = []
        dead: list[Subscriber] = []
        size = len(payload)
        for subscriber, send in self._flowing.items():
            try:
                sent = send(payload)
            except BlockingIOError:
                sent = 0
            except OSError:
                dead.append(subscriber)
                continue
            if sent != size:
                full.append((subscriber, sent))
        readers = len(self._flowing) - len(dead)
        self._counters.messages += readers * len(messages)
        self._counters.payload_bytes += readers * size
        for subscriber, sent in full:
            subscriber.stall(memoryview(payload)[sent:])
        for subscriber in dead:
            # It stays in the audience until the hub lets it go: an audience is dissolved by its last reader
            # and by nobody else, and one of the same deliveries may have taken its place by then.
            self._counters.lost += 1
            subscriber.ended = True
            self.place(subscriber)
            subscriber.link.cut()
        for subscriber in held:
            subscriber.deliver(messages)
