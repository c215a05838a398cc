"""Times of providers."""

from __future__ import annotations

import pytest

from mdsim.core.time import DAY, HOUR, MINUTE, SECOND, parse_utc
from mdsim.providers.adapters._times import milliseconds_ns, rfc3339_ns, seconds_ns


@pytest.mark.parametrize(
    ("text", "wanted_ns"),
    [
        ("1970-01-02T00:00:00Z", DAY),
        ("2026-05-27T02:18:39.697069Z", parse_utc("2026-05-27T02:18:39Z") + 697_069_000),
        ("2026-09-30T02:37:15.057778606Z", parse_utc("2026-09-30T02:37:15Z") + 57_778_606),
        ("1970-01-01T00:00:01.0000000019Z", SECOND + 1),
        ("1970-01-01T02:00:00+01:30", 30 * MINUTE),
        ("1970-01-01T00:00:00-05:00", 5 * HOUR),
        ("2016-12-31T23:59:60Z", parse_utc("2017-01-01T00:00:00Z")),
        ("0001-01-01T00:00:00.000000Z", 0),
        ("0000-12-31T00:00:00Z", 0),
        ("1969-12-31T23:59:59Z", 0),
    ],
)
def test_a_time_is_read_to_the_nanosecond(text: str, wanted_ns: int) -> None:
    """Fractions of any length, zones, a leap second, and years that tell nothing."""
    assert rfc3339_ns(text) == wanted_ns


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-05-27", "2026-05-27T02:18:39", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z",
     "2026-01-01T00:61:00Z", "２０２６-01-01T00:00:00Z", "2201-01-01T00:00:00Z", "2026-01-01T00:00:00Z\n"],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    """Nothing is guessed, not even a zone."""
    with pytest.raises(ValueError, match=r"no RFC|no time|month|2200"):
        rfc3339_ns(text)


def test_counts_of_seconds_and_milliseconds_stay_within_the_calendar() -> None:
    """A count in the wrong unit is refused rather than dated to the year 50 000."""
    assert seconds_ns(1_779_092_258) == 1_779_092_258_000_000_000
    assert milliseconds_ns(1_779_092_258_123) == 1_779_092_258_123_000_000
    assert seconds_ns(-1) == 0
    with pytest.raises(ValueError, match="2200"):
        seconds_ns(1_779_092_258_123)
