"""The spreads that a configuration asks for, in the words of the microstructure."""

from __future__ import annotations

from mdsim.config.settings import Settings
from mdsim.core.spreads import SpreadParameters
from mdsim.microstructure.profile import RETAIL_USD


def spreads_of(settings: Settings) -> dict[str, SpreadParameters]:
    """What makes the spread of every instrument that is on, by symbol.

    A factor of how strongly something acts scales its exponent: 0 takes it away, 2 squares what it does.
    """
    law = RETAIL_USD.spread
    return {
        symbol: SpreadParameters(
            base_bps=float(one.spread.base_spread_bps),
            volatility_exponent=law.volatility_exponent * float(one.spread.volatility_factor),
            liquidity_exponent=law.liquidity_exponent * float(one.spread.liquidity_factor),
            hour_exponent=law.hour_exponent * float(one.spread.time_of_day_factor),
            asset=float(one.spread.asset_specific),
        )
        for symbol, one in settings.instruments.items()
    }
