"""How sure the agreed price is: an interval in bps and a score from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

HALF_TRUST_BPS = 50.0
"""An interval of this half-width halves the score."""
FRESH_SHARE = 1 / 3
"""A vote is fresh for this share of its permitted age: one interval of a source that is polled."""


def interval_bps(
    values: Sequence[float], uncertainties_bps: Sequence[float], weighing: Sequence[float]
) -> float:
    """Half-width of the interval: the larger distance of the quartiles from the median, in bps of it.

    Every source has three votes, its price and its price less and plus its uncertainty, as Pyth's
    aggregation has it (https://docs.pyth.network/price-feeds/how-pyth-works/price-aggregation).
    """
    if min(weighing) == max(weighing):
        plain = []
        for value, unc_bps in zip(values, uncertainties_bps, strict=True):
            step = value * unc_bps / 1e4
            plain += [value - step, value, value + step]
        plain.sort()
        low, middle, high = even_quarters(plain)
        return 1e4 * max(high - middle, middle - low) / middle
    votes = []
    for value, unc_bps, weight in zip(values, uncertainties_bps, weighing, strict=True):
        step = value * unc_bps / 1e4
        votes += [(value - step, weight), (value, weight), (value + step, weight)]
    votes.sort()
    low, middle, high = quantiles(votes, (0.25, 0.5, 0.75))
    return 1e4 * max(high - middle, middle - low) / middle


def even_quarters(ordered: Sequence[float]) -> tuple[float, float, float]:
    """``quantiles`` at a quarter, a half and three quarters, of rising values that weigh the same."""
    size, last = len(ordered), len(ordered) - 1
    found = []
    for quarters in (1, 2, 3):
        at, rest = divmod(quarters * size, 4)
        found.append(ordered[at] if rest else 0.5 * (ordered[at - 1] + ordered[min(at, last)]))
    return found[0], found[1], found[2]


def quantiles(votes: Sequence[tuple[float, float]], shares: Sequence[float]) -> list[float]:
    """Weighted quantiles of votes in rising order; where a share falls between two votes, their middle."""
    total = fsum(weight for _, weight in votes)
    found = []
    for share in shares:
        rest = share * total
        for at, (value, weight) in enumerate(votes):
            rest -= weight
            if rest < -1e-9 * total:
                found.append(value)
                break
            if rest <= 1e-9 * total:
                found.append(0.5 * (value + votes[min(at + 1, len(votes) - 1)][0]))
                break
        else:
            found.append(votes[-1][0])
    return found


def freshness(age_ns: int, max_age_ns: int) -> float:
    """1 while a vote is young, falling to 0 at its permitted age."""
    if max_age_ns <= 0:
        return 1.0
    share = age_ns / max_age_ns
    return 1.0 if share <= FRESH_SHARE else max(0.0, (1.0 - share) / (1.0 - FRESH_SHARE))


def score(
    half_width_bps: float, fresh: Sequence[float], weighing: Sequence[float], quorum: int, groups: int
) -> float:
    """Agreement times freshness times the effective number of sources over the quorum.

    Args:
        half_width_bps: of the interval.
        fresh: freshness of every vote that counts.
        weighing: its weight; the effective number is (Σw)² / Σw² (Kish), at most ``groups``.
        quorum: sources that full confidence needs.
        groups: independent groups among the votes.
    """
    agreement = 1.0 / (1.0 + half_width_bps / HALF_TRUST_BPS)
    effective = fsum(weighing) ** 2 / fsum(weight * weight for weight in weighing)
    share = min(1.0, min(effective, groups) / quorum)
    return max(0.0, min(1.0, agreement * (fsum(fresh) / len(fresh)) * share))
