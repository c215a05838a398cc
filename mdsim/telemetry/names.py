"""Every metric: its kind, its labels and what it says; the tables of the operations page are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a metric is to Prometheus."""

    COUNTER = "counter"
    GAUGE = "gauge"
    SUMMARY = "summary"
    """Quantiles 0.5 and 0.99 over the last values, with the sum and count of all."""
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        bounds: upper bounds of a histogram's buckets, in its unit.
        promised: the name is the contract's own, and may break promtool's rules.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str
    bounds: tuple[float, ...] = ()
    promised: bool = False


def _promised(name: str, kind: Kind, labels: str, told: str) -> Metric:
    return Metric(name, kind, tuple(labels.split()), told, promised=True)


_CYCLE_BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)

METRICS: tuple[Metric, ...] = (
    _promised(
        "market_data_source_latency_ms",
        Kind.SUMMARY,
        "source symbol",
        "Time from a source's own stamp to its arrival here.",
    ),
    _promised(
        "market_data_source_errors_total",
        Kind.COUNTER,
        "source error_type",
        "Answers of a source that were no usable price, by kind of error.",
    ),
    _promised(
        "market_data_price_updates_total",
        Kind.COUNTER,
        "symbol source",
        "Prices taken in from a source.",
    ),
    _promised(
        "market_data_price_deviation",
        Kind.GAUGE,
        "symbol source",
        "A source's price / the agreed price - 1.",
    ),
    _promised(
        "market_data_staleness_seconds",
        Kind.GAUGE,
        "symbol",
        "Time since the last update of the price that is published.",
    ),
    _promised("market_data_confidence_score", Kind.GAUGE, "symbol", "How sure the agreed price is, 0 to 1."),
    _promised(
        "market_data_scenario_active",
        Kind.GAUGE,
        "scenario_type symbol",
        "Runs under way that touch an instrument.",
    ),
    _promised(
        "market_data_price_manipulation_active",
        Kind.GAUGE,
        "symbol manipulation_type",
        "Effects under way on an instrument, by verb.",
    ),
    _promised(
        "market_data_artificial_volatility",
        Kind.GAUGE,
        "symbol",
        "Factor by which effects multiply the volatility; 1 is calm.",
    ),
    _promised(
        "market_data_publication_latency_ms",
        Kind.SUMMARY,
        "symbol client_type",
        "Time from the cycle that made an update to its handing over to the readers' lines.",
    ),
    _promised(
        "market_data_subscriber_count", Kind.GAUGE, "symbol", "Readers of an instrument, all its channels."
    ),
    _promised(
        "market_data_memory_usage_bytes", Kind.GAUGE, "buffer_type", "Memory that buffers hold, estimated."
    ),
    Metric("market_data_build_info", Kind.GAUGE, ("version",), "Always 1; the version that runs."),
    Metric("market_data_cycles_total", Kind.COUNTER, (), "Cycles of the engine."),
    Metric("market_data_ticks_total", Kind.COUNTER, (), "Ticks published, all instruments."),
    Metric(
        "market_data_cycle_duration_seconds",
        Kind.HISTOGRAM,
        (),
        "Wall time of one cycle, from asking for prices to handing over what it published.",
        _CYCLE_BOUNDS,
    ),
    Metric(
        "market_data_cycle_lag_seconds",
        Kind.GAUGE,
        (),
        "How far the last cycle ran behind its time; growing means that the machine is too slow.",
    ),
    Metric("market_data_symbol_state", Kind.GAUGE, ("symbol", "state"), "1 for the present state."),
    Metric(
        "market_data_circuit_breaker_open",
        Kind.GAUGE,
        ("symbol",),
        "1 while the circuit breaker halts an instrument.",
    ),
    Metric("market_data_sources_used", Kind.GAUGE, ("symbol",), "Sources that the price rests on."),
    Metric(
        "market_data_messages_sent_total",
        Kind.COUNTER,
        ("client_type",),
        "Messages given to readers' lines, each reader counted.",
    ),
    Metric(
        "market_data_sent_bytes_total",
        Kind.COUNTER,
        ("client_type",),
        "Bytes of those messages, before compression and TLS.",
    ),
    Metric(
        "market_data_messages_conflated_total",
        Kind.COUNTER,
        ("client_type",),
        "Messages that a newer one replaced before a slow reader got them.",
    ),
    Metric(
        "market_data_messages_dropped_total",
        Kind.COUNTER,
        ("client_type", "reason"),
        "Messages that were never sent: a full queue, a fault that was asked for.",
    ),
    Metric(
        "market_data_reader_stalls_total",
        Kind.COUNTER,
        ("client_type",),
        "Times that a reader's line was full.",
    ),
    Metric(
        "market_data_connections_closed_total",
        Kind.COUNTER,
        ("client_type", "reason"),
        "Readers that went, by reason.",
    ),
    Metric(
        "market_data_subscriptions_refused_total",
        Kind.COUNTER,
        ("client_type",),
        "Subscriptions past max_subscribers_per_symbol.",
    ),
    Metric(
        "market_data_injected_faults_total",
        Kind.COUNTER,
        ("fault", "client_type"),
        "What playbooks did to messages and connections of readers, by fault.",
    ),
    Metric("market_data_connections", Kind.GAUGE, ("client_type",), "Readers connected now."),
    Metric("market_data_queue_items", Kind.GAUGE, ("queue",), "What waits in a bounded queue now."),
    Metric("market_data_queue_items_max", Kind.GAUGE, ("queue",), "The bound of that queue."),
    Metric(
        "market_data_scenario_runs_total",
        Kind.COUNTER,
        ("scenario_type", "verdict"),
        "Runs that ended, by verdict.",
    ),
    Metric(
        "market_data_scenario_refusals_total",
        Kind.COUNTER,
        ("scenario_type", "code"),
        "Runs that were refused before their start, by error code.",
    ),
    Metric("market_data_log_lines_total", Kind.COUNTER, ("level",), "Lines logged, by level."),
    Metric(
        "market_data_scrape_errors_total",
        Kind.COUNTER,
        ("metric",),
        "Metrics that could not be read when they were asked for; they are missing in that answer.",
    ),
)
BY_NAME: dict[str, Metric] = {metric.name: metric for metric in METRICS}
