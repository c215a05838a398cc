"""A run in the log."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from mdsim.core.events import Entry
from mdsim.run.result import RunResult
from mdsim.telemetry.run_log import RunLog, target_price

THERE_AND_BACK = """\
mdsim: 1
name: there-and-back
baseline: {source: still}
steps:
  - move: {symbol: BTC-USD, by: -5%, over: 10s}
  - restore: {symbol: BTC-USD, over: 20s}
"""


def test_a_real_run_tells_its_story(lines: Callable[..., Any], play: Callable[..., RunResult]) -> None:
    """From the start to the verdict, every line with the scenario's id."""
    found = lines("info")
    play(RunLog(found.log, "run-7", "price_shock"))
    told = found.all()

    assert {line["correlation_id"] for line in told} == {"run-7"}
    assert {line["scenario_type"] for line in told} == {"price_shock"}
    assert [line["event"] for line in told] == [
        "scenario_started",
        "phase_started",
        "check",
        "check",
        "price_manipulation_started",
        "price_manipulation_ended",
        "price_recovery_ended",
        "phase_ended",
        "effects_released",
        "scenario_ended",
    ]
    assert told[-1]["verdict"] == "failed"
    assert [line["level"] for line in told if line["event"] == "check"] == ["info", "warning"]
    assert "plan" not in told[0]


def test_the_first_event_of_a_move_holds_the_promised_fields(
    lines: Callable[..., Any], play: Callable[..., RunResult]
) -> None:
    """Symbol, type, both prices, both durations."""
    found = lines("info")
    play(RunLog(found.log, "run-7", "price_shock"))
    (line,) = [line for line in found.all() if line["event"] == "price_manipulation_started"]

    assert (line["symbol"], line["scenario_type"], line["manipulation_type"]) == (
        "BTC-USD",
        "price_shock",
        "move",
    )
    assert (line["manipulation_duration_s"], line["recovery_duration_s"]) == (30.0, 60.0)
    assert (line["original_price"], line["target_price"]) == ("60000", "57000")


def test_steps_and_lanes_are_for_those_who_debug(
    lines: Callable[..., Any], play: Callable[..., RunResult]
) -> None:
    """At level debug they are there, one by one."""
    found = lines("debug")
    play(RunLog(found.log, "run-7", "price_shock"))
    quiet = [line["event"] for line in found.all() if line["level"] == "debug"]

    assert quiet.count("step_started") == 4
    assert quiet.count("lane_started") == 2


def test_an_effect_that_moves_no_price_keeps_its_own_words(lines: Callable[..., Any]) -> None:
    """A halt is no manipulation of a price."""
    found = lines()
    log = RunLog(found.log, "1", "playbook")
    log.on_entry(Entry("effect_started", 0, "a/1", {"effect": "halt", "symbols": ["BTC-USD"]}))
    log.on_entry(Entry("effect_ended", 5, "a/1", {"reason": "done", "level": "x", "event": "y"}))

    assert [line["event"] for line in found.all()] == ["effect_started", "effect_ended"]


def test_a_way_back_has_words_of_its_own(lines: Callable[..., Any], play: Callable[..., RunResult]) -> None:
    """The move knows how long it will take, and it leads to where the move began."""
    found = lines("info")
    play(RunLog(found.log, "run-7", "price_shock"), text=THERE_AND_BACK)
    told = [line for line in found.all() if line["event"].startswith("price_")]

    assert [line["event"] for line in told] == [
        "price_manipulation_started",
        "price_manipulation_ended",
        "price_recovery_started",
        "price_recovery_ended",
    ]
    there, back = told[0], told[2]
    assert (there["manipulation_duration_s"], there["recovery_duration_s"]) == (10.0, 20.0)
    assert (back["manipulation_duration_s"], back["recovery_duration_s"]) == (0.0, 20.0)
    assert (back["original_price"], back["target_price"]) == (there["target_price"], there["original_price"])


@pytest.mark.parametrize(
    ("target", "price"),
    [
        ({"from": "100", "to": "95"}, "95"),
        ({"from": "100", "log_move": "-0.0512932943876"}, "95"),
        ({"from": "95", "log_moves": {"BTC": "0.0512932943876", "BTC-USD": "0"}}, "100"),
        ({"from": "100"}, None),
        ({"log_move": "1"}, None),
        ({"from": "100", "log_move": "nonsense"}, None),
        ({"from": "100", "series": "x"}, None),
    ],
)
def test_the_target_price_is_told_where_it_is_known(target: dict[str, Any], price: str | None) -> None:
    """A path of its own, such as a recorded one, has no single target."""
    assert target_price(target) == price


@pytest.mark.parametrize(
    "data", [{}, {"targets": "x"}, {"targets": [1, {}]}, {"effect": 3, "plan": [[{"act": 1}]]}]
)
def test_odd_entries_are_no_trouble(lines: Callable[..., Any], data: dict[str, Any]) -> None:
    """A log must never end a run."""
    found = lines()
    log = RunLog(found.log, "1", "playbook")
    for kind in ("run_started", "effect_started", "effect_ended", "check", "something_new"):
        log.on_entry(Entry(kind, 0, "", {**data, "effect": data.get("effect", "move")}))

    assert found.all()[0]["event"] == "scenario_started"


def test_the_operations_page_shows_a_line_as_it_is(
    lines: Callable[..., Any], play: Callable[..., RunResult]
) -> None:
    """The fields of the page's example are those of a real line, in their order."""
    page = (pathlib.Path(__file__).parent.parent.parent / "docs" / "operations.md").read_text("utf-8")
    found = lines("info")
    play(RunLog(found.log, "run-7", "price_shock"))
    (line,) = [line for line in found.all() if line["event"] == "price_manipulation_started"]

    at = [page.index(f'"{name}":') for name in line]
    assert at == sorted(at)
