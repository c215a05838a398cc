"""Through keyframes: the levels that a move's own ``path`` names, joined in log price."""

from __future__ import annotations

import math
import random
from bisect import bisect_right

from mdsim.core.params import Args, Keyframe, Kind, Param
from mdsim.core.ports import CurveType, Progress

JOINS = ("linear", "smooth", "step")


def start(args: Args, _rng: random.Random, over_ns: int) -> Progress:
    """The offset in log price at u; the keyframes come as the argument ``path``, rising in time.

    It begins at 0 unless the first keyframe is at 0, and holds the last level once it is reached.
    """
    frames = args.get("path")
    at: list[float] = []
    level: list[float] = []
    if isinstance(frames, tuple):
        for frame in frames:
            at.append(frame.at_ns / over_ns)
            level.append(math.log1p(float(frame.by)))
    if not at or at[0] > 0.0:
        at.insert(0, 0.0)
        level.insert(0, 0.0)
    join = args.get("join")
    if join == "step":
        return lambda u: level[bisect_right(at, u) - 1]
    slopes = _monotone_slopes(at, level) if join == "smooth" else None
    last = len(at) - 1

    def progress(u: float) -> float:
        k = bisect_right(at, u) - 1
        if k >= last:
            return level[last]
        width = at[k + 1] - at[k]
        x = (u - at[k]) / width
        if slopes is None:
            return level[k] + (level[k + 1] - level[k]) * x
        left, right = slopes[k] * width, slopes[k + 1] * width
        rise = level[k + 1] - level[k]
        # cubic Hermite in Horner form
        return level[k] + x * (left + x * (3.0 * rise - 2.0 * left - right + x * (left + right - 2.0 * rise)))

    return progress


def _monotone_slopes(at: list[float], level: list[float]) -> list[float]:
    """Slopes with which a cubic never strays beyond two neighbouring keyframes.

    Zero at both ends and at every turn, else the weighted harmonic mean of the two secants
    (Fritsch and Butland 1984).
    """
    slopes = [0.0] * len(at)
    for k in range(1, len(at) - 1):
        before, after = at[k] - at[k - 1], at[k + 1] - at[k]
        falls, rises = (level[k] - level[k - 1]) / before, (level[k + 1] - level[k]) / after
        if falls * rises > 0.0:
            near, far = before + 2.0 * after, 2.0 * before + after
            slopes[k] = (near + far) / (near / falls + far / rises)
    return slopes


def last_at_ns(frames: tuple[Keyframe, ...]) -> int:
    """How long the keyframes take, in ns."""
    return max((frame.at_ns for frame in frames), default=0)


CURVE = CurveType(
    name="path",
    summary="through the keyframes of the move's `path`",
    params=(Param("join", Kind.CHOICE, "how keyframes are joined", default="linear", choices=JOINS),),
    start=start,
    free=True,
)
