"""What exists anyway, as metrics: the market, the runs, the hub. Read when somebody asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol

from mdsim.core.instruments import Catalogue
from mdsim.core.serving import MarketPort, Quote, RunsPort
from mdsim.core.sourcing import STATES
from mdsim.core.time import SECOND
from mdsim.telemetry.metrics import Labels, Metrics, Readings

_ITEM_BYTES = {"ticks": 40, "trades": 400, "bars": 900}
"""Memory of one item of each kind of buffer: a tick is five integers, the others objects with Decimals."""
_RESERVED = ("ticks",)
"""Buffers that take the memory of their bound from the start."""
_OTHER_BYTES = 400


class HubCounters(Protocol):
    """What the hub counts; ``publish.counters.Counters`` is one."""

    messages: int
    payload_bytes: int
    conflated: int
    stalls: int
    refused: int


def bind_market(metrics: Metrics, market: MarketPort) -> None:
    """State, staleness, confidence and sources of every instrument that is on, and what buffers hold."""

    def each(value: Callable[[Quote], float]) -> Callable[[], Readings]:
        def read() -> Readings:
            if market.ready() is not None:
                return {}
            return {(symbol,): value(market.quote(symbol)) for symbol in _on(market.catalogue)}

        return read

    def states() -> Readings:
        if market.ready() is not None:
            return {}
        found: dict[Labels, float] = {}
        for symbol in _on(market.catalogue):
            now = market.quote(symbol).state
            found.update({(symbol, state): float(state == now) for state in STATES})
        return found

    metrics.bind("market_data_staleness_seconds", each(lambda quote: quote.age_ns / SECOND))
    metrics.bind("market_data_confidence_score", each(lambda quote: float(quote.confidence)))
    metrics.bind("market_data_sources_used", each(lambda quote: quote.sources_used))
    metrics.bind("market_data_circuit_breaker_open", each(lambda quote: float(quote.state == "HALTED")))
    metrics.bind("market_data_symbol_state", states)
    metrics.bind("market_data_memory_usage_bytes", lambda: _memory(market.buffers()))


def bind_runs(metrics: Metrics, runs: RunsPort) -> None:
    """Runs under way, by type and by each instrument that they touch."""

    def active() -> Readings:
        return Counter(
            (run.scenario_type, symbol)
            for run in runs.all()
            if run.state != "ended"
            for symbol in run.symbols
        )

    metrics.bind("market_data_scenario_active", active)


def bind_hub(metrics: Metrics, counters: HubCounters, client_type: str = "websocket") -> None:
    """Counters of a hub, under the kind of its readers."""
    labels = (client_type,)
    for name, read in (
        ("market_data_messages_sent_total", lambda: counters.messages),
        ("market_data_sent_bytes_total", lambda: counters.payload_bytes),
        ("market_data_messages_conflated_total", lambda: counters.conflated),
        ("market_data_reader_stalls_total", lambda: counters.stalls),
        ("market_data_subscriptions_refused_total", lambda: counters.refused),
    ):
        metrics.bind(name, _one(labels, read))


def bind_closed(metrics: Metrics, closed: dict[str, int], client_type: str = "websocket") -> None:
    """Readers that went, by reason."""
    metrics.bind(
        "market_data_connections_closed_total",
        lambda: {(client_type, reason): count for reason, count in closed.copy().items()},
    )


def bind_queue(metrics: Metrics, queue: str, items: Callable[[], int], bound: int) -> None:
    """What waits in a bounded queue, beside its bound."""
    bind_queues(metrics, lambda: {queue: (items(), bound)})


def bind_queues(metrics: Metrics, queues: Callable[[], Mapping[str, tuple[int, int]]]) -> None:
    """Several at once, by name."""
    metrics.bind("market_data_queue_items", lambda: {(name,): items for name, (items, _) in queues().items()})
    metrics.bind(
        "market_data_queue_items_max", lambda: {(name,): bound for name, (_, bound) in queues().items()}
    )


def bind_subscribers(metrics: Metrics, readers: Callable[[], Mapping[str, int]]) -> None:
    """Readers by instrument."""
    metrics.bind(
        "market_data_subscriber_count", lambda: {(symbol,): count for symbol, count in readers().items()}
    )


def _one(labels: Labels, read: Callable[[], float]) -> Callable[[], Readings]:
    return lambda: {labels: read()}


def _on(catalogue: Catalogue) -> list[str]:
    return [item.symbol for item in catalogue if item.enabled]


def _memory(buffers: Mapping[str, Mapping[str, int]]) -> Readings:
    """Estimated bytes by kind of buffer; a level named ``…_most`` is the bound of another."""
    found: Counter[Labels] = Counter()
    for levels in buffers.values():
        for kind, items in levels.items():
            if not kind.endswith("_most"):
                held = levels.get(f"{kind}_most", items) if kind in _RESERVED else items
                found[(kind,)] += held * _ITEM_BYTES.get(kind, _OTHER_BYTES)
    return found
