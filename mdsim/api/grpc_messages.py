"""What the gRPC services answer, made of the market's and the runs' own words."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from mdsim._proto.v1 import (
    historical_data_pb2 as history_pb,
)
from mdsim._proto.v1 import (
    market_pb2 as market_pb,
)
from mdsim._proto.v1 import (
    market_statistics_pb2 as statistics_pb,
)
from mdsim._proto.v1 import (
    price_feed_pb2 as price_pb,
)
from mdsim._proto.v1 import (
    scenario_pb2 as scenario_pb,
)
from mdsim.api.answers import HistoryBar, HistoryTick, amount
from mdsim.core.events import BookLevel, BookSnapshot, Entry, Tick
from mdsim.core.instruments import Instrument
from mdsim.core.serving import Correlations, Quote, RunInfo, Stats24h, VolumeAtPrice

_STATES = {
    "LIVE": price_pb.INSTRUMENT_STATE_LIVE,
    "SPLIT": price_pb.INSTRUMENT_STATE_SPLIT,
    "SINGLE": price_pb.INSTRUMENT_STATE_SINGLE,
    "FILLED": price_pb.INSTRUMENT_STATE_FILLED,
    "STALE": price_pb.INSTRUMENT_STATE_STALE,
    "HALTED": price_pb.INSTRUMENT_STATE_HALTED,
    "OFF": price_pb.INSTRUMENT_STATE_OFF,
    "PENDING": price_pb.INSTRUMENT_STATE_PENDING,
}
_RUN_STATES = {
    "running": scenario_pb.SCENARIO_STATE_RUNNING,
    "paused": scenario_pb.SCENARIO_STATE_PAUSED,
    "releasing": scenario_pb.SCENARIO_STATE_RELEASING,
    "ended": scenario_pb.SCENARIO_STATE_ENDED,
}


def instrument_state(state: str) -> price_pb.InstrumentState:
    """The enumerated form of a state such as ``LIVE``, ``STALE`` or ``OFF``."""
    return _STATES[state]


def tick(event: Tick, volume: Decimal | None) -> market_pb.Tick:
    """A tick as it is published, with the base units traded in the last 24 hours if they are told."""
    return market_pb.Tick(
        symbol=event.symbol,
        seq=event.seq,
        ts_event_ns=event.ts_event_ns,
        price=amount(event.price),
        bid=amount(event.bid),
        ask=amount(event.ask),
        reference=amount(event.reference),
        volume="" if volume is None else amount(volume),
    )


def present(quote: Quote) -> Tick:
    """The tick that a quote stands for, for the begin of a stream."""
    return Tick(
        quote.symbol, quote.seq, quote.ts_event_ns, quote.price, quote.bid, quote.ask, quote.reference
    )


def price(quote: Quote) -> price_pb.Price:
    """The present of an instrument."""
    return price_pb.Price(
        symbol=quote.symbol,
        seq=quote.seq,
        ts_event_ns=quote.ts_event_ns,
        price=amount(quote.price),
        bid=amount(quote.bid),
        ask=amount(quote.ask),
        reference=amount(quote.reference),
        confidence=amount(quote.confidence),
        sources_used=quote.sources_used,
        sources_total=quote.sources_total,
        state=instrument_state(quote.state),
        age_ns=quote.age_ns,
        volume_24h=amount(quote.volume_24h),
    )


def past_tick(symbol: str, told: HistoryTick) -> market_pb.Tick:
    """A tick of a history; its volume is not known any more."""
    return market_pb.Tick(
        symbol=symbol,
        seq=told.seq,
        ts_event_ns=told.ts_event_ns,
        price=told.price,
        bid=told.bid,
        ask=told.ask,
        reference=told.reference,
    )


def bar(symbol: str, interval: str, told: HistoryBar) -> market_pb.Bar:
    """A bar of a history."""
    return market_pb.Bar(
        symbol=symbol,
        seq=told.seq,
        ts_event_ns=told.end_ns,
        interval=interval,
        start_ns=told.start_ns,
        open=told.open,
        high=told.high,
        low=told.low,
        close=told.close,
        volume=told.volume,
        quote_volume=told.quote_volume,
        trades=told.trades,
        revision=told.revision,
    )


def book(found: BookSnapshot) -> market_pb.OrderBook:
    """Both sides of the book."""
    return market_pb.OrderBook(
        symbol=found.symbol,
        seq=found.seq,
        ts_event_ns=found.ts_event_ns,
        bids=_levels(found.bids),
        asks=_levels(found.asks),
    )


def _levels(levels: tuple[BookLevel, ...]) -> list[market_pb.BookLevel]:
    return [market_pb.BookLevel(price=amount(level.price), size=amount(level.size)) for level in levels]


def band(found: VolumeAtPrice) -> history_pb.VolumeBand:
    """One level of a volume profile."""
    return history_pb.VolumeBand(
        low=amount(found.low), high=amount(found.high), volume=amount(found.volume), trades=found.trades
    )


def correlations(found: Correlations) -> history_pb.CorrelationResponse:
    """A matrix; a cell without a value is one that is unknown."""
    rows = [
        history_pb.CorrelationRow(cells=[history_pb.Correlation(value=value) for value in row])
        for row in found.matrix
    ]
    return history_pb.CorrelationResponse(
        symbols=found.symbols, window_ns=found.window_ns, samples=found.samples, rows=rows
    )


def statistics(found: Stats24h) -> statistics_pb.Stats24h:
    """The last 24 hours."""
    return statistics_pb.Stats24h(
        symbol=found.symbol,
        since_ns=found.since_ns,
        until_ns=found.until_ns,
        open=amount(found.open),
        high=amount(found.high),
        low=amount(found.low),
        last=amount(found.last),
        volume=amount(found.volume),
        quote_volume=amount(found.quote_volume),
        change=amount(found.change),
        trades=found.trades,
    )


def instrument(item: Instrument, state: str) -> statistics_pb.Instrument:
    """What trades, and how it stands."""
    return statistics_pb.Instrument(
        symbol=item.symbol,
        base=item.base,
        quote=item.quote,
        price_increment=amount(item.price_increment),
        size_increment=amount(item.size_increment),
        perpetual=item.perpetual,
        state=instrument_state(state),
    )


def scenario(info: RunInfo, *, plan: bool = True) -> scenario_pb.Scenario:
    """A run, with its compiled plan or without."""
    return scenario_pb.Scenario(
        scenario_id=info.scenario_id,
        scenario_type=info.scenario_type,
        playbook=info.playbook,
        state=_RUN_STATES[info.state],
        phase=info.phase,
        symbols=info.symbols,
        effects=info.effects,
        started_ns=info.started_ns,
        at_ns=info.at_ns,
        ends_ns=info.ends_ns,
        verdict=info.verdict,
        reason=info.reason,
        plan_json=msgspec.json.encode(info.plan).decode() if plan else "",
        warnings=info.warnings,
    )


def scenario_event(number: int, entry: Entry) -> scenario_pb.ScenarioEvent:
    """One thing that happened in a run."""
    return scenario_pb.ScenarioEvent(
        number=number,
        kind=entry.kind,
        at_ns=entry.at_ns,
        path=entry.path,
        data_json=msgspec.json.encode(entry.data).decode(),
    )
