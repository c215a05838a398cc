"""A straight line in log price: a constant rate of return."""

from __future__ import annotations

import random

from mdsim.core.params import Args
from mdsim.core.ports import CurveType, Progress


def start(_args: Args, _rng: random.Random, _over_ns: int) -> Progress:
    """Progress(u) = u."""
    return lambda u: u


CURVE = CurveType(
    name="linear",
    summary="the same speed all the way",
    params=(),
    start=start,
)
