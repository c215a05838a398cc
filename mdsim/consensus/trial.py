"""Who counts: every vote is tried against its peers, and quarantined or let back in."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10

from mdsim.consensus.centre import Centre, bps, locate, median
from mdsim.consensus.member import Member
from mdsim.consensus.outbox import Outbox
from mdsim.consensus.settings import Limits
from mdsim.core.time import SECOND

DECIMALS_NEAR = 0.041
"""A factor within 10 % of a power of ten is a slipped decimal point (log10 of 1.1)."""
SAME_SCALE = (0.125, 8.0)
"""Factors that are surely none; most votes lie here, and need no logarithm."""


class Trial:
    """Tries the votes of one instrument; remembers nothing but what stands in the members."""

    def __init__(self, symbol: str, limits: Limits, outbox: Outbox, *, stable: bool) -> None:
        """Make the trial of an instrument.

        Args:
            symbol: the instrument.
            limits: the figures.
            outbox: where quarantines are told.
            stable: it is a stablecoin's price, which may rightly stand still for long.
        """
        self._symbol = symbol
        self._limits = limits
        self._outbox = outbox
        self._stable = stable

    def locate(self, votes: Sequence[Member], hints: Sequence[float]) -> Centre:
        """The centre of all votes if most of them stand together, otherwise of those not in quarantine."""
        unc_bps = median(sorted(vote.unc_bps for vote in votes))
        everyone = sorted(vote.value for vote in votes)
        centre = locate(everyone, self._limits, unc_bps, hints)
        if centre.split:
            free = sorted(vote.value for vote in votes if not vote.kept_out)
            if 0 < len(free) < len(everyone):
                return locate(free, self._limits, unc_bps, hints)
        return centre

    def try_all(
        self,
        votes: Sequence[Member],
        centre: Centre,
        now_ns: int,
        implied: float | None,
        prior: float | None,
    ) -> list[Member]:
        """The votes that count; for the others ``reason`` and ``detail`` are set.

        Args:
            votes: fresh votes of independent groups, or of aggregators that stand in for them.
            centre: from ``locate``.
            now_ns: the present.
            implied: what the cross rates say, None when they say nothing.
            prior: the last agreed price while it helps to decide, otherwise None.
        """
        ordered = sorted(vote.value for vote in votes)
        implied = self._heeded(votes, implied)
        good = []
        for vote in votes:
            vote.away_bps = bps(vote.value, centre.value)
            fault = self._fault(vote, centre, ordered, now_ns, implied, prior)
            if fault is None and not self._back(vote, centre, now_ns):
                continue
            if fault is None:
                good.append(vote)
            elif fault[0] == "split":
                vote.reason, vote.detail = fault
            else:
                self._expel(vote, fault, now_ns)
        if 2 * len(good) <= len(votes):
            # Most have moved one after another and met in a new place: nobody waits for the dwell then.
            for vote in votes:
                if vote.kept_out and vote.calm_ns >= 0:
                    self._release(vote, now_ns)
                    good.append(vote)
            good.sort(key=lambda vote: vote.terms.name)
        return good

    def _fault(
        self,
        vote: Member,
        centre: Centre,
        ordered: Sequence[float],
        now_ns: int,
        implied: float | None,
        prior: float | None,
    ) -> tuple[str, str] | None:
        reference = centre.value if len(ordered) > 1 and centre.decided else prior
        if reference is not None and not SAME_SCALE[0] < vote.value / reference < SAME_SCALE[1]:
            power = log10(vote.value / reference)
            whole = round(power)
            if whole and abs(power - whole) < DECIMALS_NEAR:
                return "decimals", f"{vote.value:.10g} is 10^{whole} times {reference:.10g}"
        frozen = self._frozen(vote, ordered, centre, now_ns)
        if frozen is not None:
            return frozen
        if centre.split and not centre.low <= vote.value <= centre.high:
            return "split", f"{vote.value:.10g} against {centre.value:.10g}, which the last price supports"
        limit_bps = max(centre.limit_bps, min(vote.unc_bps, self._limits.outlier_cap_bps))
        if vote.away_bps > limit_bps:
            return "outlier", f"{vote.away_bps:.1f} bps from {centre.value:.10g}, limit {limit_bps:.1f} bps"
        if implied is not None:
            away_bps, allowed_bps = bps(vote.value, implied), self._limits.cross_bps + vote.unc_bps
            if away_bps > allowed_bps:
                return "cross", f"{away_bps:.1f} bps from the cross rate {implied:.10g}"
        return None

    def _frozen(
        self, vote: Member, ordered: Sequence[float], centre: Centre, now_ns: int
    ) -> tuple[str, str] | None:
        """A price that stood still for seconds while its peers moved.

        The peers are the centre, which one price among three or more cannot move; of two, the other one.
        """
        if len(ordered) < 2:
            return None
        lone = len(ordered) == 2
        peers = sum(ordered) - vote.value if lone else centre.value
        if vote.anchor_ns != vote.changed_ns:
            vote.anchor_ns, vote.anchor = vote.changed_ns, peers
            return None
        if lone and self._stable:
            return None
        if vote.terms.kind == "poll" and vote.repeats < 2:
            return None
        still_ns = now_ns - vote.changed_ns
        if still_ns < (self._limits.frozen_lone_ns if lone else self._limits.frozen_after_ns):
            return None
        moved_bps = bps(peers, vote.anchor)
        if moved_bps <= max(self._limits.frozen_move_bps, 2.0 * vote.unc_bps):
            return None
        return "frozen", f"unchanged for {still_ns / SECOND:.1f} s while others moved {moved_bps:.1f} bps"

    def _heeded(self, votes: Sequence[Member], implied: float | None) -> float | None:
        """The cross rate, unless two or more, and most, contradict it: then it is the one that is wrong."""
        if implied is None:
            return None
        against = sum(bps(vote.value, implied) > self._limits.cross_bps + vote.unc_bps for vote in votes)
        return None if against > 1 and 2 * against > len(votes) else implied

    def _back(self, vote: Member, centre: Centre, now_ns: int) -> bool:
        """Whether a vote without a fault counts: in quarantine it must have been good for a while."""
        if not vote.kept_out:
            return True
        if vote.away_bps > centre.limit_bps / 2.0:
            vote.calm_ns = -1
        elif vote.calm_ns < 0:
            vote.calm_ns = now_ns
        waited_ns = now_ns - vote.calm_ns if vote.calm_ns >= 0 else 0
        if vote.calm_ns >= 0 and waited_ns >= self._limits.dwell_ns:
            self._release(vote, now_ns)
            return True
        vote.reason = vote.kept_out
        dwell = f"{waited_ns / SECOND:.1f} of {self._limits.dwell_ns / SECOND:g} s"
        vote.detail = f"in quarantine: {vote.away_bps:.1f} bps from {centre.value:.10g}, good for {dwell}"
        return False

    def _expel(self, vote: Member, fault: tuple[str, str], now_ns: int) -> None:
        vote.reason, vote.detail = fault
        vote.calm_ns = -1
        if not vote.kept_out:
            vote.expelled += 1
            data = {"source": vote.terms.name, "state": "quarantined", "reason": fault[0], "detail": fault[1]}
            self._outbox.alert("anomaly", self._symbol, now_ns, data)
        vote.kept_out = fault[0]

    def _release(self, vote: Member, now_ns: int) -> None:
        data = {"source": vote.terms.name, "state": "back", "reason": vote.kept_out, "detail": ""}
        self._outbox.alert("anomaly", self._symbol, now_ns, data)
        vote.kept_out, vote.calm_ns = "", -1
