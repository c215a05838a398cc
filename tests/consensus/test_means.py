"""The two ways to a mean, and what one bad source does to them."""

from __future__ import annotations

import pytest

from mdsim.consensus import means


def test_an_unknown_volume_counts_as_the_median_and_priority_divides() -> None:
    """A volume counts as half to twice the median of the known ones."""
    assert means.weights([1.0, 1_000.0, 0.0, 20.0], [1, 1, 1, 2]) == [10.0, 40.0, 20.0, 10.0]
    assert means.weights([0.0, 0.0], [1, 4]) == [1.0, 0.25]


def test_the_robust_mean_of_three_is_their_median() -> None:
    """Whatever the third says and weighs."""
    for bad in (1e-9, 50.0, 105.0, 1e12):
        found = means.robust([100.0, 100.2, bad], [1.0, 1.0, 1_000.0])
        assert 100.0 <= found <= 100.2


def test_the_robust_mean_uses_the_weights_inside() -> None:
    """With four and more the weights act between the second lowest and the second highest."""
    calm = means.robust([100.0, 100.0, 100.03, 100.03], [1.0, 3.0, 1.0, 3.0])
    heavy = means.robust([100.0, 100.0, 100.03, 100.03], [1.0, 1.0, 3.0, 3.0])
    assert calm == pytest.approx(100.015)
    assert heavy == pytest.approx(100.0225)


def test_two_prices_have_their_middle_whatever_they_weigh() -> None:
    """Neither owns the result."""
    assert means.robust([100.0, 102.0], [1.0, 50.0]) == 101.0


def test_two_sigma_can_drop_nothing_among_five() -> None:
    """The largest deviation of one among n is (n - 1) / √n, under 2 up to n = 5."""
    for count in range(2, 6):
        assert all(means.within_two_sigma([100.0] * (count - 1) + [1e9]))
    assert means.within_two_sigma([100.0] * 5 + [105.0]) == [True] * 5 + [False]
