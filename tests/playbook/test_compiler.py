"""Compiling: what a plan holds, every problem with its place, parameters, phases alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from mdsim.core.errors import UsageError
from mdsim.core.params import DurationDraw
from mdsim.core.time import HOUR, MINUTE, MS, SECOND, parse_utc
from mdsim.playbook import loader
from mdsim.playbook.compiler import World, compile_playbook, only
from mdsim.playbook.diagnostics import Diagnostic, PlaybookError
from mdsim.playbook.plan import (
    EffectAct,
    ExpectAct,
    Plan,
    Step,
    canonical,
)

ROOT = Path(__file__).parent.parent.parent
SHIPPED = sorted((ROOT / "playbooks").glob("*.yaml"))
Planner = Callable[..., Plan]
Stepper = Callable[[str], Step]
Refused = Callable[[str], tuple[Diagnostic, ...]]


# ---------------------------------------------------------------- plans


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_playbooks_compile_without_a_warning(path: Path, sourced_world: World) -> None:
    """And each asks something: its phases reach, and something is expected."""
    found = compile_playbook(loader.load(path.read_bytes(), path.name), sourced_world)
    assert found.warnings == ()
    assert found.plan.expect
    assert any(block.reaches for block in found.plan.phases)
    assert any(block.always or block.never for block in found.plan.phases) or found.plan.never


def test_the_head_of_a_playbook_becomes_the_head_of_the_plan(plan: Planner) -> None:
    """Name, prose, tags, baseline and the file it came from."""
    found = plan(
        "name: a try\nabout: |\n  two\n  lines\ntags: [smoke, 2]\n"
        "baseline: {source: replay, dataset: 2024-08-05, start: 2024-08-05T06:00+02:00, cycle: 500ms}\n"
        "steps: [{wait: 5m}]\n"
    )
    assert (found.name, found.about, found.tags, found.file) == (
        "a try",
        "two lines",
        ("smoke", "2"),
        "test.yaml",
    )
    assert found.baseline.start_ns == parse_utc("2024-08-05T04:00:00Z")
    assert (found.baseline.dataset, found.baseline.cycle_ns) == ("2024-08-05", 500 * MS)
    assert plan("steps: [{wait: 5m}]").name == "test"


def test_start_prices_are_kept_by_asset(plan: Planner) -> None:
    """As exact decimals, in the order written."""
    found = plan("baseline: {prices: {ETH: 2000.10, BTC: 40000}}\nsteps: [{wait: 5m}]")
    assert found.baseline.prices == (("ETH", Decimal("2000.10")), ("BTC", Decimal(40000)))


def test_a_path_to_a_recording_is_left_to_the_base_feed(plan: Planner) -> None:
    """Only names are looked up among the shipped datasets."""
    found = plan("baseline: {source: replay, dataset: ./mine/BTCUSDT.csv}\nsteps: [{wait: 5m}]")
    assert found.baseline.dataset == "./mine/BTCUSDT.csv"


@pytest.mark.parametrize(
    ("text", "expected_ns"),
    [
        ("steps: [{wait: 5m}, {wait: 30s..2m}]", 7 * MINUTE),
        ("steps: [{wait: {until: price(BTC-USD) < 5, timeout: 3m}}]", 3 * MINUTE),
        ("steps: [{expect: {that: price(BTC-USD) < 5, within: 10s}}]", 10 * SECOND),
        ("steps: [{nudge: {symbols: all, by: -5%, over: 5m}}, {fog: {loss: 5%, for: 1m}}]", 6 * MINUTE),
        ("steps: [{at: 5m, wait: 1m}, {at: 1m, wait: 2m}]", 6 * MINUTE),
        ("steps: [{lanes: {a: [{wait: 5m}], b: [{wait: 7m}]}}]", 7 * MINUTE),
        ("steps: [{repeat: {times: 3, every: 5m, steps: [{wait: 1m}]}}]", 15 * MINUTE),
        ("steps: [{repeat: {times: 3, every: 1m, steps: [{wait: 5m}]}}]", 15 * MINUTE),
        ("steps: [{repeat: {times: 99, for: 4m, steps: [{wait: 5m}]}}]", 4 * MINUTE),
        ("steps: [{if: price(BTC-USD) < 5, then: [{wait: 1m}], else: [{wait: 2m}]}]", 2 * MINUTE),
        ("steps: [{choose: [{steps: [{wait: 3m}]}, {steps: [{wait: 1m}]}]}]", 3 * MINUTE),
        ("steps: [{timeout: 1m, wait: 5m}]", MINUTE),
        ("phases: [{name: a, for: 1h, steps: [{wait: 5m}]}, {name: b, for: 1h}]", 2 * HOUR),
        ("phases: [{name: a, timeout: 1m, steps: [{wait: {until: price(BTC-USD) < 5}}]}]", MINUTE),
        ("steps: [{wait: 5m}]\nfinally: [{wait: 1m}]", 6 * MINUTE),
    ],
)
def test_the_longest_a_plan_may_take_follows_from_its_bounds(
    text: str, expected_ns: int, plan: Planner
) -> None:
    """Timeouts count in full, draws with their upper end, iterations with the slower of pace and body."""
    assert plan(text).expected_ns == expected_ns


def test_compiling_twice_gives_the_same_plan(sourced_world: World) -> None:
    """As canonical data, for every shipped playbook."""
    for path in SHIPPED:
        first, second = (
            canonical(compile_playbook(loader.load(path.read_bytes(), path.name), sourced_world).plan)
            for _ in range(2)
        )
        assert first == second


# ---------------------------------------------------------------- parameters

PARAMS = (
    "params:\n"
    "  coin: {type: symbol, default: ETH-USD}\n"
    "  drop: {type: change, default: -5%, min: -50%, max: -1%}\n"
    "  time: {type: duration, default: 30s..2m}\n"
    "  pace: {type: choice, choices: [bent, other], default: bent}\n"
    "steps: [{nudge: {symbols: $coin, by: $drop, over: $time, curve: $pace}}]\n"
)


def test_parameters_keep_their_types_and_stand_in_the_plan(plan: Planner) -> None:
    """Values arrive as if they had been written there."""
    found = plan(PARAMS)
    act = found.phases[0].lanes[0].body.steps[0].act
    assert isinstance(act, EffectAct)
    assert act.args["by"] == Decimal("-0.05")
    assert act.lasts == DurationDraw(30 * SECOND, 2 * MINUTE)
    assert [name for name, _ in found.params] == ["coin", "drop", "time", "pace"]
    assert dict(found.params)["drop"] == Decimal("-0.05")


def test_set_replaces_a_default_by_the_declared_type(plan: Planner) -> None:
    """--set name=value, within the parameter's bounds."""
    found = plan(PARAMS, drop="-12%", coin="BTC-USD")
    assert (dict(found.params)["drop"], found.symbols) == (Decimal("-0.12"), ("BTC-USD",))


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"drop": "-60%"}, ["drop", "-60%", "-50%"]),
        ({"drop": "12%"}, ["drop", "sign"]),
        ({"dorp": "-5%"}, ["dorp", "did you mean 'drop'"]),
        ({"pace": "fast"}, ["pace", "bent"]),
        ({"drop": "x", "time": "5"}, ["drop=x", "time=5"]),
    ],
)
def test_a_set_that_does_not_fit_is_a_usage_error(
    overrides: dict[str, str], words: list[str], plan: Planner
) -> None:
    """All of them at once; the playbook itself is fine."""
    with pytest.raises(UsageError) as caught:
        plan(PARAMS, **overrides)
    assert caught.value.code == "MD066"
    assert all(word in caught.value.message for word in words)


def test_a_parameter_without_a_default_must_be_set(plan: Planner, mistakes: Refused) -> None:
    """Its declaration is pointed at when it is not."""
    text = "params: {drop: {type: change}}\nsteps: [{nudge: {symbols: BTC-USD, by: $drop}}]"
    assert [item.problem.code for item in mistakes(text)] == ["MD065"]
    assert dict(plan(text, drop="-5%").params) == {"drop": Decimal("-0.05")}


def test_more_parameters_than_anyone_sets_are_refused(mistakes: Refused) -> None:
    """So that a hostile file cannot make every wrong name be compared with thousands."""
    many = "".join(f"  p{number}: {{type: count, default: 1}}\n" for number in range(201))
    found = mistakes(f"params:\n{many}steps: [{{mark: $p7}}]")
    assert "201 parameters are more than the 200 allowed" in [item.problem.message for item in found]


def test_parameters_stand_in_conditions_and_are_typed_there(plan: Planner, mistakes: Refused) -> None:
    """The question's text shows what was asked in this run."""
    text = (
        "params: {c: {type: symbol, default: BTC-USD}, p: {type: price, default: 5}}\n"
        "steps:\n"
        "  - expect: price($c) <= $p\n"
    )
    act = plan(text).phases[0].lanes[0].body.steps[0].act
    assert isinstance(act, ExpectAct)
    assert act.question.text == "price(BTC-USD) <= 5"
    (found,) = mistakes(text.replace("type: price, default: 5", "type: share, default: 5%"))
    assert (found.place.column, found.length) == (26, 2)


# ---------------------------------------------------------------- phases alone


def test_only_keeps_the_phases_named_in_their_order(plan: Planner) -> None:
    """And takes the others' time away."""
    whole = plan("phases: [{name: a, for: 1m}, {name: b, for: 2m}, {name: c, for: 4m}]")
    part = only(whole, ["c", "a"])
    assert [block.name for block in part.phases] == ["a", "c"]
    assert (part.expected_ns, part.phases[1].order) == (5 * MINUTE, (2,))


def test_only_an_unknown_phase_is_a_usage_error_that_names_those_there_are(plan: Planner) -> None:
    """With the nearest name when there is one."""
    whole = plan("phases: [{name: panic, for: 1m}, {name: relief, for: 2m}]")
    with pytest.raises(UsageError, match="no phase 'panik'") as near:
        only(whole, ["panik"])
    with pytest.raises(UsageError) as far:
        only(whole, ["zzz"])
    assert near.value.hint == "did you mean 'panic'?"
    assert far.value.hint == "its phases are panic, relief"


# ---------------------------------------------------------------- sources

OF_BINANCE = "mdsim: 1\nname: x\nsteps: [{feed: {source: binance, symbols: [BTC-USD, BTC-USDT], loss: 5%}}]"


def test_a_source_is_disturbed_in_the_instruments_that_it_tells(real_world: World) -> None:
    """One that is made of others has no message of its own."""
    world = replace(real_world, sources=("binance",), listings={"binance": ("BTC-USDT", "ETH-USDT")})
    with pytest.raises(PlaybookError) as caught:
        compile_playbook(loader.load(OF_BINANCE, "x.yaml"), world)
    (problem,) = [item.problem for item in caught.value.diagnostics]
    assert (problem.code, problem.message, problem.help) == (
        "MD567",
        "binance does not tell BTC-USD",
        "it tells BTC-USDT, ETH-USDT",
    )
    assert problem.at[-2:] == ("feed", "symbols")


def test_what_real_sources_tell_is_known_when_they_are_open(real_world: World) -> None:
    """So a server takes the name as it is."""
    world = replace(real_world, sources=("binance",), listings={"binance": ("BTC-USDT",)}, offline=False)
    assert compile_playbook(loader.load(OF_BINANCE, "x.yaml"), world).plan.phases
