"""Draws that depend on a key alone: the same whether one looks now, later, twice or never.

``mix`` is the output function of SplitMix64 (Steele, Lea and Flood 2014): a bijection of 64 bits whose
outputs for counted inputs pass the usual batteries. Making a ``random.Random`` costs fifteen times more.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from mdsim.core.seeds import SeedTree

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
"""2^64 over the golden ratio, the increment of SplitMix64."""

_POISSON_EXACT_MOST = 10.0


def mix(value: int) -> int:
    """64 scrambled bits of a value in 0..2^64 - 1."""
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def key_of(seeds: SeedTree, *path: str) -> int:
    """A 64-bit key for ``mix``, from the stream at a path of the seed tree."""
    return seeds.stream(*path).getrandbits(64)


def at(key: int, place: int) -> int:
    """64 bits for one place (a step, a price) under a key."""
    return mix((key + place * GOLDEN) & MASK)


def unit(bits: int) -> float:
    """The top 53 bits as a float in [0, 1)."""
    return (bits >> 11) * (1.0 / (1 << 53))


def normal_table(size: int) -> tuple[float, ...]:
    """Midpoint quantiles of the standard normal, scaled to variance 1: index it with uniform bits."""
    inverse = NormalDist().inv_cdf
    raw = [inverse((index + 0.5) / size) for index in range(size)]
    scale = math.sqrt(size / math.fsum(value * value for value in raw))
    return tuple(value * scale for value in raw)


NORMALS = normal_table(1024)


def poisson(mean: float, uniform: float) -> int:
    """The quantile of a Poisson variable: summed up to a mean of 10, above it a normal with its skewness.

    Args:
        mean: at least 0.
        uniform: in [0, 1).
    """
    if mean > _POISSON_EXACT_MOST:
        normal = NORMALS[int(uniform * 1024)]
        count = mean + math.sqrt(mean) * normal + (normal * normal - 1.0) / 6.0 + 0.5
        return int(count) if count > 0.0 else 0
    term = math.exp(-mean)
    total, count = term, 0
    while uniform >= total and count < 200:  # rounding may leave the sum a little under 1
        count += 1
        term *= mean / count
        total += term
    return count
