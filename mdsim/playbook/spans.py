"""How long a part of a plan takes, as far as its bounds tell: at least and at most."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mdsim.core.params import DurationDraw
from mdsim.playbook.plan import (
    Act,
    Block,
    Body,
    ChooseAct,
    Duration,
    EffectAct,
    ExpectAct,
    IfAct,
    Lane,
    LanesAct,
    RepeatAct,
    SayAct,
    Step,
    WaitAct,
)

FOREVER = 10**30
"""More nanoseconds than any sum of bounds; stands for "no bound"."""


def least(duration: Duration | None) -> int:
    """The shortest a duration may be; 0 for none."""
    if duration is None:
        return 0
    return duration.low_ns if isinstance(duration, DurationDraw) else duration


def most(duration: Duration | None) -> int:
    """The longest a duration may be; 0 for none."""
    if duration is None:
        return 0
    return duration.high_ns if isinstance(duration, DurationDraw) else duration


def _through(body: Body, span: Callable[[Step], int]) -> int:
    if body.scheduled:
        return max(((step.at_ns or 0) + span(step) for step in body.steps), default=0)
    return sum(span(step) for step in body.steps)


def shortest(body: Body, wait_ns: int = 0) -> int:
    """The least a body takes, in ns; ``wait_ns`` is counted for a wait whose condition holds at once."""
    return _through(body, lambda step: shortest_step(step, wait_ns))


def longest(body: Body) -> int:
    """The most a body takes, in ns; ``FOREVER`` or more when nothing bounds it."""
    return _through(body, longest_step)


def takes_time(body: Body) -> bool:
    """Whether every way through a body lets time pass; a wait takes at least one cycle."""
    return shortest(body, 1) > 0


def shortest_step(step: Step, wait_ns: int = 0) -> int:
    """The least a step takes; a guarded step may be skipped."""
    return 0 if step.when is not None else shortest_act(step.act, wait_ns)


def longest_step(step: Step) -> int:
    """The most a step takes, its own timeout counted."""
    return min(_longest_act(step.act), FOREVER if step.timeout_ns is None else step.timeout_ns)


def shortest_act(act: Act, wait_ns: int = 0) -> int:
    """The least that a step takes once it runs."""
    match act:
        case EffectAct():
            return least(act.lasts)
        case WaitAct():
            return least(act.lasts) if act.until is None else wait_ns
        case ExpectAct() | SayAct():
            return 0
        case LanesAct():
            return max((shortest(lane.body, wait_ns) for lane in act.lanes), default=0)
        case IfAct():
            return min(shortest(act.then, wait_ns), shortest(act.otherwise, wait_ns))
        case ChooseAct():
            return min(
                (shortest(branch.body, wait_ns) for branch in act.branches if branch.weight), default=0
            )
        case RepeatAct():
            return _shortest_repeat(act, wait_ns)


def _shortest_repeat(act: RepeatAct, wait_ns: int) -> int:
    once = shortest(act.body, wait_ns)
    if act.until is not None:
        return min(once, FOREVER if act.lasts_ns is None else act.lasts_ns)
    bounds = [] if act.lasts_ns is None else [act.lasts_ns]
    if act.times is not None:
        bounds.append((act.times - 1) * max(least(act.every), once) + once)
    return min(bounds, default=once)


def _longest_act(act: Act) -> int:
    match act:
        case EffectAct():
            return most(act.lasts)
        case WaitAct():
            if act.until is None:
                return most(act.lasts)
            return FOREVER if act.timeout_ns is None else act.timeout_ns
        case ExpectAct():
            return act.within_ns or 0
        case SayAct():
            return 0
        case LanesAct():
            return longest_of(act.lanes)
        case IfAct():
            return max(longest(act.then), longest(act.otherwise))
        case ChooseAct():
            return max((longest(branch.body) for branch in act.branches if branch.weight), default=0)
        case RepeatAct():
            bounds = [FOREVER]
            if act.lasts_ns is not None:
                bounds.append(act.lasts_ns)
            if act.times is not None:
                bounds.append(act.times * max(most(act.every), longest(act.body)))
            return min(bounds)


def longest_of(lanes: Iterable[Lane]) -> int:
    """The most that lanes take that run at once."""
    return max((longest(lane.body) for lane in lanes), default=0)


def longest_block(block: Block) -> int:
    """The most a phase takes."""
    if block.for_ns is not None:
        return block.for_ns
    return min(longest_of(block.lanes), FOREVER if block.timeout_ns is None else block.timeout_ns)


def expected(phases: Iterable[Block], finally_: Iterable[Step]) -> int:
    """The most a plan takes, in ns."""
    return sum(longest_block(block) for block in phases) + sum(longest_step(step) for step in finally_)
