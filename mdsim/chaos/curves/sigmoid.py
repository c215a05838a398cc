"""Slow, fast, slow: the logistic curve, normalised to begin at 0 and end on 1."""

from __future__ import annotations

import math
import random
from decimal import Decimal

from mdsim.chaos.arguments import given
from mdsim.core.params import Args, Kind, Param
from mdsim.core.ports import CurveType, Progress

STEEPNESS = Decimal(10)


def start(args: Args, _rng: random.Random, _over_ns: int) -> Progress:
    """Progress(u) = (L(u) - L(0)) / (L(1) - L(0)) with L(u) = 1 / (1 + e^(-k(u - 1/2))).

    Written with tanh, which is the same function and hits 0, 1/2 and 1 exactly.
    """
    half = float(given(args, "steepness", Decimal) or STEEPNESS) / 2.0
    edge = math.tanh(half * 0.5)
    return lambda u: 0.5 + 0.5 * math.tanh(half * (u - 0.5)) / edge


CURVE = CurveType(
    name="sigmoid",
    summary="slow, fast, slow",
    params=(
        Param(
            "steepness",
            Kind.NUMBER,
            "how sudden the middle is: 1 is nearly a line, 10 does three quarters in the middle two fifths",
            default=STEEPNESS,
            low=Decimal("0.1"),
            high=Decimal(100),
        ),
    ),
    start=start,
)
