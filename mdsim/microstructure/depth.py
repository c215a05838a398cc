"""How much stands in each book: a log depth a side that reverts to its mean and is cut by shocks."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise

from mdsim.core.instruments import Catalogue
from mdsim.core.seeds import SeedTree
from mdsim.microstructure.profile import DepthLaw

_TRIANGLE = math.sqrt(6.0)
"""Scales the sum of two uniforms, less 1, to variance 1."""


def cumulative(law: DepthLaw, d10: float, distance_bps: float) -> float:
    """Depth within a distance of the touch: ``d10 (d / 10 bps)^gamma``, gamma 1 inside the knee.

    Args:
        law: knee and exponent.
        d10: depth within the knee of the law (10 bps), in any unit; the answer has the same.
        distance_bps: at least 0.
    """
    share = distance_bps / law.knee_bps
    return d10 * (share if share <= 1.0 else share**law.tail_exponent)


@lru_cache(maxsize=64)
def falloff(law: DepthLaw, quarters: int) -> tuple[float, ...]:
    """Depth per basis point against that inside the knee, by quarter knees from the touch.

    The mean over each quarter of the derivative of ``cumulative``, so that summing levels gives the law.
    A table in steps rather than a curve: the sizes of far levels do not tremble when the touch moves.
    """
    edges = [cumulative(law, 1.0, law.knee_bps * quarter / 4) for quarter in range(quarters + 1)]
    return tuple(4.0 * (upper - lower) for lower, upper in pairwise(edges))


class Depths:
    """The state of every book's depth.

    Attributes:
        bids, asks: log of depth over calm depth, one an instrument; 0 in calm.
    """

    def __init__(self, law: DepthLaw, catalogue: Catalogue, seeds: SeedTree, period_ns: int) -> None:
        self._law = law
        self._draws = [seeds.stream("micro", symbol, "depth").random for symbol in catalogue.symbols]
        self._keep = 2.0 ** (-period_ns / law.half_life_ns)
        self._noise = law.sd * math.sqrt(1.0 - self._keep * self._keep) * _TRIANGLE
        # It starts in its stationary law: the first minute is a minute like any other.
        start = law.sd * _TRIANGLE
        self.bids = [start * (draw() + draw() - 1.0) for draw in self._draws]
        self.asks = [start * (draw() + draw() - 1.0) for draw in self._draws]

    def update(self, volatility_logs: list[float], shocks: list[float]) -> None:
        """One period on, given log volatility ratios and the returns in standard deviations.

        The exact step of an Ornstein-Uhlenbeck process, but for the shape of its noise: the sum of two
        uniforms, five times cheaper than a normal and hardly to be told from one after a few periods.
        """
        law, keep, noise, bids, asks = self._law, self._keep, self._noise, self.bids, self.asks
        pull, limit = -(1.0 - keep) * law.volatility_exponent, law.shock_from
        for at, draw in enumerate(self._draws):
            lean = pull * volatility_logs[at] - noise
            bids[at] = keep * bids[at] + lean + noise * (draw() + draw())
            asks[at] = keep * asks[at] + lean + noise * (draw() + draw())
            if not -limit <= shocks[at] <= limit:
                self._cut(at, shocks[at])

    def _cut(self, at: int, shock: float) -> None:
        """A fall eats the bids and frightens the asks; a rise the other way round."""
        law = self._law
        hit = law.shock_cut * (abs(shock) - law.shock_from)
        other = hit * law.shock_other
        down, up = (hit, other) if shock < 0.0 else (other, hit)
        self.bids[at] = max(law.least_log, self.bids[at] - down)
        self.asks[at] = max(law.least_log, self.asks[at] - up)
