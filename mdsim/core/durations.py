"""Durations as text: ``90s``, ``1h30m``, or a seeded draw ``30s..2m``."""

from __future__ import annotations

import re
from fractions import Fraction

from mdsim.core.numerals import PLAIN, Flaw, not_a_number, repair
from mdsim.core.params import DurationDraw
from mdsim.core.time import DAY, HOUR, MINUTE, MS, NS, SECOND, US, format_duration

UNITS_NS: dict[str, int] = {"d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": MS, "us": US, "ns": NS}
LONGEST_NS = 3650 * DAY
EXAMPLES = "write a number and its unit: 250ms, 90s, 5m, 1h30m or 2d"

_SPOKEN_UNITS: dict[str, int] = {
    **UNITS_NS,
    **dict.fromkeys(("w", "wk", "week", "weeks"), 7 * DAY),
    **dict.fromkeys(("day", "days"), DAY),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), HOUR),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), MINUTE),
    **dict.fromkeys(("sec", "secs", "second", "seconds"), SECOND),
    **dict.fromkeys(("msec", "msecs", "millis", "millisecond", "milliseconds"), MS),
    **dict.fromkeys(("µs", "μs", "usec", "micros", "microsecond", "microseconds"), US),
    **dict.fromkeys(("nsec", "nanos", "nanosecond", "nanoseconds"), NS),
}
_PART = re.compile(rf"({PLAIN})(ms|us|ns|[dhms])")
_WHOLE = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|us|ns|[dhms]))+")
_SPOKEN_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-zµμ]+)(?:\s|,|and\b)*")
_BARE = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_CLOCK = re.compile(r"([0-9]{1,3}):([0-9]{2})(?::([0-9]{2}))?")
_ISO = re.compile(r"P(?:([0-9]+)D)?(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9.]+)S)?)?", re.IGNORECASE)
_RANGE = re.compile(r"(.+?[a-zµμ])\s*(?:\.\.\.|…|–|—|-|\bto\b)\s*([0-9].*)", re.IGNORECASE)


def read(text: str) -> int | DurationDraw | Flaw:
    """Nanoseconds of a duration, or the bounds of a draw."""
    low_text, dots, high_text = text.partition("..")
    if not dots or high_text.startswith("."):
        return read_one(text)
    low, high = read_one(low_text), read_one(high_text)
    if isinstance(low, Flaw) or isinstance(high, Flaw):
        side, part, flaw = ("lower", low_text, low) if isinstance(low, Flaw) else ("upper", high_text, high)
        assert isinstance(flaw, Flaw)
        what = f"has no {side} end" if not part else f"has the {side} end '{part}', which {flaw.what}"
        both = "write both ends with their units, such as 30s..2m"
        return Flaw(flaw.code, what, both if not part or flaw.code == "MD021" else flaw.help)
    if low >= high:
        turned = f"{format_duration(high)}..{format_duration(low)}"
        help_ = f"write {turned}" if low > high else f"write {format_duration(low)}"
        return Flaw("MD026", "is a draw between ends that do not grow", help_)
    if low % MS or high % MS:
        return Flaw("MD027", "is a draw finer than a millisecond", "write both ends in whole milliseconds")
    return DurationDraw(low, high)


def read_one(text: str) -> int | Flaw:
    """Nanoseconds of one duration, exactly; units go from large to small, each once."""
    if _WHOLE.fullmatch(text) is None:
        return _diagnose(text)
    parts = _SPOKEN_PART.findall(text)
    sizes = [UNITS_NS[unit] for _, unit in parts]
    total = sum((Fraction(number) * size for (number, _), size in zip(parts, sizes, strict=True)), Fraction())
    if sizes != sorted(set(sizes), reverse=True):
        return _rewritten("MD024", "has its units out of order", total)
    if any("." in number for number, _ in parts[:-1]):
        return _rewritten("MD024", "has decimals before its last unit", total)
    if _PART.sub("", text):
        return _rewritten("MD025", "starts a number with a zero", total)
    if total > LONGEST_NS:
        return Flaw("MD027", "is longer than 3650d", "write at most 3650d")
    if total.denominator != 1:
        return Flaw("MD027", "is no whole number of nanoseconds", "write fewer decimals")
    return int(total)


def _rewritten(code: str, what: str, total_ns: Fraction) -> Flaw:
    if total_ns.denominator != 1 or total_ns > LONGEST_NS:
        return Flaw(code, what, EXAMPLES)
    return Flaw(code, what, f"write {format_duration(int(total_ns))}")


def _diagnose(text: str) -> Flaw:
    """What a text that is no duration lacks, and what was probably meant."""
    if not_a_number(text):
        return Flaw("MD025", "is no length of time", "write a long duration, such as 30d")
    fixed, reason = repair(text)
    if reason and _WHOLE.fullmatch(fixed) and not isinstance(read_one(fixed), Flaw):
        return Flaw("MD025", reason, f"write {fixed}")
    if fixed[:1] in ("-", "+") and not isinstance(read_one(fixed[1:]), Flaw):
        return Flaw("MD023", "has a sign, and a duration has none", f"write {fixed[1:]}")
    if _BARE.fullmatch(fixed):
        return Flaw("MD021", "has no unit", f"write {fixed}s for seconds (or {fixed}ms, {fixed}m, {fixed}h)")
    if clock := _CLOCK.fullmatch(text.strip()):
        return _clock(int(clock[1]), int(clock[2]), clock[3])
    if ranged := _RANGE.fullmatch(text.strip()):
        ends = tuple(end.strip() for end in ranged.groups())
        if not any(isinstance(read_one(end), Flaw) for end in ends):
            return Flaw("MD020", "is no duration", f"write {ends[0]}..{ends[1]} for a draw between the two")
    return _spoken(text)


def _clock(first: int, second: int, third: str | None) -> Flaw:
    if third is not None:
        total = Fraction(first * HOUR + second * MINUTE + int(third) * SECOND)
        return _rewritten("MD020", "is a clock time, not a duration", total)
    minutes = format_duration(first * MINUTE + second * SECOND)
    hours = format_duration(first * HOUR + second * MINUTE)
    return Flaw("MD020", "could be minutes or hours", f"write {minutes} or {hours}")


def _spoken(text: str) -> Flaw:
    """Units in other words, such as ``5 min``, or ISO 8601."""
    spoken = text.strip()
    parts = _SPOKEN_PART.findall(spoken)
    if parts and not _SPOKEN_PART.sub("", spoken).strip():
        unknown = [unit for _, unit in parts if unit.lower() not in _SPOKEN_UNITS]
        if not unknown:
            total = sum(
                (Fraction(number) * _SPOKEN_UNITS[unit.lower()] for number, unit in parts), Fraction()
            )
            return _rewritten("MD024", "is not written in d, h, m, s, ms, us and ns", total)
        if len(unknown[0]) <= 12:
            return Flaw("MD024", f"has the unit '{unknown[0]}'", "the units are d, h, m, s, ms, us and ns")
    iso = _ISO.fullmatch(spoken)
    if iso and any(iso.groups()):
        sizes = (DAY, HOUR, MINUTE, SECOND)
        amounts = [
            Fraction(g) if g and re.fullmatch(r"[0-9]+(\.[0-9]+)?", g) else Fraction() for g in iso.groups()
        ]
        total = sum((amount * size for amount, size in zip(amounts, sizes, strict=True)), Fraction())
        return _rewritten("MD024", "is a duration in another notation", total)
    return Flaw("MD020", "is no duration", EXAMPLES)
