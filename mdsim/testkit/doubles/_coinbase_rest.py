"""Coinbase's public REST interface."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Protocol

import msgspec

from mdsim.core.decimals import plain
from mdsim.core.time import SECOND
from mdsim.testkit.desk import Desk
from mdsim.testkit.faults import Faults
from mdsim.testkit.frames import Asked, Reply, iso, reply
from mdsim.testkit.market import Market

GRANULARITIES = ("60", "300", "900", "3600", "21600", "86400")
_NOT_FOUND = reply({"message": "NotFound"}, 404)


class Venue(Protocol):
    """What the interface needs of its double."""

    desks: dict[str, Desk]
    faults: Faults
    market: Market
    sequences: dict[str, int]

    def stamp_ns(self, ts_ns: int | None = None) -> int: ...


def respond(venue: Venue, asked: Asked) -> Reply:
    """The answer to a request."""
    steps = [step for step in asked.path.split("/") if step]
    if steps == ["time"]:
        stamp_ns = venue.stamp_ns()
        return reply({"iso": iso(stamp_ns, 3), "epoch": stamp_ns // 1_000_000 / 1_000})
    if steps == ["currencies"]:
        return reply([_currency(code) for code in _codes(venue)])
    if steps == ["products"]:
        return reply([_product(desk) for desk in venue.desks.values()])
    if not steps or steps[0] != "products" or len(steps) > 3:
        return _NOT_FOUND
    desk = venue.desks.get(steps[1])
    if desk is None:
        return _NOT_FOUND
    if len(steps) == 2:
        return reply(_product(desk))
    return _of_product(venue, desk, steps[2], asked.query)


def _of_product(venue: Venue, desk: Desk, what: str, query: Mapping[str, str]) -> Reply:
    if what == "book":
        late_ns = int(venue.faults.amount("late_snapshot") * SECOND)
        most = 1 if query.get("level", "1") == "1" else len(desk.bids)
        book = {
            "bids": [(plain(price), plain(size), 1) for price, size in islice(desk.bids.items(), most)],
            "asks": [(plain(price), plain(size), 1) for price, size in islice(desk.asks.items(), most)],
            "sequence": venue.sequences[desk.listed],
        }
        return Reply(200, msgspec.json.encode(book), {}, late_ns)
    last, day = desk.last, desk.day
    volume = f"{desk.pair.volume_24h:.8f}"
    if what == "ticker":
        (bid, _), (ask, _) = desk.top
        return reply(
            {
                "trade_id": last.number,
                "price": plain(last.price),
                "size": plain(last.size),
                "time": iso(venue.stamp_ns(last.ts_ns)),
                "bid": plain(bid),
                "ask": plain(ask),
                "volume": volume,
            }
        )
    if what == "stats":
        return reply(
            {
                "open": plain(day.open),
                "high": plain(day.high),
                "low": plain(day.low),
                "last": plain(last.price),
                "volume": volume,
                "volume_30day": f"{desk.pair.volume_24h * 30:.8f}",
            }
        )
    if what == "trades":
        trades = [
            {
                "trade_id": one.number,
                "side": "sell" if one.buy else "buy",
                "size": plain(one.size),
                "price": plain(one.price),
                "time": iso(venue.stamp_ns(one.ts_ns)),
            }
            for one in reversed(desk.trades)
        ]
        return reply(trades, headers={"CB-BEFORE": str(last.number), "CB-AFTER": str(desk.trades[0].number)})
    if what == "candles":
        granularity = query.get("granularity", "60")
        if granularity not in GRANULARITIES:
            return reply({"message": "Unsupported granularity"}, 400)
        bars = desk.bars_of(int(granularity) // 60, venue.market.now_ns())
        rows = [
            (bar.open_ns // SECOND, *map(float, (bar.low, bar.high, bar.open, bar.close, bar.volume)))
            for bar in reversed(bars)
            if bar.trades  # one without trades is left out there
        ]
        return reply(rows[:300])
    return _NOT_FOUND


def _codes(venue: Venue) -> list[str]:
    pairs = [desk.pair for desk in venue.desks.values()]
    return sorted(dict.fromkeys(code for pair in pairs for code in (pair.base, pair.quote)))


def _currency(code: str) -> Mapping[str, object]:
    return {"id": code, "name": code, "min_size": "0.00000001", "status": "online", "details": {}}


def _product(desk: Desk) -> Mapping[str, object]:
    pair = desk.pair
    return {
        "id": desk.listed,
        "base_currency": pair.base,
        "quote_currency": pair.quote,
        "quote_increment": f"{10.0**-pair.price_places:.{pair.price_places}f}",
        "base_increment": f"{10.0**-pair.size_places:.{pair.size_places}f}",
        "display_name": desk.listed.replace("-", "/"),
        "min_market_funds": "1",
        "margin_enabled": False,
        "post_only": False,
        "limit_only": False,
        "cancel_only": False,
        "status": "online",
        "status_message": "",
        "trading_disabled": False,
        "fx_stablecoin": False,
        "max_slippage_percentage": "0.02000000",
        "auction_mode": False,
    }
