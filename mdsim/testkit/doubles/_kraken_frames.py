"""Kraken's frames: JSON numbers with every decimal of the pair, and checksums of exactly those digits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from zlib import crc32

from mdsim.core.decimals import CONTEXT
from mdsim.testkit.desk import Bar, Desk, Levels, Trade
from mdsim.testkit.frames import fixed, iso, number, text

SUMMED = 10


def checksum(bids: Iterable[tuple[Decimal, Decimal]], asks: Iterable[tuple[Decimal, Decimal]]) -> int:
    """CRC-32 of the ten best asks, then the ten best bids: digits of price and quantity, no zeros in front.

    Args:
        bids: levels as they are printed, best first.
        asks: likewise.
    """
    digits = [
        format(value, "f").replace(".", "").lstrip("0")
        for side in (asks, bids)
        for level in islice(side, SUMMED)
        for value in level
    ]
    return crc32("".join(digits).encode())


class Shown:
    """A book as one client has it: cut to its depth."""

    def __init__(self) -> None:
        self._bids: Levels = {}
        self._asks: Levels = {}

    def snapshot(self, desk: Desk, depth: int, stamp_ns: int, flip: int) -> str:
        """The whole book; ``flip`` spoils the checksum."""
        self._bids, self._asks = _cut(desk, depth)
        return self._frame(desk, "snapshot", self._bids, self._asks, stamp_ns, flip)

    def update(self, desk: Desk, depth: int, stamp_ns: int, flip: int) -> str:
        """What changed since the last frame, empty for nothing."""
        bids, asks = _cut(desk, depth)
        new_bids, new_asks = _changes(self._bids, bids, desk.bids), _changes(self._asks, asks, desk.asks)
        self._bids, self._asks = bids, asks
        if not new_bids and not new_asks:
            return ""
        return self._frame(desk, "update", new_bids, new_asks, stamp_ns, flip)

    def _frame(self, desk: Desk, kind: str, bids: Levels, asks: Levels, stamp_ns: int, flip: int) -> str:
        data = {
            "symbol": desk.listed,
            "bids": _levels(bids, desk),
            "asks": _levels(asks, desk),
            "checksum": checksum(self._bids.items(), self._asks.items()) ^ flip,
            "timestamp": iso(stamp_ns),
        }
        return text({"channel": "book", "type": kind, "data": [data]})


def _cut(desk: Desk, depth: int) -> tuple[Levels, Levels]:
    return dict(islice(desk.bids.items(), depth)), dict(islice(desk.asks.items(), depth))


def _changes(old: Levels, new: Levels, whole: Levels) -> Levels:
    """New and changed levels; one that went from the book has size 0, one that was pushed out is not told."""
    found = {price: size for price, size in new.items() if old.get(price) != size}
    found.update((price, Decimal(0)) for price in old if price not in whole)
    return found


def _levels(levels: Levels, desk: Desk) -> list[Mapping[str, object]]:
    places = Decimal(1).scaleb(-desk.pair.size_places, CONTEXT)
    return [
        {"price": number(price), "qty": number(CONTEXT.quantize(size, places))}
        for price, size in levels.items()
    ]


def ticker(desk: Desk, stamp_ns: int, kind: str) -> str:
    """``ticker``."""
    (bid, bid_size), (ask, ask_size) = desk.top
    day, last = desk.day, desk.last
    vwap = CONTEXT.divide(day.quote_volume, day.volume)
    moved = CONTEXT.subtract(last.price, day.open)
    percent = CONTEXT.divide(CONTEXT.multiply(moved, Decimal(100)), day.open)
    places = desk.pair.price_places
    data = {
        "symbol": desk.listed,
        "bid": number(bid),
        "bid_qty": number(bid_size),
        "ask": number(ask),
        "ask_qty": number(ask_size),
        "last": number(last.price),
        "volume": number(Decimal(f"{desk.pair.volume_24h:.8f}")),
        "vwap": _printed(vwap, places),
        "low": number(day.low),
        "high": number(day.high),
        "change": _printed(moved, places),
        "change_pct": _printed(percent, 2),
        "timestamp": iso(stamp_ns),
    }
    return text({"channel": "ticker", "type": kind, "data": [data]})


def trades(desk: Desk, made: Sequence[Trade], kind: str, stamp: Callable[[int], int]) -> str:
    """``trade``: ``side`` is the taker's."""
    data = [
        {
            "symbol": desk.listed,
            "side": "buy" if one.buy else "sell",
            "price": number(one.price),
            "qty": number(one.size),
            "ord_type": "market",
            "trade_id": one.number,
            "timestamp": iso(stamp(one.ts_ns)),
        }
        for one in made
    ]
    return text({"channel": "trade", "type": kind, "data": data})


def bar(desk: Desk, made: Bar, minutes: int, stamp_ns: int) -> Mapping[str, object]:
    """One bar of ``ohlc``."""
    places = desk.pair.price_places
    vwap = CONTEXT.divide(made.quote_volume, made.volume) if made.volume else made.close
    return {
        "symbol": desk.listed,
        "open": number(made.open),
        "high": number(made.high),
        "low": number(made.low),
        "close": number(made.close),
        "trades": made.trades,
        "volume": _printed(made.volume, 8),
        "vwap": _printed(vwap, places),
        "interval_begin": iso(made.open_ns, 9),
        "interval": minutes,
        "timestamp": iso(stamp_ns),
    }


def bars(desk: Desk, made: Sequence[Bar], minutes: int, kind: str, stamp_ns: int) -> str:
    """``ohlc``."""
    data = [bar(desk, one, minutes, stamp_ns) for one in made]
    return text({"channel": "ohlc", "type": kind, "timestamp": iso(stamp_ns), "data": data})


def instruments(desks: Iterable[Desk]) -> str:
    """``instrument``: everything that is listed."""
    pairs, codes = [], []
    for desk in desks:
        pair = desk.pair
        codes += [pair.base, pair.quote]
        pairs.append(
            {
                "symbol": desk.listed,
                "base": pair.base,
                "quote": pair.quote,
                "status": "online",
                "qty_precision": pair.size_places,
                "qty_increment": number(Decimal(1).scaleb(-pair.size_places, CONTEXT)),
                "price_precision": pair.price_places,
                "cost_precision": 5,
                "marginable": False,
                "has_index": True,
                "cost_min": number(Decimal("0.50")),
                "tick_size": number(Decimal(1).scaleb(-pair.price_places, CONTEXT)),
                "price_increment": number(Decimal(1).scaleb(-pair.price_places, CONTEXT)),
                "qty_min": number(Decimal("0.00005")),
            }
        )
    assets = [
        {"id": code, "status": "enabled", "precision": 10, "precision_display": 5, "borrowable": False}
        for code in sorted(dict.fromkeys(codes))
    ]
    return text({"channel": "instrument", "type": "snapshot", "data": {"assets": assets, "pairs": pairs}})


def _printed(value: Decimal, places: int) -> object:
    return number(Decimal(fixed(value, places)))
