"""What is odd about a plan: steps that are cut or never run. Two prices for one symbol at once are wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mdsim.core.errors import Problem
from mdsim.core.params import Symbols
from mdsim.core.time import format_duration
from mdsim.playbook.diagnostics import Diagnostic
from mdsim.playbook.plan import (
    Block,
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
from mdsim.playbook.spans import FOREVER, longest_step, shortest_act, shortest_step


def lint(plan: Plan) -> tuple[Diagnostic, ...]:
    """Every warning about a plan, and its steps that fight each other."""
    found = [*_after_the_end(plan)]
    for block in plan.phases:
        found.extend(_cut(block))
        found.extend(_fights(block))
    return tuple(found)


def _warning(code: str, step: Step, message: str, help_: str = "", *, warning: bool = True) -> Diagnostic:
    problem = Problem(code, message, help=help_, warning=warning)
    return Diagnostic(problem, step.place, max(len(step.verb), 1))


def _bodies(step: Step) -> tuple[Body, ...]:
    match step.act:
        case LanesAct():
            return tuple(lane.body for lane in step.act.lanes)
        case RepeatAct():
            return (step.act.body,)
        case IfAct():
            return (step.act.then, step.act.otherwise)
        case ChooseAct():
            return tuple(branch.body for branch in step.act.branches)
        case _:
            return ()


def _all(body: Body) -> Iterator[Body]:
    yield body
    for step in body.steps:
        for inner in _bodies(step):
            yield from _all(inner)


# ---------------------------------------------------------------- longer than the block


def _cut(block: Block) -> Iterator[Diagnostic]:
    """The first step of each lane that cannot end before the phase when it runs, and idle timeouts."""
    if block.for_ns is None:
        return
    whole = format_duration(block.for_ns)
    for lane in block.lanes:
        yield from _cut_steps(lane.body, 0, block.for_ns, f"phase '{block.name}' lasts {whole}")


def _cut_steps(body: Body, begins_ns: int, ends_ns: int, block: str) -> Iterator[Diagnostic]:
    now_ns = begins_ns
    for step in body.steps:
        start_ns = begins_ns + (step.at_ns or 0) if body.scheduled else now_ns
        done_ns = start_ns + shortest_act(step.act)
        if done_ns > ends_ns:
            message = f"this step is cut: it would end {format_duration(done_ns)} after the start, {block}"
            if start_ns >= ends_ns:
                message = f"this step never starts: its turn comes {format_duration(start_ns)} in, {block}"
            yield _warning("MD141", step, message, "make the phase longer, or the steps shorter")
            if not body.scheduled and step.when is None:
                return
        else:
            yield from _too_patient(step, start_ns, ends_ns, block)
            for inner in _bodies(step) if not isinstance(step.act, RepeatAct) else ():
                yield from _cut_steps(inner, start_ns, ends_ns, block)
        now_ns = start_ns + shortest_step(step)


def _too_patient(step: Step, start_ns: int, ends_ns: int, block: str) -> Iterator[Diagnostic]:
    limit_ns, what = step.timeout_ns, "the timeout"
    if isinstance(step.act, WaitAct) and step.act.until is not None:
        limit_ns = step.act.timeout_ns
    elif isinstance(step.act, ExpectAct):
        limit_ns, what = step.act.within_ns, "'within'"
    if limit_ns is not None and limit_ns < FOREVER and start_ns + limit_ns > ends_ns:
        message = f"{what} of {format_duration(limit_ns)} cannot run out: {block}"
        help_ = f"at most {format_duration(max(ends_ns - start_ns, 0))} is left when the step starts"
        yield _warning("MD144", step, message, help_)


# ---------------------------------------------------------------- two targets at once


@dataclass(frozen=True, slots=True)
class _Target:
    """A price that a step moves to, with the time it does so, from the phase's start."""

    step: Step
    symbol: str
    start_ns: int
    end_ns: int


def _fights(block: Block) -> Iterator[Diagnostic]:
    """Steps that move one symbol to two prices at overlapping times, where the times are known.

    It is wrong where it is certain; a step that ``when`` guards may be skipped, so that is a warning.
    """
    ends_ns = FOREVER if block.for_ns is None else block.for_ns
    found = [target for lane in block.lanes for target in _targets(lane.body, 0) if target.start_ns < ends_ns]
    last: dict[str, _Target] = {}
    for target in sorted(found, key=lambda target: (target.start_ns, target.step.order)):
        other = last.get(target.symbol)
        if other is not None and target.start_ns < other.end_ns and other.start_ns < target.end_ns:
            message = f"{target.symbol} is moved to a price here and at line {other.step.place.line} at once"
            maybe = target.step.when is not None or other.step.when is not None
            help_ = (
                "the later one wins; move one of them, or use 'by'"
                if maybe
                else "move one of them, or use 'by'"
            )
            yield _warning("MD142", target.step, message, help_, warning=maybe)
        if other is None or target.end_ns > other.end_ns:
            last[target.symbol] = target


def _targets(body: Body, begins_ns: int) -> Iterator[_Target]:
    now_ns = begins_ns
    for step in body.steps:
        start_ns = begins_ns + (step.at_ns or 0) if body.scheduled else now_ns
        least_ns = shortest_step(step)
        if isinstance(step.act, EffectAct) and step.act.args.get("to") is not None:
            for symbol in _symbols(step.act):
                yield _Target(step, symbol, start_ns, start_ns + shortest_act(step.act))
        if isinstance(step.act, LanesAct):
            for lane in step.act.lanes:
                yield from _targets(lane.body, start_ns)
        if not body.scheduled and longest_step(step) != least_ns:
            return
        now_ns = start_ns + least_ns


def _symbols(act: EffectAct) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for value in act.args.values():
        if isinstance(value, Symbols):
            found.update(dict.fromkeys(value.names))
    symbol = act.args.get("symbol")
    if isinstance(symbol, str):
        found[symbol] = None
    return tuple(found)


# ---------------------------------------------------------------- after the end


def _after_the_end(plan: Plan) -> Iterator[Diagnostic]:
    """Steps behind a ``stop`` or ``fail`` that nothing guards."""
    for block in plan.phases:
        for lane in block.lanes:
            for body in _all(lane.body):
                yield from _behind(body)


def _behind(body: Body) -> Iterator[Diagnostic]:
    steps = sorted(body.steps, key=lambda step: step.at_ns or 0) if body.scheduled else body.steps
    end: Step | None = None
    for step in steps:
        if end is not None and (not body.scheduled or (step.at_ns or 0) > (end.at_ns or 0)):
            message = f"this step never runs: '{end.verb}' at line {end.place.line} ends the run before it"
            yield _warning("MD143", step, message, "take it away, or guard the end with 'when'")
            return
        if isinstance(step.act, SayAct) and step.act.verb in ("stop", "fail") and step.when is None:
            end = end or step
