"""How things stand, for the begin of a subscription: the message that its numbers count on from."""

from __future__ import annotations

from decimal import Decimal

from mdsim.core.durations import UNITS_NS
from mdsim.core.events import Bar, BookDelta, Tick, Trade
from mdsim.core.serving import MarketEvent, MarketPort
from mdsim.publish.feeds import Feed, Outgoing
from mdsim.publish.message import Message

_BARS_BACK = 3
"""How many intervals back the last closed bar is looked for."""


class Snapshots:
    """Makes the first message of a subscription."""

    def __init__(self, market: MarketPort, *, tick_volume: bool = True) -> None:
        self._market = market
        self._tick_volume = tick_volume
        self._last: dict[Feed, Trade | Bar | MarketEvent] = {}
        self._begun = False

    def note(self, feed: Feed, event: Outgoing) -> None:
        """Remember what only passes by: the last trade, bar and event of each feed."""
        self._begun = True
        if isinstance(event, Trade | Bar | MarketEvent):
            self._last[feed] = event

    def volume(self, event: Outgoing) -> Decimal | None:
        """What ticks carry beside their prices, if they do: base units traded in the last 24 hours."""
        if not self._tick_volume or not isinstance(event, Tick):
            return None
        return self._market.quote(event.symbol).volume_24h

    def of(self, feed: Feed, ts_publish_ns: int) -> Message | None:
        """The present of a feed; None where nothing has happened yet, so that the first message begins it."""
        event: Outgoing | None
        volume = None
        if not self._begun:
            return None
        if feed.channel == "tick":
            quote = self._market.quote(feed.symbol)
            volume = quote.volume_24h if self._tick_volume else None
            event = Tick(
                quote.symbol, quote.seq, quote.ts_event_ns, quote.price, quote.bid, quote.ask, quote.reference
            )
        elif feed.channel == "depth":
            event = self._market.published_book(feed.symbol)
        else:
            event = self._last.get(feed) or self._last_bar(feed)
        if event is None:
            return None
        return Message(feed, event, ts_publish_ns, volume=volume, snapshot=True)

    def whole(self, message: Message) -> Message:
        """A book in place of a delta that does not join what a reader has; anything else as it is."""
        if not isinstance(message.event, BookDelta):
            return message
        book = self._market.published_book(message.feed.symbol)
        return Message(message.feed, book, message.ts_publish_ns)

    def _last_bar(self, feed: Feed) -> Bar | None:
        if not feed.channel.startswith("ohlcv_"):
            return None
        interval = feed.channel.removeprefix("ohlcv_")
        now_ns, length_ns = self._market.now_ns(), int(interval[:-1]) * UNITS_NS[interval[-1]]
        since_ns = now_ns - _BARS_BACK * length_ns
        bars = self._market.bars(feed.symbol, interval, since_ns, now_ns, _BARS_BACK + 1)
        return bars[-1] if bars else None
