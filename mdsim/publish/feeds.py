"""Feeds: one stream out, a channel of one instrument."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from mdsim.core.events import Bar, BookDelta, BookSnapshot, Tick, Trade
from mdsim.core.serving import MarketEvent, Published

INTERVALS = ("1m", "5m", "15m", "1h", "4h", "1d")
CHANNELS = ("tick", "depth", "trades", *(f"ohlcv_{interval}" for interval in INTERVALS), "events")
"""Every channel that can be subscribed to."""

EVERYWHERE = "*"
"""The symbol of an event that concerns the whole market; it goes to all who have any instrument's events."""

Outgoing: TypeAlias = Published | MarketEvent


class Feed(NamedTuple):
    """A channel of one instrument; its messages are numbered +1 each."""

    channel: str
    symbol: str


_CHANNEL_OF: dict[type[Outgoing], str] = {
    Tick: "tick",
    Trade: "trades",
    BookSnapshot: "depth",
    BookDelta: "depth",
    MarketEvent: "events",
}


def feed_of(event: Outgoing) -> Feed:
    """The feed that an event belongs to."""
    channel = _CHANNEL_OF.get(type(event))
    if channel is None:
        assert isinstance(event, Bar)
        channel = f"ohlcv_{event.interval}"
    return Feed(channel, event.symbol)
