"""As it was: the path of a recorded crisis, keyframes joined by straight lines in log price."""

from __future__ import annotations

import random
from bisect import bisect_right
from decimal import Decimal

from mdsim.chaos import crises
from mdsim.chaos.arguments import given
from mdsim.core.params import Args
from mdsim.core.ports import CurveType, Progress


def start(args: Args, _rng: random.Random, _over_ns: int) -> Progress:
    """The offset in log price at u; its time is the recorded one, stretched to the move's.

    The move gives ``history`` (the event), ``asset`` (whose series) and ``scale`` (a share of the recorded
    log move, so that 100 % is what was and 50 % the square root of it).
    """
    event, asset = given(args, "history", str), given(args, "asset", str)
    if event is None or asset is None:
        return lambda _u: 0.0
    crisis = crises.load(event)
    series = crisis.series[asset]
    scale = float(given(args, "scale", Decimal) or 0)
    at = [at_ns / crisis.length_ns for at_ns in series.at_ns]
    level = [scale * log for log in series.logs]
    last = len(at) - 1

    def progress(u: float) -> float:
        k = bisect_right(at, u) - 1
        if k >= last:
            return level[last]
        return level[k] + (level[k + 1] - level[k]) * (u - at[k]) / (at[k + 1] - at[k])

    return progress


CURVE = CurveType(
    name="history",
    summary="what a recorded crisis did, as the move's `history` names it",
    params=(),
    start=start,
    free=True,
)
