"""Kraken's public REST interface: failures come with status 200 and a list of errors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Protocol

import msgspec

from mdsim.core.decimals import CONTEXT
from mdsim.core.time import SECOND
from mdsim.testkit.desk import Desk, Levels
from mdsim.testkit.faults import Faults
from mdsim.testkit.frames import Asked, Reply, fixed, iso
from mdsim.testkit.market import Market

_LEGACY = {"BTC": "XXBT", "ETH": "XETH", "USD": "ZUSD"}
INTERVALS = (1, 5, 15, 30, 60, 240, 1_440, 10_080, 21_600)
"""Minutes of a bar."""
_OLD = {"BTC": "XBT"}


class Venue(Protocol):
    """What the interface needs of its double."""

    desks: dict[str, Desk]
    faults: Faults
    market: Market

    def stamp_ns(self, ts_ns: int | None = None) -> int: ...


def respond(venue: Venue, asked: Asked) -> Reply:
    """The answer to a request."""
    what = asked.path.removeprefix("/0/public/")
    query, stamp_ns = asked.query, venue.stamp_ns()
    if what == "Time":
        at = datetime.fromtimestamp(stamp_ns // SECOND, UTC)
        return _good({"unixtime": stamp_ns // SECOND, "rfc1123": at.strftime("%a, %d %b %y %H:%M:%S +0000")})
    if what == "SystemStatus":
        return _good({"status": "online", "timestamp": iso(stamp_ns)[:19] + "Z"})
    if what == "Assets":
        return _good(_assets(venue))
    if what not in ("AssetPairs", "Ticker", "Depth", "Trades", "OHLC", "Spread"):
        return _bad("EGeneral:Unknown method")
    desks = _desks(venue, query.get("pair", ""))
    if desks is None:
        return _bad("EQuery:Unknown asset pair")
    if what == "AssetPairs":
        return _good({_key(desk): _pair(desk) for desk in desks})
    if what == "Ticker":
        return _good({_key(desk): _ticker(desk) for desk in desks})
    if len(desks) != 1:
        return _bad("EGeneral:Invalid arguments")
    return _of_pair(venue, desks[0], what, query)


def _of_pair(venue: Venue, desk: Desk, what: str, query: Mapping[str, str]) -> Reply:
    key, stamp_ns = _key(desk), venue.stamp_ns()
    if what == "Depth":
        told = query.get("count", "100")
        if not told.isdecimal() or not 1 <= int(told) <= 500:
            return _bad("EGeneral:Invalid arguments:count")
        late_ns = int(venue.faults.amount("late_snapshot") * SECOND)
        book = {
            "asks": _levels(desk.asks, int(told), stamp_ns),
            "bids": _levels(desk.bids, int(told), stamp_ns),
        }
        return _good({key: book}, late_ns)
    if what == "Spread":
        (bid, _), (ask, _) = desk.top
        return _good({key: [(stamp_ns // SECOND, f"{bid}", f"{ask}")], "last": stamp_ns // SECOND})
    if what == "Trades":
        rows = [
            (
                f"{one.price}",
                fixed(one.size),
                venue.stamp_ns(one.ts_ns) / SECOND,
                "b" if one.buy else "s",
                "m",
                "",
                one.number,
            )
            for one in desk.trades
        ]
        return _good({key: rows, "last": str(venue.stamp_ns(desk.last.ts_ns))})
    interval = query.get("interval", "1")
    if not interval.isdecimal() or int(interval) not in INTERVALS:
        return _bad("EGeneral:Invalid arguments:interval")
    bars = [
        (
            bar.open_ns // SECOND,
            f"{bar.open}",
            f"{bar.high}",
            f"{bar.low}",
            f"{bar.close}",
            _average(bar.quote_volume, bar.volume, desk),
            fixed(bar.volume),
            bar.trades,
        )
        for bar in desk.bars_of(int(interval), venue.market.now_ns())[-720:]
    ]
    # the last one is open; ``last`` is what the next request should name as ``since``
    since = int(query["since"]) if query.get("since", "").isdecimal() else -1
    later = [bar for bar in bars if bar[0] > since]
    return _good({key: later, "last": bars[-2][0] if len(bars) > 1 else bars[-1][0]})


def _good(result: object, delay_ns: int = 0) -> Reply:
    return Reply(200, msgspec.json.encode({"error": [], "result": result}), {}, delay_ns)


def _bad(error: str) -> Reply:
    return Reply(200, msgspec.json.encode({"error": [error]}))


def _desks(venue: Venue, wanted: str) -> list[Desk] | None:
    """The desks that are named in any of Kraken's ways; all of them for no name, None for an unknown one."""
    by_name = {
        name: desk
        for desk in venue.desks.values()
        for name in (_key(desk), _altname(desk), desk.listed, desk.listed.replace("/", ""))
    }
    if not wanted:
        return list(venue.desks.values())
    found = [by_name.get(name.strip()) for name in wanted.split(",")]
    return None if None in found else [desk for desk in found if desk is not None]


def _altname(desk: Desk) -> str:
    return "".join(_OLD.get(code, code) for code in (desk.pair.base, desk.pair.quote))


def _key(desk: Desk) -> str:
    """``XXBTZUSD`` for legacy assets; pairs that are newer have their short name."""
    codes = (desk.pair.base, desk.pair.quote)
    if all(code in _LEGACY for code in codes):
        return "".join(_LEGACY[code] for code in codes)
    if codes == ("USDT", "USD"):
        return "USDTZUSD"
    return _altname(desk)


def _levels(levels: Levels, most: int, stamp_ns: int) -> list[tuple[str, str, int]]:
    return [(f"{price}", fixed(size, 3), stamp_ns // SECOND) for price, size in islice(levels.items(), most)]


def _average(quote_volume: Decimal, volume: Decimal, desk: Desk) -> str:
    average = CONTEXT.divide(quote_volume, volume) if volume else Decimal(0)
    return fixed(average, desk.pair.price_places)


def _ticker(desk: Desk) -> Mapping[str, object]:
    (bid, bid_size), (ask, ask_size) = desk.top
    day, last = desk.day, desk.last
    average = _average(day.quote_volume, day.volume, desk)
    volume = f"{desk.pair.volume_24h:.8f}"
    return {
        "a": (f"{ask}", str(int(ask_size)), fixed(ask_size, 3)),
        "b": (f"{bid}", str(int(bid_size)), fixed(bid_size, 3)),
        "c": (f"{last.price}", fixed(last.size)),
        "v": (volume, volume),
        "p": (average, average),
        "t": (day.trades, day.trades),
        "l": (f"{day.low}", f"{day.low}"),
        "h": (f"{day.high}", f"{day.high}"),
        "o": f"{day.open}",
    }


def _assets(venue: Venue) -> Mapping[str, object]:
    codes = [code for desk in venue.desks.values() for code in (desk.pair.base, desk.pair.quote)]
    return {
        _LEGACY.get(code, code): {
            "aclass": "currency",
            "altname": _OLD.get(code, code),
            "decimals": 10,
            "display_decimals": 5,
            "status": "enabled",
        }
        for code in dict.fromkeys(codes)
    }


def _pair(desk: Desk) -> Mapping[str, object]:
    pair = desk.pair
    base, quote = pair.base, pair.quote
    return {
        "altname": _altname(desk),
        "wsname": f"{_OLD.get(base, base)}/{_OLD.get(quote, quote)}",
        "aclass_base": "currency",
        "base": _LEGACY.get(base, base),
        "aclass_quote": "currency",
        "quote": _LEGACY.get(quote, quote),
        "lot": "unit",
        "cost_decimals": 5,
        "pair_decimals": pair.price_places,
        "lot_decimals": pair.size_places,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [(0, 0.4), (10_000, 0.35)],
        "fees_maker": [(0, 0.25), (10_000, 0.2)],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": "0.00005",
        "costmin": "0.5",
        "tick_size": f"{10.0**-pair.price_places:.{pair.price_places}f}",
        "status": "online",
    }
