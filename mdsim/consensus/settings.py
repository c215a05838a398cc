"""What the room is told: the method, what holds for each instrument, and the limits of every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mdsim.core.time import MINUTE, SECOND

ROBUST = "robust"
TWO_SIGMA = "two_sigma"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is set for one instrument.

    Attributes:
        min_price, max_price: a source's price outside is refused; None for no bound.
        breaker: change of the agreed price within a minute that halts it, as a fraction.
        depeg_alert: distance of a stablecoin from its peg that counts as stress, as a fraction.
    """

    min_price: float | None = None
    max_price: float | None = None
    breaker: float = 0.20
    depeg_alert: float = 0.005


@dataclass(frozen=True, slots=True)
class Limits:
    """Figures of the steps that no user needs to set; docs/consensus.md says where they come from.

    Attributes:
        clock_ahead_ns: a source's clock may run this far before ours.
        widest_bps: half of a quoted spread beyond which a quote says nothing.
        outlier_floor_bps: distance from the centre that is never an outlier.
        outlier_cap_bps: distance that always is one.
        outlier_deviations: robust standard deviations between the two.
        cross_bps: distance from the cross rate that is let pass.
        frozen_after_ns, frozen_lone_ns: how long a price may stand still while its peers move; the second
            holds where there is a single peer.
        frozen_move_bps: movement of the peers that counts as moving.
        dwell_ns: how long a quarantined source must have been good.
        memory_ns: for how long the last agreed price helps to decide.
        alert_after_ns: silence of a source that is told as ``source_stale``.
        breaker_window_ns: span over which the breaker compares.
        breaker_return_ns: calm at the old level that ends a halt.
        breaker_settle_ns: calm at a new level that ends a halt.
        stressed_after_ns, depegged_after_ns: how long a stablecoin must be off; ``depegged_times`` the alert
            distance counts as lost.
    """

    clock_ahead_ns: int = 2 * SECOND
    widest_bps: float = 2_500.0
    outlier_floor_bps: float = 50.0
    outlier_cap_bps: float = 1_000.0
    outlier_deviations: float = 6.0
    cross_bps: float = 100.0
    frozen_after_ns: int = 3 * SECOND
    frozen_lone_ns: int = 10 * SECOND
    frozen_move_bps: float = 10.0
    dwell_ns: int = 5 * SECOND
    memory_ns: int = MINUTE
    alert_after_ns: int = 30 * SECOND
    breaker_window_ns: int = MINUTE
    breaker_return_ns: int = 5 * SECOND
    breaker_settle_ns: int = 30 * SECOND
    stressed_after_ns: int = MINUTE
    depegged_after_ns: int = 5 * MINUTE
    depegged_times: float = 4.0


@dataclass(frozen=True, slots=True)
class ConsensusSettings:
    """How several prices become one.

    Attributes:
        method: ``robust`` or ``two_sigma``.
        smoothing_ns: half-life of the smoothed price, 0 for off.
        quorum: independent sources that full confidence needs.
        bounds: by symbol; an instrument that is not named has the defaults.
        perpetual_from_spot: a perpetual that no source reports is priced as its spot; otherwise it has no
            price here.
    """

    method: str = ROBUST
    smoothing_ns: int = 0
    quorum: int = 3
    bounds: Mapping[str, Bounds] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    perpetual_from_spot: bool = True

    def __post_init__(self) -> None:
        if self.method not in (ROBUST, TWO_SIGMA):
            raise ValueError(f"unknown method {self.method!r}: robust or two_sigma")
        if self.quorum < 1 or self.smoothing_ns < 0:
            raise ValueError("quorum is at least 1 and smoothing_ns at least 0")

    def bounds_of(self, symbol: str) -> Bounds:
        """What is set for an instrument."""
        return self.bounds.get(symbol) or Bounds()
