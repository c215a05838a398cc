"""Typed values and their text: exact both ways, and helpful when they are refused."""

from __future__ import annotations

from ast import literal_eval
from decimal import Decimal, localcontext
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.errors import InternalError
from mdsim.core.params import Afterwards, DurationDraw, Kind, Symbols, Value
from mdsim.core.time import DAY, HOUR, MINUTE, MS, NS, SECOND, US
from mdsim.core.values import ValueProblem, parse, render

STABLE = settings(derandomize=True, deadline=None, max_examples=80)

RIGHT: list[tuple[Kind, str, Value, str]] = [
    (Kind.DURATION, "250ms", 250 * MS, "250ms"),
    (Kind.DURATION, "90s", 90 * SECOND, "1m30s"),
    (Kind.DURATION, "1h30m", 90 * MINUTE, "1h30m"),
    (Kind.DURATION, "36h", 36 * HOUR, "36h"),
    (Kind.DURATION, "1d12h", 36 * HOUR, "36h"),
    (Kind.DURATION, "2d", 2 * DAY, "2d"),
    (Kind.DURATION, "0s", 0, "0s"),
    (Kind.DURATION, "0.5h", 30 * MINUTE, "30m"),
    (Kind.DURATION, "1h1.5m", 61 * MINUTE + 30 * SECOND, "1h1m30s"),
    (Kind.DURATION, "1.000000001s", SECOND + NS, "1s1ns"),
    (Kind.DURATION, "3us", 3 * US, "3us"),
    (Kind.DURATION, "3650d", 3650 * DAY, "3650d"),
    (Kind.DURATION, "30s..2m", DurationDraw(30 * SECOND, 120 * SECOND), "30s..2m"),
    (Kind.DURATION, "0.5s..1.5s", DurationDraw(500 * MS, 1500 * MS), "500ms..1s500ms"),
    (Kind.CHANGE, "-12%", Decimal("-0.12"), "-12%"),
    (Kind.CHANGE, "+50bp", Decimal("0.005"), "+0.5%"),
    (Kind.CHANGE, "-5bp", Decimal("-0.0005"), "-5bp"),
    (Kind.CHANGE, "0%", Decimal(0), "0%"),
    (Kind.CHANGE, "-0%", Decimal(0), "0%"),
    (Kind.CHANGE, "+0.30%", Decimal("0.003"), "+0.3%"),
    (Kind.SHARE, "15%", Decimal("0.15"), "15%"),
    (Kind.SHARE, "5bp", Decimal("0.0005"), "5bp"),
    (Kind.SHARE, "100%", Decimal(1), "100%"),
    (Kind.FACTOR, "20x", Decimal(20), "20x"),
    (Kind.FACTOR, "0.5x", Decimal("0.5"), "0.5x"),
    (Kind.SCALE, "20x", Decimal(20), "20x"),
    (Kind.SCALE, "10%", Decimal("0.1"), "0.1x"),
    (Kind.RATE, "5/s", Decimal(5), "5/s"),
    (Kind.PRICE, "0.92", Decimal("0.92"), "0.92"),
    (Kind.PRICE, "0.9200", Decimal("0.92"), "0.92"),
    (Kind.PRICE, "999999999999", Decimal(999999999999), "999999999999"),
    (Kind.NUMBER, "-0.5", Decimal("-0.5"), "-0.5"),
    (Kind.NUMBER, "0", Decimal(0), "0"),
    (Kind.COUNT, "4", 4, "4"),
    (Kind.COUNT, "4.0", 4, "4"),
    (Kind.FLAG, "true", True, "true"),
    (Kind.FLAG, "false", False, "false"),
    (Kind.TEXT, "", "", ""),
    (Kind.TEXT, "as it is ", "as it is ", "as it is "),
    (Kind.SYMBOL, "BTC-USD", "BTC-USD", "BTC-USD"),
    (Kind.SYMBOL, "BTC-USD-PERP", "BTC-USD-PERP", "BTC-USD-PERP"),
    (Kind.SOURCE, "binance", "binance", "binance"),
    (Kind.URL, "http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
    (Kind.URL, "https://[::1]/x?y=1", "https://[::1]/x?y=1", "https://[::1]/x?y=1"),
    (Kind.THEN, "hold", Afterwards(), "hold"),
    (Kind.THEN, "revert over 60s", Afterwards(60 * SECOND), "revert over 1m"),
]


def _wrong() -> list[tuple[Kind, str, str, str, str]]:
    """The table of mistakes: kind, the text as a Python literal, code, message, help."""
    rows = []
    for line in Path(__file__).with_name("wrong_values.tsv").read_text(encoding="utf-8").splitlines():
        kind, text, code, message, help_ = line.split("\t")
        rows.append((Kind(kind), str(literal_eval(text)), code, message, help_))
    return rows


WRONG = _wrong()


@pytest.mark.parametrize(("kind", "text", "value", "canonical"), RIGHT)
def test_a_value_is_read_exactly_and_written_canonically(
    kind: Kind, text: str, value: Value, canonical: str
) -> None:
    """The value has the exact type and amount, and its canonical text reads back to it."""
    found = parse(kind, text)

    assert (type(found), found) == (type(value), value)
    assert canonical == render(kind, found)
    assert parse(kind, canonical) == value


@pytest.mark.parametrize(("kind", "text", "code", "message", "help_"), WRONG)
def test_a_wrong_value_is_told_what_to_write(
    kind: Kind, text: str, code: str, message: str, help_: str
) -> None:
    """Each mistake has its own code, sentence and way out."""
    with pytest.raises(ValueProblem) as caught:
        parse(kind, text)

    assert (code, message, help_) == (caught.value.code, caught.value.message, caught.value.help)


def test_every_single_correction_offered_is_accepted() -> None:
    """A help that says what to write, and only that, names a text that parses."""
    tried = 0
    for kind, _, _, _, help_ in WRONG:
        word = help_.removeprefix("write ")
        if help_.startswith("write ") and " " not in word and word not in ("less", "one"):
            parse(kind, word)
            tried += 1
    assert tried > 60


@pytest.mark.parametrize(
    ("text", "low", "high", "message", "help_"),
    [
        (
            "-30%",
            Decimal("-0.25"),
            Decimal("-0.05"),
            "'-30%' is below -25%, the lowest value allowed",
            "write something from -25% to -5%",
        ),
        (
            "-1%",
            Decimal("-0.25"),
            Decimal("-0.05"),
            "'-1%' is above -5%, the highest value allowed",
            "write something from -25% to -5%",
        ),
        (
            "-30%",
            Decimal("-0.25"),
            None,
            "'-30%' is below -25%, the lowest value allowed",
            "write -25% or more",
        ),
        ("+3%", None, Decimal(0), "'+3%' is above 0%, the highest value allowed", "write 0% or less"),
    ],
)
def test_bounds_are_named(
    text: str, low: Decimal | None, high: Decimal | None, message: str, help_: str
) -> None:
    """A value outside its bounds is told which bound it breaks and what remains."""
    with pytest.raises(ValueProblem) as caught:
        parse(Kind.CHANGE, text, low=low, high=high)

    assert ("MD026", message, help_) == (caught.value.code, caught.value.message, caught.value.help)


def test_bounds_are_inclusive() -> None:
    """A value on its bound is allowed."""
    assert Decimal("-0.25") == parse(Kind.CHANGE, "-25%", low=Decimal("-0.25"), high=Decimal("-0.25"))


def test_both_ends_of_a_draw_are_bounded() -> None:
    """A draw that could leave the bounds is refused, whichever end it is."""
    assert DurationDraw(SECOND, 2 * SECOND) == parse(Kind.DURATION, "1s..2s", low=SECOND, high=2 * SECOND)
    with pytest.raises(ValueProblem, match="below 2s"):
        parse(Kind.DURATION, "1s..3s", low=2 * SECOND)
    with pytest.raises(ValueProblem, match="above 2s"):
        parse(Kind.DURATION, "1s..3s", high=2 * SECOND)


def test_a_choice_is_one_of_its_words() -> None:
    """A word that is near one of the choices gets it suggested; any other gets the list."""
    choices = ("exp", "linear", "step")
    assert parse(Kind.CHOICE, "exp", choices=choices) == "exp"
    with pytest.raises(ValueProblem) as near:
        parse(Kind.CHOICE, "lineer", choices=choices)
    with pytest.raises(ValueProblem) as far:
        parse(Kind.CHOICE, "zigzag", choices=choices)

    assert near.value.message == "'lineer' is not one of exp, linear, step"
    assert near.value.help == "did you mean 'linear'?"
    assert far.value.help == "write one of exp, linear, step"


def test_a_message_shows_no_more_of_a_long_text_than_fits() -> None:
    """A text of any length gives a message of a line, with control characters escaped."""
    with pytest.raises(ValueProblem) as caught:
        parse(Kind.PRICE, "\x1b[31m" + "9" * 100_000)

    assert caught.value.code == "MD027"
    assert caught.value.message.startswith("'\\x1b[31m999")
    assert len(caught.value.message) < 100


def test_values_do_not_depend_on_the_ambient_decimal_context() -> None:
    """A task that set its own precision does not change what a text means."""
    with localcontext() as context:
        context.prec = 2
        assert Decimal("0.123456789") == parse(Kind.CHANGE, "+12.3456789%")
        assert render(Kind.CHANGE, Decimal("0.123456789")) == "+12.3456789%"
        assert parse(Kind.DURATION, "12.345678901s") == 12_345_678_901


@pytest.mark.parametrize("kind", [Kind.CURVE, Kind.KEYFRAMES])
def test_kinds_that_are_no_scalars_are_not_for_here(kind: Kind) -> None:
    """Asking for a list or a mapping is a mistake of the program, not of the user."""
    with pytest.raises(InternalError):
        parse(kind, "all")
    with pytest.raises(InternalError):
        render(kind, "all")


def test_a_list_of_symbols_is_written_with_commas_and_read_back() -> None:
    """The value of a parameter of that type; each symbol once, or the word all."""
    value = parse(Kind.SYMBOLS, "BTC-USD,ETH-USD")
    assert isinstance(value, Symbols)
    assert value.names == ("BTC-USD", "ETH-USD")
    assert render(Kind.SYMBOLS, value) == "BTC-USD, ETH-USD"
    assert parse(Kind.SYMBOLS, "all") == Symbols(every=True)
    wrong = {
        "BTC-USD, BTCUSD": "which is not written",
        "BTC-USD, BTC-USD": "twice",
        ",": "which is no symbol",
    }
    for text, told in wrong.items():
        with pytest.raises(ValueProblem, match=told):
            parse(Kind.SYMBOLS, text)


def numbers(decimals: int) -> st.SearchStrategy[str]:
    """Plain numbers with up to nine digits before the point."""
    whole = st.integers(0, 999_999_999).map(str)
    fraction = st.integers(0, 10**decimals - 1).map(lambda n: f".{n:0{decimals}d}")
    return st.one_of(whole, st.builds(str.__add__, whole, fraction))


@STABLE
@given(numbers(9), st.sampled_from(["-", "+"]), st.sampled_from(["%", "bp"]))
def test_changes_survive_text_and_back(number: str, sign: str, unit: str) -> None:
    """Reading what was written gives the same fraction, exactly."""
    value = parse(Kind.CHANGE, sign + number + unit)
    assert isinstance(value, Decimal)
    assert value == Decimal(sign + number) / (100 if unit == "%" else 10_000)
    assert parse(Kind.CHANGE, render(Kind.CHANGE, value)) == value


@STABLE
@given(
    numbers(9),
    st.sampled_from(
        [
            (Kind.SHARE, "%"),
            (Kind.SHARE, "bp"),
            (Kind.FACTOR, "x"),
            (Kind.SCALE, "%"),
            (Kind.RATE, "/s"),
            (Kind.NUMBER, ""),
        ]
    ),
)
def test_other_amounts_survive_text_and_back(number: str, unit: tuple[Kind, str]) -> None:
    """Reading what was written gives the same amount, exactly."""
    kind, suffix = unit
    value = parse(kind, number + suffix)
    assert parse(kind, render(kind, value)) == value


@STABLE
@given(st.integers(0, 3650 * DAY))
def test_durations_survive_text_and_back(duration_ns: int) -> None:
    """Every length in nanoseconds has a text that reads back to it."""
    assert parse(Kind.DURATION, render(Kind.DURATION, duration_ns)) == duration_ns


@STABLE
@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_draws_survive_text_and_back(low_ms: int, span_ms: int) -> None:
    """Both ends of a draw keep their length."""
    draw = DurationDraw(low_ms * MS, (low_ms + span_ms) * MS)
    assert parse(Kind.DURATION, render(Kind.DURATION, draw)) == draw


SCALARS = [kind for kind in Kind if kind not in (Kind.SYMBOLS, Kind.CURVE, Kind.KEYFRAMES)]
NEAR_NUMBERS = st.text(alphabet="0123456789+-.,%bpxsmhd/e: ()_−٣Nainf", max_size=12)


@settings(STABLE, max_examples=200)
@given(st.sampled_from(SCALARS), st.one_of(NEAR_NUMBERS, st.text(max_size=30)))
def test_any_text_is_a_value_or_a_problem(kind: Kind, text: str) -> None:
    """Nothing but a ValueProblem comes out, whatever goes in; what is read survives its text."""
    problem: ValueProblem | None = None
    try:
        value = parse(kind, text, choices=("hold", "on"))
    except ValueProblem as caught:
        problem = caught
    if problem is None:
        assert parse(kind, render(kind, value), choices=("hold", "on")) == value
    else:
        assert problem.code.startswith("MD02")
        assert problem.message
        assert problem.help
