"""What is published: frozen events, Decimals as text in JSON, integer nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec


class Tick(msgspec.Struct, frozen=True, gc=False, tag="tick"):
    """One published market-data update of one instrument.

    Attributes:
        seq: per symbol, +1 each.
        ts_event_ns: when it happened, in market time.
        price: the published mid, on the instrument's grid.
        bid, ask: best quotes; ``bid < ask`` always, and ``bid <= price <= ask``.
        reference: the base feed's price before any effect, on the same grid.
    """

    symbol: str
    seq: int
    ts_event_ns: int
    price: Decimal
    bid: Decimal
    ask: Decimal
    reference: Decimal


class Trade(msgspec.Struct, frozen=True, gc=False, tag="trade"):
    """One trade print.

    Attributes:
        seq: per symbol, +1 each.
        ts_event_ns: when it happened, in market time.
        trade_id: the trade's own number; rises with time in one instrument, with gaps.
        side: of the order that came: ``buy`` traded at the ask, ``sell`` at the bid.
        price: on the instrument's grid.
        size: in base units, on the size grid.
    """

    symbol: str
    seq: int
    ts_event_ns: int
    trade_id: int
    side: Literal["buy", "sell"]
    price: Decimal
    size: Decimal


class BookLevel(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One price level: ``[price, size]`` on the wire; a size of 0 in a delta takes it away."""

    price: Decimal
    size: Decimal


class BookSnapshot(msgspec.Struct, frozen=True, gc=False, tag="book"):
    """A whole book, best levels first on each side."""

    symbol: str
    seq: int
    ts_event_ns: int
    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]

    def after(self, change: BookDelta) -> BookSnapshot:
        """The book with a published change taken in; one that is in it already changes nothing.

        Raises:
            ValueError: a change before this one was missed; a whole book comes within sixty messages.
        """
        if change.seq <= self.seq:
            return self
        if change.seq != self.seq + 1:
            raise ValueError(f"change {change.seq} of {self.symbol} does not follow on book {self.seq}")
        bids, asks = _merged(self.bids, change.bids), _merged(self.asks, change.asks)
        return BookSnapshot(self.symbol, change.seq, change.ts_event_ns, tuple(reversed(bids)), tuple(asks))


class BookDelta(msgspec.Struct, frozen=True, gc=False, tag="book_delta"):
    """Levels that are new or changed since ``seq - 1``, by price; the rest of the book stands."""

    symbol: str
    seq: int
    ts_event_ns: int
    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]


def _merged(levels: tuple[BookLevel, ...], changes: tuple[BookLevel, ...]) -> list[BookLevel]:
    """Levels with changes taken in, by rising price."""
    merged = {level.price: level for level in levels} | {level.price: level for level in changes}
    return [merged[price] for price in sorted(merged) if merged[price].size]


class Bar(msgspec.Struct, frozen=True, gc=False, tag="bar"):
    """What traded in one span of time, or its correction.

    Attributes:
        seq: per symbol and interval, +1 each, corrections included.
        ts_event_ns: end of the span; it began ``interval`` earlier, on a UTC boundary.
        interval: ``1m 5m 15m 1h 4h 1d``.
        start_ns: begin of the span.
        volume: in base units; 0 in a span without a trade, whose prices are the previous close.
        quote_volume: price times size, summed, in quote units.
        revision: 0 at first; a correction carries one more and replaces what came before.
    """

    symbol: str
    seq: int
    ts_event_ns: int
    interval: str
    start_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trades: int
    revision: int


Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"
"""What a journal may hold: JSON without floats."""


class Entry(msgspec.Struct, frozen=True):
    """One thing that happened in a run: a line of the journal, an event for whoever watches.

    Attributes:
        kind: such as ``run_started``, ``step_started``, ``effect_ended``, ``check``.
        at_ns: scenario time since the start of the run.
        path: the block or step it belongs to, ``""`` for the run itself.
        data: further fields; text, integers, flags, lists and objects, never a float.
    """

    kind: str
    at_ns: int
    path: str
    data: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Notice:
    """News of an effect, from the board to whoever keeps the journal.

    Attributes:
        kind: ``effect_started``, ``effect_ended``, ``effect_reverted`` or ``move_replaced``.
        data: numbers as text, except counts.
    """

    kind: str
    run: str
    path: str
    data: dict[str, Json]
