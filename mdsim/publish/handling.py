"""What a delivery fault may ask about a message on its way to one reader, and have done to it."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import TypeAlias

import msgspec

from mdsim.core.errors import InternalError
from mdsim.core.events import Bar, BookDelta, BookSnapshot, Tick, Trade
from mdsim.core.serving import MarketEvent
from mdsim.publish.feeds import Outgoing
from mdsim.publish.message import CodecType, Message

Delivery: TypeAlias = tuple[Message, CodecType]
"""A message, and the format in which one reader gets it."""

_NEWS: dict[type[Outgoing], tuple[str, ...]] = {
    Tick: ("price", "bid", "ask", "reference"),
    Trade: ("side", "price", "size"),
    Bar: ("open", "high", "low", "close", "volume", "quote_volume", "trades"),
    BookSnapshot: ("bids", "asks"),
    BookDelta: ("bids", "asks"),
    MarketEvent: ("event", "data"),
}
"""What is news in an event; the rest says which message it is, and of when."""


class DamagedMessage(Message):
    """A message with a spoilt payload in a whole frame, so that only the parser of its reader trips."""

    __slots__ = ("_place",)

    def __init__(self, sound: Message, place: float) -> None:
        """Spoil ``sound`` at a place 0..1 of its payload."""
        super().__init__(
            sound.feed,
            sound.event,
            sound.ts_publish_ns,
            volume=sound.volume,
            snapshot=sound.snapshot,
            skipped=sound.skipped,
        )
        self._place = place

    def payload(self, codec: CodecType) -> bytes:
        """What its frame carries: the sound payload, as its format spoils it."""
        return codec.damage(super().payload(codec), self._place)

    def late(self, skipped: int, *, snapshot: bool) -> Message:
        """The same for one reader who missed ``skipped`` before it, and spoilt likewise."""
        return DamagedMessage(super().late(skipped, snapshot=snapshot), self._place)

    def telling(self, event: Outgoing, volume: Decimal | None) -> Message:
        """The same message with another event in it, spoilt likewise."""
        return DamagedMessage(super().telling(event, volume), self._place)


class MessageHandling:
    """The ``Handling`` of deliveries to WebSocket and gRPC readers."""

    def symbol(self, item: Delivery) -> str:
        """The instrument, ``*`` for the whole market."""
        return item[0].feed.symbol

    def channel(self, item: Delivery) -> str:
        """The channel that it was subscribed to by."""
        return item[0].feed.channel

    def seq(self, item: Delivery) -> int:
        """The number that its reader sees."""
        return item[0].event.seq

    def corrupt(self, item: Delivery, rng: random.Random) -> Delivery:
        """Spoil its payload at a drawn place; its frame stays whole."""
        message, codec = item
        return DamagedMessage(message, rng.random()), codec

    def repeat(self, last: Delivery, item: Delivery) -> Delivery:
        """Tell what ``last`` told, under the number and time of ``item``.

        A change of a book is repeated as it was, which changes nothing any more. A whole book after a
        change has nothing older to repeat, and is told as it is.
        """
        message, codec = item
        old, new = last[0].event, message.event
        if type(old) is type(new):
            news = {name: getattr(old, name) for name in _NEWS[type(new)]}
            return message.telling(msgspec.structs.replace(new, **news), last[0].volume), codec
        if isinstance(new, BookDelta):
            return message.telling(msgspec.structs.replace(new, bids=(), asks=()), None), codec
        return item

    def skip(self, item: Delivery, by: int) -> Delivery:
        """Move its number on."""
        message, codec = item
        event = message.event
        return message.telling(msgspec.structs.replace(event, seq=event.seq + by), message.volume), codec

    def scale(self, item: Delivery, factor: float) -> Delivery:
        """Wrong prices come from sources; the language refuses them for clients."""
        raise InternalError("MD945", f"{self.channel(item)} to a client cannot be scaled by {factor:g}")

    def shift(self, item: Delivery, by_ns: int) -> Delivery:
        """Wrong clocks are of sources, likewise."""
        raise InternalError("MD945", f"{self.channel(item)} to a client cannot be shifted by {by_ns} ns")
