"""The gates that one report passes alone, and what is kept of the last one that passed."""

from __future__ import annotations

from math import isfinite

from mdsim.consensus.settings import Bounds, Limits
from mdsim.core.sourcing import Report, SourceTerms
from mdsim.core.time import SECOND

LARGEST = 1e18
SMALLEST = 1e-18
"""No prices of anything: past them products and quotients of prices lose their meaning."""

Refusal = tuple[str, str]
"""A stable word and a detail for people."""


class Slot:
    """What one source last said of one symbol.

    Attributes:
        mid: in quote units, 0.0 before the first report.
        half_bps: half of the quoted spread in bps of the mid; -1.0 for a source of single prices.
        told_ns: when it was true: the source's own time if it lies before receipt, otherwise receipt.
        recv_ns: receipt of the last report that passed, -1 before the first.
        changed_ns: receipt of the report that last changed ``mid``; ``repeats`` reports since said the same.
        volume: base units of a day, 0.0 for unknown.
        received, refused: reports so far, and how many of them were refused here.
        refusal: why the newest report was refused, None when it was not.
    """

    __slots__ = (
        "_bounds",
        "_limits",
        "at",
        "changed_ns",
        "event_ns",
        "half_bps",
        "mid",
        "received",
        "recv_ns",
        "refusal",
        "refused",
        "repeats",
        "seq",
        "silent",
        "symbol",
        "targets",
        "terms",
        "told_ns",
        "volume",
    )

    def __init__(self, terms: SourceTerms, symbol: str, at: int, bounds: Bounds, limits: Limits) -> None:
        self.terms = terms
        self.symbol = symbol
        self.at = at
        self._bounds = bounds
        self._limits = limits
        self.mid = 0.0
        self.half_bps = -1.0
        self.volume = 0.0
        self.told_ns = self.recv_ns = self.changed_ns = -1
        self.event_ns = 0
        self.seq = 0
        self.repeats = 0
        self.received = 0
        self.refused = 0
        self.refusal: Refusal | None = None
        self.silent = False
        self.targets: tuple[int, ...] = ()
        """Instruments whose price may depend on this slot."""

    def take(self, report: Report) -> Refusal | None:
        """Keep what the report says, or tell why not; what was kept before stands then."""
        self.received += 1
        refusal = self._order(report) or self._price(report)
        if refusal is not None:
            self.refused += 1
        self.refusal = refusal
        return refusal

    def _order(self, report: Report) -> Refusal | None:
        """Clock, age and sequence."""
        event_ns, recv_ns, seq = report.ts_event_ns, report.ts_recv_ns, report.seq
        limit_ns = self.terms.max_age_ns
        if event_ns > 0:
            late_ns = recv_ns - event_ns
            if -late_ns > self._limits.clock_ahead_ns:
                return "skew", f"its clock is {-late_ns / SECOND:.3g} s ahead of ours"
            if late_ns > limit_ns:
                seconds = f"{late_ns / SECOND:.3g} s"
                return "late", f"{seconds} old on arrival, {limit_ns / SECOND:g} s allowed"
        # A source that was silent for longer than its limit may have begun to count anew.
        if self.recv_ns >= 0 and recv_ns - self.recv_ns <= limit_ns:
            if seq and seq <= self.seq:
                return "sequence", f"number {seq} after {self.seq}"
            if not seq and 0 < event_ns < self.event_ns:
                return "sequence", f"{(self.event_ns - event_ns) / SECOND:.3g} s older than the one before"
        return None

    def _price(self, report: Report) -> Refusal | None:
        """Shape of the price; keeps it when nothing is wrong."""
        bid, ask, last = report.bid, report.ask, report.last
        try:
            if bid is not None and ask is not None:
                low, high = float(bid), float(ask)
                if not (SMALLEST < low < LARGEST and SMALLEST < high < LARGEST):
                    return _no_price(low if not SMALLEST < low < LARGEST else high)
                if low > high:
                    return "crossed", f"bid {low:.10g} over ask {high:.10g}"
                mid = (low + high) * 0.5
                half_bps = (high - low) / mid * 5_000.0
                if half_bps > self._limits.widest_bps:
                    return "wide", f"bid {low:.10g} and ask {high:.10g} lie {2 * half_bps / 100:.0f} % apart"
            elif last is not None:
                mid, half_bps = float(last), -1.0
                if not SMALLEST < mid < LARGEST:
                    return _no_price(mid)
            else:
                return "empty", "neither two sides nor a last price"
            volume = 0.0 if report.volume_24h is None else float(report.volume_24h)
        except (ValueError, OverflowError):  # a signalling NaN
            return "not_finite", "not a number"
        bounds = self._bounds
        if bounds.min_price is not None and mid < bounds.min_price:
            return "bounds", f"{mid:.10g} is under min_price {bounds.min_price:.10g}"
        if bounds.max_price is not None and mid > bounds.max_price:
            return "bounds", f"{mid:.10g} is over max_price {bounds.max_price:.10g}"
        recv_ns, event_ns = report.ts_recv_ns, report.ts_event_ns
        if mid != self.mid:
            self.mid = mid
            self.changed_ns = recv_ns
            self.repeats = 0
        else:
            self.repeats += 1
        self.half_bps = half_bps
        self.volume = volume if 0.0 < volume < LARGEST else 0.0
        self.seq = report.seq
        self.event_ns = event_ns
        self.recv_ns = recv_ns
        self.told_ns = event_ns if 0 < event_ns < recv_ns else recv_ns
        return None


def _no_price(value: float) -> Refusal:
    if not isfinite(value):
        return "not_finite", f"{value} is no price"
    if value <= 0.0:
        return "not_positive", f"{value:.10g} is no price"
    return "too_large" if value > 1.0 else "too_small", f"{value:.3g} is no price of anything"
