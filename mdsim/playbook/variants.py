"""The ways a plan may go: the same plan with its open questions decided, one way each.

A rehearsal plays every way, so that no branch escapes a limit. Nobody answers questions there, so
what only asks (``expect``, ``always``, ``requires``) is left out, and a wait that times out goes on.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from mdsim.core.conditions import ProbeField, subjects
from mdsim.playbook.plan import (
    Act,
    Block,
    Body,
    Branch,
    ChooseAct,
    ExpectAct,
    IfAct,
    Lane,
    LanesAct,
    Plan,
    Question,
    RepeatAct,
    Step,
    WaitAct,
)

VARIANTS_MOST = 24
"""Up to here every combination is played; beyond, every branch at least once."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way.

    Attributes:
        choices: what was decided, for people: ``outcome/1: squeeze``; empty when there was no choice.
    """

    plan: Plan
    choices: tuple[str, ...]


def undisturbed(plan: Plan) -> Plan:
    """The plan as drawn: its own branches and guards, without anything that could end it early."""
    return _rebuilt(plan, lambda step: step)


def variants(plan: Plan) -> tuple[Variant, ...]:
    """Every combination of branches and guards up to ``VARIANTS_MOST``, otherwise every branch once."""
    options = {step.path: names for step, names in _questions(plan)}
    sizes = [range(len(names)) for names in options.values()]
    total = 1
    for size in sizes:
        total *= len(size)
    if total <= VARIANTS_MOST:
        picks = list(itertools.product(*sizes))
    else:
        widest = max(len(size) for size in sizes)
        picks = [tuple(min(at, len(size) - 1) for size in sizes) for at in range(widest)]
    found = []
    for pick in picks:
        decided = dict(zip(options, pick, strict=True))
        choices = tuple(f"{path}: {options[path][at]}" for path, at in decided.items())
        found.append(Variant(_decided(plan, decided), choices))
    return tuple(found)


def _questions(plan: Plan) -> Iterator[tuple[Step, tuple[str, ...]]]:
    """Steps with several ways, with the names of the ways, in the order of the document."""
    for step in _steps(plan):
        ways = _ways(step)
        if len(ways) > 1:
            yield step, ways


def _ways(step: Step) -> tuple[str, ...]:
    act = step.act
    names: tuple[str, ...] = ("run",)
    if isinstance(act, ChooseAct):
        names = tuple(branch.name for branch in act.branches if branch.weight)
    elif isinstance(act, IfAct):
        names = ("then", "else")
    return (*names, "skip") if step.when is not None else names


def _decided(plan: Plan, decided: Mapping[str, int]) -> Plan:
    def decide(step: Step) -> Step | None:
        at = decided.get(step.path)
        if at is None:
            return step
        way = _ways(step)[at]
        if step.when is not None and way == "skip":
            return None
        act = step.act
        if isinstance(act, ChooseAct):
            branches = [branch for branch in act.branches if branch.weight]
            act = ChooseAct((branches[at],))
        elif isinstance(act, IfAct):
            act = ChooseAct((Branch(way, Decimal(1), act.then if way == "then" else act.otherwise),))
        return replace(step, act=act, when=None)

    return _rebuilt(plan, decide)


Decide = Callable[[Step], "Step | None"]


def _rebuilt(plan: Plan, decide: Decide) -> Plan:
    return replace(
        plan,
        requires=(),
        always=(),
        never=(),
        expect=(),
        finally_=(),
        phases=tuple(_block(block, decide) for block in plan.phases),
    )


def _block(block: Block, decide: Decide) -> Block:
    lanes = tuple(_lane(lane, decide) for lane in block.lanes)
    return replace(block, lanes=lanes, always=(), never=(), reaches=None)


def _lane(lane: Lane, decide: Decide) -> Lane:
    return replace(lane, body=_body(lane.body, decide))


def _body(body: Body, decide: Decide) -> Body:
    kept = [decided for step in body.steps if (decided := decide(step)) is not None]
    return replace(body, steps=tuple(replace(step, act=_act(step.act, decide)) for step in kept))


def _act(act: Act, decide: Decide) -> Act:
    match act:
        case LanesAct():
            return LanesAct(tuple(_lane(lane, decide) for lane in act.lanes))
        case RepeatAct():
            return replace(act, body=_body(act.body, decide))
        case IfAct():
            return replace(act, then=_body(act.then, decide), otherwise=_body(act.otherwise, decide))
        case ChooseAct():
            return ChooseAct(tuple(replace(it, body=_body(it.body, decide)) for it in act.branches))
        case WaitAct() if act.until is not None:
            return _wait(act, act.until)
        case ExpectAct():
            return _expect(act)
        case _:
            return act


def _wait(act: WaitAct, until: Question) -> WaitAct:
    if not _asks_a_probe(until):
        return replace(act, on_timeout="continue")
    return act if act.timeout_ns is None else WaitAct(lasts=act.timeout_ns)


def _expect(act: ExpectAct) -> Act:
    """It takes its time, until it holds; nobody hears the answer."""
    if _asks_a_probe(act.question):
        return WaitAct(lasts=act.within_ns or 0)
    if act.within_ns is None:
        return WaitAct(lasts=0)
    return WaitAct(until=act.question, timeout_ns=act.within_ns, on_timeout="continue")


def _asks_a_probe(question: Question) -> bool:
    return any(isinstance(one, ProbeField) for one in subjects(question.condition))


def _steps(plan: Plan) -> Iterator[Step]:
    for block in plan.phases:
        for lane in block.lanes:
            yield from _inside(lane.body)


def _inside(body: Body) -> Iterator[Step]:
    for step in body.steps:
        yield step
        match step.act:
            case LanesAct():
                for lane in step.act.lanes:
                    yield from _inside(lane.body)
            case RepeatAct():
                yield from _inside(step.act.body)
            case IfAct():
                yield from _inside(step.act.then)
                yield from _inside(step.act.otherwise)
            case ChooseAct():
                for branch in step.act.branches:
                    yield from _inside(branch.body)
            case _:
                pass


def step_places(plan: Plan) -> dict[str, Step]:
    """Steps by their path in the plan."""
    return {step.path: step for step in _steps(plan)}
