"""Random paths, drawn once on a fixed grid, so that looking at other instants changes nothing.

Every path has ``POINTS`` points over the whole time of a move and is linear between them: the interval
of the engine's cycles does not change it, and a path costs the same whether it takes a second or a day.
"""

from __future__ import annotations

import math
import random

from mdsim.core.ports import Progress

POINTS = 1024
EDGE = 0.05
"""Share of the time over which noise fades in after the start and fades out before the end."""


def between(values: list[float]) -> Progress:
    """The path through evenly spaced values: the first at 0, the last at 1, linear between them."""
    last = len(values) - 1

    def progress(u: float) -> float:
        x = u * last
        at = int(x)
        if at >= last:
            return values[last]
        here = values[at]
        return here + (values[at + 1] - here) * (x - at)

    return progress


def walk(rng: random.Random, sd: float) -> list[float]:
    """A Gaussian random walk from 0 with standard deviation ``sd`` at its end."""
    step_sd = sd / math.sqrt(POINTS - 1)
    values = [0.0]
    level = 0.0
    for _ in range(POINTS - 1):
        level += rng.gauss(0.0, step_sd)
        values.append(level)
    return values


def bridge(rng: random.Random, sd: float) -> list[float]:
    """A Brownian bridge, 0 at both ends, with standard deviation ``sd`` in the middle.

    A walk with the straight line to its end taken off; its variance is u(1 - u), hence the factor 2.
    """
    values = walk(rng, 2.0 * sd)
    end, last = values[-1], POINTS - 1
    tied = [value - end * (at / last) for at, value in enumerate(values)]
    tied[-1] = 0.0
    return tied


def reverting(rng: random.Random, sd: float, half_life: float) -> list[float]:
    """Mean-reverting noise around 0: standard deviation ``sd``, fading to 0 at both ends.

    The exact step of an Ornstein-Uhlenbeck process (Uhlenbeck and Ornstein 1930), from its stationary law.

    ``half_life`` is a share of the path's time.
    """
    last = POINTS - 1
    keep = math.exp2(-1.0 / (half_life * last))
    fresh = math.sqrt(1.0 - keep * keep)
    level = rng.gauss(0.0, 1.0)
    values = []
    for at in range(POINTS):
        u = at / last
        values.append(sd * level * min(1.0, u / EDGE, (1.0 - u) / EDGE))
        level = keep * level + fresh * rng.gauss(0.0, 1.0)
    return values
