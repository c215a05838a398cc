"""A random path that ends on target: a line with a Brownian bridge around it."""

from __future__ import annotations

import random
from decimal import Decimal

from mdsim.chaos.arguments import given
from mdsim.chaos.curves import _draws
from mdsim.core.params import Args, Kind, Param
from mdsim.core.ports import CurveType, Progress

MOVE_SHARE = 0.15
"""Without ``vol`` the middle strays by this share of the move (one standard deviation)."""


def start(args: Args, rng: random.Random, _over_ns: int) -> Progress:
    """Progress(u) = u plus, unless ``vol`` is written, a bridge that is measured against the move."""
    if given(args, "vol", Decimal) is not None:
        return lambda u: u
    strays = _draws.bridge(rng, MOVE_SHARE)
    last = _draws.POINTS - 1
    return _draws.between([at / last + stray for at, stray in enumerate(strays)])


def noise(args: Args, rng: random.Random, _over_ns: int) -> Progress | None:
    """With ``vol``: a bridge that is measured against the price."""
    vol = given(args, "vol", Decimal)
    return _draws.between(_draws.bridge(rng, float(vol))) if vol else None


CURVE = CurveType(
    name="bridge",
    summary="a random path that ends on the target",
    params=(
        Param(
            "vol",
            Kind.SHARE,
            "standard deviation half-way, as a share of the price; absent: 15 % of the move",
            low=Decimal(0),
            high=Decimal("0.5"),
        ),
    ),
    start=start,
    noise=noise,
    random=True,
)
