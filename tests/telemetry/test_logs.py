"""Log lines: their fields, their level, what must never be in them, and streams that break."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.secret import HIDDEN, Secret
from mdsim.telemetry.logs import open_log, standard_logs_into
from mdsim.telemetry.meters import Tally
from mdsim.telemetry.redaction import Redactor

KEY = "k3y/of+someone=="


def test_a_line_begins_with_the_fixed_fields_in_their_order(lines: Callable[..., Any]) -> None:
    """Time, level, service, correlation, event; then what was given, as it was given."""
    found = lines()
    found.log.bind(correlation_id="run-7").info("something", zebra=1, apple="x")
    found.log.warning("else")

    assert found.text == (
        '{"timestamp":"2026-01-05T09:00:00Z","level":"info","service":"market-data-simulator",'
        '"correlation_id":"run-7","event":"something","zebra":1,"apple":"x"}\n'
        '{"timestamp":"2026-01-05T09:00:00Z","level":"warning","service":"market-data-simulator",'
        '"correlation_id":null,"event":"else"}\n'
    )


def test_the_level_is_the_least_that_is_written(lines: Callable[..., Any]) -> None:
    """What lies below is not even counted."""
    found = lines("warning")
    for level in ("debug", "info", "warning", "error"):
        getattr(found.log, level)(level)

    assert [line["event"] for line in found.all()] == ["warning", "error"]


def test_lines_are_counted_by_level() -> None:
    """For the metric of log lines."""
    tallies = {name: Tally() for name in ("debug", "info", "warning", "error")}
    log = open_log(io.StringIO(), clock_ns=lambda: 0, counted=tallies.__getitem__)
    log.info("a")
    log.error("b")
    log.debug("c")

    assert {name: tally.value for name, tally in tallies.items()} == {
        "debug": 0,
        "info": 1,
        "warning": 0,
        "error": 1,
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"api_key": "anything"},
        {"headers": {"Authorization": "anything", "Cookie": "anything"}},
        {"text": f"the key {KEY} is wrong"},
        {"list": [[f"x{KEY}x"]]},
        {KEY: 1},
        {"secret_thing": Secret("anything")},
        {"thing": Secret("anything")},
        {"text": "Authorization: Bearer anything"},
        {"url": "https://me:anything@a.example/x"},
        {"url": "https://a.example/x?symbol=BTC&api_key=anything&x=1"},
        {"body": '{"api_key": "anything"}'},
        {"text": "X-CMC_PRO_API_KEY: anything"},
        {"deep": {"a": {"b": {"c": {"d": {"e": {"f": {"g": KEY}}}}}}}},
        {"error_": ValueError(f"bad {KEY}")},
    ],
)
def test_a_secret_never_reaches_a_line(lines: Callable[..., Any], fields: dict[str, object]) -> None:
    """By the field's name, by its known value, by its shape, at any depth."""
    found = lines(secrets=[Secret(KEY)])
    found.log.info(f"event with {KEY}", **fields)

    assert KEY not in found.text
    assert "anything" not in found.text
    assert HIDDEN in found.text


def test_an_exception_is_told_without_its_secrets(lines: Callable[..., Any]) -> None:
    """The traceback is one field, clean like the others."""
    found = lines(secrets=[Secret(KEY)])
    try:
        raise ValueError(f"no {KEY}")
    except ValueError as error:
        found.log.error("failed", exc_info=error)

    (line,) = found.all()
    assert f"ValueError: no {HIDDEN}" in line["error"]
    assert "Traceback" in line["error"]


def test_what_is_no_secret_stays_readable() -> None:
    """Symbols, prices, paths and words with 'key' in them are left alone."""
    redactor = Redactor([Secret(KEY), Secret("abc")])
    kept = [
        "BTC-USD",
        "keyframes at 5m",
        "https://a.example/v1?symbol=BTC-USD",
        "bearer of news",
        "a token b",
        "abc",
    ]

    assert [redactor.text(text) for text in kept] == kept


@pytest.mark.parametrize(
    "value", ["\ud800", "a\nb\r\x1b[31m", 1 << 80, -(1 << 600), float("nan"), b"\xff", object, {1: 2}]
)
def test_any_value_becomes_one_line_of_json(lines: Callable[..., Any], value: object) -> None:
    """Broken text, control characters and huge numbers neither raise nor begin a second line."""
    found = lines()
    found.log.info("x", value=value)

    assert found.text.count("\n") == 1
    assert json.loads(found.text)["event"] == "x"


_VALUES = st.recursive(
    st.one_of(st.text(max_size=8), st.integers(), st.floats(), st.none(), st.binary(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    event=st.text(max_size=12),
    fields=st.dictionaries(st.text("abc_", min_size=1, max_size=6), _VALUES, max_size=4),
)
def test_any_fields_make_one_parseable_line(event: str, fields: dict[str, Any]) -> None:
    """Whatever is logged, a reader of lines can go on."""
    stream = io.StringIO()
    open_log(stream, clock_ns=lambda: 0).info(event, **{f"x{name}": value for name, value in fields.items()})

    assert stream.getvalue().count("\n") == 1
    assert json.loads(stream.getvalue())["service"] == "market-data-simulator"


def test_a_field_cannot_pretend_to_be_a_fixed_one(lines: Callable[..., Any]) -> None:
    """``level`` and ``service`` of a caller are dropped."""
    found = lines()
    found.log.info("x", level="error", service="other", timestamp="never")

    (line,) = found.all()
    assert (line["level"], line["service"]) == ("info", "market-data-simulator")


@pytest.mark.parametrize("error", [OSError("disk full"), ValueError("closed"), BrokenPipeError()])
def test_a_broken_stream_harms_nobody(error: Exception) -> None:
    """The market goes on when nobody reads its log."""

    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise error

    open_log(Broken(), clock_ns=lambda: 0).info("x")


def test_what_libraries_log_joins_and_then_leaves_again(lines: Callable[..., Any]) -> None:
    """Records of the standard library become lines; afterwards its handlers are as before."""
    found = lines(secrets=[Secret(KEY)])
    before = list(logging.getLogger().handlers)
    with standard_logs_into(found.log, level="info"):
        logging.getLogger("some.library").warning("careful with %s", KEY)
        logging.getLogger("some.library").debug("not this")
        logging.getLogger("some.library").error("bad format %d", "x")
    logging.getLogger("some.library").warning("after")

    assert [(line["level"], line["logger"], line["message"]) for line in found.all()] == [
        ("warning", "some.library", f"careful with {HIDDEN}"),
        ("error", "some.library", "bad format %d"),
    ]
    assert logging.getLogger().handlers == before
