"""The entry of the room: reports in, one judgement an instrument out."""

from __future__ import annotations

from collections.abc import Sequence

from mdsim.consensus import derived
from mdsim.consensus.leading import Lead, nobody
from mdsim.consensus.member import Member
from mdsim.consensus.outbox import Alert, Outbox
from mdsim.consensus.panel import Panel
from mdsim.consensus.pegs import Peg, PegState
from mdsim.consensus.routes import Map, dollar_like
from mdsim.consensus.settings import ConsensusSettings
from mdsim.consensus.slot import Slot
from mdsim.consensus.standing import Standing, standing
from mdsim.core.instruments import Catalogue
from mdsim.core.sourcing import Judgement, Rejection, Report, SourceTerms
from mdsim.core.time import SECOND


class Consensus:
    """Hears what sources say and agrees, once a cycle, on what they mean.

    Attributes:
        unknown: reports of a source or a symbol that nobody announced.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        terms: Sequence[SourceTerms],
        settings: ConsensusSettings | None = None,
        lead: Lead = nobody,
    ) -> None:
        """Make the room of these instruments and sources.

        Args:
            catalogue: what is priced; symbols of ``terms`` that it does not hold are passed over.
            terms: the sources, each with the symbols it reports.
            settings: method and limits, the defaults when None.
            lead: who leads for an instrument, which matters where aggregators alone price it.
        """
        self._settings = settings = settings or ConsensusSettings()
        self._catalogue = catalogue
        self._outbox = Outbox()
        self._slots: dict[tuple[str, str], Slot] = {
            (source.name, symbol): Slot(
                source, symbol, catalogue.index[symbol], settings.bounds_of(symbol), settings.limits
            )
            for source in terms
            for symbol in source.symbols
            if symbol in catalogue
        }
        paths = Map(catalogue, terms, self._slots)
        self._order = paths.order
        self._users = paths.users
        by_name = {source.name: source for source in terms}
        self._panels = [
            Panel(
                item.symbol,
                [Member(by_name[name], item.symbol, routes) for name, routes in paths.routes[at].items()],
                settings,
                self._outbox,
                lead,
                stable=dollar_like(item.base) and dollar_like(item.quote),
            )
            for at, item in enumerate(catalogue)
        ]
        told = [bool(routes) for routes in paths.routes]
        self._legs = [
            derived.legs_of(catalogue, item, told, perpetual=settings.perpetual_from_spot and not told[at])
            for at, item in enumerate(catalogue)
        ]
        self._told = told
        for at, legs in enumerate(self._legs):
            for leg in () if legs is None else legs.places():
                self._users[leg].append(at)
        # A stablecoin derived from other instruments comes after them.
        self._order = (*(at for at in paths.order if told[at]), *(at for at in paths.order if not told[at]))
        self._pegs = self._make_pegs()
        self._judged = [panel.judged for panel in self._panels]
        self._dirty = [True] * len(catalogue)
        self._second = self._watched = -1
        self._now_ns = -1
        self._begun_ns = -1
        self.unknown = 0

    def take(self, report: Report) -> None:
        """Hear a report; what is wrong with it by itself is refused here, with a rejection."""
        slot = self._slots.get((report.source, report.symbol))
        if slot is None:
            self.unknown += 1
            detail = "nobody announced this source with this symbol"
            self._outbox.reject(report.source, report.symbol, report.ts_recv_ns, "unknown", detail)
            return
        refusal = slot.take(report)
        if refusal is not None:
            self._outbox.reject(report.source, report.symbol, report.ts_recv_ns, *refusal)
            return
        dirty = self._dirty
        for at in slot.targets:
            dirty[at] = True

    def judge(self, now_ns: int) -> None:
        """Agree on every instrument as of ``now_ns``; cheap for those of which nothing changed."""
        self._now_ns = now_ns
        second = now_ns // SECOND
        if second != self._second:
            self._second = second
            if self._begun_ns < 0:
                self._begun_ns = now_ns
            self._dirty = [True] * len(self._dirty)
            self._look_for_silence(now_ns)
        told, dirty, panels = self._told, self._dirty, self._panels
        for at in self._order:
            if dirty[at] or (told[at] and now_ns > panels[at].expires_ns):
                dirty[at] = False
                self._judge(at, now_ns)
        if second != self._watched:
            self._watched = second  # once a second is enough for what takes minutes
            for peg, slot, panel in self._pegs:
                self._watch(peg, slot, panel, now_ns)

    def judgement(self, at: int) -> Judgement:
        """What was agreed on instrument ``at`` of the catalogue."""
        return self._judged[at]

    def source_updated_ns(self, at: int, source: str) -> int | None:
        """When a source last told instrument ``at``, directly or through a conversion; None for never."""
        member = self._panels[at].members.get(source)
        newest_ns = -1 if member is None else member.newest_ns()
        return newest_ns if newest_ns >= 0 else None

    def rejections(self) -> list[Rejection]:
        """What did not count since the last call, oldest first; a lasting reason is told once."""
        return self._outbox.rejections()

    def events(self) -> list[Alert]:
        """News since the last call: source_stale, anomaly, circuit_breaker, depeg_alert."""
        return self._outbox.alerts()

    @property
    def dropped(self) -> int:
        """Rejections and events that were not kept because nobody took those before."""
        return self._outbox.rejections_dropped + self._outbox.alerts_dropped

    def standing(self, source: str, symbol: str) -> Standing | None:
        """How a source stands on an instrument, None when it cannot price it."""
        at = self._catalogue.index.get(symbol)
        member = None if at is None else self._panels[at].members.get(source)
        if at is None or member is None:
            return None
        return standing(member, self._panels[at].agreed, self._now_ns)

    def pegs(self) -> list[PegState]:
        """How every stablecoin stands: the agreed price first, then each venue's own."""
        return [
            PegState(
                panel.symbol,
                "" if slot is None else slot.terms.name,
                peg.state,
                peg.deviation_bps,
                peg.since_ns,
            )
            for peg, slot, panel in self._pegs
        ]

    def _judge(self, at: int, now_ns: int) -> None:
        legs, panel, before = self._legs[at], self._panels[at], self._judged[at]
        if self._told[at]:
            implied = None if legs is None else derived.implied(legs, self._judged)
            panel.judge(now_ns, self._judged, implied)
            judged = panel.judged
            if judged.state == "STALE" and legs is not None and derived.stand(legs, self._judged):
                judged = derived.derive(legs, self._judged, judged)
        elif legs is not None:
            judged = derived.derive(legs, self._judged, before)
        else:
            return
        self._judged[at] = judged
        if (judged.price, judged.state, judged.interval_bps) != (
            before.price,
            before.state,
            before.interval_bps,
        ):
            for user in self._users[at]:
                self._dirty[user] = True

    def _make_pegs(self) -> list[tuple[Peg, Slot | None, Panel]]:
        pegs: list[tuple[Peg, Slot | None, Panel]] = []
        for at, item in enumerate(self._catalogue):
            if item.usd_spot and dollar_like(item.base):
                alert = self._settings.bounds_of(item.symbol).depeg_alert
                own = [
                    slot
                    for slot in self._slots.values()
                    if slot.symbol == item.symbol and not slot.terms.aggregator
                ]
                pegs += [(Peg(alert, self._settings.limits), slot, self._panels[at]) for slot in (None, *own)]
        return pegs

    def _watch(self, peg: Peg, slot: Slot | None, panel: Panel, now_ns: int) -> None:
        if slot is None:
            price = panel.agreed
        else:
            fresh = slot.recv_ns >= 0 and now_ns - slot.told_ns <= slot.terms.max_age_ns
            price = slot.mid if fresh else 0.0
        if price > 0.0:
            was = peg.state
            if peg.hear(price, now_ns):
                source = "" if slot is None else slot.terms.name
                data = {
                    "scope": f"venue {source}" if source else "global",
                    "source": source,
                    "state": peg.state,
                    "was": was,
                    "deviation_bps": f"{peg.deviation_bps:.1f}",
                }
                self._outbox.alert("depeg_alert", panel.symbol, now_ns, data)

    def _look_for_silence(self, now_ns: int) -> None:
        for (source, symbol), slot in self._slots.items():
            last_ns = max(slot.recv_ns, self._begun_ns)
            limit_ns = max(self._settings.limits.alert_after_ns, slot.terms.max_age_ns)
            silent = now_ns - last_ns > limit_ns
            if silent != slot.silent:
                slot.silent = silent
                data = {
                    "source": source,
                    "state": "stale" if silent else "back",
                    "silent_s": f"{(now_ns - last_ns) / SECOND:.1f}",
                }
                self._outbox.alert("source_stale", symbol, now_ns, data)
