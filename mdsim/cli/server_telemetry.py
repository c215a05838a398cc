"""What a server tells of itself: metrics bound to its parts, a log, traces, and what follows each run."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import trio

from mdsim.api.front_door import FrontDoor
from mdsim.api.grpc_server import GrpcServer
from mdsim.api.websocket import WebSockets
from mdsim.config.settings import Settings
from mdsim.core.serving import Published, RunInfo, RunRequest
from mdsim.core.time import MS, SECOND
from mdsim.publish.disturber import Disturber
from mdsim.publish.event_desk import EventDesk
from mdsim.publish.hub import Hub
from mdsim.publish.scenario_events import ScenarioEvents
from mdsim.run.clock import utc_ns, wall_ns
from mdsim.run.ledger import Observer
from mdsim.run.live import LiveMarket
from mdsim.run.manager import RunsManager
from mdsim.telemetry import readings
from mdsim.telemetry.logs import open_log
from mdsim.telemetry.metrics import Metrics
from mdsim.telemetry.run_log import RunLog
from mdsim.telemetry.run_meters import RunMeters
from mdsim.telemetry.update_trace import Cycle

if TYPE_CHECKING:
    from mdsim.cli.server_traces import ServerTraces

_EVENTS_FULL = ("websocket", "events_full")
_LOG_FULL = ("run_follower", "log_full")


class Telemetry:
    """The metrics, the log and the tracing of one server.

    Attributes:
        log: JSON lines on stderr; stdout belongs to whoever started the server.
        traces: what it traces; None where spans have nowhere to go.
    """

    def __init__(self, settings: Settings, live: LiveMarket, events: EventDesk) -> None:
        told = settings.telemetry
        self.metrics = Metrics()
        self.log = open_log(
            sys.stderr,
            level=told.log_level,
            clock_ns=utc_ns,
            secrets=settings.secrets(),
            counted=lambda level: self.metrics.tally("market_data_log_lines_total", level),
        )
        self._meters = RunMeters(self.metrics, live.tape.catalogue)
        self.traces = _traces(settings)
        market = live.engine.market
        readings.bind_market(self.metrics, live.tape)
        self.metrics.bind("market_data_cycles_total", lambda: {(): market.cycles})
        self.metrics.bind("market_data_ticks_total", lambda: {(): market.ticks})
        if live.engine.judged is None:
            self.metrics.bind("market_data_price_updates_total", lambda: self._updates(live))
        self._duration = self.metrics.buckets("market_data_cycle_duration_seconds")
        self._lag = self.metrics.level("market_data_cycle_lag_seconds")
        self._latency = [
            self.metrics.window("market_data_publication_latency_ms", symbol, "all")
            for symbol in live.tape.catalogue.symbols
        ]
        readings.bind_queue(self.metrics, "events", events.__len__, events.most)
        self.metrics.bind("market_data_messages_dropped_total", lambda: {_EVENTS_FULL: events.dropped})
        self._live = live
        self._events = events

    def follow(
        self, hub: Hub, sockets: WebSockets, door: FrontDoor, grpc: GrpcServer, runs: RunsManager
    ) -> None:
        """Bind what stands only once the servers do."""
        readings.bind_hub(self.metrics, hub.counters)
        readings.bind_runs(self.metrics, runs)
        nobody = {item.symbol: 0 for item in hub.market.catalogue if item.enabled}
        readings.bind_subscribers(self.metrics, lambda: nobody | _added(hub.readers(), grpc.readers()))
        counters, labels = grpc.counters, ("grpc",)
        self.metrics.bind("market_data_messages_sent_total", lambda: {labels: counters.updates})
        self.metrics.bind("market_data_sent_bytes_total", lambda: {labels: counters.update_bytes})
        self.metrics.bind(
            "market_data_messages_conflated_total", lambda: {labels: counters.conflated + counters.held}
        )
        self.metrics.bind("market_data_subscriptions_refused_total", lambda: {labels: counters.refused})
        self.metrics.bind(
            "market_data_connections",
            lambda: {("websocket",): len(hub.subscribers), labels: len(grpc.streams)},
        )
        readings.bind_closed(self.metrics, sockets.counters.closed)
        readings.bind_closed(self.metrics, counters.closed, "grpc")
        readings.bind_queues(self.metrics, grpc.queues)
        readings.bind_queue(self.metrics, "connections", lambda: door.counters.open, door.most)
        readings.bind_queue(self.metrics, "run_starts", lambda: runs.waiting, runs.limits.waiting)
        readings.bind_queue(self.metrics, "runs", lambda: runs.running, runs.limits.at_once)
        readings.bind_queue(self.metrics, "run_followers", lambda: runs.followers, runs.limits.followers)
        self.metrics.bind(
            "market_data_messages_dropped_total", lambda: {_LOG_FULL: runs.counters.entries_dropped}
        )

    def follow_faults(self, faults: Disturber) -> None:
        """Bind what delivery faults have done to readers."""
        self.metrics.bind("market_data_injected_faults_total", faults.counted.copy)

    def refused(self, scenario_type: str, code: str) -> None:
        """A run was refused before its start."""
        self._meters.refused(scenario_type, code)

    def observers(self, run: RunInfo, request: RunRequest) -> Sequence[Observer]:
        """What follows a run that is about to start: log, metrics, the events channel and any traces."""
        market = self._live.engine.market
        found: list[Observer] = [
            ScenarioEvents(self._events, run, lambda: market.now_ns),
            RunLog(self.log, run.scenario_id, run.scenario_type),
            self._meters.observer(run.scenario_type),
        ]
        if self.traces is not None:
            found.append(self.traces.run(run, request))
        return found

    async def close(self) -> None:
        """Send the spans that are left, in a thread: a dead endpoint must not hold the loop."""
        if self.traces is not None:
            await trio.to_thread.run_sync(self.traces.close)

    def measure(self, published: Sequence[Published]) -> None:
        """Last of the market's sinks: everything that the cycle published is on its way."""
        live, now_ns = self._live, wall_ns()
        took_ns = now_ns - live.began_ns
        self._duration.add(took_ns / SECOND)
        self._lag.value = self._live.lag_s
        for window in self._latency:
            window.add(took_ns / MS)
        if self.traces is not None:
            cycle = Cycle(live.began_ns, live.based_ns, live.cycled_ns, now_ns)
            self.traces.updates(live.engine, cycle, published)

    @staticmethod
    def _updates(live: LiveMarket) -> dict[tuple[str, ...], float]:
        market = live.engine.market
        name = live.engine.feed.name
        return {(symbol, name): market.seq(at) for at, symbol in enumerate(live.tape.catalogue.symbols)}


def _traces(settings: Settings) -> ServerTraces | None:
    """OpenTelemetry is loaded only where spans have somewhere to go."""
    told = settings.telemetry
    if not told.otlp_endpoint:
        return None
    from mdsim.cli.server_traces import ServerTraces

    return ServerTraces(told, told.otlp_endpoint)


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return Counter(one) + Counter(other)
