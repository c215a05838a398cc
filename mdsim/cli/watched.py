"""Which instrument a step is about, so that a screen can show the price that matters."""

from __future__ import annotations

from mdsim.core.conditions import Metric, subjects
from mdsim.core.params import Args, Symbols
from mdsim.playbook.plan import (
    Body,
    ChooseAct,
    EffectAct,
    ExpectAct,
    IfAct,
    LanesAct,
    Plan,
    Question,
    RepeatAct,
    Step,
    WaitAct,
)


def watched(plan: Plan) -> dict[str, str]:
    """Plan path of a step -> the first instrument it names; steps that name none are left out."""
    found: dict[str, str] = {}
    for block in plan.phases:
        for lane in block.lanes:
            _body(lane.body, found)
    return found


def _body(body: Body, found: dict[str, str]) -> None:
    for step in body.steps:
        symbol = _symbol(step)
        if symbol:
            found[step.path] = symbol
        for inner in _bodies(step):
            _body(inner, found)


def _bodies(step: Step) -> tuple[Body, ...]:
    act = step.act
    if isinstance(act, LanesAct):
        return tuple(lane.body for lane in act.lanes)
    if isinstance(act, ChooseAct):
        return tuple(branch.body for branch in act.branches)
    if isinstance(act, IfAct):
        return (act.then, act.otherwise)
    return (act.body,) if isinstance(act, RepeatAct) else ()


def _symbol(step: Step) -> str:
    act = step.act
    if isinstance(act, EffectAct):
        return _named(act.args)
    if isinstance(act, WaitAct) and act.until is not None:
        return _asked(act.until)
    return _asked(act.question) if isinstance(act, ExpectAct) else ""


def _named(args: Args) -> str:
    for value in args.values():
        if isinstance(value, Symbols) and value.names:
            return value.names[0]
    one = args.get("symbol") or args.get("target")
    return one if isinstance(one, str) else ""


def _asked(question: Question) -> str:
    metrics = [one for one in subjects(question.condition) if isinstance(one, Metric)]
    return metrics[0].symbol if metrics else ""
