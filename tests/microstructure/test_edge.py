"""Events on the wire: exact Decimals, stable tags."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from mdsim.core import events
from mdsim.core.instruments import ALL
from mdsim.core.time import MINUTE
from mdsim.microstructure import edge
from mdsim.microstructure.bars import Bar
from mdsim.microstructure.book import Book, Delta
from mdsim.microstructure.prints import Print

BTC = ALL["BTC-USD"]


def test_a_trade_is_exact() -> None:
    """Increments become Decimals on the grids of price and size."""
    one = edge.trade(BTC, Print(5, 77, False, 6_000_001, 12_345), 3)
    assert (one.price, one.size, one.side, one.trade_id) == (
        Decimal("60000.01"),
        Decimal("0.12345"),
        "sell",
        77,
    )
    assert msgspec.json.decode(msgspec.json.encode(one), type=events.Trade) == one
    assert msgspec.json.decode(msgspec.json.encode(one))["type"] == "trade"


def test_a_book_and_its_delta_are_pairs_of_price_and_size() -> None:
    """Levels are arrays on the wire; a size of 0 takes a level away."""
    book = edge.snapshot(BTC, Book(((100, 1),), ((101, 200_000), (105, 3))), 9, 1)
    assert msgspec.json.decode(msgspec.json.encode(book)) == {
        "type": "book",
        "symbol": "BTC-USD",
        "seq": 1,
        "ts_event_ns": 9,
        "bids": [["1.00", "0.00001"]],
        "asks": [["1.01", "2.00000"], ["1.05", "0.00003"]],
    }
    delta = edge.delta(BTC, Delta((), ((105, 0),)), 9, 2)
    assert delta.asks == (events.BookLevel(Decimal("1.05"), Decimal(0)),)
    told = msgspec.json.decode(msgspec.json.encode(delta))
    assert (told["type"], told["asks"]) == ("book_delta", [["1.05", "0"]])


def test_a_bar_ends_where_its_interval_does() -> None:
    """Prices, volumes and the quote volume are exact; the stamp is the end of the span."""
    one = edge.bar(BTC, Bar("1m", 0, 100, 103, 99, 101, 50_000, 5_050_000, 4, 1), 8)
    assert one.ts_event_ns == MINUTE
    assert (one.open, one.high, one.low, one.close) == tuple(map(Decimal, ("1.00", "1.03", "0.99", "1.01")))
    assert (one.volume, one.quote_volume) == (Decimal("0.5"), Decimal("0.505"))
    assert msgspec.json.decode(msgspec.json.encode(one), type=events.Bar) == one
