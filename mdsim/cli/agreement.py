"""The consensus that a configuration asks for, in the words of its room."""

from __future__ import annotations

from decimal import Decimal

from mdsim.config.settings import Settings
from mdsim.consensus.settings import Bounds, ConsensusSettings


def consensus_of(settings: Settings) -> ConsensusSettings:
    """Method, smoothing and quorum, and the bounds of every instrument that is on."""
    told = settings.consensus
    return ConsensusSettings(
        method=told.method,
        smoothing_ns=told.smoothing_ns,
        quorum=told.quorum,
        bounds={
            symbol: Bounds(
                min_price=_float(one.min_price),
                max_price=_float(one.max_price),
                breaker=float(one.circuit_breaker_threshold),
                depeg_alert=float(one.depeg_alert_threshold),
            )
            for symbol, one in settings.instruments.items()
        },
    )


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
