"""The clock of volume: hours, weekends and quarter hours."""

from __future__ import annotations

import pytest

from mdsim.core.time import DAY, HOUR, MINUTE, SECOND, parse_utc
from mdsim.microstructure.profile import VolumeLaw
from mdsim.microstructure.volume import (
    hour_of_day,
    is_weekend,
    quarter_burst,
    seasonal,
    usual_volatility,
)

LAW = VolumeLaw()
MONDAY = parse_utc("2026-01-05T00:00:00Z")


def test_the_day_averages_to_1_and_peaks_at_half_past_four() -> None:
    """Mean 1, highest at 16:30 UTC where both harmonics peak."""
    day = [hour_of_day(LAW, MONDAY + minute * MINUTE) for minute in range(1440)]
    assert sum(day) / 1440 == pytest.approx(1)
    peak = MONDAY + 16 * HOUR + 30 * MINUTE
    assert hour_of_day(LAW, peak) == pytest.approx(1.45)
    assert all(0 < hour_of_day(LAW, MONDAY + minute * MINUTE) <= 1.4501 for minute in range(1440))


def test_only_saturday_and_sunday_are_weekend() -> None:
    """Five days count in full, two with the weekend's share."""
    assert [is_weekend(MONDAY + day * DAY) for day in range(7)] == [False] * 5 + [True] * 2
    saturday = MONDAY + 5 * DAY + 7 * MINUTE
    assert seasonal(LAW, saturday, SECOND) == pytest.approx(
        LAW.weekend * seasonal(LAW, saturday - 2 * DAY, SECOND)
    )


def test_weekends_and_mornings_are_calmer_than_afternoons() -> None:
    """As volatile as the hours of the week are; a weekday's mean is 1."""
    hours = [usual_volatility(LAW, MONDAY + minute * MINUTE) for minute in range(1440)]
    assert sum(hours) / 1440 == pytest.approx(1)
    assert usual_volatility(LAW, MONDAY + 16 * HOUR) > 1.2
    assert usual_volatility(LAW, MONDAY + 8 * HOUR) < 0.85
    assert usual_volatility(LAW, MONDAY + 5 * DAY) == pytest.approx(0.66 * hours[0])


def test_each_quarter_hour_begins_with_a_burst_that_dies_down() -> None:
    """Extra volume at :00 :15 :30 :45, almost none two minutes later."""
    for minute in (0, 15, 30, 45):
        assert quarter_burst(LAW, MONDAY + minute * MINUTE, SECOND) == pytest.approx(0.6, rel=0.03)
        assert quarter_burst(LAW, MONDAY + (minute + 2) * MINUTE, SECOND) < 0.01


def test_a_burst_weighs_the_same_at_every_step() -> None:
    """Long steps see the mean of what short steps see."""
    short = [quarter_burst(LAW, MONDAY + second * SECOND, SECOND) for second in range(60)]
    assert quarter_burst(LAW, MONDAY, MINUTE) == pytest.approx(sum(short) / 60)
