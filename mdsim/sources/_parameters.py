"""The numbers of the synthetic market, in one place, each with its unit and its source.

"Measured" means computed from recordings of Binance's spot and futures markets, 2022 to 2026;
``docs/base-feeds.md`` tells which and how. Standard deviations are of the log price unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from mdsim.core.nervous_hours import NERVOUS_HOURS, NervousHours
from mdsim.core.time import DAY, HOUR, MINUTE, MS, SECOND

YEAR_NS = 365 * DAY
"""Crypto trades every day, so a year of volatility has 365 of them."""


@dataclass(frozen=True, slots=True)
class Risky:
    """An asset that has no peg.

    Attributes:
        annual_volatility: standard deviation of a year's log return, jumps included.
        loading: correlation of its calm returns with the market factor.
        jump_beta: what share of a market jump it takes.
        lags: it hears of market news only ``MarketParameters.lead_ns`` later.
    """

    annual_volatility: float
    loading: float
    jump_beta: float = 1.0
    lags: bool = True


@dataclass(frozen=True, slots=True)
class MeanReverting:
    """An Ornstein-Uhlenbeck process.

    Attributes:
        mean_bps: what it returns to.
        sd_bps: stationary standard deviation.
        half_life_ns: time in which half of a deviation is gone.
        band_bps: largest deviation that it may show, or 0 for no limit.
    """

    sd_bps: float
    half_life_ns: int
    mean_bps: float = 0.0
    band_bps: float = 0.0


@dataclass(frozen=True, slots=True)
class VolatilityParameters:
    """How the market's volatility moves around its long-run level.

    GARCH: alpha and beta of daily Bitcoin returns as in PMC7783506; omega is ``1 - alpha - beta``, so that
    the mean variance is the annual target. Intraday: two log-OU factors, fitted to the autocovariance of
    hourly log ranges (measured, 2024-2026: .191, .126, .107, .082 at 1, 6, 24, 48 hours, of which GARCH
    carries about .085). Time of day and weekend: the same hours, relative log range.

    Attributes:
        fast_sd, slow_sd: stationary standard deviation of log volatility.
        hours: time of day and weekend.
    """

    garch_alpha: float = 0.144
    garch_beta: float = 0.817
    fast_sd: float = 0.35
    fast_half_life_ns: int = HOUR
    slow_sd: float = 0.20
    slow_half_life_ns: int = DAY
    hours: NervousHours = NERVOUS_HOURS


@dataclass(frozen=True, slots=True)
class MarketParameters:
    """Everything the synthetic market is made of.

    Attributes:
        risky: by asset code; an asset that is not listed takes ``other_risky``.
        lead_ns: how much earlier the leader hears of market news. A correlation of .81 over a long
            horizon becomes ``.81 (1 - lead/1s)`` = .65 at one second (measured .66; Epps effect).
        tail_degrees: degrees of freedom of the Student-t returns at one second.
        jumps_per_day, jump_mean, jump_sd: Merton's overlay, log price.
        stable: by asset code; an asset that is not listed takes ``other_stable``.
        basis: perpetual against spot. Median and quantiles measured over 14 months of 5-minute
            closes (-4.46; 1 % -6.6, 99 % -0.4), speed from their autocorrelation on a calm day.
        pair: what a cross rate may differ from its legs before arbitrage closes it (2 to 10 bps in
            calm hours).
    """

    risky: Mapping[str, Risky] = field(
        default_factory=lambda: MappingProxyType(
            {
                "BTC": Risky(annual_volatility=0.55, loading=0.9, lags=False),
                "ETH": Risky(annual_volatility=0.70, loading=0.9, jump_beta=1.2),
            }
        )
    )
    other_risky: Risky = Risky(annual_volatility=0.90, loading=0.8, jump_beta=1.3)
    lead_ns: int = 200 * MS
    tail_degrees: float = 5.0
    jumps_per_day: float = 0.075
    jump_mean: float = -0.005
    jump_sd: float = 0.025
    stable: Mapping[str, MeanReverting] = field(
        default_factory=lambda: MappingProxyType(
            {
                "USDT": MeanReverting(sd_bps=3.0, half_life_ns=60 * MINUTE),
                "USDC": MeanReverting(sd_bps=2.0, half_life_ns=45 * MINUTE),
            }
        )
    )
    other_stable: MeanReverting = MeanReverting(sd_bps=5.0, half_life_ns=120 * MINUTE)
    basis: MeanReverting = MeanReverting(sd_bps=0.65, half_life_ns=5 * MINUTE, mean_bps=-4.5, band_bps=10.0)
    pair: MeanReverting = MeanReverting(sd_bps=1.0, half_life_ns=30 * SECOND, band_bps=4.0)
    volatility: VolatilityParameters = VolatilityParameters()


DEFAULTS = MarketParameters()
