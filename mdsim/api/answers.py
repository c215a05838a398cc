"""What REST answers, field by field: decimals as text, times as integer ns beside RFC 3339 text."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from mdsim.core.events import Bar, BookLevel, BookSnapshot, Tick
from mdsim.core.instruments import Instrument
from mdsim.core.serving import Correlations, Quote, Stats24h
from mdsim.core.time import format_duration, format_utc

Amount = Annotated[
    str, Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="A decimal number as text, without an exponent.")
]
Instant = Annotated[int, Meta(ge=0, description="Nanoseconds UTC since 1970.")]
Utc = Annotated[str, Meta(description="RFC 3339, UTC.", extra_json_schema={"format": "date-time"})]
Count = Annotated[int, Meta(ge=0)]
Span = Annotated[int, Meta(ge=0, description="Nanoseconds.")]
State = Literal["LIVE", "SPLIT", "SINGLE", "FILLED", "STALE", "HALTED", "OFF", "PENDING"]
Level = Annotated[
    tuple[Amount, ...], Meta(min_length=2, max_length=2, description="Price and size in base units.")
]


def amount(value: Decimal) -> str:
    """Text of a decimal on its grid: trailing zeros stay, an exponent never appears."""
    return format(value, "f")


class CurrentPrice(msgspec.Struct, frozen=True):
    """The present of one instrument; `reference` is its price before any playbook acted on it."""

    symbol: str
    seq: Count
    ts_event_ns: Instant
    ts_event: Utc
    price: Amount
    bid: Amount
    ask: Amount
    reference: Amount
    confidence: Amount
    sources_used: Count
    sources_total: Count
    state: str
    age_ns: Span
    volume_24h: Amount

    @classmethod
    def of(cls, quote: Quote) -> CurrentPrice:
        """The answer for a quote."""
        return cls(
            symbol=quote.symbol,
            seq=quote.seq,
            ts_event_ns=quote.ts_event_ns,
            ts_event=format_utc(quote.ts_event_ns),
            price=amount(quote.price),
            bid=amount(quote.bid),
            ask=amount(quote.ask),
            reference=amount(quote.reference),
            confidence=amount(quote.confidence),
            sources_used=quote.sources_used,
            sources_total=quote.sources_total,
            state=quote.state,
            age_ns=quote.age_ns,
            volume_24h=amount(quote.volume_24h),
        )


class HistoryBar(msgspec.Struct, frozen=True):
    """One bar; a higher `revision` of the same `start_ns` corrects an earlier one."""

    seq: Count
    start_ns: Instant
    start: Utc
    end_ns: Instant
    end: Utc
    open: Amount
    high: Amount
    low: Amount
    close: Amount
    volume: Amount
    quote_volume: Amount
    trades: Count
    revision: Count

    @classmethod
    def of(cls, bar: Bar) -> HistoryBar:
        """The answer for a bar."""
        return cls(
            seq=bar.seq,
            start_ns=bar.start_ns,
            start=format_utc(bar.start_ns),
            end_ns=bar.ts_event_ns,
            end=format_utc(bar.ts_event_ns),
            open=amount(bar.open),
            high=amount(bar.high),
            low=amount(bar.low),
            close=amount(bar.close),
            volume=amount(bar.volume),
            quote_volume=amount(bar.quote_volume),
            trades=bar.trades,
            revision=bar.revision,
        )


class HistoryTick(msgspec.Struct, frozen=True):
    """One published tick."""

    seq: Count
    ts_event_ns: Instant
    ts_event: Utc
    price: Amount
    bid: Amount
    ask: Amount
    reference: Amount

    @classmethod
    def of(cls, tick: Tick) -> HistoryTick:
        """The answer for a tick."""
        return cls(
            seq=tick.seq,
            ts_event_ns=tick.ts_event_ns,
            ts_event=format_utc(tick.ts_event_ns),
            price=amount(tick.price),
            bid=amount(tick.bid),
            ask=amount(tick.ask),
            reference=amount(tick.reference),
        )


class History(msgspec.Struct, frozen=True):
    """One page of history, oldest first: `bars`, or `ticks` when `interval` is `tick`.

    While `next_cursor` is there, ask again with it as `cursor`.
    """

    symbol: str
    interval: str
    start_ns: Instant
    start: Utc
    end_ns: Instant
    end: Utc
    next_cursor: str | None
    bars: tuple[HistoryBar, ...] | UnsetType = UNSET
    ticks: tuple[HistoryTick, ...] | UnsetType = UNSET


class OrderBook(msgspec.Struct, frozen=True):
    """Both sides of the book, best first."""

    symbol: str
    seq: Count
    ts_event_ns: Instant
    ts_event: Utc
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]

    @classmethod
    def of(cls, book: BookSnapshot) -> OrderBook:
        """The answer for a snapshot."""
        return cls(
            symbol=book.symbol,
            seq=book.seq,
            ts_event_ns=book.ts_event_ns,
            ts_event=format_utc(book.ts_event_ns),
            bids=_levels(book.bids),
            asks=_levels(book.asks),
        )


def _levels(levels: tuple[BookLevel, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple((amount(level.price), amount(level.size)) for level in levels)


class DayStatistics(msgspec.Struct, frozen=True):
    """The last 24 hours, or what there is of them since `since_ns`; `change` is a fraction of `open`."""

    symbol: str
    since_ns: Instant
    since: Utc
    until_ns: Instant
    until: Utc
    open: Amount
    high: Amount
    low: Amount
    last: Amount
    volume: Amount
    quote_volume: Amount
    change: Amount
    trades: Count

    @classmethod
    def of(cls, stats: Stats24h) -> DayStatistics:
        """The answer for the statistics of a day."""
        return cls(
            symbol=stats.symbol,
            since_ns=stats.since_ns,
            since=format_utc(stats.since_ns),
            until_ns=stats.until_ns,
            until=format_utc(stats.until_ns),
            open=amount(stats.open),
            high=amount(stats.high),
            low=amount(stats.low),
            last=amount(stats.last),
            volume=amount(stats.volume),
            quote_volume=amount(stats.quote_volume),
            change=amount(stats.change),
            trades=stats.trades,
        )


class CorrelationMatrix(msgspec.Struct, frozen=True):
    """Correlations of log returns over a window; rows and columns in the order of `symbols`.

    A cell is null where a window holds too little to tell.
    """

    symbols: tuple[str, ...]
    window: str
    window_ns: Span
    samples: Count
    matrix: tuple[tuple[Annotated[float, Meta(ge=-1, le=1)] | None, ...], ...]

    @classmethod
    def of(cls, found: Correlations) -> CorrelationMatrix:
        """The answer for correlations; a rounding error past ±1 is cut."""
        rows = tuple(
            tuple(None if cell is None else max(-1.0, min(1.0, cell)) for cell in row) for row in found.matrix
        )
        return cls(found.symbols, format_duration(found.window_ns), found.window_ns, found.samples, rows)


class Listing(msgspec.Struct, frozen=True):
    """One instrument: its grid and its state (`OFF`: known, but not priced here)."""

    symbol: str
    base: str
    quote: str
    price_increment: Amount
    size_increment: Amount
    perpetual: bool
    enabled: bool
    state: State

    @classmethod
    def of(cls, item: Instrument, state: State) -> Listing:
        """The answer for an instrument."""
        return cls(
            symbol=item.symbol,
            base=item.base,
            quote=item.quote,
            price_increment=amount(item.price_increment),
            size_increment=amount(item.size_increment),
            perpetual=item.perpetual,
            enabled=item.enabled,
            state=state,
        )


class Listings(msgspec.Struct, frozen=True):
    """Every instrument of this market, in catalogue order."""

    symbols: tuple[Listing, ...]
