"""How nervous each instrument is against its calm level, estimated from the published mids."""

from __future__ import annotations

import math

from mdsim.core.instruments import ASSETS, AssetKind, Catalogue, Instrument
from mdsim.core.time import SECOND
from mdsim.microstructure.profile import VolatilityLaw


def calm_sigma(law: VolatilityLaw, item: Instrument) -> float:
    """Standard deviation of a one-second log return in calm, as a fraction."""
    base, quote = _asset_bps(law, item.base), _asset_bps(law, item.quote)
    risky = ASSETS[item.base].kind is AssetKind.CRYPTO and ASSETS[item.quote].kind is AssetKind.CRYPTO
    variance = base * base + quote * quote - (2.0 * law.correlation * base * quote if risky else 0.0)
    if not item.usd_spot:
        variance += law.pair_bps**2
    return math.sqrt(variance) * 1e-4


def _asset_bps(law: VolatilityLaw, code: str) -> float:
    if ASSETS[code].kind is AssetKind.STABLE:
        return law.stable_bps
    return law.asset_bps.get(code, law.other_bps)


class Volatility:
    """Exponentially weighted mean of squared returns, one an instrument, over a fixed period.

    Attributes:
        logs: natural log of volatility over calm volatility, between the law's bounds.
        ratios: the same without the log.
        sigmas: present standard deviation of a one-second return, as a fraction.
        shocks: the last return in standard deviations of what was usual before it; signed.
    """

    def __init__(self, law: VolatilityLaw, catalogue: Catalogue, period_ns: int) -> None:
        self._calm = [calm_sigma(law, item) for item in catalogue]
        self.logs = [0.0] * len(self._calm)
        self.ratios = [1.0] * len(self._calm)
        self.sigmas = list(self._calm)
        self.shocks = [0.0] * len(self._calm)
        self._squares = [1.0] * len(self._calm)
        self._low, self._high, self._most = law.low**2, law.high**2, law.winsor**2
        self._keep = 2.0 ** (-period_ns / law.half_life_ns)
        self._per_root_s = math.sqrt(SECOND / period_ns)

    def update(self, mids: list[int], before: list[int]) -> None:
        """Take the returns of one period; mids in increments, at its end and at its start."""
        # One plain loop with everything in local names: it runs all the time, in every run.
        keep, most, high, per_root_s = self._keep, self._most, self._high, self._per_root_s
        # The floor is blended in rather than clamped to, such that a calm market has the ratio 1.
        floor = (1.0 - keep) * self._low
        gain = 1.0 - keep - floor
        log, sqrt = math.log, math.sqrt
        squares, sigmas, shocks, calm = self._squares, self.sigmas, self.shocks, self._calm
        logs, ratios = self.logs, self.ratios
        for at, mid in enumerate(mids):
            shock = (mid / before[at] - 1.0) * per_root_s / sigmas[at]
            shocks[at] = shock
            shock *= shock
            if shock > most:  # noqa: PLR1730 a call of min costs three times as much
                shock = most
            square = floor + squares[at] * (keep + gain * shock)
            if square > high:  # noqa: PLR1730 likewise
                square = high
            squares[at] = square
            ratio = sqrt(square)
            ratios[at] = ratio
            logs[at] = log(ratio)
            sigmas[at] = calm[at] * ratio
