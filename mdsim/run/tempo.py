"""The pace of a scenario: an effect whose run goes faster than its market has less of the market's time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from mdsim.core.params import Afterwards, Args, CurveSpec, Keyframe, Kind, Param, Value
from mdsim.core.ports import Curves, Registry
from mdsim.engine.commands import StartEffect


def hastened(start: StartEffect, effects: Registry, curves: Curves, speed: Fraction) -> StartEffect:
    """The same start on the market's clock: every time in it divided by ``speed``.

    Lengths are rounded up and points inside them down, so that what fits into a length still does.
    """
    args = _args(start.args, effects[start.effect].params, curves, speed)
    last_ns = max((frame.at_ns for value in args.values() for frame in _frames(value)), default=0)
    return replace(start, args=args, over_ns=max(math.ceil(start.over_ns / speed), last_ns))


def _args(args: Args, params: tuple[Param, ...], curves: Curves, speed: Fraction) -> Args:
    kinds: Mapping[str, Kind] = {param.name: param.kind for param in params}
    return {name: _value(value, kinds.get(name), curves, speed) for name, value in args.items()}


def _value(value: Value, kind: Kind | None, curves: Curves, speed: Fraction) -> Value:
    match value:
        case int() if kind is Kind.DURATION:
            return math.floor(value / speed)
        case Afterwards():
            return Afterwards(math.ceil(value.revert_ns / speed))
        case CurveSpec():
            return CurveSpec(value.shape, _args(value.args, curves[value.shape].params, curves, speed))
        case (Keyframe(), *_):
            return _closer(_frames(value), speed)
        case _:
            return value


def _frames(value: Value) -> tuple[Keyframe, ...]:
    return value if isinstance(value, tuple) else ()


def _closer(frames: tuple[Keyframe, ...], speed: Fraction) -> tuple[Keyframe, ...]:
    """Keyframes in a shorter time; each stays later than the one before."""
    found: list[Keyframe] = []
    for frame in frames:
        earliest_ns = found[-1].at_ns + 1 if found else 0
        found.append(Keyframe(max(math.floor(frame.at_ns / speed), earliest_ns), frame.by))
    return tuple(found)
