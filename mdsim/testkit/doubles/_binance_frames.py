"""Binance's payloads: prices and quantities as text with eight decimals, times in ms, counts as integers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import islice

from mdsim.core.decimals import CONTEXT
from mdsim.core.time import DAY, MINUTE, MS
from mdsim.testkit.desk import Bar, Desk, Levels, Trade
from mdsim.testkit.frames import fixed, text

Event = Mapping[str, object]
_TIMES = ("E", "T", "O", "C")


def wrapped(event: Event | Sequence[Event], stream: str) -> str:
    """A frame; without a stream's name it is the event alone."""
    return text({"stream": stream, "data": event} if stream else event)


def in_micros(event: Event | Sequence[Event]) -> Event | Sequence[Event]:
    """The event as a client sees it that asked for microseconds."""
    if not isinstance(event, Mapping):
        return [dict(_micros(one)) for one in event]
    return _micros(event)


def _micros(event: Event) -> Event:
    return {
        key: value * 1_000
        if key in _TIMES and isinstance(value, int)
        else _bar_micros(value)
        if key == "k" and isinstance(value, dict)
        else value
        for key, value in event.items()
    }


def _bar_micros(bar: Mapping[str, object]) -> Event:
    return {
        key: value * 1_000 if key in ("t", "T") and isinstance(value, int) else value
        for key, value in bar.items()
    }


def levels(side: Levels) -> list[tuple[str, str]]:
    """``[price, size]`` each."""
    return [(fixed(price), fixed(size)) for price, size in side.items()]


def best(side: Levels, most: int) -> list[tuple[str, str]]:
    """The best levels of a side."""
    return [(fixed(price), fixed(size)) for price, size in islice(side.items(), most)]


def trade(desk: Desk, one: Trade, stamp_ns: int) -> Event:
    """``@trade``; ``m`` says that the buyer was the maker, so that it was a sale."""
    ms = stamp_ns // MS
    return {
        "e": "trade",
        "E": ms,
        "s": desk.listed,
        "t": one.number,
        "p": fixed(one.price),
        "q": fixed(one.size),
        "T": ms,
        "m": not one.buy,
        "M": True,
    }


def agg_trade(desk: Desk, one: Trade, stamp_ns: int) -> Event:
    """``@aggTrade``: every order of this market fills at once, so that each stands for one trade."""
    ms = stamp_ns // MS
    return {
        "e": "aggTrade",
        "E": ms,
        "s": desk.listed,
        "a": one.number,
        "p": fixed(one.price),
        "q": fixed(one.size),
        "f": one.number,
        "l": one.number,
        "T": ms,
        "m": not one.buy,
        "M": True,
    }


def book_ticker(desk: Desk) -> Event:
    """``@bookTicker``: neither a kind nor a time."""
    (bid, bid_size), (ask, ask_size) = desk.top
    return {
        "u": desk.seq,
        "s": desk.listed,
        "b": fixed(bid),
        "B": fixed(bid_size),
        "a": fixed(ask),
        "A": fixed(ask_size),
    }


def depth_update(desk: Desk, first: int, last: int, bids: Levels, asks: Levels, stamp_ns: int) -> Event:
    """``@depth``: levels that changed; bids highest first, asks lowest first."""
    return {
        "e": "depthUpdate",
        "E": stamp_ns // MS,
        "s": desk.listed,
        "U": first,
        "u": last,
        "b": levels(dict(sorted(bids.items(), reverse=True))),
        "a": levels(dict(sorted(asks.items()))),
    }


def partial(desk: Desk, most: int) -> Event:
    """``@depth5``, 10 or 20: does not say of which symbol."""
    return {"lastUpdateId": desk.seq, "bids": best(desk.bids, most), "asks": best(desk.asks, most)}


def mini_ticker(desk: Desk, stamp_ns: int) -> Event:
    """``@miniTicker``."""
    day = desk.day
    return {
        "e": "24hrMiniTicker",
        "E": stamp_ns // MS,
        "s": desk.listed,
        "c": fixed(desk.last.price),
        "o": fixed(day.open),
        "h": fixed(day.high),
        "l": fixed(day.low),
        "v": fixed(day.volume),
        "q": fixed(day.quote_volume),
    }


def change(desk: Desk) -> tuple[Decimal, Decimal, Decimal]:
    """Change of the price, that in percent, and the average price by volume, since the open."""
    day = desk.day
    moved = CONTEXT.subtract(desk.last.price, day.open)
    percent = CONTEXT.multiply(CONTEXT.divide(moved, day.open), Decimal(100))
    return moved, percent, CONTEXT.divide(day.quote_volume, day.volume)


def ticker(desk: Desk, stamp_ns: int) -> Event:
    """``@ticker``."""
    day, last = desk.day, desk.last
    (bid, bid_size), (ask, ask_size) = desk.top
    moved, percent, average = change(desk)
    return {
        "e": "24hrTicker",
        "E": stamp_ns // MS,
        "s": desk.listed,
        "p": fixed(moved),
        "P": fixed(percent, 3),
        "w": fixed(average),
        "x": fixed(day.open),
        "c": fixed(last.price),
        "Q": fixed(last.size),
        "b": fixed(bid),
        "B": fixed(bid_size),
        "a": fixed(ask),
        "A": fixed(ask_size),
        "o": fixed(day.open),
        "h": fixed(day.high),
        "l": fixed(day.low),
        "v": fixed(day.volume),
        "q": fixed(day.quote_volume),
        "O": (stamp_ns - DAY) // MS,
        "C": stamp_ns // MS,
        "F": last.number - day.trades + 1,
        "L": last.number,
        "n": day.trades,
    }


def avg_price(desk: Desk, stamp_ns: int) -> Event:
    """``@avgPrice``."""
    return {
        "e": "avgPrice",
        "E": stamp_ns // MS,
        "s": desk.listed,
        "i": "5m",
        "w": fixed(change(desk)[2]),
        "T": stamp_ns // MS,
    }


INTERVALS: Mapping[str, int] = {
    "1m": 1,
    "3m": 3,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "2h": 120,
    "4h": 240,
    "6h": 360,
    "8h": 480,
    "12h": 720,
    "1d": 1_440,
    "3d": 4_320,
    "1w": 10_080,
}
"""Minutes of each."""


def kline(desk: Desk, bar: Bar, interval: str, stamp_ns: int, *, closed: bool) -> Event:
    """``@kline_1m`` and its like."""
    open_ms = bar.open_ns // MS
    return {
        "e": "kline",
        "E": stamp_ns // MS,
        "s": desk.listed,
        "k": {
            "t": open_ms,
            "T": open_ms + INTERVALS[interval] * MINUTE // MS - 1,
            "s": desk.listed,
            "i": interval,
            "f": bar.first,
            "L": bar.last,
            "o": fixed(bar.open),
            "c": fixed(bar.close),
            "h": fixed(bar.high),
            "l": fixed(bar.low),
            "v": fixed(bar.volume),
            "n": bar.trades,
            "x": closed,
            "q": fixed(bar.quote_volume),
            "V": fixed(bar.bought),
            "Q": fixed(bar.quote_bought),
            "B": "0",
        },
    }


def kline_row(bar: Bar, interval: str) -> list[object]:
    """A row of ``/api/v3/klines``."""
    open_ms = bar.open_ns // MS
    return [
        open_ms,
        fixed(bar.open),
        fixed(bar.high),
        fixed(bar.low),
        fixed(bar.close),
        fixed(bar.volume),
        open_ms + INTERVALS[interval] * MINUTE // MS - 1,
        fixed(bar.quote_volume),
        bar.trades,
        fixed(bar.bought),
        fixed(bar.quote_bought),
        "0",
    ]
