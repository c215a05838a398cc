"""Instruments without sources of their own, or with silent ones: priced from others that are agreed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mdsim.core.instruments import Catalogue, Instrument
from mdsim.core.sourcing import Judgement

WORST = ("LIVE", "SINGLE", "SPLIT", "STALE", "HALTED")
BASIS_BPS = 10.0
"""Added to the interval of a perpetual that is priced as its spot."""


@dataclass(frozen=True, slots=True)
class Legs:
    """What an instrument is the quotient of; ``over`` is -1 for a perpetual, which is its spot."""

    times: int
    over: int = -1

    def places(self) -> tuple[int, ...]:
        """The instruments it rests on."""
        return (self.times,) if self.over < 0 else (self.times, self.over)


def legs_of(catalogue: Catalogue, item: Instrument, told: Sequence[bool], *, perpetual: bool) -> Legs | None:
    """The legs of an instrument, or None when it has none.

    BTC-ETH is BTC-USD over ETH-USD. A stablecoin that nobody quotes in USD is BTC-USD over BTC-USDT, if
    somebody quotes both. A perpetual is its spot at a basis of zero, if ``perpetual`` is set.

    Args:
        catalogue: the instruments.
        item: one of them.
        told: by place, whether sources tell it.
        perpetual: whether a perpetual may be priced as its spot.
    """
    index = catalogue.index
    if item.perpetual:
        spot = index.get(f"{item.base}-{item.quote}")
        return None if spot is None or not perpetual else Legs(spot)
    if item.quote != "USD":
        base, quote = catalogue.usd_spot_of(item.base), catalogue.usd_spot_of(item.quote)
        return None if base is None or quote is None else Legs(index[base.symbol], index[quote.symbol])
    if told[index[item.symbol]]:
        return None
    for other in catalogue:
        if other.quote == item.base and not other.perpetual and told[index[other.symbol]]:
            spot = index.get(f"{other.base}-USD")
            if spot is not None and told[spot]:
                return Legs(spot, index[other.symbol])
    return None


def implied(legs: Legs, agreed: Sequence[Judgement]) -> float | None:
    """The cross rate, if every leg is LIVE; for a perpetual there is none, because its basis is its own."""
    if legs.over < 0:
        return None
    times, over = agreed[legs.times], agreed[legs.over]
    return times.price / over.price if times.state == over.state == "LIVE" else None


def stand(legs: Legs, agreed: Sequence[Judgement]) -> bool:
    """Whether every leg has a live price."""
    return all(agreed[at].state not in ("STALE", "HALTED") for at in legs.places())


def derive(legs: Legs, agreed: Sequence[Judgement], before: Judgement) -> Judgement:
    """The judgement of an instrument that rests on its legs.

    As sure as the less sure leg, with the sum of the intervals, in the worst of their states; the price
    stands while a leg is STALE or HALTED.
    """
    parts = [agreed[at] for at in legs.places()]
    worst = max(parts, key=lambda part: WORST.index(part.state))
    names = " and ".join(part.symbol for part in parts)
    reason = "" if worst.state == "LIVE" else f"derived from {names}; {worst.symbol}: {worst.reason}"
    used = min(part.used for part in parts)
    total = before.total or min(part.total for part in parts)
    if worst.state in ("STALE", "HALTED") or any(part.price <= 0.0 for part in parts):
        state = worst.state if worst.state in ("STALE", "HALTED") else "STALE"
        return Judgement(
            before.symbol,
            before.price,
            before.smoothed,
            before.interval_bps,
            0.0,
            used,
            total,
            state,
            reason or f"derived from {names}",
            before.updated_ns,
        )
    price, smoothed = parts[0].price, parts[0].smoothed
    width_bps, confidence = parts[0].interval_bps, parts[0].confidence
    if legs.over < 0:
        width_bps += BASIS_BPS
    else:
        price, smoothed = price / parts[1].price, smoothed / parts[1].smoothed
        width_bps += parts[1].interval_bps
        confidence = min(confidence, parts[1].confidence)
    newest_ns = max(part.updated_ns for part in parts)
    return Judgement(
        before.symbol, price, smoothed, width_bps, confidence, used, total, worst.state, reason, newest_ns
    )
