"""Centre, outlier limit and camps."""

from __future__ import annotations

import pytest

from mdsim.consensus.centre import Centre, bps, locate, median
from mdsim.consensus.settings import Limits


def at(*prices: float, hints: tuple[float, ...] = ()) -> Centre:
    return locate(sorted(prices), Limits(), 2.0, hints)


def test_distance_is_the_same_up_and_down() -> None:
    """Ten times and a tenth lie equally far away."""
    assert bps(10.0, 1.0) == pytest.approx(bps(1.0, 10.0))
    assert bps(1.0001, 1.0) == pytest.approx(1.0, rel=1e-3)


def test_the_median_of_an_even_number_is_the_middle_of_two() -> None:
    """As everywhere."""
    assert (median([1.0, 2.0, 4.0, 8.0]), median([1.0, 2.0, 8.0])) == (3.0, 2.0)


def test_the_limit_follows_the_spread_between_floor_and_cap() -> None:
    """Calm sources have the floor, a crash widens it, the cap ends it."""
    assert at(100.0, 100.01, 100.02).limit_bps == pytest.approx(52.0)
    assert at(100.0, 100.2, 100.4).limit_bps == pytest.approx(6 * 1.4826 * 20.0, rel=0.01)
    assert at(98.0, 95.0, 90.0, 84.0, 12.5).limit_bps == 1_000.0


def test_a_strict_majority_decides_alone() -> None:
    """Three of five stand together: no split, whatever the hint says."""
    centre = at(100.0, 100.0, 100.0, 105.0, 105.1, hints=(105.0,))
    assert (centre.value, centre.split) == (100.0, False)


@pytest.mark.parametrize(
    ("hints", "value", "decided"),
    [
        ((), 102.5, False),
        ((100.1,), 100.0, True),
        ((104.9,), 105.0, True),
        ((102.5,), 102.5, False),
        ((100.1, 104.9), 102.5, False),
        ((100.1, 102.5), 100.0, True),
    ],
)
def test_two_camps_are_decided_by_a_hint_that_is_clear(
    hints: tuple[float, ...], value: float, decided: bool
) -> None:
    """Two hints that contradict each other decide nothing, one that is unclear does not count."""
    for camps in ((100.0, 105.0), (100.0, 100.0, 105.0, 105.0)):
        centre = at(*camps, hints=hints)
        assert (centre.value, centre.split, centre.decided) == (value, True, decided)


def test_sources_that_fall_apart_evenly_are_no_camps() -> None:
    """In a crash four venues lose between 2 and 16 %: dispersion, not two truths."""
    assert not at(98.0, 95.0, 90.0, 84.0).split


def test_when_everybody_stands_alone_the_hint_picks_one() -> None:
    """Three prices of three magnitudes have no majority."""
    assert at(10.0, 100.0, 1000.0).decided is False
    assert at(10.0, 100.0, 1000.0, hints=(1001.0,)).value == 1000.0
