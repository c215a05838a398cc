"""No target: a Gaussian random walk in log price."""

from __future__ import annotations

import random
from decimal import Decimal

from mdsim.chaos.arguments import given
from mdsim.chaos.curves import _draws
from mdsim.core.params import Args, Kind, Param
from mdsim.core.ports import CurveType, Progress

VOL = Decimal("0.02")


def start(args: Args, rng: random.Random, _over_ns: int) -> Progress:
    """The walk itself, in log price: 0 at the start, standard deviation ``vol`` at the end."""
    written = given(args, "vol", Decimal)
    return _draws.between(_draws.walk(rng, float(VOL if written is None else written)))


CURVE = CurveType(
    name="random-walk",
    summary="wanders without a target",
    params=(
        Param(
            "vol",
            Kind.SHARE,
            "standard deviation at the end, as a share of the price",
            default=VOL,
            low=Decimal(0),
            high=Decimal("0.5"),
        ),
    ),
    start=start,
    free=True,
    random=True,
)
