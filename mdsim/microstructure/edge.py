"""From whole increments to published events: the one place where Decimals are made."""

from __future__ import annotations

from decimal import Decimal

from mdsim.core import events
from mdsim.core.decimals import CONTEXT, from_steps
from mdsim.core.instruments import Instrument
from mdsim.microstructure.bars import INTERVALS, Bar
from mdsim.microstructure.book import Book, Delta
from mdsim.microstructure.prints import Print

_GONE = Decimal(0)
"""The size of a level that a change takes away: told as "0", whatever the grid."""


def trade(item: Instrument, one: Print, seq: int) -> events.Trade:
    """A print as an event."""
    return events.Trade(
        symbol=item.symbol,
        seq=seq,
        ts_event_ns=one.ts_ns,
        trade_id=one.trade_id,
        side="buy" if one.buy else "sell",
        price=from_steps(one.price, item.price_increment),
        size=from_steps(one.size, item.size_increment),
    )


def snapshot(item: Instrument, book: Book, ts_ns: int, seq: int) -> events.BookSnapshot:
    """A book as an event."""
    return events.BookSnapshot(
        item.symbol, seq, ts_ns, bids=_levels(item, book.bids), asks=_levels(item, book.asks)
    )


def delta(item: Instrument, change: Delta, ts_ns: int, seq: int) -> events.BookDelta:
    """A change of a book as an event."""
    return events.BookDelta(
        item.symbol, seq, ts_ns, bids=_levels(item, change.bids), asks=_levels(item, change.asks)
    )


def bar(item: Instrument, one: Bar, seq: int) -> events.Bar:
    """A bar or its correction as an event."""
    price, size = item.price_increment, item.size_increment
    return events.Bar(
        symbol=item.symbol,
        seq=seq,
        ts_event_ns=one.start_ns + INTERVALS[one.interval],
        interval=one.interval,
        start_ns=one.start_ns,
        open=from_steps(one.open, price),
        high=from_steps(one.high, price),
        low=from_steps(one.low, price),
        close=from_steps(one.close, price),
        volume=from_steps(one.volume, size),
        quote_volume=quote_amount(item, one.quote_volume),
        trades=one.trades,
        revision=one.revision,
    )


def quote_amount(item: Instrument, steps: int) -> Decimal:
    """Price times size in increments of both, as an amount in quote units."""
    return from_steps(steps, CONTEXT.multiply(item.price_increment, item.size_increment))


def _levels(item: Instrument, levels: tuple[tuple[int, int], ...]) -> tuple[events.BookLevel, ...]:
    price_increment, size_increment = item.price_increment, item.size_increment
    return tuple(
        events.BookLevel(
            from_steps(price, price_increment), from_steps(size, size_increment) if size else _GONE
        )
        for price, size in levels
    )
