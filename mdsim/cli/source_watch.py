"""What the sources of a served market do, brought to where people look: metrics, log, events, ``/debug``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from mdsim.api.debug import SourceStanding, SourceStatus
from mdsim.consensus.room import Consensus
from mdsim.core.decimals import plain, rounded
from mdsim.core.serving import Published
from mdsim.core.sourcing import Report, SourceTerms
from mdsim.core.time import MS, SECOND
from mdsim.engine.agreed import AgreedFeed
from mdsim.publish.event_desk import EventDesk

if TYPE_CHECKING:
    from mdsim.cli.connections import Connections
    from mdsim.consensus.standing import Standing
    from mdsim.providers.wire import SourceEvent
    from mdsim.telemetry.logs import Log
    from mdsim.telemetry.meters import Window
    from mdsim.telemetry.metrics import Metrics, Readings

_LOG_EVERY_NS = 10 * SECOND
"""A rejection that comes back is logged this often, with how often it came."""
_TROUBLE = ("lost", "refused", "limited", "key_refused", "off", "stale", "failover")
_TOLD = ("lost", "off")
_BY_ROOM = ("stale", "fresh")
"""Logged and told once, by the consensus room, which counts silence in the same way."""
_LOUD = ("circuit_breaker", "depeg_alert", "source_stale")


class SourceWatch:
    """Follows the sources of one market, and the connections behind them where there are any."""

    def __init__(
        self,
        feed: AgreedFeed,
        room: Consensus,
        events: EventDesk,
        metrics: Metrics,
        log: Log,
        connections: Connections | None = None,
    ) -> None:
        self._feed = feed
        self._room = room
        self._events = events
        self._log = log
        self._rejected: Counter[tuple[str, str]] = Counter()
        self._news: Counter[tuple[str, str]] = Counter()
        self._received: Counter[tuple[str, str]] = Counter()
        self._logged_ns: dict[tuple[str, str, str], int] = {}
        self._unlogged: Counter[tuple[str, str, str]] = Counter()
        self._latency: dict[tuple[str, str], Window] = {
            (terms.name, symbol): metrics.window("market_data_source_latency_ms", terms.name, symbol)
            for terms in feed.sources
            for symbol in terms.symbols
        }
        self._last_latency_ns: dict[str, int] = {}
        self._connections = connections
        feed.on_report = self._heard
        metrics.bind("market_data_price_updates_total", self._updates)
        metrics.bind("market_data_price_deviation", self._deviations)
        metrics.bind("market_data_source_errors_total", self._errors_by_kind)

    def look(self, _published: Sequence[Published]) -> None:
        """Once a cycle: what connections and the consensus room have to tell goes out."""
        if self._connections is not None:
            for news in self._connections.take():
                self._tell(news)
        for alert in self._room.events():
            self._events.tell(alert.event, (alert.symbol,), alert.at_ns, alert.data)
            write = self._log.warning if alert.event in _LOUD else self._log.info
            write(alert.event, symbol=alert.symbol, **alert.data)
        for rejection in self._room.rejections():
            self._rejected[rejection.source, rejection.reason] += 1
            key = (rejection.source, rejection.symbol, rejection.reason)
            if rejection.at_ns - self._logged_ns.get(key, -_LOG_EVERY_NS) < _LOG_EVERY_NS:
                self._unlogged[key] += 1
                continue
            self._logged_ns[key] = rejection.at_ns
            self._log.warning(
                "price_rejected",
                source=rejection.source,
                symbol=rejection.symbol,
                reason=rejection.reason,
                detail=rejection.detail,
                not_logged_before=self._unlogged.pop(key, 0),
            )

    def statuses(self) -> Sequence[SourceStatus]:
        """Every source, in the order of the configuration."""
        connected = self._connected()
        return [self._status(terms, connected.get(terms.name)) for terms in self._feed.sources]

    def _connected(self) -> Mapping[str, SourceStatus]:
        return {} if self._connections is None else self._connections.statuses()

    def _status(self, terms: SourceTerms, connection: SourceStatus | None) -> SourceStatus:
        symbols = self._feed.catalogue.symbols
        found = [self._room.standing(terms.name, symbol) for symbol in symbols]
        standings = tuple(_standing(one) for one in found if one is not None)
        own = [one for one in found if one is not None and one.symbol in terms.symbols]
        ages = [one.age_ns for one in own if one.age_ns is not None]
        age_ns = min(ages, default=None)
        state, reason = _state(terms, own, age_ns)
        latency_ns = self._last_latency_ns.get(terms.name)
        if connection is not None and connection.state != "LIVE":
            state, reason = connection.state, connection.reason
        return SourceStatus(
            name=terms.name,
            kind=terms.kind if connection is None else connection.kind,
            state=state,
            priority=terms.priority,
            symbols=terms.symbols,
            age_ns=age_ns,
            latency_ms=None if latency_ns is None else plain(rounded(latency_ns / MS, 3)),
            updates=sum(self._received[terms.name, symbol] for symbol in terms.symbols),
            errors=self._errors(terms.name, connection),
            reason=reason,
            standings=standings,
            tier=terms.tier,
            leads=() if connection is None else connection.leads,
        )

    def _tell(self, news: SourceEvent) -> None:
        """An event of a connection: a line of the log, and for what readers feel, of the events channel."""
        if news.kind in _TROUBLE:
            self._news[news.was or news.source, news.kind] += 1
        if news.kind in _BY_ROOM:
            return
        symbols = (news.symbol,) if news.symbol else ()
        if news.kind == "failover":
            change = {"was": news.was, "leads": news.leads, "detail": news.detail}
            self._log.warning("failover", symbol=news.symbol, **change)
            self._events.tell("failover", symbols, news.at_ns, change)
            return
        fields = {"source": news.source, "detail": news.detail}
        if news.symbol:
            fields["symbol"] = news.symbol
        write = self._log.warning if news.kind in _TROUBLE else self._log.info
        write(f"source_{news.kind}", **fields)
        if news.kind in _TOLD:
            self._events.tell("anomaly", symbols, news.at_ns, {**fields, "kind": news.kind})

    def _heard(self, report: Report) -> None:
        self._received[report.source, report.symbol] += 1
        if report.ts_event_ns:
            late_ns = report.ts_recv_ns - report.ts_event_ns
            self._last_latency_ns[report.source] = late_ns
            window = self._latency.get((report.source, report.symbol))
            if window is not None:
                window.add(late_ns / MS)

    def _errors(self, source: str, connection: SourceStatus | None) -> dict[str, int]:
        """What went wrong with a source, by kind."""
        rejected = Counter({kind: count for (name, kind), count in self._rejected.items() if name == source})
        news = Counter({kind: count for (name, kind), count in self._news.items() if name == source})
        counted = Counter({} if connection is None else connection.errors)
        # News of a kind that the connection counts as well is the same thing told twice.
        return dict(sorted((rejected + (news | counted)).items()))

    def _errors_by_kind(self) -> Readings:
        connected = self._connected()
        return {
            (terms.name, kind): count
            for terms in self._feed.sources
            for kind, count in self._errors(terms.name, connected.get(terms.name)).items()
        }

    def _updates(self) -> Readings:
        return {(symbol, source): count for (source, symbol), count in self._received.items()}

    def _deviations(self) -> Readings:
        found: dict[tuple[str, ...], float] = {}
        for terms in self._feed.sources:
            for symbol in self._feed.catalogue.symbols:
                standing = self._room.standing(terms.name, symbol)
                if standing is not None and standing.deviation_bps is not None:
                    found[symbol, terms.name] = standing.deviation_bps * 1e-4
        return found


def _state(terms: SourceTerms, own: Sequence[Standing], age_ns: int | None) -> tuple[str, str]:
    """One word for a source, and why when it is not live."""
    if age_ns is None:
        return "CONNECTING", "it has not said anything yet"
    if age_ns > terms.max_age_ns:
        return "STALE", f"silent for {age_ns / SECOND:.1f} s, {terms.max_age_ns / SECOND:g} s allowed"
    bad = [one for one in own if one.state in ("rejected", "quarantined")]
    if bad and len(bad) == len(own):
        return "REJECTED", bad[0].detail
    return "LIVE", f"{bad[0].symbol}: {bad[0].detail}" if bad else ""


def _standing(one: Standing) -> SourceStanding:
    price = None if one.price is None else plain(Decimal(f"{one.price:.12g}"))
    return SourceStanding(
        symbol=one.symbol,
        quoted=one.quoted,
        state=one.state,
        reason=one.reason,
        detail=one.detail,
        received=one.received,
        refused=one.refused,
        counted=one.counted,
        expelled=one.expelled,
        price=price,
        deviation_bps=None if one.deviation_bps is None else plain(rounded(one.deviation_bps, 2)),
        age_ns=one.age_ns,
    )
