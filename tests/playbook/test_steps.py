"""Steps: their paths, acts, symbols and arguments."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from mdsim.core.conditions import Compare, Metric
from mdsim.core.instruments import ALL
from mdsim.core.params import CurveSpec, DurationDraw, Keyframe, Symbols
from mdsim.core.time import MINUTE, SECOND
from mdsim.playbook.diagnostics import Diagnostic
from mdsim.playbook.plan import (
    Body,
    ChooseAct,
    EffectAct,
    ExpectAct,
    IfAct,
    LanesAct,
    Plan,
    RepeatAct,
    SayAct,
    Step,
    WaitAct,
)

Planner = Callable[..., Plan]
Stepper = Callable[[str], Step]
Refused = Callable[[str], tuple[Diagnostic, ...]]


def test_paths_and_orders_name_places_in_the_document(plan: Planner) -> None:
    """Numbers count from 1; names of steps, lanes and branches stand for themselves."""
    found = plan(
        "phases:\n"
        "  - {name: calm, for: 1m}\n"
        "  - name: panic\n"
        "    lanes:\n"
        "      peg:\n"
        "        - mark: one\n"
        "        - {name: shock, mark: two}\n"
        "      rest:\n"
        "        - lanes: {inner: [{mark: three}]}\n"
        "        - repeat: {times: 2, steps: [{mark: four}]}\n"
        "        - {if: price(BTC-USD) > 5, then: [{mark: five}], else: [{mark: six}]}\n"
        "        - choose: [{name: up, steps: [{mark: seven}]}, {steps: [{mark: eight}]}]\n"
        "finally: [{mark: nine}]\n"
    )
    places: dict[str, tuple[str, tuple[int, ...]]] = {}

    def walk(body: Body) -> None:
        for item in body.steps:
            if isinstance(item.act, SayAct):
                places[item.act.text] = (item.path, item.order)
            for inner in inner_bodies(item):
                walk(inner)

    for block in found.phases:
        for lane in block.lanes:
            walk(lane.body)
    walk(Body(found.finally_))
    assert places == {
        "one": ("panic/peg/1", (1, 0, 0)),
        "two": ("panic/peg/shock", (1, 0, 1)),
        "three": ("panic/rest/1/inner/1", (1, 1, 0, 0, 0)),
        "four": ("panic/rest/2/1", (1, 1, 1, 0)),
        "five": ("panic/rest/3/then/1", (1, 1, 2, 0, 0)),
        "six": ("panic/rest/3/else/1", (1, 1, 2, 1, 0)),
        "seven": ("panic/rest/4/up/1", (1, 1, 3, 0, 0)),
        "eight": ("panic/rest/4/2/1", (1, 1, 3, 1, 0)),
        "nine": ("finally/1", (2, 0)),
    }
    orders = [order for _, order in places.values()]
    assert orders == sorted(orders)


def inner_bodies(item: Step) -> tuple[Body, ...]:
    match item.act:
        case LanesAct():
            return tuple(lane.body for lane in item.act.lanes)
        case RepeatAct():
            return (item.act.body,)
        case IfAct():
            return (item.act.then, item.act.otherwise)
        case ChooseAct():
            return tuple(branch.body for branch in item.act.branches)
    return ()


def test_steps_alone_are_one_phase(plan: Planner) -> None:
    """A short playbook needs no phases."""
    (block,) = plan("steps: [{mark: one}]").phases
    assert (block.name, block.lanes[0].body.steps[0].path) == ("main", "main/1")


def test_a_step_carries_its_place_guard_timeout_and_tags(step: Stepper) -> None:
    """All that may stand beside a verb."""
    found = step("{name: one, when: price(BTC-USD) > 5, timeout: 5m, tags: [a], mark: hello}")
    assert (str(found.place), found.name, found.verb) == ("test.yaml:3:67", "one", "mark")
    assert (found.timeout_ns, found.tags, found.summary) == (5 * MINUTE, ("a",), "mark: hello")
    assert found.when is not None
    assert found.when.condition == Compare(Metric("price", "BTC-USD"), ">", Decimal(5))


def test_a_schedule_keeps_the_offset_of_each_step(plan: Planner) -> None:
    """A list is scheduled when every step has 'at'."""
    body = plan("steps: [{at: 5s, mark: one}, {at: 0s, mark: two}]").phases[0].lanes[0].body
    assert body.scheduled
    assert [item.at_ns for item in body.steps] == [5 * SECOND, 0]
    assert not plan("steps: [{mark: one}]").phases[0].lanes[0].body.scheduled


def effect_of(step: Stepper, text: str) -> EffectAct:
    act = step(text).act
    assert isinstance(act, EffectAct)
    return act


def test_the_arguments_of_an_effect_are_typed_with_defaults_filled_in(step: Stepper) -> None:
    """What is not written has the effect's default."""
    act = effect_of(step, "nudge: {symbols: BTC-USD, by: -5%, over: 30s..2m, curve: bent}")
    one = Decimal(1)
    assert act.args["symbols"] == Symbols(betas=(("BTC-USD", one),))
    assert act.args["by"] == Decimal("-0.05")
    curve = act.args["curve"]
    assert isinstance(curve, CurveSpec)
    assert (curve.shape, dict(curve.args)) == ("bent", {"knee": Decimal("0.5")})
    assert (act.args["lag"], act.args["to"]) == (0, None)
    assert act.lasts == DurationDraw(30 * SECOND, 2 * MINUTE)
    assert not act.lasting


def test_keyframes_are_typed(step: Stepper) -> None:
    """Each a time and a change."""
    act = effect_of(step, "nudge: {symbols: BTC-USD, path: [{at: 0s, by: 0%}, {at: 5m, by: -3%}]}")
    assert act.args["path"] == (Keyframe(0, Decimal(0)), Keyframe(5 * MINUTE, Decimal("-0.03")))


def test_an_effect_in_force_takes_for(step: Stepper) -> None:
    """It needs not declare it; without it, it lasts until its block ends."""
    timed, open_ended = effect_of(step, "fog: {loss: 5%, for: 2m}"), effect_of(step, "fog: {loss: 5%}")
    assert (timed.lasts, open_ended.lasts, timed.lasting) == (2 * MINUTE, None, True)
    assert dict(timed.args) == {"loss": Decimal("0.05")}


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("BTC-USD", ["BTC-USD"]),
        ("[ETH-USD, BTC-USD]", ["ETH-USD", "BTC-USD"]),
        ("'*-USD'", ["BTC-USD", "ETH-USD", "USDT-USD", "USDC-USD"]),
        ("['USD?-USD', BTC-USD]", ["USDT-USD", "USDC-USD", "BTC-USD"]),
        ("[BTC-USD, 'BTC-*']", ["BTC-USD", "BTC-ETH", "BTC-USDT", "BTC-USD-PERP"]),
    ],
)
def test_symbols_are_one_a_list_or_patterns(written: str, names: list[str], step: Stepper) -> None:
    """Patterns cover what is on, in catalogue order, each once."""
    symbols = effect_of(step, f"nudge: {{symbols: {written}, by: -5%}}").args["symbols"]
    assert isinstance(symbols, Symbols)
    assert list(symbols.names) == names


def test_symbols_with_weights_keep_them_in_order(step: Stepper) -> None:
    """A map from symbol to beta."""
    symbols = effect_of(step, "nudge: {symbols: {ETH-USD: 1.25, BTC-USD: -1}, by: -5%}").args["symbols"]
    assert symbols == Symbols(betas=(("ETH-USD", Decimal("1.25")), ("BTC-USD", Decimal(-1))), weighted=True)


def test_an_instrument_that_is_off_is_switched_on_by_being_named(plan: Planner) -> None:
    """In a step, a condition or a parameter; then patterns cover it too."""
    pattern = "steps: [{nudge: {symbols: 'U*-USD', by: -5%}}]"
    assert "UST-USD" not in plan(pattern).symbols
    assert "UST-USD" in plan(f"never: [price(UST-USD) < 0.5]\n{pattern}").symbols
    assert "UST-USD" in plan(f"params: {{c: {{type: symbol, default: UST-USD}}}}\n{pattern}").symbols
    assert "UST-USD" not in plan(f"about: UST-USD is not meant\n{pattern}").symbols


def test_a_plan_lists_every_instrument_named_anywhere_in_catalogue_order(plan: Planner) -> None:
    """From steps, conditions and both sides of a pair."""
    found = plan(
        "never: [basis(BTC-USD-PERP vs BTC-USD) > +5%]\nsteps: [{nudge: {symbols: ETH-USD, by: -5%}}]\n"
    )
    assert found.symbols == ("BTC-USD", "ETH-USD", "BTC-USD-PERP")


def test_all_names_every_instrument_that_is_on(plan: Planner) -> None:
    """A run must publish what 'all' moves."""
    found = plan("steps: [{nudge: {symbols: all, by: -5%}}]")
    assert found.symbols == tuple(item.symbol for item in ALL if item.enabled)


@pytest.mark.parametrize(
    ("written", "act"),
    [
        ("wait: 5m", WaitAct(5 * MINUTE)),
        ("wait: 30s..2m", WaitAct(DurationDraw(30 * SECOND, 2 * MINUTE))),
        ("mark: true", SayAct("mark", "true")),
        ("pause:", SayAct("pause", "")),
        ("stop: enough", SayAct("stop", "enough")),
        ("fail: broken", SayAct("fail", "broken")),
    ],
)
def test_simple_verbs_become_acts(written: str, act: object, step: Stepper) -> None:
    """Waits, marks and ends."""
    assert step(written).act == act


def test_a_wait_for_a_condition_keeps_its_timeout_and_what_follows(step: Stepper) -> None:
    """A timeout fails unless it says continue."""
    act = step("wait: {until: price(BTC-USD) < 5, timeout: 10m, else: continue}").act
    assert isinstance(act, WaitAct)
    assert act.until is not None
    assert (act.until.text, act.timeout_ns, act.on_timeout) == ("price(BTC-USD) < 5", 10 * MINUTE, "continue")


def test_an_expectation_is_bare_or_a_mapping(step: Stepper) -> None:
    """With a time to come true, and a level."""
    bare, full = (
        step("expect: price(BTC-USD) < 5").act,
        step("expect: {that: price(BTC-USD) < 5, within: 10s, level: warn}").act,
    )
    assert isinstance(bare, ExpectAct)
    assert isinstance(full, ExpectAct)
    assert (bare.within_ns, bare.question.level) == (None, "fail")
    assert (full.within_ns, full.question.level) == (10 * SECOND, "warn")


def test_invariants_keep_their_allowance_level_and_sense(plan: Planner) -> None:
    """always and never, of the playbook and of a phase."""
    found = plan(
        "always: [{that: price(BTC-USD) > 5, allow: 2%, level: warn}]\n"
        "phases:\n  - {name: a, for: 5m, never: [price(BTC-USD) < 5]}\n"
    )
    (always,), (never,) = found.always, found.phases[0].never
    assert (always.allow, always.question.level, always.never) == (Decimal("0.02"), "warn", False)
    assert (never.allow, never.never) == (Decimal(0), True)


def test_the_end_of_the_run_may_look_back(plan: Planner, mistakes: Refused) -> None:
    """Aggregates belong to the top-level expect alone."""
    assert plan("steps: [{wait: 5m}]\nexpect: [max(price(BTC-USD)) < 99999]").expect
    (found,) = mistakes("steps: [{expect: max(price(BTC-USD)) < 99999}]")
    assert "expect" in found.problem.message + found.problem.help


def test_a_choice_keeps_weights_and_names(step: Stepper) -> None:
    """A branch without a weight counts 1, one without a name is its number."""
    act = step("choose: [{weight: 2.5, name: up, steps: [{mark: a}]}, {steps: [{mark: b}]}]").act
    assert isinstance(act, ChooseAct)
    assert [(item.name, item.weight) for item in act.branches] == [("up", Decimal("2.5")), ("2", Decimal(1))]
