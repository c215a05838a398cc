"""Too far and back: past the target by a share of the move, then settling on it."""

from __future__ import annotations

import random
from decimal import Decimal

from mdsim.chaos.arguments import given, shortest_ns
from mdsim.core.params import Args, Kind, Param
from mdsim.core.ports import CurveType, Progress
from mdsim.core.time import format_duration

BY = Decimal("0.1")
SETTLE_SHARE = 0.3


def _ease(x: float) -> float:
    """Cubic from 0 to 1 with no speed at either end, so that the peak is a turn and not a corner."""
    return x * x * (3.0 - 2.0 * x)


def start(args: Args, _rng: random.Random, over_ns: int) -> Progress:
    """From 0 to 1 + by at ``over - settle``, from there to 1 at ``over``; both parts eased."""
    written = given(args, "by", Decimal)
    by = float(BY if written is None else written)
    settle = (given(args, "settle", int) or SETTLE_SHARE * over_ns) / over_ns
    peak_at = 1.0 - settle

    def progress(u: float) -> float:
        if u < peak_at:
            return (1.0 + by) * _ease(u / peak_at)
        return 1.0 + by * (1.0 - _ease((u - peak_at) / settle))

    return progress


def check(args: Args) -> str | None:
    """Settling lies inside the move."""
    over_ns, settle_ns = shortest_ns(args, "over"), shortest_ns(args, "settle")
    if over_ns and settle_ns >= over_ns:
        return (
            f"settle ({format_duration(settle_ns)}) must be shorter than over ({format_duration(over_ns)}):"
            " it is the last part of it"
        )
    return None


CURVE = CurveType(
    name="overshoot",
    summary="goes past the target, then settles on it",
    params=(
        Param(
            "by",
            Kind.SHARE,
            "how far past the target, as a share of the move",
            default=BY,
            low=Decimal(0),
            high=Decimal(5),
        ),
        Param(
            "settle",
            Kind.DURATION,
            "time from the farthest point back to the target, the last part of `over`; absent: 30 % of it",
            low=1,
        ),
    ),
    start=start,
    check=check,
)
