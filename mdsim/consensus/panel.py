"""The sources of one instrument, from their votes to a judgement."""

from __future__ import annotations

from collections.abc import Sequence

from mdsim.consensus import confidence, means
from mdsim.consensus.breaker import Breaker
from mdsim.consensus.centre import Centre, bps, median
from mdsim.consensus.leading import Lead, nobody, speaker, spread_bps
from mdsim.consensus.member import Member
from mdsim.consensus.outbox import Outbox
from mdsim.consensus.settings import ROBUST, ConsensusSettings
from mdsim.consensus.smoothing import Smoothed
from mdsim.consensus.trial import Trial
from mdsim.core.sourcing import Judgement
from mdsim.core.time import SECOND

UNDECIDED_MOST_BPS = 500.0
"""Two sources farther apart than this, with nothing that decides between them, give no first price."""


class Panel:
    """What is agreed on one instrument.

    Attributes:
        judged: the present judgement.
        agreed: the price before the breaker, 0.0 when nobody counts.
        expires_ns: the first instant at which a vote runs out.
        members: by source, aggregators among them.
    """

    def __init__(
        self,
        symbol: str,
        members: Sequence[Member],
        settings: ConsensusSettings,
        outbox: Outbox,
        lead: Lead = nobody,
        *,
        stable: bool,
    ) -> None:
        self.symbol = symbol
        self.members = {member.terms.name: member for member in members}
        self._independent = [member for member in members if not member.terms.aggregator]
        self._aggregators = [member for member in members if member.terms.aggregator]
        self._settings = settings
        self._outbox = outbox
        self._lead = lead
        self._apart_bps = 0.0  # between the aggregators, while one of them stands in
        self._robust = settings.method == ROBUST
        self._trial = Trial(symbol, settings.limits, outbox, stable=stable)
        self._smoothed = Smoothed(settings.smoothing_ns)
        self._breaker = Breaker(settings.bounds_of(symbol).breaker, settings.limits)
        self._told: dict[str, str] = {}
        self._enough = min(2, max(1, len(self._independent)))
        self.agreed = 0.0
        self._remembered = 0.0
        self._remembered_ns = -1
        self.expires_ns = -1
        self.judged = Judgement(symbol, 0.0, 0.0, 0.0, 0.0, 0, len(members), "STALE", "no report yet", -1)

    def judge(self, now_ns: int, agreed: Sequence[Judgement], implied: float | None) -> bool:
        """Agree as of now; True when price, interval or state are others than before.

        Args:
            now_ns: the present.
            agreed: the judgements of all instruments, for conversions.
            implied: what the cross rates say of this one, or None.
        """
        votes = [member for member in self._independent if member.cast(now_ns, agreed)]
        checks = [member for member in self._aggregators if member.cast(now_ns, agreed)]
        cast = [*votes, *checks]
        self.expires_ns = min((vote.expires_ns for vote in cast), default=now_ns + SECOND)
        second = median(sorted(vote.value for vote in checks)) if checks else None
        used, centre = self._used(votes, now_ns, second, implied)
        stands_in = not used and bool(checks)
        if stands_in:
            good, centre = self._used(checks, now_ns, None, implied)
            used = self._speaking(good)
        self._mark(cast, used, stands_in)
        self._tell(now_ns)
        before, self.judged = self.judged, self._judgement(used, centre, now_ns, second, stands_in)
        now = self.judged
        return (before.price, before.interval_bps, before.state) != (now.price, now.interval_bps, now.state)

    def _used(
        self, votes: Sequence[Member], now_ns: int, second: float | None, implied: float | None
    ) -> tuple[list[Member], Centre | None]:
        """The votes that count and their centre; nobody when there are none, or nothing decides."""
        if not votes:
            return [], None
        prior = None
        if self._remembered_ns >= 0 and now_ns - self._remembered_ns <= self._settings.limits.memory_ns:
            prior = self._remembered
        hints = [hint for hint in (prior, second) if hint is not None]
        centre = self._trial.locate(votes, hints)
        if not self._robust:
            kept = means.within_two_sigma([vote.value for vote in votes])
            for vote, keep in zip(votes, kept, strict=True):
                if not keep:
                    vote.reason, vote.detail = "outlier", "beyond two standard deviations"
            return [vote for vote, keep in zip(votes, kept, strict=True) if keep], centre
        if centre.split and not centre.decided and not hints and centre.limit_bps > UNDECIDED_MOST_BPS:
            for vote in votes:
                vote.reason, vote.detail = "split", f"{vote.value:.10g}, and nothing decides"
            return [], centre
        used = self._trial.try_all(votes, centre, now_ns, implied, prior)
        if not used and any(not vote.kept_out for vote in votes):
            # The side that was believed has just been expelled: the other one is heard now.
            centre = self._trial.locate(votes, hints)
            used = self._trial.try_all(votes, centre, now_ns, implied, prior)
        return used, centre

    def _speaking(self, good: Sequence[Member]) -> list[Member]:
        """Of the aggregators that are good the one that leads; the others stand by."""
        if not good:
            return []
        ordered = [member for member in self._aggregators if member in good]
        first = speaker(ordered, self._lead(self.symbol))
        self._apart_bps = spread_bps(first.value, ordered)
        for member in ordered:
            if member is not first:
                member.reason, member.detail = "aggregator", f"stands by behind {first.terms.name}"
        return [first]

    def _mark(self, cast: Sequence[Member], used: Sequence[Member], stands_in: bool) -> None:
        for vote in used:
            vote.reason = vote.detail = ""
            vote.counted += 1
        if not stands_in:
            for vote in cast:
                if vote.terms.aggregator:
                    vote.reason, vote.detail = "aggregator", "cross-checks the others, without a vote"

    def _tell(self, now_ns: int) -> None:
        """Reject once, when the reason appears, not in every cycle."""
        told = self._told
        for name, member in self.members.items():
            reason = member.reason
            if told.get(name, "silent") != reason:
                told[name] = reason
                if reason and reason not in ("silent", "aggregator"):
                    self._outbox.reject(name, self.symbol, now_ns, reason, member.detail)

    def _judgement(
        self,
        used: Sequence[Member],
        centre: Centre | None,
        now_ns: int,
        second: float | None,
        stands_in: bool,
    ) -> Judgement:
        before, total = self.judged, len(self.members)
        if not used:
            self.agreed = 0.0
            why = self._why() or "no source reports it"
            state = "STALE"
            if self._breaker.open:
                state, why = "HALTED", f"{self._breaker.why}; and now {why}"
            return Judgement(
                self.symbol, before.price, before.smoothed, before.interval_bps, 0.0, 0, total, state, why,
                before.updated_ns,
            )  # fmt: skip
        values = [vote.value for vote in used]
        weighing = self._weights(used)
        price = means.robust(values, weighing) if self._robust else means.weighted(values, weighing)
        self.agreed = self._remembered = price
        self._remembered_ns = now_ns
        groups = 1 if stands_in else len(used)
        split = centre is not None and centre.split
        state = "SPLIT" if split else "SINGLE" if groups == 1 else "LIVE"
        smoothed = self._smoothed.follow(price, now_ns)
        unc = [vote.unc_bps for vote in used]
        width_bps = confidence.interval_bps(values, unc, weighing)
        if stands_in:
            width_bps = max(width_bps, self._apart_bps)
        if split and centre is not None:
            width_bps = max([width_bps, *(bps(vote.value, price) for vote in self._fresh())])
        fresh = [confidence.freshness(vote.age_ns, vote.terms.max_age_ns) for vote in used]
        sure = confidence.score(width_bps, fresh, weighing, self._settings.quorum, groups)
        contradicted = second is not None and not stands_in and bps(second, price) > self._far(centre)
        if contradicted:
            sure /= 2.0
        why = "" if state == "LIVE" else self._reason(state, used, stands_in)
        if contradicted and why:
            why += "; the aggregators contradict"
        watched = smoothed if self._settings.smoothing_ns else price
        newest_ns = max(vote.recv_ns for vote in used)
        was_open = self._breaker.open
        if not self._breaker.check(watched, groups >= self._enough and not split, now_ns):
            self._news(was_open, price, now_ns)
            return Judgement(
                self.symbol, before.price, before.smoothed, width_bps, 0.0, groups, total, "HALTED",
                self._breaker.why, before.updated_ns,
            )  # fmt: skip
        self._news(was_open, price, now_ns)
        return Judgement(self.symbol, price, smoothed, width_bps, sure, groups, total, state, why, newest_ns)

    def _weights(self, used: Sequence[Member]) -> list[float]:
        if self._robust and len(used) <= 3:
            return [1.0] * len(used)  # the middle of so few does not depend on weights
        return means.weights([vote.weight for vote in used], [vote.terms.priority for vote in used])

    def _fresh(self) -> list[Member]:
        return [member for member in self._independent if member.reason in ("", "split")]

    def _far(self, centre: Centre | None) -> float:
        floor_bps = self._settings.limits.outlier_floor_bps
        return floor_bps if centre is None else max(floor_bps, centre.limit_bps)

    def _news(self, was_open: bool, price: float, now_ns: int) -> None:
        if was_open != self._breaker.open:
            state = "open" if self._breaker.open else "closed"
            data = {"state": state, "reason": self._breaker.why, "agreed": f"{price:.10g}"}
            self._outbox.alert("circuit_breaker", self.symbol, now_ns, data)
            if not self._breaker.open:
                self._smoothed.restart()

    def _reason(self, state: str, used: Sequence[Member], stands_in: bool) -> str:
        rest = self._why()
        tail = f" ({rest})" if rest else ""
        names = ", ".join(vote.terms.name for vote in used)
        if state == "SPLIT":
            said = ", ".join(f"{vote.terms.name} {vote.value:.10g}" for vote in self._fresh())
            return f"no majority: {said}; {names} counts" if said else f"no majority; {names} counts"
        if stands_in:
            return f"{names} stands in for the exchanges{tail}"
        return f"{names} alone counts{tail}"

    def _why(self) -> str:
        return ", ".join(
            f"{name}: {member.reason}"
            for name, member in self.members.items()
            if member.reason and member.reason != "aggregator"
        )
