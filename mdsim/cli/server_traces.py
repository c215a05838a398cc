"""What a server traces: calls, readers, runs, one update of many. Only for where spans go somewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Protocol, runtime_checkable

from mdsim.api.head import Head
from mdsim.api.routes import Middleware
from mdsim.api.websocket import Asked
from mdsim.config.settings import TelemetrySettings
from mdsim.core.events import Tick
from mdsim.core.instruments import Catalogue
from mdsim.core.serving import Published, RunInfo, RunRequest
from mdsim.core.sourcing import Judgement
from mdsim.engine.corridor import Engine
from mdsim.publish.feeds import Feed
from mdsim.run.clock import utc_ns, wall_ns
from mdsim.telemetry.run_trace import RunTrace
from mdsim.telemetry.traceparent import TraceParent, of_headers, parse
from mdsim.telemetry.traces import Attributes, open_tracing, place_of, traced
from mdsim.telemetry.update_trace import Cycle

_NAMED_MOST = 16
"""Symbols that a span names; past it only their number is told."""


@runtime_checkable
class _Judging(Protocol):
    catalogue: Catalogue

    def judgement(self, at: int) -> Judgement: ...


class ServerTraces:
    """Makes the spans of one server.

    Attributes:
        rest: the middleware of its REST routes.
        close: send what waits and stop; blocking, so call it from a thread.
    """

    def __init__(self, told: TelemetrySettings, endpoint: str) -> None:
        self._tracing = open_tracing(endpoint, clock_ns=utc_ns, sample_ratio=told.trace_sample_ratio)
        self.rest: Middleware = traced(self._tracing)
        self.close = self._tracing.close

    def run(self, run: RunInfo, request: RunRequest) -> RunTrace:
        """What follows a run: it hangs below whoever asked for it."""
        return RunTrace(self._tracing, run.scenario_id, run.scenario_type, parse(request.traceparent))

    def grpc(self, method: str, headers: Mapping[str, str]) -> AbstractContextManager[object]:
        """Around a gRPC call, on the gRPC thread; a price stream's span is that of its subscription."""
        about = {"rpc.system": "grpc", "rpc.method": method}
        return self._tracing.span(method, of_headers(headers), about)

    @contextmanager
    def websocket(self, head: Head) -> Iterator[Asked]:
        """Around a WebSocket; what it gives stands around each of its subscriptions."""
        about = {"network.protocol.name": "websocket", "url.path": head.target.partition("?")[0]}
        with self._tracing.span("websocket", of_headers(head.headers), about) as span:
            yield partial(self._asked, place_of(span))

    def _asked(self, parent: TraceParent, op: str, feeds: Sequence[Feed]) -> AbstractContextManager[object]:
        symbols = tuple(dict.fromkeys(feed.symbol for feed in feeds))
        about: Attributes = {
            "mdsim.channels": tuple(dict.fromkeys(feed.channel for feed in feeds)),
            "mdsim.symbols": symbols[:_NAMED_MOST],
            "mdsim.feeds": len(feeds),
        }
        return self._tracing.span(op, parent, about)

    def updates(self, engine: Engine, cycle: Cycle, published: Sequence[Published]) -> None:
        """Trace those ticks of a cycle whose turn it is; ``cycle`` is in ns of the monotonic wall clock."""
        for event in published:
            if type(event) is Tick and self._tracing.samples_update():
                ahead_ns = utc_ns() - wall_ns()
                received_ns = _received_ns(engine, event.symbol)
                found = cycle.stages(None if received_ns is None else received_ns - ahead_ns)
                stages = [(name, start + ahead_ns, end + ahead_ns) for name, start, end in found]
                self._tracing.record_update(event.symbol, stages)


def _received_ns(engine: Engine, symbol: str) -> int | None:
    """UTC of the newest price of a source that an update rests on, None without sources."""
    feed = engine.feed
    if not isinstance(feed, _Judging):
        return None
    updated_ns = feed.judgement(feed.catalogue.index[symbol]).updated_ns
    return updated_ns if updated_ns >= 0 else engine.market.now_ns
