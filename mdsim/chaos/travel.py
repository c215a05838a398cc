"""How each target of a move travels: its curve, its noise, and the company it keeps.

Everything random is drawn here, once, when the move begins; every target draws from streams of its own.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from mdsim.chaos.curves import _draws, bridge
from mdsim.chaos.moves import Again, Along, Change
from mdsim.core.instruments import ASSETS, AssetKind
from mdsim.core.params import Args
from mdsim.core.ports import Curves, CurveType, Progress

JITTER_HALF_LIFE = 1.0 / 200.0
"""Half-life of jitter as a share of the move's time: about five points of the drawn grid."""

Streams = Callable[..., random.Random]


@dataclass(frozen=True, slots=True)
class Way:
    """Progress of one target (or its offset, for a curve without a target) and its noise in log price."""

    progress: Progress
    noise: Progress | None


def ways(change: Change, curves: Curves, over_ns: int, rng: Streams) -> list[Way]:
    """One way for each target of a change that takes time, in order; followers mix in the leader's."""
    curve = curves[change.curve.shape]
    found: list[Way] = []
    for at in range(len(change.targets)):
        span_ns = over_ns - change.lag_ns if at else over_ns
        args = _given(change, at)

        def draw(name: str, whose: str = _driver(change, at)) -> random.Random:
            return rng(whose, name)

        noise = curve.noise(args, draw("noise"), span_ns) if curve.noise else None
        if change.jitter:
            jitter = _draws.between(_draws.reverting(draw("jitter"), change.jitter, JITTER_HALF_LIFE))
            noise = jitter if noise is None else _mix(1.0, noise, 1.0, jitter)
        own = Way(curve.start(args, draw("curve"), span_ns), noise)
        if at and change.correlation is not None:
            own = _beside(change.correlation, curve, found[0], own, draw("own"))
        found.append(own)
    return found


def _driver(change: Change, at: int) -> str:
    """Whose streams a target draws from: its own, but coins in a crisis stray from keyframes together."""
    goal = change.goal
    if isinstance(goal, Again) and ASSETS[goal.assets[at]].kind is AssetKind.CRYPTO:
        return "crypto"
    return change.targets[at].symbol


def _given(change: Change, at: int) -> Args:
    """Arguments of the curve for one target, with what the move itself hands over."""
    goal, args = change.goal, change.curve.args
    if isinstance(goal, Along):
        return {**args, "path": goal.path}
    if isinstance(goal, Again):
        return {**args, "history": goal.history, "asset": goal.assets[at], "scale": goal.scale}
    return args


def _beside(correlation: float, curve: CurveType, leader: Way, own: Way, rng: random.Random) -> Way:
    """A follower's way: ``rho`` parts the leader's and ``sqrt(1 - rho^2)`` parts its own.

    A target must be met, so progress is divided by the sum of both parts, and the own part is a bridge;
    a curve without a target, and noise, keep their variance instead.
    """
    rho, rest = correlation, math.sqrt(1.0 - correlation * correlation)
    noise = own.noise
    if leader.noise is not None and own.noise is not None:
        noise = _mix(rho, leader.noise, rest, own.noise)
    if curve.free:
        return Way(_mix(rho, leader.progress, rest, own.progress), noise)
    both = rho + rest
    return Way(_mix(rho / both, leader.progress, rest / both, bridge.start({}, rng, 1)), noise)


def _mix(a: float, one: Progress, b: float, other: Progress) -> Progress:
    return lambda u: a * one(u) + b * other(u)
