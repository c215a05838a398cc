"""Windows forget exactly what is older than their duration."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.time import SECOND
from mdsim.engine.windows import CorrelationWindow, Extremes, HighWindow, PastWindow

VALUES = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 10_000)), min_size=1, max_size=60)


def stamped(steps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Gaps and values as rising times and values."""
    now, points = 0, []
    for gap, value in steps:
        now += gap
        points.append((now, value))
    return points


@given(VALUES, st.integers(1, 30))
@settings(derandomize=True, deadline=None)
def test_a_past_window_tells_the_last_value_that_is_old_enough(
    steps: list[tuple[int, int]], over: int
) -> None:
    """It equals a search through the whole history, and is unknown while that is too short."""
    window, points = PastWindow(over), stamped(steps)
    for at, (now, value) in enumerate(points):
        window.push(now, value)
        old = [past for stamp, past in points[: at + 1] if stamp <= now - over]
        assert window.ago() == (old[-1] if old else None)


@given(VALUES, st.integers(1, 30))
@settings(derandomize=True, deadline=None)
def test_a_high_window_tells_the_highest_value_of_its_duration(
    steps: list[tuple[int, int]], over: int
) -> None:
    """It equals the maximum over a search through the whole history."""
    window, points = HighWindow(over), stamped(steps)
    for at, (now, value) in enumerate(points):
        window.push(now, value)
        assert window.high() == max(past for stamp, past in points[: at + 1] if stamp >= now - over)


def test_correlation_is_one_for_prices_that_move_together_and_minus_one_for_opposites() -> None:
    """Two exact relations give the two extremes, but only once the window is full."""
    together, opposite = CorrelationWindow(10 * SECOND), CorrelationWindow(10 * SECOND)
    for second in range(12):
        level = 1_000_000 * math.exp(0.01 * math.sin(second))
        together.push(second * SECOND, round(level), round(2 * level))
        opposite.push(second * SECOND, round(level), round(1e12 / level))
        if second < 10:
            assert together.value() is None
    assert together.value() == pytest.approx(1.0, abs=1e-4)
    assert opposite.value() == pytest.approx(-1.0, abs=1e-4)


def test_correlation_is_unknown_when_a_price_stands_still() -> None:
    """No variance, no correlation: unknown rather than a division by nearly nothing."""
    window = CorrelationWindow(5 * SECOND)
    for second in range(20):
        window.push(second * SECOND, 1_000_000 + second % 3, 500_000)
    assert window.value() is None


def test_correlation_stays_exact_over_many_updates() -> None:
    """The running sums equal a fresh computation after ten thousand pushes."""
    kept, fresh = CorrelationWindow(50 * SECOND), CorrelationWindow(50 * SECOND)
    levels = [(1_000_000 + (7919 * n) % 997, 2_000_000 + (104_729 * n) % 1009) for n in range(10_000)]
    for second, (x, y) in enumerate(levels):
        kept.push(second * SECOND, x, y)
    for second in range(10_000 - 52, 10_000):
        fresh.push(second * SECOND, *levels[second])
    assert kept.value() == pytest.approx(fresh.value(), abs=1e-9)


def test_extremes_of_nothing_are_unknown_but_counted() -> None:
    """A metric never measured has no minimum; its count is zero."""
    values = Extremes()
    assert [values.summary(which) for which in ("min", "max", "mean", "p99")] == [None] * 4
    assert values.summary("count") == 0


def test_extremes_summarise_what_was_pushed() -> None:
    """The 99th percentile is the nearest rank."""
    values = Extremes()
    for value in range(1, 201):
        values.push(float(value))
    assert (values.summary("min"), values.summary("max")) == (1.0, 200.0)
    assert (values.summary("mean"), values.summary("p99"), values.summary("count")) == (100.5, 198.0, 200.0)
