"""What an operator sees of one server, put together from its settings: metrics, log, traces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TextIO

from mdsim.core.events import Tick
from mdsim.core.serving import Published, RunInfo, RunsPort
from mdsim.core.time import MS, SECOND
from mdsim.telemetry.logs import open_log
from mdsim.telemetry.meters import Window
from mdsim.telemetry.metrics import Metrics
from mdsim.telemetry.readings import bind_hub, bind_market, bind_runs, bind_subscribers
from mdsim.telemetry.run_log import RunLog
from mdsim.telemetry.run_meters import RunMeters

if TYPE_CHECKING:
    from mdsim.api.grpc_server import GrpcServer
    from mdsim.api.websocket import WebSockets
    from mdsim.config.settings import Settings
    from mdsim.publish.hub import Hub
    from mdsim.run.ledger import Observer
    from mdsim.run.live import LiveMarket
    from mdsim.telemetry.traces import Tracing

_ENDINGS = ("too_slow", "half_open", "idle", "full", "broken")


class Observing:
    """Metrics, log and traces of one server.

    Attributes:
        metrics: ``metrics.render`` answers ``GET /metrics``.
        log: JSON lines.
        tracing: None without an endpoint.
    """

    def __init__(self, settings: Settings, stream: TextIO, clock_ns: Callable[[], int]) -> None:
        self.metrics = Metrics()
        self.log = open_log(
            stream,
            level=settings.telemetry.log_level,
            clock_ns=clock_ns,
            secrets=settings.secrets(),
            counted=lambda level: self.metrics.tally("market_data_log_lines_total", level),
        )
        self.tracing: Tracing | None = None
        if settings.telemetry.otlp_endpoint is not None:
            from mdsim.telemetry.traces import open_tracing

            self.tracing = open_tracing(
                settings.telemetry.otlp_endpoint,
                clock_ns=clock_ns,
                sample_ratio=settings.telemetry.trace_sample_ratio,
            )
        self._clock_ns = clock_ns
        self._meters: RunMeters | None = None

    def watch_market(self, live: LiveMarket) -> None:
        """Measure a market; call it after every other sink is in place, so that cycles count whole."""
        metrics, engine = self.metrics, live.engine
        bind_market(metrics, live.tape)
        metrics.bind("market_data_cycles_total", lambda: {(): engine.market.cycles})
        metrics.bind("market_data_ticks_total", lambda: {(): engine.market.ticks})
        metrics.bind(
            "market_data_price_updates_total",
            lambda: {
                (symbol, engine.feed.name): engine.market.cycles for symbol in engine.feed.catalogue.symbols
            },
        )
        self._meters = RunMeters(metrics, live.tape.catalogue)
        live.sinks.append(self._cycle_sink(live))

    def watch_readers(self, hub: Hub, sockets: WebSockets, grpc: GrpcServer) -> None:
        """Count what readers of every kind get, and do not get."""
        metrics = self.metrics
        bind_hub(metrics, hub.counters)
        bind_subscribers(metrics, hub.readers)
        bind_subscribers(metrics, grpc.readers)
        counters, ended = grpc.counters, sockets.counters
        one = ("grpc",)
        metrics.bind(
            "market_data_connections", lambda: {("websocket",): len(sockets), one: len(grpc.streams)}
        )
        metrics.bind("market_data_messages_sent_total", lambda: {one: counters.updates})
        metrics.bind("market_data_sent_bytes_total", lambda: {one: counters.update_bytes})
        metrics.bind(
            "market_data_messages_conflated_total", lambda: {one: counters.conflated + counters.held}
        )
        metrics.bind("market_data_subscriptions_refused_total", lambda: {one: counters.refused})
        metrics.bind(
            "market_data_connections_closed_total",
            lambda: (
                {("grpc", "too_slow"): counters.slow}
                | {("websocket", reason): getattr(ended, reason) for reason in _ENDINGS}
            ),
        )

    def watch_runs(self, runs: RunsPort) -> None:
        """Count what runs."""
        bind_runs(self.metrics, runs)

    def observers(self, info: RunInfo) -> Sequence[Observer]:
        """What a run is observed with: its lines in the log, its counts, its trace."""
        found: list[Observer] = [RunLog(self.log, info.scenario_id, info.scenario_type)]
        if self._meters is not None:
            found.append(self._meters.observer(info.scenario_type))
        if self.tracing is not None:
            from mdsim.telemetry.run_trace import RunTrace

            found.append(RunTrace(self.tracing, info.scenario_id, info.scenario_type))
        return found

    def handed_over(self, client_type: str) -> Callable[[Sequence[Published]], None]:
        """A sink that stands behind the one of a kind of readers and measures how late they get a tick."""
        windows: dict[str, Window] = {}

        def measure(published: Sequence[Published]) -> None:
            now_ns = self._clock_ns()
            for event in published:
                if isinstance(event, Tick):
                    window = windows.get(event.symbol)
                    if window is None:
                        window = self.metrics.window(
                            "market_data_publication_latency_ms", event.symbol, client_type
                        )
                        windows[event.symbol] = window
                    window.add((now_ns - event.ts_event_ns) / MS)

        return measure

    def _cycle_sink(self, live: LiveMarket) -> Callable[[Sequence[Published]], None]:
        """A cycle begins when it is due and the one before is over, and ends with its last sink."""
        duration = self.metrics.buckets("market_data_cycle_duration_seconds")
        lag = self.metrics.level("market_data_cycle_lag_seconds")
        ended_ns = self._clock_ns()

        def measure(_published: Sequence[Published]) -> None:
            nonlocal ended_ns
            due_ns, now_ns = live.pump.now_ns, self._clock_ns()
            began_ns = max(due_ns, ended_ns)
            duration.add(max(0, now_ns - began_ns) / SECOND)
            lag.value = max(0, began_ns - due_ns) / SECOND
            ended_ns = now_ns

        return measure
