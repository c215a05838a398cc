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
        ratios: volatility against calm, between the law's bounds.
        shocks: the last return in standard deviations of what was usual before it; signed.
        sigmas: present standard deviation of a one-second return, as a fraction.
    """

    def __init__(self, law: VolatilityLaw, catalogue: Catalogue, period_ns: int) -> None:
        calm = [calm_sigma(law, item) for item in catalogue]
        self.ratios = [1.0] * len(calm)
        self.shocks = [0.0] * len(calm)
        self.sigmas = list(calm)
        self._calm = calm
        self._law = law
        self._keep = 2.0 ** (-period_ns / law.half_life_ns)
        self._per_root_s = math.sqrt(SECOND / period_ns)

    def update(self, mids: list[int], before: list[int]) -> None:
        """Take the returns of one period; mids in increments, at its end and at its start."""
        law, keep, per_root_s = self._law, self._keep, self._per_root_s
        low, high, most, gain, sqrt = law.low, law.high, law.winsor, 1.0 - self._keep, math.sqrt
        sigmas, calm, ratios, shocks = self.sigmas, self._calm, self.ratios, self.shocks
        for at, mid in enumerate(mids):
            sigma = sigmas[at]
            shock = (mid / before[at] - 1.0) * per_root_s / sigma
            shocks[at] = shock
            if shock > most:
                shock = most
            elif shock < -most:
                shock = -most
            sigma *= sqrt(keep + gain * shock * shock)
            ratio = sigma / calm[at]
            if ratio < low:
                ratio, sigma = low, low * calm[at]
            elif ratio > high:
                ratio, sigma = high, high * calm[at]
            ratios[at] = ratio
            sigmas[at] = sigma
