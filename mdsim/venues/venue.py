"""What a simulated venue is: whose name it bears, how often it speaks, how far it strays."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Listing:
    """One instrument on one venue, in our quotation (an inverted pair is inverted already).

    Attributes:
        increment: the venue's own price grid.
        spread_bps: what it quotes on a calm day; under one increment it quotes one.
        volume_24h: base units that trade there in a day.
    """

    symbol: str
    increment: Decimal
    spread_bps: float
    volume_24h: Decimal


@dataclass(frozen=True, slots=True)
class Venue:
    """A venue of the synthetic or replayed market.

    Attributes:
        aggregator: it is made of the others' prices and tells one price without quotes.
        tier, priority: as a configured source has them.
        every_ns: time between two of its reports of one instrument.
        delay_ns: how old a price is when it is reported.
        noise_bps: standard deviation of its own wandering around the market; a dollar's worth of a
            stablecoin wanders a tenth of that, because it moves that much less.
        wander_ns: time in which that wandering forgets where it was.
        max_age_ns: a report older than this is stale.
    """

    name: str
    summary: str
    aggregator: bool
    tier: str
    priority: int
    every_ns: int
    delay_ns: int
    noise_bps: float
    wander_ns: int
    max_age_ns: int
    listings: tuple[Listing, ...]


def listing(symbol: str, increment: str, spread_bps: float, volume_24h: str) -> Listing:
    """A listing from the texts of a table."""
    return Listing(symbol, Decimal(increment), spread_bps, Decimal(volume_24h))
