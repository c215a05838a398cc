"""At once: the whole move at its start."""

from __future__ import annotations

import random

from mdsim.core.params import Args
from mdsim.core.ports import CurveType, Progress


def start(_args: Args, _rng: random.Random, _over_ns: int) -> Progress:
    """Progress(u) = 1: the move is done when it begins, and then holds for its time."""
    return lambda _u: 1.0


CURVE = CurveType(
    name="step",
    summary="jumps at its start and holds",
    params=(),
    start=start,
)
