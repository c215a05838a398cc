"""As it was: the path of a recorded crisis, exact at its keyframes and as rough between them as then."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from decimal import Decimal

from mdsim.chaos import crises
from mdsim.chaos.arguments import given
from mdsim.core.params import Args
from mdsim.core.ports import CurveType, Progress
from mdsim.core.time import MINUTE


def start(args: Args, rng: random.Random, _over_ns: int) -> Progress:
    """The offset in log price at u; its time is the recorded one, stretched to the move's.

    The move gives ``history`` (the event), ``asset`` (whose series) and ``scale`` (a share of each move in
    log price: 100 % is what was). Between two keyframes the path is a straight line with a Brownian bridge
    around it: a Gaussian walk of one point a recorded minute, less the line through its values at the two
    keyframes, times the series' roughness. Series of one event have the same minutes, so that those which
    share ``rng`` stray together. Where half of a fall never came back, none strays above the highest price
    that was recorded after it.
    """
    event, asset = given(args, "history", str), given(args, "asset", str)
    if event is None or asset is None:
        return lambda _u: 0.0
    crisis = crises.load(event)
    series = crisis.series[asset]
    scale = float(given(args, "scale", Decimal) or 0)
    walk = [0.0]
    for _ in range(crisis.length_ns // MINUTE):
        walk.append(walk[-1] + rng.gauss(0.0, 1.0))
    minutes = len(walk) - 1

    def strays(at: float) -> float:
        k = min(int(at), minutes - 1)
        return walk[k] + (walk[k + 1] - walk[k]) * (at - k)

    at = [at_ns / MINUTE for at_ns in series.at_ns]
    rough = [series.rough * strays(minute) for minute in at]
    # Levels less their stray: a line through these plus the walk is the bridge, and exact at every keyframe.
    lean = [log - stray for log, stray in zip(series.logs, rough, strict=True)]
    end, last = scale * series.logs[-1], len(at) - 1
    since, most = (series.ceiling[0] / MINUTE, series.ceiling[1]) if series.ceiling else (math.inf, 0.0)

    def progress(u: float) -> float:
        minute = u * minutes
        k = bisect_right(at, minute) - 1
        if k >= last:
            return end
        line = lean[k] + (lean[k + 1] - lean[k]) * (minute - at[k]) / (at[k + 1] - at[k])
        log = line + series.rough * strays(minute)
        if minute >= since and log > most:
            log = 2.0 * most - log  # it turns back where prices did, and is as rough as below
        return scale * log

    return progress


CURVE = CurveType(
    name="history",
    summary="what a recorded crisis did, as the move's `history` names it",
    params=(),
    start=start,
    free=True,
    random=True,
)
