"""What a server publishes, where an operator wants less than everything."""

from __future__ import annotations

from dataclasses import dataclass

from mdsim.publish.feeds import CHANNELS, INTERVALS, Feed


@dataclass(frozen=True, slots=True)
class Offer:
    """The keys ``publication_config.tick_data`` and ``.ohlcv_data.intervals`` of a configuration.

    Attributes:
        tick_symbols: instruments with ticks, None for all that are on.
        tick_interval_ns: between two ticks of an instrument for readers who ask for no interval of their
            own; 0 for every tick.
        tick_volume: ticks carry the volume of 24 hours.
        intervals: spans of bars.
    """

    tick_symbols: tuple[str, ...] | None = None
    tick_interval_ns: int = 0
    tick_volume: bool = True
    intervals: tuple[str, ...] = INTERVALS

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels that are published."""
        return tuple(name for name in CHANNELS if self.has_channel(name))

    def has_channel(self, channel: str) -> bool:
        """Whether a channel that there is, is published here."""
        return not channel.startswith("ohlcv_") or channel.removeprefix("ohlcv_") in self.intervals

    def has_ticks(self, symbol: str) -> bool:
        """Whether an instrument has ticks."""
        return self.tick_symbols is None or symbol in self.tick_symbols

    def has(self, feed: Feed) -> bool:
        """Whether a feed is published."""
        return self.has_ticks(feed.symbol) if feed.channel == "tick" else self.has_channel(feed.channel)

    def interval_ns(self, channel: str, asked_ns: int | None) -> int:
        """The shortest time between two messages of a feed; ``asked_ns`` is None when nothing was asked."""
        if asked_ns is not None:
            return asked_ns
        return self.tick_interval_ns if channel == "tick" else 0


EVERYTHING = Offer()
