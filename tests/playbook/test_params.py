"""Parameters: filling references, mapping places back, and which kinds fit where."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.params import Kind, Param, Value
from mdsim.core.time import MINUTE
from mdsim.playbook.params import Parameter, Parameters, fits


def declared(**given_: tuple[Kind, Value]) -> Parameters:
    return Parameters(Parameter(Param(name, kind, ""), value, ()) for name, (kind, value) in given_.items())


PARAMETERS: dict[str, tuple[Kind, Value]] = {
    "coin": (Kind.SYMBOL, "BTC-USD"),
    "low": (Kind.PRICE, Decimal("0.92")),
    "drop": (Kind.CHANGE, Decimal("-0.12")),
    "time": (Kind.DURATION, 5 * MINUTE),
    "broken": (Kind.PRICE, None),
    "cash": (Kind.TEXT, "$low"),
}


@pytest.mark.parametrize(
    ("written", "filled"),
    [
        ("plain", "plain"),
        ("$coin", "BTC-USD"),
        ("$(coin)-PERP", "BTC-USD-PERP"),
        ("price($coin) <= $low", "price(BTC-USD) <= 0.92"),
        ("$drop over $time", "-12% over 5m"),
        ("$coin$low", "BTC-USD0.92"),
        ("costs $$5", "costs $5"),
        ("costs $5 or $", "costs $5 or $"),
        ("$$coin", "$coin"),
        ("a $cash", "a $low"),
    ],
)
def test_references_become_the_text_of_their_values(written: str, filled: str) -> None:
    """A reference is replaced once, by the value as it would be written; $$ is a dollar sign."""
    found = declared(**PARAMETERS).fill(written)
    assert (found.text, found.unfilled, found.broken) == (filled, (), False)


@pytest.mark.parametrize(
    ("written", "name", "offset", "length"),
    [
        ("$coim", "coim", 0, 5),
        ("a $(no such) b", "no such", 2, 10),
        ("$(coin", None, 0, 2),
        ("$()", "", 0, 3),
    ],
)
def test_a_reference_to_nothing_is_told_with_its_place(
    written: str, name: str | None, offset: int, length: int
) -> None:
    """An unknown name, and a bracket that is not closed, are named with offset and length."""
    (found,) = declared(**PARAMETERS).fill(written).unfilled
    assert (found.name, found.offset, found.length) == (name, offset, length)


def test_a_parameter_without_a_value_breaks_what_names_it() -> None:
    """So that the reader stays silent about a place whose parameter was reported already."""
    assert declared(**PARAMETERS).fill("x $broken").broken


def test_only_a_reference_that_stands_alone_is_whole() -> None:
    """A type can be kept by a value that is one reference and nothing else."""
    parameters = declared(**PARAMETERS)
    whole = parameters.fill("$low").whole
    assert whole is not None
    assert whole.value == Decimal("0.92")
    assert parameters.fill("$(low)").whole == whole
    assert parameters.fill("$low ").whole is None
    assert parameters.fill("$coin$low").whole is None


def test_parameters_that_nothing_names_are_unused() -> None:
    """Use is counted by filling; a parameter whose value is missing was reported already."""
    parameters = declared(**PARAMETERS)
    parameters.fill("$coin and $(low)")
    assert [item.param.name for item in parameters.unused] == ["drop", "time", "cash"]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.lists(st.sampled_from(["$(coin)", "$(low)", "price", " ", "<=", "$$", "é"]), min_size=1, max_size=8)
)
def test_places_in_the_filled_text_map_back_to_what_was_written(parts: list[str]) -> None:
    """Every part of the filled text points at the part of the written text that it came from."""
    parameters = declared(**PARAMETERS)
    written = "".join(parts)
    filled = parameters.fill(written)
    filled_begin = 0
    for part in parts:
        size = len(parameters.fill(part).text)
        offset, length = filled.written(filled_begin, size)
        assert written[offset : offset + length] == part
        filled_begin += size


@pytest.mark.parametrize(
    ("param", "place", "fit"),
    [
        (Kind.PRICE, Kind.PRICE, True),
        (Kind.PRICE, Kind.DURATION, False),
        (Kind.SHARE, Kind.CHANGE, False),
        (Kind.COUNT, Kind.NUMBER, True),
        (Kind.NUMBER, Kind.COUNT, False),
        (Kind.SYMBOL, Kind.SYMBOLS, True),
        (Kind.CHOICE, Kind.CURVE, True),
        (Kind.DURATION, Kind.TEXT, True),
    ],
)
def test_types_are_kept_and_never_converted(param: Kind, place: Kind, fit: bool) -> None:
    """A share is no change, a price no duration; a whole number is a number."""
    assert fits(param, place) is fit
