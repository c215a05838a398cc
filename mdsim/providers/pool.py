"""Every live source of a market: run, restarted, watched, and read as one ``ReportSource``."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec
import trio

from mdsim.core.impairing import Disturbance, Injection, PipelineMaker
from mdsim.core.sourcing import Report, SourceTerms
from mdsim.core.time import MS, SECOND
from mdsim.providers.backoff import Backoff
from mdsim.providers.failover import Failover
from mdsim.providers.handling import WireHandling
from mdsim.providers.poll import PollSource
from mdsim.providers.session import REST
from mdsim.providers.source import Source, SourceSpec, Surroundings
from mdsim.providers.stream import StreamSource
from mdsim.providers.waiting import wait
from mdsim.providers.wire import WirePipeline

MOST_QUEUED = 100_000
"""Reports that nobody has drained: three seconds at the fastest. Past it the oldest go, counted."""
LOOK_NS = SECOND


class SourceState(msgspec.Struct, frozen=True):
    """How one source does, for ``/debug/data-sources/status`` and metrics.

    Attributes:
        state: ``connecting``, ``live``, ``stale``, ``waiting``, ``limited`` or ``off``; ``reason``: why.
        age_ns: since its newest report; None before the first.
        refused: instruments that it does not list.
        leads: instruments that it leads.
    """

    name: str
    provider: str
    kind: str
    tier: str
    priority: int
    symbols: tuple[str, ...]
    state: str
    reason: str
    age_ns: int | None
    updates: int
    messages: int
    errors: dict[str, int]
    gaps: int
    resyncs: int
    connections: int
    replaced: int
    duplicates: int
    limited: int
    refused: dict[str, str]
    leads: tuple[str, ...]


class LiveSources:
    """``ReportSource`` of live connections.

    Attributes:
        dropped: reports lost because nobody drained them in time.
        restarted: sources that broke by a mistake of ours and were started again.
        first: set when the first report has come.
    """

    def __init__(
        self,
        specs: Sequence[SourceSpec],
        around: Surroundings,
        pipelines: PipelineMaker,
        most_queued: int = MOST_QUEUED,
    ) -> None:
        self._around = around
        self._most = most_queued
        self._make_pipeline = pipelines
        self._pipelines: dict[str, WirePipeline] = {}
        self._told: list[Injection] = []
        self._queue: deque[Report] = deque()
        self._specs = tuple(specs)
        self._sources: dict[str, Source] = {spec.name: self._make(spec) for spec in specs}
        self._failover = Failover([spec.terms for spec in specs], around.now())
        self.dropped = self.restarted = 0
        self.first = trio.Event()

    @property
    def terms(self) -> tuple[SourceTerms, ...]:
        """The sources in the order of the configuration, without instruments that they refused."""
        found = []
        for source in self._sources.values():
            terms, refused = source.spec.terms, source.health.refused
            symbols = tuple(symbol for symbol in terms.symbols if symbol not in refused)
            found.append(
                SourceTerms(
                    terms.name,
                    terms.kind,
                    terms.tier,
                    terms.priority,
                    terms.aggregator,
                    terms.max_age_ns,
                    symbols,
                )
            )
        return tuple(found)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is missing, for people."""
        return tuple(
            f"{name} does not report {symbol}: {reason}"
            for name, source in self._sources.items()
            for symbol, reason in source.health.refused.items()
        )

    def drain(self, now_ns: int) -> Sequence[Report]:
        """Every report received up to ``now_ns`` that was not given yet, by time of receipt."""
        queue, given = self._queue, []
        while queue and queue[0].ts_recv_ns <= now_ns:
            given.append(queue.popleft())
        return given

    @property
    def queued(self) -> int:
        """Reports that wait to be drained."""
        return len(self._queue)

    def lead(self, symbol: str) -> str:
        """The source that leads for an instrument, empty while none is well."""
        return self._failover.lead(symbol)

    def disturb(self, disturbances: Sequence[Disturbance]) -> None:
        """Let these, and only these, act at the wire from now on; each names its source."""
        acting: dict[str, list[Disturbance]] = {name: [] for name in self._pipelines}
        for one in disturbances:
            if one.source in self._sources:
                acting.setdefault(one.source, []).append(one)
        for name, found in acting.items():
            pipeline = self._pipelines.get(name)
            if pipeline is None:
                handling = WireHandling(self._sources[name].spec.instruments)
                pipeline = self._pipelines[name] = self._make_pipeline(found, handling, name)
            else:
                pipeline.disturb(found)
            self._sources[name].tap.disturb(pipeline if found else None)
            if not found:
                self._told += pipeline.injections()
                del self._pipelines[name]

    def injections(self) -> Sequence[Injection]:
        """What disturbances have done since the last call."""
        told, self._told = self._told, []
        return told + [one for pipeline in self._pipelines.values() for one in pipeline.injections()]

    async def settled(self) -> None:
        """Wait until every source has said what it does not list, or speaks, or is off."""
        while not all(source.health.state == "off" or source.settled for source in self._sources.values()):
            await wait(trio.Event(), self._around.now() + 20 * MS, self._around.now)

    async def run(self) -> None:
        """Keep every source alive until cancelled; none takes another or the caller along."""
        async with trio.open_nursery() as nursery:
            for spec in self._specs:
                nursery.start_soon(self._keep, spec)
            while True:
                await wait(trio.Event(), self._around.now() + LOOK_NS, self._around.now)
                self._look()

    def status(self) -> tuple[SourceState, ...]:
        """How every source does, in the order of the configuration."""
        return tuple(self._state(source) for source in self._sources.values())

    # ------------------------------------------------------------ inside

    def _make(self, spec: SourceSpec) -> Source:
        kind = PollSource if spec.offer.kind == REST else StreamSource
        return kind(spec, self._around, self._take)

    async def _keep(self, spec: SourceSpec) -> None:
        """Run one source, and again when it broke: its error is told, with its type alone."""
        source, around = self._sources[spec.name], self._around
        backoff = Backoff(around.rng(f"{spec.name}/restart"))
        while True:
            started_ns = around.now()
            try:
                await source.run()
            except Exception as error:
                self.restarted += 1
                self._failover.failed(spec.name)
                source.broken(_innermost(error))
                await wait(
                    trio.Event(), around.now() + backoff.next_ns(around.now() - started_ns), around.now
                )
            else:
                return

    def _take(self, reports: Sequence[Report]) -> None:
        if not self.first.is_set():
            self.first.set()
        queue = self._queue
        for report in reports:
            if len(queue) >= self._most:
                queue.popleft()
                self.dropped += 1
            queue.append(report)

    def _look(self) -> None:
        now_ns = self._around.now()
        for name, source in self._sources.items():
            if source.health.state in ("waiting", "off"):
                self._failover.failed(name)
            for symbol in source.health.refused:
                self._failover.refused(name, symbol)
            for symbol, last_ns in source.health.last_ns.items():
                if source.health.state == "live":
                    self._failover.heard(name, symbol, last_ns)
        for event in self._failover.look(now_ns):
            self._around.tell(event)

    def _state(self, source: Source) -> SourceState:
        now_ns, spec, health, counters = self._around.now(), source.spec, source.health, source.counters
        newest = max(health.last_ns.values(), default=None)
        age_ns = None if newest is None else max(0, now_ns - newest)
        state, reason = health.state, health.reason
        limited = source.quota.state(now_ns)
        if state == "live" and age_ns is not None and age_ns > spec.max_age_ns:
            state, reason = "stale", "nothing new comes"
        if limited and state != "off":
            state, reason = ("limited" if state != "live" else state), limited
        if health.failed and state not in ("live", "off"):
            reason = f"{reason}; {health.failed}" if reason else health.failed
        symbols = tuple(item.symbol for item in spec.instruments if item.symbol not in health.refused)
        return SourceState(
            name=spec.name,
            provider=spec.provider.name,
            kind=spec.offer.kind,
            tier=spec.tier,
            priority=spec.priority,
            symbols=symbols,
            state=state,
            reason=reason,
            age_ns=age_ns,
            updates=counters.reports,
            messages=counters.messages,
            errors=dict(sorted(counters.errors.items())),
            gaps=counters.gaps,
            resyncs=counters.resyncs,
            connections=health.connections,
            replaced=health.replaced,
            duplicates=health.duplicates,
            limited=source.quota.limited,
            refused=dict(health.refused),
            leads=tuple(symbol for symbol in symbols if self.lead(symbol) == spec.name),
        )


def _innermost(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return type(error).__name__
