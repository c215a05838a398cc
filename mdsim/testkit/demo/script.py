"""What goes wrong, in which order, and what the market does meanwhile."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mdsim.core.time import SECOND
from mdsim.testkit.prices import Prices

SYMBOL = "BTC-USD"
BOUND_BPS = 10.0
"""How far the agreed price may be from the truth, at every look, while at most one source fails."""
LOST_BPS, UNSURE = 25.0, 0.6
"""When most of the sources fail at once no vote saves the price, but the confidence must tell: past the
first the second is the most it may be."""
_SWING = 30e-4
_PERIOD_NS = 60 * SECOND
PHASE_NS = 11 * SECOND
"""Where the swing is at the beginning: the price moves fastest while most of the sources are silent."""


@dataclass(frozen=True, slots=True)
class Act:
    """Some time of the demonstration.

    Attributes:
        title: for the table.
        length_s: how long.
        faults: ``(double, fault, amount)`` each, all at once; None is the usual amount.
        outvoted: most of the independent sources fail, and agree on what is wrong.
    """

    title: str
    length_s: float
    faults: tuple[tuple[str, str, float | None], ...] = ()
    outvoted: bool = False

    def allows(self, error_bps: float, confidence: float) -> bool:
        """Whether a look is within what is promised of this act."""
        if self.outvoted:
            return abs(error_bps) <= LOST_BPS or confidence <= UNSURE
        return abs(error_bps) <= BOUND_BPS


def _calm(length_s: float) -> Act:
    return Act("", length_s)


ACTS: tuple[Act, ...] = (
    _calm(4),
    Act("binance: prices with wrong decimals", 6, (("binance", "wrong_decimals", 0.01),)),
    _calm(4),
    Act("coinbase: frozen, with live heartbeats", 9, (("coinbase", "frozen", None),)),
    _calm(4),
    Act(
        "coinbase: closed, and the next snapshot is late",
        7,
        (("coinbase", "late_snapshot", 3.0), ("coinbase", "server_shutdown", 0.5)),
    ),
    Act("kraken: every 5th message is lost", 7, (("kraken", "gap", 5.0),)),
    _calm(3),
    Act("coingecko: a storm of 429", 7, (("coingecko", "storm_429", 3.0),)),
    Act("kraken: its clock runs 30 s ahead", 7, (("kraken", "clock_skew", 30.0),)),
    _calm(4),
    Act("binance: cut in the midst of a frame", 5, (("binance", "disconnect_mid_frame", None),)),
    _calm(4),
    Act(
        "binance and kraken: silent, two of three exchanges",
        14,
        (("binance", "silence", None), ("kraken", "silence", None)),
        outvoted=True,
    ),
    _calm(4),
)


class Restless:
    """Prices that swing by 0.3 % every minute around others', so that standing still is seen.

    Attributes:
        begin_ns: when the first swing begins; 0 for not yet.
    """

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self.begin_ns = 0

    def usd(self, asset: str, now_ns: int) -> float:
        """Of the market, and the swing for what is no stablecoin."""
        price = self._prices.usd(asset, now_ns)
        if asset not in ("BTC", "ETH") or not self.begin_ns:
            return price
        turns = (now_ns - self.begin_ns) / _PERIOD_NS
        return price * math.exp(_SWING * math.sin(2.0 * math.pi * turns))
