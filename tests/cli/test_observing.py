"""A server's metrics, log and traces, put together from its settings."""

from __future__ import annotations

import io
import json

import pytest

from mdsim.api.grpc_server import GrpcServer
from mdsim.api.tickets import Tickets
from mdsim.api.websocket import WebSockets
from mdsim.cli import wiring
from mdsim.cli.observing import Observing
from mdsim.config.load import load
from mdsim.core.instruments import ALL
from mdsim.core.ports import FeedRequest
from mdsim.core.seeds import SeedTree
from mdsim.core.serving import RunInfo
from mdsim.core.time import MS, SECOND
from mdsim.publish.hub import Hub
from mdsim.run.live import LiveMarket

START_NS = 1_767_603_600 * SECOND
STEP_NS = 100 * MS


class Clock:
    """Wall time, as the test sets it."""

    def __init__(self) -> None:
        self.now_ns = START_NS

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    """At the start of the market."""
    return Clock()


@pytest.fixture
async def live() -> LiveMarket:
    """A synthetic market that steps when it is told."""
    seeds = SeedTree(1)
    catalogue = ALL.only(["BTC-USD", "ETH-USD"])
    feed = wiring.feeds()["synthetic"].open(FeedRequest(catalogue, seeds, START_NS, STEP_NS))
    return LiveMarket(feed, wiring.effects(), wiring.curves(), seeds=seeds, interval_ns=STEP_NS)


async def test_the_metrics_of_a_market_that_runs(live: LiveMarket, clock: Clock) -> None:
    """Cycles, ticks, prices, latency and readers, from real parts."""
    stream = io.StringIO()
    seen = Observing(load(None, {}, {}), stream, clock)
    hub = Hub(live.tape, clock_ns=clock)
    live.sinks += [hub.publish, seen.handed_over("websocket")]
    seen.watch_readers(
        hub, WebSockets(hub, Tickets(lambda: 0.0)), GrpcServer(live.tape, None, clock_ns=clock)
    )
    seen.watch_market(live)
    for cycle in range(3):
        clock.now_ns = START_NS + cycle * STEP_NS + 2 * MS
        await live.pump.step(START_NS + cycle * STEP_NS)
    text = seen.metrics.render().decode()

    for line in (
        "market_data_cycles_total 3.0",
        "market_data_ticks_total 6.0",
        'market_data_price_updates_total{source="synthetic",symbol="BTC-USD"} 3.0',
        'market_data_publication_latency_ms{client_type="websocket",quantile="0.99",symbol="BTC-USD"} 2.0',
        'market_data_symbol_state{state="LIVE",symbol="ETH-USD"} 1.0',
        'market_data_artificial_volatility{symbol="BTC-USD"} 1.0',
        'market_data_connections{client_type="grpc"} 0.0',
        'market_data_messages_sent_total{client_type="websocket"} 0.0',
        "market_data_cycle_duration_seconds_count 3.0",
        'market_data_cycle_duration_seconds_bucket{le="0.0025"} 3.0',
        "market_data_cycle_lag_seconds 0.0",
    ):
        assert line in text.splitlines(), line
    assert "market_data_scrape_errors_total{" not in text


async def test_a_cycle_that_comes_late_shows_as_lag(live: LiveMarket, clock: Clock) -> None:
    """What the cycle before has taken too long, the next one begins too late."""
    seen = Observing(load(None, {}, {}), io.StringIO(), clock)
    seen.watch_market(live)
    clock.now_ns = START_NS + 250 * MS
    await live.pump.step(START_NS)
    clock.now_ns = START_NS + 251 * MS
    await live.pump.step(START_NS + STEP_NS)

    text = seen.metrics.render().decode().splitlines()
    assert "market_data_cycle_lag_seconds 0.15" in text
    assert 'market_data_cycle_duration_seconds_bucket{le="0.25"} 2.0' in text
    assert 'market_data_cycle_duration_seconds_bucket{le="0.001"} 1.0' in text


async def test_the_settings_decide_level_secrets_and_tracing(live: LiveMarket, clock: Clock) -> None:
    """Without an endpoint nobody traces; the token never comes into the log."""
    stream = io.StringIO()
    settings = load(None, {"MARKET_DATA_LOG_LEVEL": "warning", "CHAOS_TOKEN": "t0ken-of-ours"}, {})
    seen = Observing(settings, stream, clock)
    seen.watch_market(live)
    seen.log.info("quiet")
    seen.log.warning("shown t0ken-of-ours")
    info = RunInfo("run-1", "playbook", "p", "running", "", (), (), 0, 0, 0, "", "", None)

    (line,) = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert line["event"] == "shown [hidden]"
    assert 'market_data_log_lines_total{level="warning"} 1.0' in seen.metrics.render().decode()
    assert seen.tracing is None
    assert [type(it).__name__ for it in seen.observers(info)] == ["RunLog", "RunMeter"]


def test_with_an_endpoint_runs_are_traced(clock: Clock) -> None:
    """A third observer, and something to close at the end."""
    settings = load(None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, {})
    seen = Observing(settings, io.StringIO(), clock)
    info = RunInfo("run-1", "playbook", "p", "running", "", (), (), 0, 0, 0, "", "", None)

    assert seen.tracing is not None
    assert [type(it).__name__ for it in seen.observers(info)] == ["RunLog", "RunTrace"]
    seen.tracing.close()
