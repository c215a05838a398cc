"""Where the sources stand: the centre, how far from it is too far, and whether they fall into two camps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from mdsim.consensus.settings import Limits

NORMAL = 1.4826
"""Standard deviations per median absolute deviation of a normal distribution."""
CAMP_GAPS = 3.0
"""Two halves are two camps when the gap between them is this many times as wide as either."""
CLEARLY = 4.0
"""A hint decides between camps when one is this many times nearer to it than the other."""


@dataclass(frozen=True, slots=True)
class Centre:
    """The centre of several prices.

    Attributes:
        value: their median, or the median of the camp that was chosen.
        limit_bps: distance from it that makes an outlier.
        spread_bps: median absolute deviation.
        low, high: the prices that may count; outside is the camp that was not chosen.
        split: no strict majority stands together.
        decided: the split was decided by a hint, or there was none.
    """

    value: float
    limit_bps: float
    spread_bps: float
    low: float
    high: float
    split: bool = False
    decided: bool = True


def bps(value: float, reference: float) -> float:
    """Distance in log price, in bps; it treats a tenfold and a tenth alike."""
    return 1e4 * abs(log(value / reference))


def median(ordered: Sequence[float]) -> float:
    """The median of numbers in rising order."""
    half, odd = divmod(len(ordered), 2)
    return ordered[half] if odd else 0.5 * (ordered[half - 1] + ordered[half])


def locate(ordered: Sequence[float], limits: Limits, unc_bps: float, hints: Sequence[float]) -> Centre:
    """The centre of prices in rising order; at least one.

    A strict majority that stands together decides. Where there is none (one half against the other, or
    everybody alone), the hints choose the camp that they are clearly nearer to; when they are silent or
    contradict each other, the median stays and the split is told.

    Args:
        ordered: prices, rising.
        limits: floor, cap and deviations of an outlier.
        unc_bps: typical uncertainty of a price, added to the floor.
        hints: prices from elsewhere that help to decide, such as the last agreed one.
    """
    count = len(ordered)
    middle = median(ordered)
    floor_bps = limits.outlier_floor_bps + unc_bps
    half, odd = divmod(count, 2)
    if not odd:
        low, high = ordered[half - 1], ordered[half]
        within_bps = max(bps(low, ordered[0]), bps(ordered[-1], high))
        if bps(high, low) > max(floor_bps, CAMP_GAPS * within_bps):
            return _decide([ordered[:half], ordered[half:]], middle, floor_bps, hints)
    away = sorted(bps(price, middle) for price in ordered)
    spread_bps = median(away)
    scaled_bps = limits.outlier_deviations * NORMAL * spread_bps
    limit_bps = min(max(floor_bps, scaled_bps), max(limits.outlier_cap_bps, floor_bps))
    if count > 1 and 2 * sum(distance <= limit_bps for distance in away) <= count:
        return _decide([[price] for price in ordered], middle, floor_bps, hints)
    return Centre(middle, limit_bps, spread_bps, ordered[0], ordered[-1])


def _decide(
    camps: Sequence[Sequence[float]], middle: float, floor_bps: float, hints: Sequence[float]
) -> Centre:
    chosen = None
    for hint in hints:
        near = sorted((bps(median(camp), hint), at) for at, camp in enumerate(camps))
        if near[0][0] * CLEARLY > near[1][0]:
            continue
        if chosen not in (None, near[0][1]):
            chosen = None
            break
        chosen = near[0][1]
    if chosen is None:
        apart_bps = bps(camps[-1][-1], camps[0][0])
        return Centre(middle, apart_bps, apart_bps / 2, camps[0][0], camps[-1][-1], split=True, decided=False)
    camp = camps[chosen]
    value = median(camp)
    spread_bps = median(sorted(bps(price, value) for price in camp))
    return Centre(value, floor_bps, spread_bps, camp[0], camp[-1], split=True)
