"""Numbers with their units as text: changes, shares, factors, rates, prices, numbers and counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from mdsim.core.decimals import plain
from mdsim.core.numerals import PLAIN, Flaw, bounded, decimal, not_a_number, repair
from mdsim.core.params import Kind

COUNT_MOST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Amount:
    """How one kind of number is written.

    Attributes:
        noun: what it is called in a message.
        signs: ``must`` (but for zero), ``may`` (a minus) or ``none``.
        units: the units allowed → the power of ten they stand for; ``""`` for no unit.
    """

    noun: str
    signs: str
    units: Mapping[str, int]
    examples: str


AMOUNTS: dict[Kind, Amount] = {
    Kind.CHANGE: Amount(
        "a change",
        "must",
        {"%": -2, "bp": -4},
        "a signed percentage such as -12%, or basis points such as +50bp",
    ),
    Kind.SHARE: Amount(
        "a share", "none", {"%": -2, "bp": -4}, "a percentage without a sign, such as 15% or 5bp"
    ),
    Kind.FACTOR: Amount("a factor", "none", {"x": 0}, "a number and an x, such as 20x"),
    Kind.SCALE: Amount(
        "a factor", "none", {"x": 0, "%": -2}, "a number and an x, such as 20x, or a share such as 10%"
    ),
    Kind.RATE: Amount("a rate", "none", {"/s": 0}, "a number per second, such as 5/s"),
    Kind.PRICE: Amount("a price", "none", {"": 0}, "a plain number such as 0.92"),
    Kind.NUMBER: Amount("a number", "may", {"": 0}, "a plain number such as 0.85"),
    Kind.COUNT: Amount("a count", "none", {"": 0}, "a whole number such as 4"),
}
_STRICT = re.compile(rf"([+-]?)({PLAIN})(%|bp|x|/s|)")
_LOOSE = re.compile(r"([+-]?)([0-9]+(?:\.[0-9]+)?)([A-Za-z%‰×/µμ]*)")
_CURRENCY = re.compile(r"[$€£]|(?<=[0-9])(?:USDT?|EUR)$", re.IGNORECASE)
_THOUSANDS = {"k": 3, "m": 6, "mm": 6, "mn": 6, "b": 9, "bn": 9}
_OTHER_UNITS: dict[str, str] = {
    **dict.fromkeys(("pct", "percent", "perc", "pc", "p"), "%"),
    **dict.fromkeys(("bps", "bip", "bips", "basispoints", "basispoint"), "bp"),
    **dict.fromkeys(("×", "times", "fold"), "x"),
    **dict.fromkeys(("/sec", "/second", "persecond", "persec", "hz", "tps", "ps", "s/s"), "/s"),
}
_MEANS = {"%": "a percentage", "bp": "basis points", "x": "a factor", "/s": "a rate", "": "a plain number"}
_TIMES = {"ms", "us", "ns", "s", "m", "h", "d", "min", "sec"}


def read(kind: Kind, text: str) -> Decimal | int | Flaw:
    """The exact value of an amount: a fraction for changes and shares, an ``int`` for counts."""
    amount = AMOUNTS[kind]
    found = _STRICT.fullmatch(text)
    if found is None or found[3] not in amount.units:
        return _diagnose(kind, amount, text)
    sign, number, unit = found.groups()
    value = bounded(decimal(sign + number, amount.units[unit]))
    if isinstance(value, Flaw):
        return value
    if amount.signs == "must" and not sign and value:
        return Flaw("MD022", f"has no sign, and {amount.noun} needs one", f"write -{text} or +{text}")
    if sign and (amount.signs == "none" or (amount.signs == "may" and sign == "+")):
        if kind is Kind.PRICE and sign == "-":
            return Flaw("MD023", "is no price", "a price is greater than 0")
        return Flaw("MD023", _needless_sign(amount), _advice(kind, text[1:]))
    if kind is Kind.PRICE and not value:
        return Flaw("MD026", "is no price", "a price is greater than 0")
    if kind is Kind.COUNT:
        return _count(value)
    return value


def _advice(kind: Kind, text: str) -> str:
    """``write TEXT`` when that is accepted, otherwise what is still wrong with it."""
    again = read(kind, text)
    return again.help if isinstance(again, Flaw) else f"write {text}"


def _needless_sign(amount: Amount) -> str:
    return (
        "has a plus sign it does not need"
        if amount.signs == "may"
        else f"has a sign, and {amount.noun} has none"
    )


def _count(value: Decimal) -> int | Flaw:
    if value != int(value):
        return Flaw("MD020", "is no whole number", f"write {int(value)} or {int(value) + 1}")
    if value > COUNT_MOST:
        return Flaw("MD027", "is too large", f"write at most {COUNT_MOST}")
    return int(value)


def meaning(text: str) -> str:
    """What an amount looks like, whatever was asked for: ``a percentage``, or an empty string."""
    found = _STRICT.fullmatch(text)
    return _MEANS[found[3]] if found else ""


def _diagnose(kind: Kind, amount: Amount, text: str) -> Flaw:
    """What a text that is no amount of this kind lacks, and what was probably meant."""
    if not_a_number(text):
        return Flaw("MD025", "is not a number", f"write {amount.examples}")
    fixed, reason = repair(text)
    if reason and _STRICT.fullmatch(fixed):
        return Flaw("MD025", reason, _advice(kind, fixed))
    return _unit(kind, amount, fixed)


def _unit(kind: Kind, amount: Amount, text: str) -> Flaw:
    """The number can be read, its unit not (or not even that)."""
    examples = f"write {amount.examples}"
    bare = _CURRENCY.sub("", text)
    if kind is Kind.PRICE and bare != text and not isinstance(read(kind, bare), Flaw):
        return Flaw("MD024", "names a currency", f"write {bare}: a price is in the instrument's own quote")
    found = _LOOSE.fullmatch(text)
    if found is None:
        crossed = re.fullmatch(rf"x({PLAIN})", text)
        if kind in (Kind.FACTOR, Kind.SCALE) and crossed:
            return Flaw("MD020", "has its x in front", f"write {crossed[1]}x")
        return Flaw("MD020", f"is not {amount.noun}", examples)
    sign, number, unit = found[1], found[2], found[3].lower()
    known = _OTHER_UNITS.get(unit, unit)
    if known in amount.units and found[3] != known:
        help_ = _advice(kind, f"{sign}{number}{known}")
        return Flaw("MD024", f"has the unit '{found[3]}'", help_)
    if not unit:
        return _bare(kind, sign, number)
    if "" in amount.units and unit in _THOUSANDS:
        whole = plain(decimal(number, _THOUSANDS[unit]))
        return Flaw("MD024", f"has the unit '{found[3]}'", _advice(kind, sign + whole))
    if known in _MEANS:
        return Flaw("MD024", f"is {_MEANS[known]}, not {amount.noun}", _converted(kind, sign, number, known))
    if unit in _TIMES:
        return Flaw("MD024", f"is a duration, not {amount.noun}", examples)
    if kind is Kind.RATE and unit.startswith("/"):
        return Flaw(
            "MD024", f"has the unit '{found[3]}'", "rates are per second: write a number and /s, such as 5/s"
        )
    return Flaw(
        "MD024", f"has the unit '{found[3]}'" if len(unit) < 12 else f"is not {amount.noun}", examples
    )


def _bare(kind: Kind, sign: str, number: str) -> Flaw:
    """A number without the unit that this kind needs: say what to add."""
    value = decimal(number)
    percent = plain(decimal(number, 2))
    if kind in (Kind.FACTOR, Kind.SCALE):
        return Flaw("MD021", "has no unit", f"write {number}x")
    if kind is Kind.RATE:
        return Flaw("MD021", "has no unit", f"write {number}/s")
    if not value:
        return Flaw("MD021", "has no unit", "write 0%")
    if kind is Kind.SHARE:
        help_ = f"write {percent}%, or {number}% if that is meant" if value < 1 else f"write {number}%"
    elif value < 1:
        written = sign or "+"
        help_ = f"write {written}{percent}%, or {written}{number}% if that is meant"
    else:
        help_ = f"write {sign}{number}%" if sign else f"write -{number}% or +{number}%"
    return Flaw("MD021", "has no unit", help_)


def _converted(kind: Kind, sign: str, number: str, unit: str) -> str:
    """The same amount in the units of ``kind``, where there is one."""
    value = decimal(number, {"%": -2, "bp": -4}.get(unit, 0))
    if kind in (Kind.FACTOR, Kind.SCALE) and unit in ("%", "bp") and not sign:
        return f"write {plain(value)}x"
    if kind is Kind.SHARE and unit == "x":
        return f"write {plain(decimal(plain(value), 2))}%"
    if kind is Kind.NUMBER:
        return f"write {'-' if sign == '-' else ''}{plain(value)}"
    return f"write {AMOUNTS[kind].examples}"
