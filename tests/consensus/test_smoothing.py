"""The price that follows."""

from __future__ import annotations

import pytest

from mdsim.consensus.smoothing import Smoothed
from mdsim.core.time import SECOND


def test_half_of_the_way_is_gone_after_a_half_life() -> None:
    """In log price; the first price is met at once."""
    smoothed = Smoothed(2 * SECOND)
    assert smoothed.follow(100.0, 0) == pytest.approx(100.0)
    assert smoothed.follow(121.0, SECOND) == pytest.approx(100.0)
    assert smoothed.follow(121.0, 3 * SECOND) == pytest.approx(110.0)
    smoothed.restart()
    assert smoothed.follow(90.0, 4 * SECOND) == pytest.approx(90.0)


def test_cycles_in_between_change_nothing() -> None:
    """Asked a hundred times or once, it stands in the same place."""
    often, once = Smoothed(SECOND), Smoothed(SECOND)
    for smoothed in (often, once):
        smoothed.follow(100.0, 0)
        smoothed.follow(110.0, SECOND)
    for step in range(1, 100):
        often.follow(110.0, SECOND + step * SECOND // 50)
    assert often.follow(110.0, 4 * SECOND) == pytest.approx(once.follow(110.0, 4 * SECOND), rel=1e-12)


def test_off_is_the_price_itself() -> None:
    """A half-life of nothing."""
    assert Smoothed(0).follow(42.0, 7) == 42.0
