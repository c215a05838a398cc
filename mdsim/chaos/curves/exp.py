"""Fast first, then ever slower: half of what is left in every half-life."""

from __future__ import annotations

import math
import random

from mdsim.chaos.arguments import given
from mdsim.core.params import Args, Kind, Param
from mdsim.core.ports import CurveType, Progress

DEFAULT_SHARE = 5
"""The default half-life is the time of the move divided by this: 97 % of the way is then decay."""


def start(args: Args, _rng: random.Random, over_ns: int) -> Progress:
    """Progress(u) = (1 - 2^(-u·over/half_life)) / (1 - 2^(-over/half_life)): normalised to end on 1."""
    half_life_ns = given(args, "half_life", int) or over_ns / DEFAULT_SHARE
    rate = math.log(2.0) * over_ns / half_life_ns
    # expm1 keeps its digits when the half-life is far longer than the move (a straight line, then).
    whole = math.expm1(-rate)
    return lambda u: math.expm1(-rate * u) / whole


CURVE = CurveType(
    name="exp",
    summary="fast first, then ever slower",
    params=(
        Param(
            "half_life",
            Kind.DURATION,
            "half of the way is done in this time; absent: a fifth of `over`",
            low=1,
        ),
    ),
    start=start,
)
