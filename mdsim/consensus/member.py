"""One source's vote on one instrument, and what is remembered of it between two judgements."""

from __future__ import annotations

from collections.abc import Sequence

from mdsim.consensus.routes import Route
from mdsim.core.sourcing import Judgement, SourceTerms
from mdsim.core.time import SECOND

UNQUOTED_BPS = 2.0
"""Uncertainty of a price without two sides."""
LEAST_BPS = 0.5
"""No quote is surer than this, however narrow it is."""


class Member:
    """A source on the panel of an instrument.

    Attributes:
        value: its price converted to the instrument's quote, in force when ``cast`` was true.
        unc_bps: half of its spread and the uncertainty of every conversion.
        weight: volume of a day (0.0 unknown); ``expires_ns``: the last instant at which the vote holds.
        told_ns, recv_ns, changed_ns, repeats: of the slot that it rests on.
        away_bps: distance from the centre, set by the panel.
        reason, detail: why it does not count now, empty when it does.
        kept_out: the reason of its quarantine, empty outside; ``calm_ns``: since when it was good, -1 not.
        anchor, anchor_ns: what the peers said when its price last changed.
        counted: judgements in which it counted; ``expelled``: times it was quarantined.
    """

    __slots__ = (
        "age_ns",
        "anchor",
        "anchor_ns",
        "away_bps",
        "calm_ns",
        "changed_ns",
        "counted",
        "detail",
        "expelled",
        "expires_ns",
        "kept_out",
        "reason",
        "recv_ns",
        "repeats",
        "routes",
        "symbol",
        "terms",
        "told_ns",
        "unc_bps",
        "value",
        "weight",
    )

    def __init__(self, terms: SourceTerms, symbol: str, routes: tuple[Route, ...]) -> None:
        self.terms = terms
        self.symbol = symbol
        self.routes = routes
        self.value = self.unc_bps = self.weight = self.away_bps = 0.0
        self.age_ns = self.repeats = 0
        self.told_ns = self.recv_ns = self.changed_ns = self.expires_ns = -1
        self.reason, self.detail = "silent", "has not reported it yet"
        self.kept_out = ""
        self.calm_ns = -1
        self.anchor = 0.0
        self.anchor_ns = -1
        self.counted = self.expelled = 0

    def cast(self, now_ns: int, agreed: Sequence[Judgement]) -> bool:
        """Take the first way whose report is fresh; False when there is none, with ``reason`` set."""
        reason, detail = "silent", "has not reported it yet"
        limit_ns = self.terms.max_age_ns
        for route in self.routes:
            slot = route.slot
            if slot.recv_ns < 0:
                continue
            age_ns = now_ns - slot.told_ns
            if age_ns > limit_ns:
                if reason != "unconverted":
                    seconds = f"{age_ns / SECOND:.0f} s"
                    reason, detail = "stale", f"last told {seconds} ago, {limit_ns / SECOND:g} s allowed"
                continue
            if not self._convert(route, now_ns, agreed):
                reason = "unconverted"
                detail = f"no live price to convert {slot.symbol} with"
                continue
            self.age_ns = max(age_ns, 0)
            self.told_ns, self.recv_ns = slot.told_ns, slot.recv_ns
            self.changed_ns, self.repeats = slot.changed_ns, slot.repeats
            self.weight = 0.0 if route.inverted else slot.volume
            self.expires_ns = slot.told_ns + limit_ns
            return True
        self.reason, self.detail = reason, detail
        return False

    def _convert(self, route: Route, now_ns: int, agreed: Sequence[Judgement]) -> bool:
        slot = route.slot
        value = 1.0 / slot.mid if route.inverted else slot.mid
        unc_bps = UNQUOTED_BPS if slot.half_bps < 0.0 else max(slot.half_bps, LEAST_BPS)
        for leg in route.legs:
            local = leg.local
            if local is not None and local.recv_ns >= 0 and now_ns - local.told_ns <= local.terms.max_age_ns:
                rate = local.mid
                unc_bps += UNQUOTED_BPS if local.half_bps < 0.0 else local.half_bps
            else:
                judged = agreed[leg.at]
                if judged.state in ("STALE", "HALTED") or judged.price <= 0.0:
                    return False
                rate = judged.price
                unc_bps += judged.interval_bps
            value = value / rate if leg.divides else value * rate
        self.value, self.unc_bps = value, unc_bps
        return True

    def newest_ns(self) -> int:
        """Receipt of its newest report that can price the instrument, -1 before the first."""
        return max((route.slot.recv_ns for route in self.routes), default=-1)
