"""The market's nervousness: seasons, clusters, and a mean that stays put."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from mdsim.core.nervous_hours import NervousHours
from mdsim.core.seeds import SeedTree
from mdsim.core.time import DAY, HOUR, MINUTE, parse_utc
from mdsim.sources._parameters import VolatilityParameters
from mdsim.sources._volatility import Volatility, week_curve

MONDAY_NS = parse_utc("2026-01-05T00:00:00Z")
PARAMETERS = VolatilityParameters()
STILL = replace(PARAMETERS, fast_sd=0.0, slow_sd=0.0)
SAME_HOURS = NervousHours(day_amplitude=0.0, half_day_amplitude=0.0, weekend=1.0)
FLAT = replace(STILL, hours=SAME_HOURS)


def at(parameters: VolatilityParameters, text: str) -> float:
    """The multiplier in the minute of an instant."""
    return Volatility(parameters, SeedTree(1), parse_utc(text)).multiplier


def test_the_week_has_mean_square_one() -> None:
    """Seasons shift variance within the week and add none."""
    curve = week_curve(PARAMETERS)
    assert len(curve) == 7 * 96
    assert math.fsum(value * value for value in curve) / len(curve) == pytest.approx(1.0)


def test_afternoons_are_nervous_and_weekends_calm() -> None:
    """The hours of the American morning against the European night; Sunday against Monday."""
    assert at(STILL, "2026-01-05T15:00:00Z") > 1.5 * at(STILL, "2026-01-05T06:00:00Z")
    weekend = at(STILL, "2026-01-11T15:00:00Z") / at(STILL, "2026-01-05T15:00:00Z")
    assert weekend == pytest.approx(0.66)


def test_a_wild_day_makes_the_next_day_wild_and_it_fades() -> None:
    """GARCH(1,1): omega + alpha r² + beta, then back towards 1 by alpha + beta a day."""
    world = Volatility(FLAT, SeedTree(1), MONDAY_NS)
    multiplier, left = world.advance(MONDAY_NS + DAY, day_return=3.0)
    assert left == 0.0
    assert world.multiplier**2 == pytest.approx(0.039 + 0.144 * 9 + 0.817)
    assert multiplier < world.multiplier  # the mean over the day's minutes, nearly all of them calm
    after, _ = world.advance(MONDAY_NS + 2 * DAY, day_return=world.multiplier)
    expected = 0.039 + (0.144 + 0.817) * (0.039 + 0.144 * 9 + 0.817)
    assert world.multiplier**2 == pytest.approx(expected)
    assert after > 1.0


def test_a_calm_weekend_day_is_not_taken_for_a_calm_market() -> None:
    """GARCH sees the day's return against what the season allows."""
    seasonal = replace(FLAT, hours=replace(SAME_HOURS, weekend=0.5))
    saturday_ns = parse_utc("2026-01-10T00:00:00Z")
    scale = week_curve(seasonal)[5 * 96]
    world = Volatility(seasonal, SeedTree(1), saturday_ns)
    world.advance(saturday_ns + DAY, day_return=scale)
    assert (world.multiplier / scale) ** 2 == pytest.approx(1.0)


def test_the_path_does_not_depend_on_how_often_it_is_asked() -> None:
    """It lives on whole minutes: an hour at once ends where sixty minutes do."""
    often, seldom = (Volatility(PARAMETERS, SeedTree(4), MONDAY_NS) for _ in range(2))
    squares = []
    for minute in range(1, 61):
        value, _ = often.advance(MONDAY_NS + minute * MINUTE, 0.0)
        squares.append(value * value)
    mean, _ = seldom.advance(MONDAY_NS + HOUR, 0.0)
    assert seldom.multiplier == often.multiplier
    assert mean == pytest.approx(math.sqrt(math.fsum(squares) / 60))


def test_the_intraday_factors_have_mean_square_one() -> None:
    """The multiplier's variance averages to 1 over many independent days."""
    law = replace(PARAMETERS, hours=SAME_HOURS)
    squares = [Volatility(law, SeedTree(seed), MONDAY_NS).multiplier ** 2 for seed in range(2000)]
    assert math.fsum(squares) / len(squares) == pytest.approx(1.0, abs=0.08)
