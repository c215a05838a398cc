"""What metrics read of a market, of runs and of a hub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

import pytest

from mdsim.core.instruments import ALL, Catalogue
from mdsim.core.serving import MarketPort, Quote, RunInfo, RunsPort
from mdsim.core.time import SECOND
from mdsim.telemetry.metrics import Metrics
from mdsim.telemetry.readings import bind_hub, bind_market, bind_queue, bind_runs, bind_subscribers


class Market:
    """As much of a market as metrics look at."""

    def __init__(self) -> None:
        self.catalogue = Catalogue(item for item in ALL if item.symbol in ("BTC-USD", "UST-USD"))
        self.reason: str | None = None
        self.state = "LIVE"

    def ready(self) -> str | None:
        return self.reason

    def quote(self, symbol: str) -> Quote:
        one = Decimal(1)
        return Quote(
            symbol, 1, 0, one, one, one, one, Decimal("0.75"), 3, 4, self.state, SECOND * 3 // 2, one
        )

    def buffers(self) -> Mapping[str, Mapping[str, int]]:
        level = {"ticks": 10, "ticks_most": 1000, "trades": 2, "trades_most": 50, "odd": 1}
        return {"BTC-USD": level, "UST-USD": level}


@dataclass
class Runs:
    """As much of the runs as metrics look at."""

    runs: tuple[RunInfo, ...]

    def all(self) -> tuple[RunInfo, ...]:
        return self.runs


@dataclass
class Counted:
    """A hub's counters."""

    messages: int = 5
    payload_bytes: int = 600
    conflated: int = 2
    stalls: int = 1
    refused: int = 4


@pytest.fixture
def metrics() -> Metrics:
    """Nothing bound yet."""
    return Metrics(process=False)


def lines(metrics: Metrics) -> list[str]:
    text = metrics.render().decode().splitlines()
    return [line for line in text if line[0] != "#" and "build_info" not in line]


def test_a_market_tells_state_age_and_confidence_of_what_is_on(metrics: Metrics) -> None:
    """Instruments that are off have no series."""
    bind_market(metrics, cast(MarketPort, Market()))
    found = lines(metrics)

    assert 'market_data_staleness_seconds{symbol="BTC-USD"} 1.5' in found
    assert 'market_data_confidence_score{symbol="BTC-USD"} 0.75' in found
    assert 'market_data_sources_used{symbol="BTC-USD"} 3.0' in found
    assert 'market_data_symbol_state{state="LIVE",symbol="BTC-USD"} 1.0' in found
    assert 'market_data_symbol_state{state="HALTED",symbol="BTC-USD"} 0.0' in found
    assert not any("UST-USD" in line for line in found)


def test_a_halted_market_opens_its_breaker(metrics: Metrics) -> None:
    """The state is read when it is asked for, not before."""
    market = Market()
    bind_market(metrics, cast(MarketPort, market))
    market.state = "HALTED"

    assert 'market_data_circuit_breaker_open{symbol="BTC-USD"} 1.0' in lines(metrics)
    assert 'market_data_symbol_state{state="LIVE",symbol="BTC-USD"} 0.0' in lines(metrics)


def test_a_market_that_is_not_ready_has_no_prices_to_tell_of(metrics: Metrics) -> None:
    """Before the first price there is no series, and no error either."""
    market = Market()
    market.reason = "no price yet"
    bind_market(metrics, cast(MarketPort, market))

    assert [line.partition("{")[0] for line in lines(metrics)] == ["market_data_memory_usage_bytes"] * 3


def test_memory_counts_what_is_reserved_or_filled(metrics: Metrics) -> None:
    """Ticks take the memory of their bound from the start, trades what they fill."""
    bind_market(metrics, cast(MarketPort, Market()))
    found = lines(metrics)

    assert 'market_data_memory_usage_bytes{buffer_type="ticks"} 80000.0' in found
    assert 'market_data_memory_usage_bytes{buffer_type="trades"} 1600.0' in found
    assert 'market_data_memory_usage_bytes{buffer_type="odd"} 800.0' in found


def test_runs_count_for_each_instrument_that_they_touch(metrics: Metrics) -> None:
    """A run that has ended does not."""
    symbols = ("BTC-USD", "ETH-USD")
    run = RunInfo("1", "price_shock", "p", "running", "", symbols, (), 0, 0, 0, "", "", None)
    other = RunInfo("2", "price_shock", "p", "paused", "", ("BTC-USD",), (), 0, 0, 0, "", "", None)
    over = RunInfo("3", "market_crash", "p", "ended", "", symbols, (), 0, 0, 0, "", "", None)
    bind_runs(metrics, cast(RunsPort, Runs((run, other, over))))

    assert lines(metrics) == [
        'market_data_scenario_active{scenario_type="price_shock",symbol="BTC-USD"} 2.0',
        'market_data_scenario_active{scenario_type="price_shock",symbol="ETH-USD"} 1.0',
    ]


def test_a_hub_tells_what_it_sent_and_what_it_did_not(metrics: Metrics) -> None:
    """Plain attributes, under the kind of its readers; later values show without binding again."""
    counted = Counted()
    bind_hub(metrics, counted)
    counted.messages = 6

    assert lines(metrics) == [
        'market_data_messages_sent_total{client_type="websocket"} 6.0',
        'market_data_sent_bytes_total{client_type="websocket"} 600.0',
        'market_data_messages_conflated_total{client_type="websocket"} 2.0',
        'market_data_reader_stalls_total{client_type="websocket"} 1.0',
        'market_data_subscriptions_refused_total{client_type="websocket"} 4.0',
    ]


def test_queues_and_subscribers_are_read_when_asked(metrics: Metrics) -> None:
    """A queue stands beside its bound."""
    waiting = [1, 2]
    bind_queue(metrics, "grpc-out", lambda: len(waiting), 8)
    bind_subscribers(metrics, lambda: {"BTC-USD": len(waiting)})
    waiting.append(3)

    assert lines(metrics) == [
        'market_data_subscriber_count{symbol="BTC-USD"} 3.0',
        'market_data_queue_items{queue="grpc-out"} 3.0',
        'market_data_queue_items_max{queue="grpc-out"} 8.0',
    ]
