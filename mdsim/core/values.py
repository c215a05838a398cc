"""Typed values and their text: ``-12%``, ``1h30m``, ``20x``, exactly and both ways.

``parse`` refuses more than it accepts, on purpose: a bare ``0.12`` or ``90`` is read differently by
two people, so it is an error that says what to add. Each refusal carries the text that was meant.
"""

from __future__ import annotations

from decimal import Decimal

from mdsim.core import amounts, durations, words
from mdsim.core.decimals import CONTEXT, plain
from mdsim.core.errors import InternalError
from mdsim.core.numerals import Flaw
from mdsim.core.params import Afterwards, DurationDraw, Kind, Symbols, Value
from mdsim.core.spelling import shown
from mdsim.core.time import format_duration

NUMERIC_TEXT_MOST = 64

_TEN_POINTS = Decimal("0.001")
"""Fractions below ten basis points are written in basis points."""


class ValueProblem(ValueError):  # noqa: N818 it becomes a Problem of the document
    """A text that is no value of its kind.

    Attributes:
        message: what is wrong, without a full stop.
        help: what to write instead.
        code: ``MD02x``.
    """

    def __init__(self, code: str, message: str, help: str = "") -> None:  # noqa: A002 the word of Problem
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help


def parse(
    kind: Kind,
    text: str,
    *,
    choices: tuple[str, ...] = (),
    low: int | Decimal | None = None,
    high: int | Decimal | None = None,
) -> Value:
    """Read a text as a value of a scalar kind, exactly.

    Args:
        kind: what is asked for; any but curve and keyframes. Symbols are a list with commas, or ``all``.
        text: as written, without quotes.
        choices: the words allowed, for ``Kind.CHOICE``.
        low: inclusive bound in the unit of the value (ns for durations, fractions for shares), or None.
        high: likewise.

    Raises:
        ValueProblem: the text is no such value, or lies outside the bounds.
        InternalError: the kind is not written as one scalar.
    """
    value = _read(kind, text, choices)
    if isinstance(value, Flaw):
        raise ValueProblem(value.code, f"{shown(text)} {value.what}", value.help)
    for bound in (value.low_ns, value.high_ns) if isinstance(value, DurationDraw) else (value,):
        if isinstance(bound, int | Decimal):
            _check_bounds(kind, text, bound, low, high)
    return value


def render(kind: Kind, value: Value) -> str:
    """Canonical text of a value; ``parse`` reads it back to the same value.

    Raises:
        InternalError: the value is not of this kind, or the kind is not written as one scalar.
    """
    if kind is Kind.DURATION and isinstance(value, DurationDraw):
        return f"{format_duration(value.low_ns)}..{format_duration(value.high_ns)}"
    if kind is Kind.THEN and isinstance(value, Afterwards):
        return f"revert over {format_duration(value.revert_ns)}" if value.revert_ns else "hold"
    if kind is Kind.SYMBOLS and isinstance(value, Symbols) and not value.weighted:
        return "all" if value.every else ", ".join(value.names)
    if kind is Kind.FLAG and isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and kind in (Kind.TEXT, Kind.CHOICE, Kind.SYMBOL, Kind.SOURCE, Kind.URL):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        if kind is Kind.DURATION:
            return format_duration(int(value))
        if kind in (Kind.CHANGE, Kind.SHARE):
            return _percentage(Decimal(value), signed=kind is Kind.CHANGE)
        if kind in amounts.AMOUNTS:
            unit = {Kind.FACTOR: "x", Kind.SCALE: "x", Kind.RATE: "/s"}.get(kind, "")
            return plain(Decimal(value)) + unit
    raise InternalError("MD905", f"{value!r} is no scalar of kind {kind.value}")


def _read(kind: Kind, text: str, choices: tuple[str, ...]) -> Value | Flaw:
    if kind is Kind.TEXT:
        return words.read_text(text)
    if not text.strip():
        return Flaw("MD029", "is empty", f"write {_EXAMPLES.get(kind, 'a value')}")
    if kind is Kind.DURATION or kind in amounts.AMOUNTS:
        if len(text) > NUMERIC_TEXT_MOST:
            return Flaw("MD027", "is too long", f"write {_EXAMPLES[kind]}")
        return durations.read(text) if kind is Kind.DURATION else amounts.read(kind, text)
    if kind is Kind.CHOICE:
        return words.read_choice(text, choices)
    reader = _WORDS.get(kind)
    if reader is None:
        raise InternalError("MD905", f"{kind.value} is not written as one scalar")
    return (
        reader(text)
        if len(text) <= words.TEXT_MOST
        else Flaw("MD027", "is too long", f"write {_EXAMPLES[kind]}")
    )


def _check_bounds(
    kind: Kind, text: str, value: int | Decimal, low: int | Decimal | None, high: int | Decimal | None
) -> None:
    below, above = low is not None and value < low, high is not None and value > high
    if not below and not above:
        return
    low_text = "" if low is None else render(kind, low)
    high_text = "" if high is None else render(kind, high)
    wanted = f"{low_text} to {high_text}" if low_text and high_text else low_text or high_text
    if low_text and high_text:
        help_ = f"write something from {wanted}"
    else:
        help_ = f"write {wanted} or {'more' if low_text else 'less'}"
    side = f"below {low_text}, the lowest" if below else f"above {high_text}, the highest"
    raise ValueProblem("MD026", f"{shown(text)} is {side} value allowed", help_)


def _percentage(fraction: Decimal, *, signed: bool) -> str:
    in_points = bool(fraction) and abs(fraction) < _TEN_POINTS
    text = plain(fraction.scaleb(4 if in_points else 2, context=CONTEXT)) + ("bp" if in_points else "%")
    return f"+{text}" if signed and fraction > 0 else text


_WORDS = {
    Kind.FLAG: words.read_flag,
    Kind.SYMBOL: words.read_symbol,
    Kind.SYMBOLS: words.read_symbols,
    Kind.SOURCE: words.read_source,
    Kind.URL: words.read_url,
    Kind.THEN: words.read_then,
}
_EXAMPLES: dict[Kind, str] = {
    **{kind: amount.examples for kind, amount in amounts.AMOUNTS.items()},
    Kind.DURATION: "a number and its unit, such as 90s or 1h30m",
    Kind.FLAG: "true or false",
    Kind.CHOICE: "one of the words allowed",
    Kind.SYMBOL: "a symbol, such as BTC-USD",
    Kind.SYMBOLS: "all, or symbols with commas between, such as BTC-USD, ETH-USD",
    Kind.SOURCE: "the name of a source",
    Kind.URL: "an address, such as http://127.0.0.1:8080",
    Kind.THEN: "hold, or revert over 60s",
}
