"""Price streams whose delivery is disturbed, on trio's side: each gets batches of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from mdsim._proto.v1 import price_feed_pb2 as pb
from mdsim.api import grpc_messages as messages
from mdsim.api.grpc_errors import DownError, ResetError
from mdsim.api.grpc_streams import Batch, PriceStream, part
from mdsim.core.errors import MdsimError
from mdsim.core.events import Tick
from mdsim.publish.feeds import Feed
from mdsim.publish.handling import Delivery
from mdsim.publish.link import Fault
from mdsim.publish.message import CodecType, Message

Post: TypeAlias = Callable[..., None]
"""Lets the gRPC thread call something soon, with its arguments."""


def encode(message: Message) -> bytes:
    """A tick as a part of a PriceUpdate."""
    assert isinstance(message.event, Tick)
    return part(messages.tick(message.event, message.volume).SerializeToString())


def damage(payload: bytes, place: float) -> bytes:
    """A price that is no number; torn bytes would end the whole stream, which is what ``reset`` is for."""
    (tick,) = pb.PriceUpdate.FromString(payload).ticks
    at = min(int(place * len(tick.price)), len(tick.price) - 1)
    tick.price = f"{tick.price[:at]}?{tick.price[at + 1 :]}"
    return part(tick.SerializeToString())


PART = CodecType(
    name="grpc", summary="a tick in a PriceUpdate of gRPC", opcode=None, encode=encode, damage=damage
)


class Reception:
    """A price stream as delivery faults see it, and what leaves for it.

    Attributes:
        name: of its connection, such as ``grpc-3``.
        fault: what disturbs it, or None.
    """

    def __init__(self, name: str, stream: PriceStream, post: Post, late: Callable[[Reception], None]) -> None:
        """Stand for a stream.

        Args:
            name: of its connection.
            stream: on the gRPC thread.
            post: the way there.
            late: called when it is set apart, to ``catch_up`` with what could not cross before.
        """
        self.name = name
        self.stream = stream
        self.fault: Fault | None = None
        self._post = post
        self._late = late
        self._snapshot: list[bytes] = []
        self._parts: dict[str, list[bytes]] = {}
        self._missed: dict[str, int] = {}
        self._ts_publish_ns = 0

    def receives(self, feed: Feed) -> bool:
        """Whether it has asked for a feed."""
        return feed.channel == "tick" and feed.symbol in self.stream.symbols

    def disturb(self, fault: Fault | None) -> None:
        """Give it batches of its own from now on, or those of all again."""
        if self.fault is None:
            self._late(self)
        self.fault = fault
        self._post(self.stream.set_apart, fault is not None)

    def take_down(self, how: str) -> None:
        """End the stream: with a status that says why, or without a word."""
        self._post(self.stream.end, refusal(how, self.name))

    def write(self, deliveries: Iterable[Delivery]) -> None:
        """Put ticks in line for ``leave``."""
        for message, codec in deliveries:
            self._ts_publish_ns = message.ts_publish_ns
            if message.snapshot:
                self._snapshot.append(message.frame(codec))
            else:
                self._parts.setdefault(message.feed.symbol, []).append(message.frame(codec))

    def catch_up(self, parts: Iterable[tuple[str, bytes]], missed: Iterable[tuple[str, int]]) -> None:
        """Take in the newest ticks that could not cross to the gRPC thread before, and how many went."""
        for symbol, made in parts:
            if symbol in self.stream.symbols:
                self._parts.setdefault(symbol, []).append(made)
        self._missed.update((symbol, count) for symbol, count in missed if symbol in self.stream.symbols)

    def leave(self, now_ns: int) -> Parting | None:
        """All that is in line, None when nothing is and no interval waits for its next point."""
        paced = self.stream.interval_ns > 0 and self.fault is not None
        if not (self._snapshot or self._parts or paced):
            return None
        first = b""
        if self._snapshot:
            tail = pb.PriceUpdate(ts_publish_ns=self._ts_publish_ns, snapshot=True)
            first = b"".join(self._snapshot) + tail.SerializeToString()
        ts_ns = now_ns if paced else self._ts_publish_ns
        batch = Batch(ts_ns, self._parts, self._missed)
        self._snapshot, self._parts, self._missed = [], {}, {}
        return self.stream, first, batch

    def shorten(self) -> int:
        """Keep the newest tick of each instrument alone, as the gRPC thread is held up; how many went."""
        gone = 0
        for symbol, ticks in self._parts.items():
            missed = len(ticks) - 1
            if missed:
                self._missed[symbol] = self._missed.get(symbol, 0) + missed
                del ticks[:-1]
                gone += missed
        return gone


Parting: TypeAlias = tuple[PriceStream, bytes, Batch]
"""A stream, a snapshot for it (or nothing), and its batch."""


def refusal(how: str, name: str) -> MdsimError:
    """How a stream is refused or ended that a playbook keeps down."""
    kind = ResetError if how == "reset" else DownError
    return kind(
        "MD570",
        f"a playbook keeps {name} disconnected",
        hint="subscribe again; GET /chaos/active-scenarios tells which playbooks run",
    )
