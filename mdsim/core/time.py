"""Time is an integer number of nanoseconds UTC since 1970; a duration is one too, never a float."""

from __future__ import annotations

from datetime import UTC, datetime

NS = 1
US = 1_000
MS = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_UNITS = (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", MS), ("us", US), ("ns", NS))


def format_duration(duration_ns: int) -> str:
    """Canonical text of a duration: ``1h30m``, ``250ms``, ``0s``; days only when they are whole.

    >>> format_duration(90 * MINUTE)
    '1h30m'
    """
    if duration_ns == 0:
        return "0s"
    sign, rest = ("-", -duration_ns) if duration_ns < 0 else ("", duration_ns)
    if rest % DAY == 0:
        return f"{sign}{rest // DAY}d"
    parts = []
    for unit, size_ns in _UNITS[1:]:
        count, rest = divmod(rest, size_ns)
        if count:
            parts.append(f"{count}{unit}")
    return sign + "".join(parts)


def format_clock(offset_ns: int) -> str:
    """Offset from the start of a run as ``+HH:MM:SS``, with milliseconds only when there are any."""
    sign = "-" if offset_ns < 0 else "+"
    seconds, rest_ns = divmod(abs(offset_ns), SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    tail = f".{rest_ns // MS:03d}" if rest_ns else ""
    return f"{sign}{hour:02d}:{minute:02d}:{second:02d}{tail}"


def format_utc(ts_ns: int) -> str:
    """RFC 3339 text in UTC with as many fractional digits as are needed (0, 3 or 9)."""
    seconds, rest_ns = divmod(ts_ns, SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if rest_ns == 0:
        return text + "Z"
    return f"{text}.{rest_ns // MS:03d}Z" if rest_ns % MS == 0 else f"{text}.{rest_ns:09d}Z"


def parse_utc(text: str) -> int:
    """Nanoseconds of an RFC 3339 date or date-time; a missing zone means UTC.

    Raises:
        ValueError: the text is no date, or lies outside 1970..2200.
    """
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if not 1970 <= moment.year <= 2200:
        raise ValueError("the year must lie in 1970..2200")
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * SECOND + moment.microsecond * US
