"""The keyed generator: uniform, without visible pattern, and fixed for good."""

from __future__ import annotations

import math

import pytest

from mdsim.core.keyed import GOLDEN, MASK, NORMALS, at, key_of, mix, poisson, unit
from mdsim.core.seeds import SeedTree

COUNT = 20_000


def chi_square(counts: list[int]) -> float:
    """Pearson's statistic against equal shares, as standard deviations from its mean."""
    mean = sum(counts) / len(counts)
    statistic = sum((count - mean) ** 2 / mean for count in counts)
    freedom = len(counts) - 1
    return (statistic - freedom) / math.sqrt(2 * freedom)


def test_the_first_outputs_are_those_of_splitmix64() -> None:
    """The published reference stream for seed 1234567 begins with these numbers."""
    state, outputs = 1234567, []
    for _ in range(3):
        state = (state + GOLDEN) & MASK
        outputs.append(mix(state))
    assert outputs == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@pytest.mark.parametrize("shift", [0, 10, 24, 34, 40, 52, 56])
def test_every_field_of_the_bits_is_uniform(shift: int) -> None:
    """Eight bits at any place fill 256 bins evenly for counted inputs."""
    key = key_of(SeedTree(1), "test")
    counts = [0] * 256
    for place in range(COUNT):
        counts[at(key, place) >> shift & 255] += 1
    assert abs(chi_square(counts)) < 4


def test_neighbours_do_not_know_each_other() -> None:
    """Draws at successive places and under related keys are uncorrelated."""
    key = key_of(SeedTree(1), "test")
    draws = [unit(at(key, place)) - 0.5 for place in range(COUNT)]
    others = [unit(at(key ^ 1, place)) - 0.5 for place in range(COUNT)]
    for left, right in ((draws, draws[1:]), (draws, draws[2:]), (draws, others)):
        products = [a * b * 12 for a, b in zip(left, right, strict=False)]
        assert abs(math.fsum(products) / len(products)) < 4 / math.sqrt(COUNT)


def test_one_flipped_input_bit_flips_half_of_the_output() -> None:
    """Every input bit reaches every output bit."""
    for bit in range(64):
        flips = sum((mix(value) ^ mix(value ^ 1 << bit)).bit_count() for value in range(1, 400))
        assert flips / 399 == pytest.approx(32, abs=1.5)


def test_normals_have_mean_0_and_variance_1() -> None:
    """The table is symmetric, rising and standardised."""
    assert math.fsum(NORMALS) == pytest.approx(0, abs=1e-9)
    assert math.fsum(value * value for value in NORMALS) / len(NORMALS) == pytest.approx(1)
    assert list(NORMALS) == sorted(NORMALS)


@pytest.mark.parametrize("mean", [0.0, 0.05, 1.0, 4.0, 9.9, 10.1, 40.0])
def test_poisson_counts_have_their_mean_and_variance(mean: float) -> None:
    """Quantiles at even steps give the moments of the law, on both sides of the change of method."""
    counts = [poisson(mean, (index + 0.5) / 4096) for index in range(4096)]
    average = sum(counts) / len(counts)
    assert average == pytest.approx(mean, rel=0.01, abs=1e-3)
    variance = sum((count - average) ** 2 for count in counts) / len(counts)
    assert variance == pytest.approx(mean, rel=0.05, abs=2e-3)
    assert counts == sorted(counts)
