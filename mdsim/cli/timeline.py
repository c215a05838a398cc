"""When each part of a plan may begin and end, as far as its bounds tell, without running it."""

from __future__ import annotations

from dataclasses import dataclass

from mdsim.core.events import Json
from mdsim.core.params import DurationDraw
from mdsim.core.time import format_clock
from mdsim.playbook.plan import (
    Block,
    Body,
    ChooseAct,
    Duration,
    EffectAct,
    ExpectAct,
    IfAct,
    LanesAct,
    Plan,
    RepeatAct,
    Step,
    WaitAct,
)


@dataclass(frozen=True, slots=True)
class Span:
    """The earliest and the latest instant, in ns since the start of the run; ``high_ns`` None: no bound."""

    low_ns: int
    high_ns: int | None

    def plus(self, other: Span) -> Span:
        """An instant, later by a length."""
        high = None if self.high_ns is None or other.high_ns is None else self.high_ns + other.high_ns
        return Span(self.low_ns + other.low_ns, high)

    def at_most(self, limit: Span) -> Span:
        """Cut off by whichever comes first."""
        highs = [high for high in (self.high_ns, limit.high_ns) if high is not None]
        return Span(min(self.low_ns, limit.low_ns), min(highs, default=None))

    def __str__(self) -> str:
        first = format_clock(self.low_ns)
        if self.high_ns == self.low_ns:
            return first
        return f"{first} or later" if self.high_ns is None else f"{first} .. {format_clock(self.high_ns)}"


NOW = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the timeline.

    Attributes:
        kind: ``phase``, ``lane`` or ``step``.
        depth: how far it is nested, 0 for a phase.
        verb: of a step, otherwise an empty string.
        label: one line for people.
    """

    kind: str
    depth: int
    path: str
    verb: str
    label: str
    start: Span
    end: Span


def timeline(plan: Plan) -> list[Row]:
    """Phases, lanes and steps in the order of the document; a repeat shows its first iteration."""
    rows: list[Row] = []
    start = NOW
    for block in plan.phases:
        start = _block(block, start, rows)
    return rows


def as_json(rows: list[Row]) -> list[Json]:
    """The timeline for programs."""

    def span(value: Span) -> Json:
        return {"earliest_ns": value.low_ns, "latest_ns": value.high_ns}

    return [
        {
            "kind": row.kind,
            "depth": row.depth,
            "path": row.path,
            "verb": row.verb,
            "label": row.label,
            "start": span(row.start),
            "end": span(row.end),
        }
        for row in rows
    ]


def _block(block: Block, start: Span, rows: list[Row]) -> Span:
    at = len(rows)
    lanes = [_lane(lane.name, lane.path, lane.body, start, 1, rows) for lane in block.lanes]
    end = _latest([start, *lanes])
    if block.timeout_ns is not None:
        end = end.at_most(start.plus(Span(block.timeout_ns, block.timeout_ns)))
    if block.for_ns is not None:
        end = start.plus(Span(block.for_ns, block.for_ns))
        rows[at:] = [_cut(row, end) for row in rows[at:]]
    label = block.name + (f" (reaches {block.reaches.text})" if block.reaches else "")
    rows.insert(at, Row("phase", 0, block.path, "", label, start, end))
    return end


def _cut(row: Row, end: Span) -> Row:
    return Row(
        row.kind, row.depth, row.path, row.verb, row.label, row.start.at_most(end), row.end.at_most(end)
    )


def _lane(name: str, path: str, body: Body, start: Span, depth: int, rows: list[Row]) -> Span:
    at = len(rows)
    end = _body(body, start, depth + 1 if name else depth, rows)
    if name:
        rows.insert(at, Row("lane", depth, path, "", name, start, end))
    return end


def _body(body: Body, start: Span, depth: int, rows: list[Row]) -> Span:
    now, ends = start, [start]
    for step in body.steps:
        if body.scheduled:
            now = start.plus(Span(step.at_ns or 0, step.at_ns or 0))
        now = _step(step, now, depth, rows)
        ends.append(now)
    return _latest(ends) if body.scheduled else now


def _step(step: Step, start: Span, depth: int, rows: list[Row]) -> Span:
    at = len(rows)
    end = _act(step, start, depth, rows)
    if step.timeout_ns is not None:
        end = end.at_most(start.plus(Span(step.timeout_ns, step.timeout_ns)))
    if step.when is not None:
        end = Span(start.low_ns, end.high_ns)
    guard = f" when {step.when.text}" if step.when else ""
    name = f"{step.name}: " if step.name else ""
    rows.insert(at, Row("step", depth, step.path, step.verb, f"{name}{step.summary}{guard}", start, end))
    return end


def _act(step: Step, start: Span, depth: int, rows: list[Row]) -> Span:
    act = step.act
    if isinstance(act, EffectAct):
        return start.plus(_length(act.lasts)) if act.lasts is not None else start
    if isinstance(act, WaitAct):
        if act.lasts is not None:
            return start.plus(_length(act.lasts))
        return start.plus(Span(0, act.timeout_ns))
    if isinstance(act, ExpectAct):
        return start.plus(Span(0, act.within_ns or 0))
    if isinstance(act, LanesAct):
        return _latest([_lane(it.name, it.path, it.body, start, depth + 1, rows) for it in act.lanes])
    if isinstance(act, IfAct):
        ends = [_body(act.then, start, depth + 1, rows), _body(act.otherwise, start, depth + 1, rows)]
        return _either(ends)
    if isinstance(act, ChooseAct):
        return _either([_lane(it.name, "", it.body, start, depth + 1, rows) for it in act.branches])
    if isinstance(act, RepeatAct):
        return _repeat(act, start, depth, rows)
    return Span(start.low_ns, None) if step.verb == "pause" else start


def _repeat(act: RepeatAct, start: Span, depth: int, rows: list[Row]) -> Span:
    once = _body(act.body, start, depth + 1, rows)
    low = once.low_ns - start.low_ns
    high = None if once.high_ns is None or start.high_ns is None else once.high_ns - start.high_ns
    every = _length(act.every) if act.every is not None else NOW
    pace_low, pace_high = max(low, every.low_ns), None if high is None else max(high, every.high_ns or 0)
    if act.times is None:
        length = Span(0, None)
    else:  # the next iteration is due `every`; after the last nothing is waited for
        length = Span(
            pace_low * (act.times - 1) + low,
            None if pace_high is None or high is None else pace_high * (act.times - 1) + high,
        )
    if act.until is not None:
        length = Span(0, length.high_ns)
    if act.lasts_ns is not None:
        length = length.at_most(Span(act.lasts_ns, act.lasts_ns))
        if act.times is None and act.until is None:
            length = Span(act.lasts_ns, act.lasts_ns)
    return start.plus(length)


def _length(duration: Duration | None) -> Span:
    if isinstance(duration, DurationDraw):
        return Span(duration.low_ns, duration.high_ns)
    return Span(duration or 0, duration or 0)


def _latest(ends: list[Span]) -> Span:
    highs = [end.high_ns for end in ends if end.high_ns is not None]
    return Span(max(end.low_ns for end in ends), max(highs) if len(highs) == len(ends) else None)


def _either(ends: list[Span]) -> Span:
    return Span(min(end.low_ns for end in ends), _latest(ends).high_ns)
