"""Variants: every way a plan may go is played, and nothing in it can end a rehearsal early."""

from __future__ import annotations

import pytest

from mdsim.core.instruments import ALL
from mdsim.core.ports import CurveType, EffectType
from mdsim.core.registry import discover
from mdsim.core.time import MINUTE
from mdsim.playbook.compiler import World, compile_playbook
from mdsim.playbook.loader import load
from mdsim.playbook.plan import ChooseAct, Plan, RepeatAct, Step, WaitAct
from mdsim.playbook.variants import VARIANTS_MOST, step_places, undisturbed, variants

WORLD = World(
    discover("mdsim.chaos.effects", "EFFECT", EffectType),
    discover("mdsim.chaos.curves", "CURVE", CurveType),
    ALL,
    ("synthetic",),
    (),
)
CHOOSE = "- choose: [{name: up, steps: [{wait: 1m}]}, {name: down, steps: [{wait: 2m}]}]\n"
GUARDED = "- {wait: 3m, when: price(BTC-USD) > 1}\n"
IF = "- {if: price(BTC-USD) > 1, then: [{wait: 4m}], else: [{wait: 5m}]}\n"


def compiled(steps: str, head: str = "") -> Plan:
    return compile_playbook(load(f"mdsim: 1\nname: test\n{head}steps:\n{steps}", "t.yaml"), WORLD).plan


def steps(plan: Plan) -> tuple[Step, ...]:
    return plan.phases[0].lanes[0].body.steps


def test_plan_without_questions_goes_one_way() -> None:
    """One rehearsal is enough, and there is nothing to tell about it."""
    (only,) = variants(compiled("- wait: 1m\n"))

    assert only.choices == ()


def test_every_combination_of_branches_guards_and_ifs_is_a_way() -> None:
    """Two branches, a guard and an if make eight ways, each told by its choices."""
    found = variants(compiled(CHOOSE + GUARDED + IF))

    assert len({it.choices for it in found}) == len(found) == 8
    assert found[0].choices == ("main/1: up", "main/2: run", "main/3: then")


def test_decided_branch_is_the_only_one_left() -> None:
    """A choose of one branch draws that branch, whatever the seed."""
    down = variants(compiled(CHOOSE))[1]
    (step,) = steps(down.plan)

    assert isinstance(step.act, ChooseAct)
    assert [branch.name for branch in step.act.branches] == ["down"]


def test_guard_is_either_lifted_or_its_step_left_out() -> None:
    """Whether a guard holds is for the real market to say; both are played."""
    run, skip = variants(compiled(GUARDED))

    assert [step.when for step in steps(run.plan)] == [None]
    assert steps(skip.plan) == ()


def test_branch_of_no_weight_is_never_taken_and_so_never_played() -> None:
    """It cannot happen, so it cannot break a limit."""
    text = "- choose: [{name: up, steps: [{wait: 1m}]}, {name: off, weight: 0, steps: [{wait: 2m}]}]\n"

    assert [it.choices for it in variants(compiled(text))] == [()]


def test_branches_inside_branches_and_repeats_are_found() -> None:
    """How deep a question lies does not hide it."""
    text = "- repeat:\n    times: 2\n    steps:\n" + "".join(
        f"      {line}" for line in CHOOSE.splitlines(True)
    )
    found = variants(compiled(text))

    assert [it.choices for it in found] == [("main/1/1: up",), ("main/1/1: down",)]
    act = steps(found[1].plan)[0].act
    assert isinstance(act, RepeatAct)
    inner = act.body.steps[0].act
    assert isinstance(inner, ChooseAct)
    assert [branch.name for branch in inner.branches] == ["down"]


def test_many_questions_play_every_branch_at_least_once() -> None:
    """Past the number of combinations that is played in full, no branch is left out."""
    many = variants(compiled(CHOOSE * 6))

    assert len(many) <= VARIANTS_MOST
    played = {choice for it in many for choice in it.choices}
    assert played == {f"main/{at}: {name}" for at in range(1, 7) for name in ("up", "down")}


def test_rehearsal_asks_nothing() -> None:
    """What only asks is left out: its answer on a still market would mean nothing."""
    head = "requires: [price(BTC-USD) > 1]\nalways: [price(BTC-USD) > 1]\nexpect: [price(BTC-USD) > 1]\n"
    plan = undisturbed(compiled("- wait: 1m\n", head))

    assert (plan.requires, plan.always, plan.never, plan.expect, plan.finally_) == ((), (), (), (), ())


@pytest.mark.parametrize(
    ("step", "timeout_ns"),
    [
        ("- wait: {until: price(BTC-USD) < 1, timeout: 5m}\n", 5 * MINUTE),
        ("- expect: {that: price(BTC-USD) < 1, within: 2m}\n", 2 * MINUTE),
    ],
)
def test_condition_that_does_not_come_true_does_not_end_a_rehearsal(step: str, timeout_ns: int) -> None:
    """A wait or an expect takes its time at most, and goes on."""
    (found,) = steps(undisturbed(compiled(step)))

    assert isinstance(found.act, WaitAct)
    assert (found.act.timeout_ns, found.act.on_timeout) == (timeout_ns, "continue")


def test_steps_are_found_by_their_path() -> None:
    """However deep they lie."""
    assert list(step_places(compiled(CHOOSE))) == ["main/1", "main/1/up/1", "main/1/down/1"]
