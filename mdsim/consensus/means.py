"""From the prices that count to one price: the robust mean, and the literal two-sigma rule."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, sqrt

from mdsim.consensus.centre import NORMAL, bps, median

WINSOR_DEVIATIONS = 6.0
WINSOR_FLOOR_BPS = 1.0
"""The deviation is taken as at least this, because it is 0 when half of the sources agree exactly."""
VOLUME_CAP = 2.0
"""A source's volume counts as at most this many times the median volume, and at least its inverse."""
SIGMAS = 2.0


def weights(volumes: Sequence[float], priorities: Sequence[int]) -> list[float]:
    """Volume divided by priority, where a volume counts as half to twice the median of the known ones.

    An unknown volume (0.0) counts as that median.
    """
    known = sorted(volume for volume in volumes if volume > 0.0)
    if not known:
        return [1.0 / priority for priority in priorities]
    middle = median(known)
    return [
        min(max(volume or middle, middle / VOLUME_CAP), VOLUME_CAP * middle) / priority
        for volume, priority in zip(volumes, priorities, strict=True)
    ]


def robust(values: Sequence[float], weighing: Sequence[float]) -> float:
    """Weighted mean of the winsorised prices.

    Each price is drawn to at most six robust deviations from the median, and then, from three on, to no
    farther out than the second lowest and the second highest. So no single source, whatever it says and
    weighs, moves the result out of the range of the others. Of three prices it is the median, of two the
    middle; weights act from four on.
    """
    ordered = sorted(values)
    count = len(ordered)
    middle = median(ordered)
    if count <= 3:
        return middle  # of three, the inner range is the median itself
    spread_bps = median(sorted(bps(price, middle) for price in ordered))
    reach = WINSOR_DEVIATIONS * NORMAL * max(spread_bps, WINSOR_FLOOR_BPS) / 1e4
    low = max(ordered[1], middle * (1.0 - reach))
    high = min(ordered[-2], middle * (1.0 + reach))
    drawn = [min(max(price, low), high) for price in values]
    return min(max(_mean(drawn, weighing), low), high)


def within_two_sigma(values: Sequence[float]) -> list[bool]:
    """Which prices lie within two standard deviations of their mean.

    The sample's deviation, which the outlier itself inflates: of n prices none can lie farther out than
    (n - 1) / √n, so with five or fewer nothing is ever dropped (Shiffler, The American Statistician 42,
    1988).
    """
    count = len(values)
    if count < 2:
        return [True] * count
    mean = fsum(values) / count
    sigma = sqrt(fsum((price - mean) ** 2 for price in values) / (count - 1))
    return [abs(price - mean) <= SIGMAS * sigma for price in values]


def weighted(values: Sequence[float], weighing: Sequence[float]) -> float:
    """The weighted mean, kept inside the range of the values."""
    return min(max(_mean(values, weighing), min(values)), max(values))


def _mean(values: Sequence[float], weighing: Sequence[float]) -> float:
    # fsum, because its result does not depend on the order of the sources.
    total = fsum(weighing)
    return fsum(price * weight for price, weight in zip(values, weighing, strict=True)) / total
