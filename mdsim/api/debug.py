"""Looking inside a running server: sources, buffers, runs, correlations. Guarded like chaos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from mdsim.api.answers import Amount, CorrelationMatrix, Count, Instant, Span, Utc
from mdsim.api.market_routes import CORRELATIONS, correlation_matrix, require_prices
from mdsim.api.routes import Access, Call, Reply, Route
from mdsim.core.serving import MarketPort, RunInfo, RunsPort
from mdsim.core.time import format_utc

_TAG = "debug"


class SourceStanding(msgspec.Struct, frozen=True):
    """How one source stands on one instrument beside what is agreed.

    `quoted` is what the source itself reports, where a conversion lies between. `state` is `ok`, `silent`,
    `rejected` or `quarantined` (it must be good for a while before it counts again); `reason` is a stable
    word, `detail` says it with figures. `counted` is how often its price counted, `refused` how many of its
    reports were not even heard, `expelled` how often it was quarantined.
    """

    symbol: str
    quoted: str
    state: str
    reason: str
    detail: str
    received: Count
    refused: Count
    counted: Count
    expelled: Count
    price: Amount | None = None
    deviation_bps: Amount | None = None
    age_ns: Span | None = None


class SourceStatus(msgspec.Struct, frozen=True):
    """How one source does. Keys and addresses with keys in them never stand here.

    `kind` is `simulated`, `synthetic`, `replay`, `rest_api` or `websocket`; `state` is one word such as
    `LIVE`, `STALE`, `CONNECTING`, `LIMITED` or `DISABLED`, and `reason` says why when it is not live.
    `errors` counts what was wrong with its answers, by a stable word; `standings` are its instruments.
    `leads` are the instruments for which it is the first choice that is well, by `tier` and `priority`;
    simulated sources lead none.
    """

    name: str
    kind: str
    state: str
    priority: Count
    symbols: tuple[str, ...]
    age_ns: Span | None = None
    latency_ms: Amount | None = None
    updates: Count = 0
    errors: dict[str, int] = {}
    reason: str = ""
    standings: tuple[SourceStanding, ...] = ()
    tier: str = ""
    leads: tuple[str, ...] = ()


class Sources(Protocol):
    """Who knows how the sources do."""

    def __call__(self) -> Sequence[SourceStatus]:
        """Every source, in the order of the configuration."""


class SourcesStatus(msgspec.Struct, frozen=True):
    """Every source, in the order of the configuration."""

    sources: tuple[SourceStatus, ...]


class Buffer(msgspec.Struct, frozen=True):
    """Fill and bound of the buffers of one instrument, by name."""

    symbol: str
    levels: dict[str, int]


class Buffers(msgspec.Struct, frozen=True):
    """Every buffer."""

    buffers: tuple[Buffer, ...]


class TimelineRun(msgspec.Struct, frozen=True):
    """One run: when it began, how far it is, when it ends, what it does now."""

    scenario_id: str
    scenario_type: str
    playbook: str
    state: str
    phase: str
    symbols: tuple[str, ...]
    effects: tuple[str, ...]
    started_ns: Instant
    started: Utc
    at_ns: Span
    ends_ns: Instant
    ends: Utc
    verdict: str
    reason: str

    @classmethod
    def of(cls, run: RunInfo) -> TimelineRun:
        """The answer for a run."""
        return cls(
            scenario_id=run.scenario_id,
            scenario_type=run.scenario_type,
            playbook=run.playbook,
            state=run.state,
            phase=run.phase,
            symbols=run.symbols,
            effects=run.effects,
            started_ns=run.started_ns,
            started=format_utc(run.started_ns),
            at_ns=run.at_ns,
            ends_ns=run.ends_ns,
            ends=format_utc(run.ends_ns),
            verdict=run.verdict,
            reason=run.reason,
        )


class Timeline(msgspec.Struct, frozen=True):
    """Runs in the order in which they began, on the market's clock."""

    market_time_ns: Instant
    market_time: Utc
    runs: tuple[TimelineRun, ...]


def debug_routes(market: MarketPort, runs: RunsPort | None, sources: Sources) -> tuple[Route, ...]:
    """The four inspection routes; without runs the timeline is empty."""
    inside = _Inside(market, runs, sources)
    return (
        Route(
            "GET",
            "/debug/data-sources/status",
            "getSourcesStatus",
            "How every source does",
            _TAG,
            inside.sources_status,
            SourcesStatus,
            errors=(422,),
            access=Access.GUARDED,
        ),
        Route(
            "GET",
            "/debug/price-buffers",
            "getPriceBuffers",
            "Fill and bound of every buffer",
            _TAG,
            inside.buffers,
            Buffers,
            errors=(422,),
            access=Access.GUARDED,
        ),
        Route(
            "GET",
            "/debug/scenario-timeline",
            "getScenarioTimeline",
            "Runs that run and lately ended",
            _TAG,
            inside.timeline,
            Timeline,
            errors=(422,),
            access=Access.GUARDED,
        ),
        Route(
            "GET",
            "/debug/correlation-matrix",
            "getDebugCorrelations",
            "Correlations as the market holds them now",
            _TAG,
            inside.correlations,
            CorrelationMatrix,
            parameters=CORRELATIONS,
            errors=(404, 422, 503),
            access=Access.GUARDED,
        ),
    )


@dataclass(frozen=True, slots=True)
class _Inside:
    market: MarketPort
    runs: RunsPort | None
    sources: Sources

    async def sources_status(self, _call: Call) -> Reply:
        return Reply(SourcesStatus(tuple(self.sources())))

    async def buffers(self, _call: Call) -> Reply:
        fills = self.market.buffers().items()
        return Reply(Buffers(tuple(Buffer(symbol, dict(levels)) for symbol, levels in fills)))

    async def timeline(self, _call: Call) -> Reply:
        now_ns = self.market.now_ns()
        found = () if self.runs is None else self.runs.all()
        began = sorted(found, key=lambda run: (run.started_ns, run.scenario_id))
        return Reply(Timeline(now_ns, format_utc(now_ns), tuple(TimelineRun.of(run) for run in began)))

    async def correlations(self, call: Call) -> Reply:
        require_prices(self.market)
        return Reply(correlation_matrix(self.market, call))
