"""The quoted spread: five factors, one increment at least, and the gap that a sweep leaves open.

``spread = max(increment, base (sigma_t / sigma)^a (D / D_t)^b g(hour) asset + sweep) x playbook factor``
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mdsim.core.instruments import Catalogue
from mdsim.core.time import SECOND
from mdsim.microstructure.factors import CALM, Factors
from mdsim.microstructure.profile import Profile

_CLOSED = 1e-9


@dataclass(frozen=True, slots=True)
class SpreadParameters:
    """The five factors of one instrument, as the configuration names them.

    Attributes:
        base_bps: the calm spread of the venue.
        volatility_exponent, liquidity_exponent, hour_exponent: a, b, and that of the volume curve in g.
        asset: a plain factor.
    """

    base_bps: float
    volatility_exponent: float = 0.8
    liquidity_exponent: float = 0.5
    hour_exponent: float = 0.25
    asset: float = 1.0


def parameters_of(
    profile: Profile, catalogue: Catalogue, overrides: Mapping[str, SpreadParameters]
) -> list[SpreadParameters]:
    """One entry an instrument: the override where there is one, else what the profile says."""
    law = profile.spread
    return [
        overrides.get(item.symbol)
        or SpreadParameters(
            base_bps=profile.of(item).spread_bps or 0.0,
            volatility_exponent=law.volatility_exponent,
            liquidity_exponent=law.liquidity_exponent,
            hour_exponent=law.hour_exponent,
        )
        for item in catalogue
    ]


class Spreads:
    """The spread of every instrument, relative to its mid, and the quotes it makes.

    Attributes:
        widths: the product of the five factors, as a fraction; the floor of one increment comes in ``quote``.
        gaps: what sweeps left open, as a fraction.
    """

    def __init__(self, profile: Profile, parameters: list[SpreadParameters], step_ns: int) -> None:
        self._law = profile.spread
        self._bases = [math.log(one.base_bps * 1e-4 * one.asset) for one in parameters]
        self._exponents = [
            (one.volatility_exponent, -0.5 * one.liquidity_exponent, -one.hour_exponent) for one in parameters
        ]
        self.widths = [math.exp(base) for base in self._bases]
        self.gaps = [0.0] * len(parameters)
        self._open = False
        self._keep = 2.0 ** (-step_ns / profile.spread.sweep_half_life_ns)
        self._root_step_s = math.sqrt(step_ns / SECOND)
        self._limits = [math.inf] * len(parameters)

    def update(
        self,
        mids: list[int],
        ratios: list[float],
        sigmas: list[float],
        bids: list[float],
        asks: list[float],
        hour: float,
    ) -> None:
        """Take the slow factors: volatility ratios and levels, log depths a side, the hour's volume."""
        exp, log, log_hour, exponents = math.exp, math.log, math.log(hour), self._exponents
        widths, limits, three_sd = self.widths, self._limits, 3.0 * self._root_step_s
        for at, base in enumerate(self._bases):
            by_volatility, by_depth, by_hour = exponents[at]
            widths[at] = exp(
                base + by_volatility * log(ratios[at]) + by_depth * (bids[at] + asks[at]) + by_hour * log_hour
            )
            limit = three_sd * sigmas[at] * mids[at]
            limits[at] = max(2.0, limit)  # a move of an increment or two is rounding

    def sweep(self, mids: list[int], before: list[int]) -> None:
        """One step on: gaps close, and a step that moved past three standard deviations opens one."""
        if self._open:
            self._close()
        for at, limit in enumerate(self._limits):
            move = mids[at] - before[at]
            if not -limit <= move <= limit:
                most = self._law.sweep_most_bps * 1e-4
                gap = self.gaps[at] + self._law.sweep_share * (abs(move) - limit) / mids[at]
                self.gaps[at] = min(gap, most)
                self._open = True

    def _close(self) -> None:
        keep = self._keep
        self.gaps = [gap * keep if gap > _CLOSED else 0.0 for gap in self.gaps]
        self._open = any(self.gaps)

    def quote(self, mids: list[int], factors: Factors) -> tuple[list[int], list[int]]:
        """Best bids and asks in increments: ``1 <= bid <= mid <= ask``, ``bid < ask``.

        An odd spread has its larger half above the mid, so one increment is ``mid`` and ``mid + 1``. Where
        the lower half would go under one increment, the bid is 1.
        """
        widths = self.widths
        if self._open:
            widths = [width + gap for width, gap in zip(widths, self.gaps, strict=True)]
        if factors is CALM:
            spreads = [int(mid * width + 0.5) or 1 for mid, width in zip(mids, widths, strict=True)]
        else:
            spreads = [
                int(max(1.0, mid * width) * factor + 0.5) or 1
                for mid, width, factor in zip(mids, widths, factors.spread, strict=True)
            ]
        bids = [mid - (spread >> 1) for mid, spread in zip(mids, spreads, strict=True)]
        asks = [bid + spread for bid, spread in zip(bids, spreads, strict=True)]
        if min(bids, default=1) < 1:
            bids = [bid if bid > 0 else 1 for bid in bids]
        return bids, asks
