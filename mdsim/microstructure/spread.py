"""The quoted spread: five factors, one increment at least, and the gap that a sweep leaves open.

``spread = max(increment, base (sigma_t / sigma)^a (D / D_t)^b g(hour) asset + sweep) x playbook factor``
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from mdsim.core.factors import CALM, Factors
from mdsim.core.instruments import Catalogue
from mdsim.core.spreads import SpreadParameters
from mdsim.core.time import SECOND
from mdsim.microstructure.profile import Profile

_CLOSED = 2e-6
"""A gap of a fiftieth of a basis point is none."""
_WIDEST_LOG = math.log(100.0)
"""A hundred times the mid: no book is wider, and exponents that somebody chose cannot overflow."""
_NOTHING = 1e-12
"""Stands for a base of 0, which means a spread of one increment."""
_ROUNDING = 2.0
"""A step's move of so many increments may be rounding onto the grid."""


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
        gaps: what sweeps left open, as a fraction, by instrument; those that have closed are not in it.
    """

    def __init__(self, profile: Profile, parameters: list[SpreadParameters], step_ns: int) -> None:
        size = len(parameters)
        self._law = profile.spread
        self._parameters = parameters
        self._hour = math.nan
        self._bases = [0.0] * size
        self._exponents = [(one.volatility_exponent, -0.5 * one.liquidity_exponent) for one in parameters]
        self.widths = [0.0] * size
        self.gaps: dict[int, float] = {}
        self._keep = 2.0 ** (-step_ns / profile.spread.sweep_half_life_ns)
        self._sweep_from = profile.spread.sweep_from * math.sqrt(step_ns / SECOND)
        self._limits = [math.inf] * size
        # Half spreads in increments below and above the mid while nothing is asked and no gap is open.
        self._below = [0] * size
        self._above = [1] * size

    def update(
        self,
        mids: list[int],
        volatility_logs: list[float],
        sigmas: list[float],
        bids: list[float],
        asks: list[float],
        hour: float,
    ) -> None:
        """Take the slow factors; must come before the first quote.

        Args:
            mids: in increments.
            volatility_logs: natural log of volatility over calm volatility.
            sigmas: standard deviation of a one-second return, as a fraction.
            bids: log depth over calm depth on the bid side.
            asks: likewise on the ask side.
            hour: volume at this hour over the day's mean.
        """
        if hour != self._hour:
            self._hour, log_hour = hour, math.log(hour)
            self._bases = [
                math.log(max(one.base_bps * 1e-4 * one.asset, _NOTHING)) - one.hour_exponent * log_hour
                for one in self._parameters
            ]
        exp, sweep_from, exponents, bases = math.exp, self._sweep_from, self._exponents, self._bases
        widths, below, above, limits = self.widths, self._below, self._above, self._limits
        for at, mid in enumerate(mids):
            by_volatility, by_depth = exponents[at]
            log_width = bases[at] + by_volatility * volatility_logs[at] + by_depth * (bids[at] + asks[at])
            width = exp(min(_WIDEST_LOG, log_width))
            widths[at] = width
            spread = int(mid * width + 0.5) or 1
            below[at] = spread >> 1
            above[at] = spread + 1 >> 1
            limits[at] = sweep_from * sigmas[at] * mid

    def sweep(self, mids: list[int], before: list[int]) -> None:
        """One step on: gaps close, and a step that moved past the limit of the law opens one."""
        if self.gaps:
            keep = self._keep
            self.gaps = {at: gap * keep for at, gap in self.gaps.items() if gap * keep > _CLOSED}
        for mid, last, limit in zip(mids, before, self._limits, strict=True):
            if not -limit <= mid - last <= limit:
                self._sweep(mids, before)
                return

    def _sweep(self, mids: list[int], before: list[int]) -> None:
        most = self._law.sweep_most_bps * 1e-4
        for at, limit in enumerate(self._limits):
            excess = abs(mids[at] - before[at]) - max(limit, _ROUNDING)
            if excess > 0.0:
                gap = self.gaps.get(at, 0.0) + self._law.sweep_share * excess / mids[at]
                self.gaps[at] = min(gap, most)

    def quote(self, mids: list[int], factors: Factors) -> tuple[list[int], list[int]]:
        """Best bids and asks in increments: ``1 <= bid <= mid <= ask``, ``bid < ask``.

        An odd spread has its larger half above the mid, so one increment is ``mid`` and ``mid + 1``. Where
        the lower half would go under one increment, the bid is 1.
        """
        below, above = self._below, self._above
        if self.gaps or factors is not CALM:
            below, above = below.copy(), above.copy()
            for at in self.gaps if factors is CALM else range(len(mids)):
                factor = 1.0 if factors is CALM else factors.spread[at]
                if factor != 1.0 or at in self.gaps:
                    wide = max(1.0, mids[at] * (self.widths[at] + self.gaps.get(at, 0.0)))
                    asked = max(1.0, mids[at] * math.exp(self._bases[at])) * factor
                    most = mids[at] * self._law.nervous_most_bps * 1e-4
                    spread = int(_eased(wide * factor, max(asked, wide), most) + 0.5) or 1
                    below[at], above[at] = spread >> 1, spread + 1 >> 1
        bids = [mid - half for mid, half in zip(mids, below, strict=True)]
        asks = [mid + half for mid, half in zip(mids, above, strict=True)]
        if min(bids, default=1) < 1:
            bids = [bid if bid > 0 else 1 for bid in bids]
        return bids, asks


def _eased(spread: float, firm: float, most: float) -> float:
    """What is above ``firm`` saturates smoothly towards ``most``; a spread below is left alone."""
    excess, room = spread - firm, most - firm
    if excess <= 0.0:
        return spread
    return firm + excess * room / (excess + room) if room > 0.0 else firm
