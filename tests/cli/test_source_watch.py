"""What sources do is seen in metrics, the log, on the events channel and under ``/debug``."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from mdsim.api.debug import SourceStatus
from mdsim.cli import wiring
from mdsim.cli.around import with_venues
from mdsim.cli.connections import Connections
from mdsim.cli.source_watch import SourceWatch
from mdsim.consensus.room import Consensus
from mdsim.core.impairing import Disturbance
from mdsim.core.instruments import ALL
from mdsim.core.params import Value
from mdsim.core.ports import FeedRequest
from mdsim.core.seeds import SeedTree
from mdsim.core.time import MS, SECOND
from mdsim.engine.agreed import AgreedFeed
from mdsim.providers.pool import SourceState
from mdsim.providers.wire import SourceEvent
from mdsim.publish.event_desk import EventDesk
from mdsim.telemetry.logs import open_log
from mdsim.telemetry.metrics import Metrics


class OneSource:
    """Connections of which one is known: kraken's, which leads bitcoin."""

    def __init__(self, errors: Mapping[str, int] | None = None, limited: int = 0) -> None:
        self.errors, self.limited = dict(errors or {}), limited

    def status(self) -> tuple[SourceState, ...]:
        """One that does well."""
        return (
            SourceState(
                name="kraken",
                provider="kraken",
                kind="websocket",
                tier="exchange_feeds",
                priority=1,
                symbols=("BTC-USD",),
                state="live",
                reason="",
                age_ns=0,
                updates=1,
                messages=1,
                errors=self.errors,
                gaps=0,
                resyncs=0,
                connections=1,
                replaced=0,
                duplicates=0,
                limited=self.limited,
                refused={},
                leads=("BTC-USD",),
            ),
        )


class Watched:
    """A still market with simulated venues, and its watch."""

    def __init__(self) -> None:
        catalogue = ALL.only([item.symbol for item in ALL if item.enabled])
        still = wiring.feeds()["still"].open(FeedRequest(catalogue, SeedTree(1), 0, 100 * MS))
        self.feed: AgreedFeed = with_venues(still, SeedTree(1), wiring.venues().values())
        self.written = io.StringIO()
        self.metrics = Metrics()
        self.events = EventDesk()
        room = self.feed.room
        assert isinstance(room, Consensus)
        self._log = open_log(self.written, clock_ns=lambda: 0)
        self._room = room
        self.watch = SourceWatch(self.feed, room, self.events, self.metrics, self._log)
        self.now_ns = 0

    def connect(self, connections: Connections) -> None:
        """Let the sources be those behind connections."""
        self.metrics = Metrics()
        self.watch = SourceWatch(self.feed, self._room, self.events, self.metrics, self._log, connections)

    def run(self, span_ns: int) -> None:
        """Let cycles of a tenth of a second pass."""
        for _ in range(span_ns // (100 * MS)):
            self.now_ns += 100 * MS
            self.feed.advance(self.now_ns)
            self.watch.look(())

    def disturb(self, source: str, **args: Value) -> None:
        """Put a fault at a source."""
        seeds = SeedTree(3)
        fault = Disturbance("run", (0,), "1", self.now_ns, source, 1.0, None, None, args, seeds.stream)
        self.feed.disturb([fault])

    def status(self, name: str) -> SourceStatus:
        """One source."""
        return next(one for one in self.watch.statuses() if one.name == name)

    def lines(self) -> list[dict[str, Any]]:
        """What was logged."""
        return [json.loads(line) for line in self.written.getvalue().splitlines()]

    def sample(self, start: str) -> float:
        """The value of a series by the beginning of its line."""
        text = self.metrics.render().decode()
        return float(next(line for line in text.splitlines() if line.startswith(start)).split()[-1])


@pytest.fixture
def watched() -> Watched:
    """A market whose sources have spoken for five seconds."""
    market = Watched()
    market.run(5 * SECOND)
    return market


def test_sources_that_do_well_are_live_and_counted(watched: Watched) -> None:
    """Every venue is live, near the agreed price, with its pace in the counters."""
    assert {one.name: one.state for one in watched.watch.statuses()} == dict.fromkeys(wiring.venues(), "LIVE")
    kraken = watched.status("kraken")
    assert kraken.kind == "simulated"
    btc = next(one for one in kraken.standings if one.symbol == "BTC-USD")
    assert abs(Decimal(btc.deviation_bps or "nan")) < 10
    series = 'market_data_price_updates_total{source="kraken",symbol="BTC-USD"}'
    assert watched.sample(series) == pytest.approx(21, abs=2)
    assert watched.sample('market_data_source_latency_ms{quantile="0.5",source="kraken"') == 70
    assert not watched.lines()


def test_an_outlier_is_told_everywhere_with_its_reason(watched: Watched) -> None:
    """Five percent off: quarantined under ``/debug``, counted, logged once with figures."""
    watched.disturb("kraken", outlier=Decimal("0.05"))
    watched.run(3 * SECOND)
    kraken = watched.status("kraken")
    assert kraken.state == "REJECTED"
    assert "limit" in kraken.reason
    btc = next(one for one in kraken.standings if one.symbol == "BTC-USD")
    assert btc.state in ("rejected", "quarantined")
    assert btc.reason == "outlier"
    assert Decimal(btc.deviation_bps or "nan") == pytest.approx(Decimal(488), abs=15)
    assert watched.sample('market_data_source_errors_total{error_type="outlier",source="kraken"}') >= 1
    told = [line for line in watched.lines() if line["event"] == "price_rejected"]
    btc_lines = [line for line in told if line["symbol"] == "BTC-USD"]
    assert len(btc_lines) == 1
    assert btc_lines[0]["reason"] == "outlier"
    deviation = watched.sample('market_data_price_deviation{source="kraken",symbol="BTC-USD"}')
    assert deviation == pytest.approx(0.0488, abs=0.0015)


def test_a_source_that_falls_silent_is_stale_and_an_event(watched: Watched) -> None:
    """After its limit the status says so; after half a minute the events channel does."""
    watched.disturb("binance", silence=True)
    watched.run(8 * SECOND)
    assert watched.status("binance").state == "STALE"
    watched.run(25 * SECOND)
    stale = [one for one in watched.events.take() if one.event == "source_stale"]
    assert {one.data["source"] for one in stale} == {"binance"}
    assert {line["event"] for line in watched.lines()} >= {"source_stale"}


def test_a_failover_is_an_event_and_an_alert_of_its_own(watched: Watched) -> None:
    """Who led and who leads, on the instrument's channel; the former lead is the one that failed."""
    connections = Connections()
    connections.sources = OneSource()
    watched.connect(connections)
    change = {"was": "kraken", "leads": "coinbase", "detail": "kraken → coinbase"}
    connections.tell(SourceEvent(7, "coinbase", "failover", "BTC-USD", **change))
    connections.tell(SourceEvent(7, "kraken", "stale", "BTC-USD", "nothing for 31s"))
    watched.watch.look(())
    [event] = watched.events.take()
    assert (event.symbol, event.event, event.ts_event_ns, event.data) == ("BTC-USD", "failover", 7, change)
    [line] = watched.lines()
    assert (line["event"], line["level"], line["leads"]) == ("failover", "warning", "coinbase")
    assert watched.sample('market_data_source_errors_total{error_type="failover",source="kraken"}') == 1


def test_what_is_wrong_with_a_connection_is_counted_once_under_debug_and_in_the_metrics(
    watched: Watched,
) -> None:
    """Broken messages never become news, an answer that says too often does: each is one all the same."""
    connections = Connections()
    connections.sources = OneSource({"checksum": 3, "http_429": 1}, limited=1)
    watched.connect(connections)
    connections.tell(SourceEvent(7, "kraken", "limited", "", "answered 429"))
    connections.tell(SourceEvent(7, "kraken", "lost", "", "the connection broke"))
    watched.watch.look(())
    assert watched.status("kraken").errors == {"checksum": 3, "http_429": 1, "limited": 1, "lost": 1}
    for kind, count in watched.status("kraken").errors.items():
        series = f'market_data_source_errors_total{{error_type="{kind}",source="kraken"}}'
        assert watched.sample(series) == count


def test_a_live_source_tells_its_tier_and_what_it_leads(watched: Watched) -> None:
    """Beside how the consensus takes its prices."""
    connections = Connections()
    connections.sources = OneSource()
    watched.connect(connections)
    kraken = watched.status("kraken")
    assert (kraken.tier, kraken.leads, kraken.kind) == ("exchange_feeds", ("BTC-USD",), "websocket")
    assert watched.status("binance").leads == ()
