"""When the parts of a plan may begin and end."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal

import pytest
from rich.console import Console

from mdsim.cli.plan import lanes
from mdsim.cli.timeline import Row, Span, as_json, timeline
from mdsim.core.params import DurationDraw
from mdsim.core.time import HOUR, MINUTE, SECOND
from mdsim.playbook.plan import (
    Act,
    Block,
    Body,
    Branch,
    ChooseAct,
    EffectAct,
    ExpectAct,
    IfAct,
    Lane,
    LanesAct,
    Plan,
    Question,
    RepeatAct,
    SayAct,
    Step,
    WaitAct,
)

StepOf = Callable[..., Step]
BlockOf = Callable[..., Block]
PlanOf = Callable[..., Plan]


def ends(plan_of: PlanOf, block_of: BlockOf, *steps: Step, **fields: object) -> dict[str, Span]:
    """End of each row of a plan with one phase of plain steps, by path."""
    rows = timeline(plan_of(block_of("p", {"": list(steps)}, **fields)))
    return {row.path: row.end for row in rows}


def test_phases_follow_each_other(plan: Plan) -> None:
    """The second phase starts when the first ends."""
    phases = [row for row in timeline(plan) if row.kind == "phase"]
    assert [(row.label, row.start) for row in phases] == [
        ("calm", Span(0, 0)),
        ("crash", Span(MINUTE, MINUTE)),
    ]


def test_lanes_start_together_and_the_last_ends_the_phase(plan: Plan) -> None:
    """A phase takes as long as its longest lane, at least and at most."""
    rows = {row.path: row for row in timeline(plan)}
    assert rows["crash/prices"].start == rows["crash/checks"].start == Span(MINUTE, MINUTE)
    assert rows["crash"].end == Span(4 * MINUTE, 6 * MINUTE)


def test_a_drawn_duration_is_a_range(plan_of: PlanOf, block_of: BlockOf, step: StepOf) -> None:
    """Both ends of the draw are shown."""
    wait = step("wait", WaitAct(DurationDraw(30 * SECOND, 2 * MINUTE)))
    assert ends(plan_of, block_of, wait)["p/1"] == Span(30 * SECOND, 2 * MINUTE)


def test_a_question_is_answered_at_once_or_within_its_time(
    plan_of: PlanOf, block_of: BlockOf, step: StepOf, question: Question
) -> None:
    """``within`` is an upper bound."""
    asked = step("expect", ExpectAct(question, 10 * SECOND))
    assert ends(plan_of, block_of, asked)["p/1"] == Span(0, 10 * SECOND)


def test_for_cuts_longer_content_and_stretches_shorter(
    plan_of: PlanOf, block_of: BlockOf, step: StepOf
) -> None:
    """A phase with ``for`` lasts exactly that, whatever is inside."""
    wait = step("wait", WaitAct(HOUR))
    found = ends(plan_of, block_of, wait, for_ns=MINUTE)
    assert found == {"p": Span(MINUTE, MINUTE), "p/1": Span(MINUTE, MINUTE)}
    assert ends(plan_of, block_of, for_ns=MINUTE)["p"] == Span(MINUTE, MINUTE)


def test_a_timeout_bounds_what_has_no_bound(
    plan_of: PlanOf, block_of: BlockOf, step: StepOf, question: Question
) -> None:
    """The phase fails then, so it cannot take longer."""
    wait = step("wait", WaitAct(until=question))
    assert ends(plan_of, block_of, wait)["p"] == Span(0, None)
    assert ends(plan_of, block_of, wait, timeout_ns=MINUTE)["p"] == Span(0, MINUTE)


def test_a_guarded_step_may_take_no_time(
    plan_of: PlanOf, block_of: BlockOf, step: StepOf, question: Question
) -> None:
    """Its guard may skip it."""
    wait = step("wait", WaitAct(MINUTE), when=question)
    assert ends(plan_of, block_of, wait)["p/1"] == Span(0, MINUTE)


def test_a_schedule_starts_each_step_at_its_own_time(
    plan_of: PlanOf, block_of: BlockOf, step: StepOf
) -> None:
    """``at`` counts from the start of the body, and the latest end counts."""
    first = step("wait", WaitAct(HOUR), path="p/1", at_ns=0)
    second = step("wait", WaitAct(MINUTE), path="p/2", at_ns=5 * MINUTE)
    lane = Lane("", "p", (0, 0), Body((first, second), scheduled=True))
    block = block_of("p", {})
    rows = timeline(plan_of(Block(block.name, block.path, block.order, block.place, (lane,))))
    starts = {row.path: row.start for row in rows}
    assert starts["p/2"] == Span(5 * MINUTE, 5 * MINUTE)
    assert rows[0].end == Span(HOUR, HOUR)


def length(plan_of: PlanOf, block_of: BlockOf, step: StepOf, act: Act) -> Span:
    """How long a phase with one step takes."""
    return ends(plan_of, block_of, step("it", act))["p"]


def test_a_repeat_counts_its_rounds(
    plan_of: PlanOf, block_of: BlockOf, step: StepOf, question: Question
) -> None:
    """Rounds start ``every``; after the last nothing is waited for; ``until`` may end it at once."""
    body = Body((step("wait", WaitAct(MINUTE), path="p/1/1"),))
    every = 5 * MINUTE
    assert length(plan_of, block_of, step, RepeatAct(body, times=4)) == Span(4 * MINUTE, 4 * MINUTE)
    assert length(plan_of, block_of, step, RepeatAct(body, times=4, every=every)) == Span(
        16 * MINUTE, 16 * MINUTE
    )
    assert length(plan_of, block_of, step, RepeatAct(body, times=4, until=question)) == Span(0, 4 * MINUTE)
    assert length(plan_of, block_of, step, RepeatAct(body, until=question)) == Span(0, None)
    assert length(plan_of, block_of, step, RepeatAct(body, lasts_ns=HOUR)) == Span(HOUR, HOUR)


def test_a_choice_takes_one_of_its_branches(
    plan_of: PlanOf, block_of: BlockOf, step: StepOf, question: Question
) -> None:
    """The shortest branch is the least, the longest the most; an ``if`` without ``else`` may do nothing."""
    short, long = (Body((step("wait", WaitAct(ns), path="p/1/1"),)) for ns in (MINUTE, HOUR))
    choose = ChooseAct((Branch("a", Decimal(70), short), Branch("b", Decimal(30), long)))
    assert length(plan_of, block_of, step, choose) == Span(MINUTE, HOUR)
    assert length(plan_of, block_of, step, IfAct(question, long, Body(()))) == Span(0, HOUR)


def test_nested_lanes_are_rows_of_their_own(plan_of: PlanOf, block_of: BlockOf, step: StepOf) -> None:
    """Depth grows with nesting."""
    inner = Lane("deep", "p/1/deep", (0, 0), Body((step("wait", WaitAct(MINUTE), path="p/1/deep/1"),)))
    rows = timeline(plan_of(block_of("p", {"": [step("lanes", LanesAct((inner,)))]})))
    assert [(row.kind, row.depth) for row in rows] == [("phase", 0), ("step", 1), ("lane", 2), ("step", 3)]


def test_an_effect_in_force_takes_no_time_and_a_pause_no_known_one(
    plan_of: PlanOf, block_of: BlockOf, step: StepOf
) -> None:
    """What lasts until its block ends does not hold up the next step; a person may take any time."""
    assert length(plan_of, block_of, step, EffectAct("market", {}, None, True)) == Span(0, 0)
    found = ends(plan_of, block_of, step("pause", SayAct("pause", "")))
    assert found["p/1"] == Span(0, None)


def test_json_gives_integers_and_null() -> None:
    """Programs get nanoseconds; an open end is null."""
    row = Row("step", 1, "p/1", "wait", "wait it", Span(0, 0), Span(5, None))
    shown = as_json([row])[0]
    assert isinstance(shown, dict)
    assert shown["end"] == {"earliest_ns": 5, "latest_ns": None}


def test_a_span_reads_as_a_clock() -> None:
    """A certain instant is one time, an uncertain one a range."""
    assert str(Span(MINUTE, MINUTE)) == "+00:01:00"
    assert str(Span(0, MINUTE)) == "+00:00:00 .. +00:01:00"
    assert str(Span(0, None)) == "+00:00:00 or later"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lanes_read_well_at_any_width(plan: Plan, width: int) -> None:
    """Words stay whole, nothing is wider than the terminal, and both times of a row are there."""
    stream = io.StringIO()
    rows = timeline(plan)
    Console(file=stream, width=width, color_system=None).print(lanes(rows, HOUR, width, blocks=False))
    shown = stream.getvalue()
    assert max(map(len, shown.splitlines())) <= width
    words = set(shown.split())
    assert {word for row in rows for word in row.label.split()} <= words
    assert {str(Span(row.start.low_ns, row.start.low_ns)) for row in rows} <= words
    assert {
        str(Span(row.end.low_ns, row.end.low_ns)) for row in rows if row.end.low_ns == row.end.high_ns
    } <= words
