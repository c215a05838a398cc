"""Times as providers write them, in nanoseconds since 1970; 0 stands for a time that tells nothing."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from mdsim.core.time import DAY, HOUR, MINUTE, MS, SECOND

_RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LATEST_NS = (date(2200, 1, 1).toordinal() - _EPOCH_DAY) * DAY


def rfc3339_ns(text: str) -> int:
    """Nanoseconds of a date-time with a zone; digits past the ninth are cut off.

    Coinbase sends year 1 now and then; that and every other time before 1970 is 0.

    Raises:
        ValueError: it is no RFC 3339 date-time, or lies past 2200.
    """
    found = _RFC_3339.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is no RFC 3339 time")
    day, hour, minute, second, fraction, zone = found.groups()
    if hour > "23" or minute > "59" or second > "60":
        raise ValueError(f"{text[:40]!r} is no time of a day")
    ns = _day_ns(day) + int(hour) * HOUR + int(minute) * MINUTE + int(second) * SECOND
    if fraction:
        ns += int(fraction[:9].ljust(9, "0"))
    if len(zone) > 1:
        offset_ns = int(zone[1:3]) * HOUR + int(zone[4:]) * MINUTE
        ns += offset_ns if zone[0] == "-" else -offset_ns
    return _known(ns)


def milliseconds_ns(count: int) -> int:
    """Nanoseconds of a count of milliseconds since 1970.

    Raises:
        ValueError: it lies past 2200.
    """
    return _known(count * MS)


def seconds_ns(count: int) -> int:
    """Nanoseconds of a count of seconds since 1970.

    Raises:
        ValueError: it lies past 2200.
    """
    return _known(count * SECOND)


@lru_cache(maxsize=8)
def _day_ns(text: str) -> int:
    if text.startswith("0000"):
        return -DAY
    return (date.fromisoformat(text).toordinal() - _EPOCH_DAY) * DAY


def _known(ns: int) -> int:
    if ns > _LATEST_NS:
        raise ValueError("the time lies past 2200")
    return max(ns, 0)
