"""What makes the spread of an instrument: the five factors of the market model, one by one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpreadParameters:
    """The five factors of one instrument, as the configuration names them.

    Attributes:
        base_bps: the calm spread of the venue; 0 for one increment.
        volatility_exponent, liquidity_exponent, hour_exponent: a, b, and that of the volume curve in g.
        asset: a plain factor.
    """

    base_bps: float
    volatility_exponent: float = 0.8
    liquidity_exponent: float = 0.5
    hour_exponent: float = 0.25
    asset: float = 1.0
