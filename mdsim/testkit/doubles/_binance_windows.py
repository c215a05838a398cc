"""Binance's windows: what happened in the last minutes, hours or days, over REST and as a stream."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from mdsim.core.decimals import CONTEXT
from mdsim.core.time import DAY, MINUTE, MS
from mdsim.testkit.desk import Bar, Desk
from mdsim.testkit.frames import fixed

STREAMS: Mapping[str, int] = {"1h": 60, "4h": 240, "1d": 1_440}
"""Minutes of each window that is streamed."""
_SIZE = re.compile(r"([1-9]|[1-5][0-9])m|([1-9]|1[0-9]|2[0-3])h|([1-7])d", re.ASCII)


def minutes_of(size: str) -> int | None:
    """Minutes of ``windowSize``: 1m to 59m, 1h to 23h, 1d to 7d; None for anything else."""
    found = _SIZE.fullmatch(size)
    if found is None:
        return None
    minutes, hours, days = (int(part or 0) for part in found.groups())
    return minutes + 60 * hours + 1_440 * days


def window(desk: Desk, from_ns: int, now_ns: int) -> Bar:
    """Everything from an instant on, in one; it opens with the minute of that instant."""
    bars = [bar for bar in desk.bars_of(1, now_ns) if bar.open_ns + MINUTE > from_ns]
    whole = replace(bars[0])
    for bar in bars[1:]:
        whole.take(bar)
    return whole


def rolling(desk: Desk, minutes: int, now_ns: int) -> Bar:
    """The window that ends now."""
    return window(desk, now_ns - minutes * MINUTE + 1, now_ns)


def trading_day(desk: Desk, now_ns: int) -> Bar:
    """Since midnight UTC."""
    return window(desk, now_ns // DAY * DAY, now_ns)


def entry(desk: Desk, bar: Bar, stamp_ns: int, *, mini: bool) -> Mapping[str, object]:
    """One symbol of ``/api/v3/ticker`` or ``/ticker/tradingDay``."""
    moved, percent, average = _change(bar)
    change = {
        "priceChange": fixed(moved),
        "priceChangePercent": fixed(percent, 3),
        "weightedAvgPrice": fixed(average),
    }
    return {
        "symbol": desk.listed,
        **({} if mini else change),
        "openPrice": fixed(bar.open),
        "highPrice": fixed(bar.high),
        "lowPrice": fixed(bar.low),
        "lastPrice": fixed(bar.close),
        "volume": fixed(bar.volume),
        "quoteVolume": fixed(bar.quote_volume),
        "openTime": bar.open_ns // MS,
        "closeTime": stamp_ns // MS,
        "firstId": bar.first,
        "lastId": bar.last,
        "count": bar.trades,
    }


def event(desk: Desk, size: str, bar: Bar, stamp_ns: int) -> Mapping[str, object]:
    """``@ticker_1h`` and its like."""
    moved, percent, average = _change(bar)
    return {
        "e": f"{size}Ticker",
        "E": stamp_ns // MS,
        "s": desk.listed,
        "p": fixed(moved),
        "P": fixed(percent, 3),
        "o": fixed(bar.open),
        "h": fixed(bar.high),
        "l": fixed(bar.low),
        "c": fixed(bar.close),
        "w": fixed(average),
        "v": fixed(bar.volume),
        "q": fixed(bar.quote_volume),
        "O": bar.open_ns // MS,
        "C": stamp_ns // MS,
        "F": bar.first,
        "L": bar.last,
        "n": bar.trades,
    }


def _change(bar: Bar) -> tuple[Decimal, Decimal, Decimal]:
    """Change of the price, that in percent, and the average price by volume."""
    moved = CONTEXT.subtract(bar.close, bar.open)
    percent = CONTEXT.multiply(CONTEXT.divide(moved, bar.open), Decimal(100))
    return moved, percent, CONTEXT.divide(bar.quote_volume, bar.volume) if bar.volume else bar.close
