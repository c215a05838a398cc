"""Promises that every curve keeps: a new file under ``chaos/curves`` is picked up here by itself."""

from __future__ import annotations

import math
import random
from decimal import Decimal

import pytest

from mdsim.core.params import Args, Keyframe, Kind, Value
from mdsim.core.ports import CurveType, Progress
from mdsim.core.registry import discover
from mdsim.core.time import HOUR, SECOND

CURVES = discover("mdsim.chaos.curves", "CURVE", CurveType)
GRID = [k / 200 for k in range(201)]
MONOTONE = {"step", "linear", "exp", "sigmoid"}
TIMES_NS = (SECOND // 10, HOUR, 36 * HOUR)

every_curve = pytest.mark.parametrize("curve", CURVES.values(), ids=list(CURVES))


def defaults(curve: CurveType) -> Args:
    """Default arguments, and the keyframes and the crisis that only ``move`` hands over."""
    args: dict[str, Value] = {param.name: param.default for param in curve.params}
    crisis: dict[str, Value] = {"history": "2021-05-19", "asset": "BTC", "scale": Decimal(1)}
    return {**args, **crisis, "path": (Keyframe(SECOND // 20, Decimal("-0.1")),)}


def started(curve: CurveType, seed: int = 1, over_ns: int = HOUR) -> Progress:
    return curve.start(defaults(curve), random.Random(seed), over_ns)


@every_curve
def test_it_is_described(curve: CurveType) -> None:
    """A line for the list, help for every parameter, each default within its bounds."""
    assert curve.name == curve.name.lower().replace("_", "-")
    assert len({param.name for param in curve.params}) == len(curve.params)
    for param in curve.params:
        assert param.help
        assert (param.kind is Kind.CHOICE) == bool(param.choices)
        if isinstance(param.default, Decimal):
            assert param.low is None or param.low <= param.default
            assert param.high is None or param.default <= param.high
    assert curve.check(defaults(curve)) is None


@every_curve
@pytest.mark.parametrize("over_ns", TIMES_NS)
def test_it_goes_from_nothing_to_its_target(curve: CurveType, over_ns: int) -> None:
    """0 at the start unless it jumps there, exactly 1 at the end unless it has no target; finite between."""
    progress = started(curve, over_ns=over_ns)
    if progress(1e-9) < 0.999:
        assert progress(0.0) == 0.0
    if not curve.free:
        assert progress(1.0) == 1.0
    assert all(math.isfinite(progress(u)) for u in GRID)


@every_curve
def test_looking_changes_nothing(curve: CurveType) -> None:
    """It is a function of u alone: forwards, backwards and repeated, the same numbers."""
    progress = started(curve)
    forwards = [progress(u) for u in GRID]
    backwards = [progress(u) for u in reversed(GRID)]
    assert forwards == backwards[::-1] == [started(curve)(u) for u in GRID]


@every_curve
def test_only_a_random_curve_draws(curve: CurveType) -> None:
    """The others leave the generator as they found it; a random one differs by seed."""
    rng = random.Random(1)
    before = rng.getstate()
    curve.start(defaults(curve), rng, HOUR)
    noises = [
        curve.noise(defaults(curve), random.Random(seed), HOUR) if curve.noise else None for seed in (1, 2)
    ]
    noisy = [[one(u) for u in GRID] for one in noises if one is not None]
    differs = [started(curve, 1)(u) for u in GRID] != [started(curve, 2)(u) for u in GRID]
    differs = differs or (len(noisy) == 2 and noisy[0] != noisy[1])
    assert differs == curve.random
    assert curve.random or rng.getstate() == before


@every_curve
def test_its_noise_is_nothing_at_both_ends(curve: CurveType) -> None:
    """So that a price is still met exactly."""
    noise = curve.noise(defaults(curve), random.Random(1), HOUR) if curve.noise else None
    if noise is not None:
        assert (noise(0.0), noise(1.0)) == (0.0, 0.0)


@pytest.mark.parametrize("name", sorted(MONOTONE))
def test_a_plain_curve_never_turns_back(name: str) -> None:
    """Those that overshoot, wander or follow keyframes may."""
    levels = [started(CURVES[name])(u) for u in GRID]
    assert levels == sorted(levels)
