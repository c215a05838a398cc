"""Drawn back to a level: fast when far, slower when near, with noise that the same pull holds in check."""

from __future__ import annotations

import random
from decimal import Decimal

from mdsim.chaos.arguments import given
from mdsim.chaos.curves import exp
from mdsim.chaos.curves._draws import between, reverting
from mdsim.core.params import Args, Kind, Param
from mdsim.core.ports import CurveType, Progress

VOL = Decimal("0.001")


def noise(args: Args, rng: random.Random, over_ns: int) -> Progress | None:
    """The random part of an Ornstein-Uhlenbeck process with the curve's own half-life, 0 at both ends."""
    written = given(args, "vol", Decimal)
    vol = float(VOL if written is None else written)
    if vol == 0.0:
        return None
    half_life_ns = given(args, "half_life", int) or over_ns / exp.DEFAULT_SHARE
    return between(reverting(rng, vol, half_life_ns / over_ns))


CURVE = CurveType(
    name="revert",
    summary="drawn to the target ever slower, with noise around the way",
    params=(
        Param(
            "half_life",
            Kind.DURATION,
            "half of the way is done in this time; absent: a fifth of `over`",
            low=1,
        ),
        Param(
            "vol",
            Kind.SHARE,
            "standard deviation of the noise, as a share of the price",
            default=VOL,
            low=Decimal(0),
            high=Decimal("0.5"),
        ),
    ),
    start=exp.start,
    noise=noise,
    random=True,
)
