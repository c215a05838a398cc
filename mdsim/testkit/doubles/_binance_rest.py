"""The market data of Binance's REST interface, version 3, with the weights that it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from mdsim.core.decimals import CONTEXT
from mdsim.core.time import DAY, MINUTE, MS, SECOND
from mdsim.testkit.desk import Bar, Desk, Trade
from mdsim.testkit.doubles import _binance_frames as frames
from mdsim.testkit.doubles import _binance_windows as windows
from mdsim.testkit.faults import Faults
from mdsim.testkit.frames import Asked, Reply, fixed
from mdsim.testkit.market import Market

WEIGHT_PER_MINUTE = 6_000
TOO_MUCH = (
    f"Too much request weight used; current limit is {WEIGHT_PER_MINUTE} request weight per 1 MINUTE. "
    "Please use WebSocket Streams for live updates to avoid polling the API."
)
WAY_TOO_MUCH = (
    "Way too much request weight used; IP banned until {until_ms}. "
    "Please use WebSocket Streams for live updates to avoid bans."
)
PATIENCE = 10
"""Answers of 429 in a minute after which the address is banned."""
BAN_S = 120
_DEPTH_WEIGHTS = ((100, 5), (500, 25), (1_000, 50), (5_000, 250))


class Venue(Protocol):
    """What the interface needs of its double."""

    desks: dict[str, Desk]
    faults: Faults
    market: Market

    def stamp_ns(self, ts_ns: int | None = None) -> int: ...


class InvalidError(Exception):
    """A request that is answered with status 400.

    Attributes:
        code, message: as Binance has them.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


Query = Mapping[str, str]


class BinanceRest:
    """Answers requests."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._minute = self._used = self._refused = 0
        self._banned_ns = 0
        self._paths: Mapping[str, Callable[[Query], tuple[object, int]]] = {
            "/api/v3/ping": lambda _query: ({}, 1),
            "/api/v3/time": lambda _query: ({"serverTime": self._ms()}, 1),
            "/api/v3/exchangeInfo": self._exchange_info,
            "/api/v3/depth": self._depth,
            "/api/v3/trades": self._trades,
            "/api/v3/historicalTrades": self._trades,
            "/api/v3/aggTrades": self._agg_trades,
            "/api/v3/klines": self._klines,
            "/api/v3/uiKlines": self._klines,
            "/api/v3/avgPrice": self._avg_price,
            "/api/v3/ticker/24hr": self._ticker_24h,
            "/api/v3/ticker": self._rolling,
            "/api/v3/ticker/tradingDay": self._trading_day,
            "/api/v3/ticker/price": lambda query: self._many(query, _price, 2, 4),
            "/api/v3/ticker/bookTicker": lambda query: self._many(query, _book_ticker, 2, 4),
            # What general clients ask for beside spot: there are no futures here.
            "/fapi/v1/exchangeInfo": lambda _query: ({"symbols": []}, 1),
            "/dapi/v1/exchangeInfo": lambda _query: ({"symbols": []}, 1),
        }

    def respond(self, asked: Asked) -> Reply:
        """The answer, an error or a refusal."""
        stamp_ns = self._venue.stamp_ns()
        if stamp_ns // MINUTE != self._minute:
            self._minute, self._used, self._refused = stamp_ns // MINUTE, 0, 0
        if stamp_ns < self._banned_ns:
            return self.ban(-(-(self._banned_ns - stamp_ns) // SECOND))
        respond = self._paths.get(asked.path)
        status, headers, delay_ns = 200, {}, 0
        if respond is None:
            data: object = {"code": -1000, "msg": "Not found"}
            status = 404
        else:
            try:
                data, weight = respond(asked.query)
            except InvalidError as invalid:
                data, weight, status = {"code": invalid.code, "msg": invalid.message}, 1, 400
            self._used += weight
            if asked.path == "/api/v3/depth" and status == 200:
                delay_ns = int(self._venue.faults.amount("late_snapshot") * SECOND)
        if self._used > WEIGHT_PER_MINUTE:
            self._refused += 1
            if self._refused > PATIENCE:
                self._banned_ns = stamp_ns + BAN_S * SECOND
                return self.ban(BAN_S)
            data, status = {"code": -1003, "msg": TOO_MUCH}, 429
            headers["Retry-After"] = str((MINUTE - stamp_ns % MINUTE) // SECOND + 1)
        for name in ("X-MBX-USED-WEIGHT", "X-MBX-USED-WEIGHT-1M"):
            headers[name] = str(self._used)
        return Reply(status, msgspec.json.encode(data), headers, delay_ns)

    def ban(self, wait_s: int) -> Reply:
        """The answer to a banned address."""
        message = WAY_TOO_MUCH.format(until_ms=self._ms() + wait_s * 1_000)
        body = msgspec.json.encode({"code": -1003, "msg": message})
        return Reply(418, body, {"Retry-After": str(wait_s)})

    def _ms(self) -> int:
        return self._venue.stamp_ns() // MS

    # ------------------------------------------------------------ what is asked for

    def _desk(self, query: Query) -> Desk:
        symbol = query.get("symbol")
        if not symbol:
            raise InvalidError(
                -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."
            )
        return self._listed(symbol)

    def _listed(self, symbol: str) -> Desk:
        desk = self._venue.desks.get(symbol)
        if desk is None:
            raise InvalidError(-1121, "Invalid symbol.")
        return desk

    def _selected(self, query: Query) -> Sequence[Desk] | None:
        """The desks of ``symbols``, or all of them; None when one ``symbol`` is named."""
        if "symbol" in query:
            if "symbols" in query:
                raise InvalidError(-1128, "Combination of optional parameters invalid.")
            return None
        if "symbols" not in query:
            return list(self._venue.desks.values())
        try:
            names = msgspec.json.decode(query["symbols"], type=list[str])
        except msgspec.DecodeError:
            raise InvalidError(-1100, "Illegal characters found in parameter 'symbols'.") from None
        if len(dict.fromkeys(names)) < len(names):
            raise InvalidError(-1151, "Symbol is present multiple times in the list.")
        return [self._listed(name) for name in names]

    def _many(
        self, query: Query, entry: Callable[[Desk, int], object], one: int, many: int
    ) -> tuple[object, int]:
        """An object for one symbol, a list for several."""
        selected, stamp_ns = self._selected(query), self._venue.stamp_ns()
        if selected is None:
            return entry(self._desk(query), stamp_ns), one
        return [entry(desk, stamp_ns) for desk in selected], many

    # ------------------------------------------------------------ endpoints

    def _exchange_info(self, query: Query) -> tuple[object, int]:
        selected = self._selected(query)
        desks = [self._desk(query)] if selected is None else selected
        limits = [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
            {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200000},
            {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300000},
        ]
        return {
            "timezone": "UTC",
            "serverTime": self._ms(),
            "rateLimits": limits,
            "exchangeFilters": [],
            "symbols": [_listing(desk) for desk in desks],
        }, 20

    def _depth(self, query: Query) -> tuple[object, int]:
        desk, most = self._desk(query), _limit(query, 100, 5_000)
        weight = next(weight for limit, weight in _DEPTH_WEIGHTS if most <= limit)
        return frames.partial(desk, most), weight

    def _trades(self, query: Query) -> tuple[object, int]:
        desk, most = self._desk(query), _limit(query, 500, 1_000)
        return [self._trade(one) for one in self._told(desk, query, most)], 25

    def _told(self, desk: Desk, query: Query, most: int) -> list[Trade]:
        """Trades from a number or a time on, or the newest; oldest first."""
        begin = _whole(query, "fromId", 0)
        found = [
            one
            for one in desk.trades
            if one.number >= begin and _within(query, self._venue.stamp_ns(one.ts_ns) // MS)
        ]
        return found[:most] if "fromId" in query or "startTime" in query else found[-most:]

    def _trade(self, one: Trade) -> Mapping[str, object]:
        return {
            "id": one.number,
            "price": fixed(one.price),
            "qty": fixed(one.size),
            "quoteQty": fixed(CONTEXT.multiply(one.price, one.size)),
            "time": self._venue.stamp_ns(one.ts_ns) // MS,
            "isBuyerMaker": not one.buy,
            "isBestMatch": True,
        }

    def _agg_trades(self, query: Query) -> tuple[object, int]:
        desk, most = self._desk(query), _limit(query, 500, 1_000)
        found = []
        for one in self._told(desk, query, most):
            event = frames.agg_trade(desk, one, self._venue.stamp_ns(one.ts_ns))
            found.append({key: value for key, value in event.items() if key not in ("e", "E", "s")})
        return found, 4

    def _klines(self, query: Query) -> tuple[object, int]:
        desk, most = self._desk(query), _limit(query, 500, 1_000)
        interval = query.get("interval", "")
        if interval not in frames.INTERVALS:
            raise InvalidError(-1120, "Invalid interval.")
        bars = desk.bars_of(frames.INTERVALS[interval], self._venue.market.now_ns())
        found = [bar for bar in bars if _within(query, bar.open_ns // MS)]
        found = found[:most] if "startTime" in query else found[-most:]
        return [frames.kline_row(bar, interval) for bar in found], 2

    def _avg_price(self, query: Query) -> tuple[object, int]:
        desk = self._desk(query)
        return {"mins": 5, "price": fixed(frames.change(desk)[2]), "closeTime": self._ms()}, 2

    def _ticker_24h(self, query: Query) -> tuple[object, int]:
        few = len(self._selected(query) or ()) <= 20 and "symbols" in query
        return self._many(query, _mini if query.get("type") == "MINI" else _full, 2, 2 if few else 80)

    def _rolling(self, query: Query) -> tuple[object, int]:
        minutes = windows.minutes_of(query.get("windowSize", "1d"))
        if minutes is None:
            raise InvalidError(-1120, "Invalid interval.")
        return self._windows(query, lambda desk, now_ns: windows.rolling(desk, minutes, now_ns))

    def _trading_day(self, query: Query) -> tuple[object, int]:
        return self._windows(query, windows.trading_day)

    def _windows(self, query: Query, made: Callable[[Desk, int], Bar]) -> tuple[object, int]:
        """Symbols must be named here, and each has its weight."""
        if "symbols" not in query:
            self._desk(query)  # or it is told that one is missing
        selected, now_ns = self._selected(query), self._venue.market.now_ns()
        mini = query.get("type") == "MINI"
        found = [
            windows.entry(desk, made(desk, now_ns), self._venue.stamp_ns(), mini=mini)
            for desk in ([self._desk(query)] if selected is None else selected)
        ]
        return found[0] if selected is None else found, min(200, 4 * len(found))


def _limit(query: Query, usual: int, most: int) -> int:
    told = _whole(query, "limit", usual)
    if told < 1:
        raise InvalidError(
            -1100, "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'."
        )
    return min(told, most)


def _whole(query: Query, name: str, usual: int) -> int:
    told = query.get(name, str(usual))
    if not told.isdecimal():
        raise InvalidError(
            -1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'."
        )
    return int(told)


def _within(query: Query, ms: int) -> bool:
    """Whether a time lies between ``startTime`` and ``endTime``, both included."""
    return _whole(query, "startTime", 0) <= ms <= _whole(query, "endTime", 1 << 62)


def _price(desk: Desk, stamp_ns: int) -> Mapping[str, object]:
    del stamp_ns
    return {"symbol": desk.listed, "price": fixed(desk.last.price)}


def _book_ticker(desk: Desk, stamp_ns: int) -> Mapping[str, object]:
    del stamp_ns
    (bid, bid_size), (ask, ask_size) = desk.top
    return {
        "symbol": desk.listed,
        "bidPrice": fixed(bid),
        "bidQty": fixed(bid_size),
        "askPrice": fixed(ask),
        "askQty": fixed(ask_size),
    }


def _mini(desk: Desk, stamp_ns: int) -> Mapping[str, object]:
    day, last = desk.day, desk.last
    return {
        "symbol": desk.listed,
        "openPrice": fixed(day.open),
        "highPrice": fixed(day.high),
        "lowPrice": fixed(day.low),
        "lastPrice": fixed(last.price),
        "volume": fixed(day.volume),
        "quoteVolume": fixed(day.quote_volume),
        "openTime": (stamp_ns - DAY) // MS,
        "closeTime": stamp_ns // MS,
        "firstId": last.number - day.trades + 1,
        "lastId": last.number,
        "count": day.trades,
    }


def _full(desk: Desk, stamp_ns: int) -> Mapping[str, object]:
    moved, percent, average = frames.change(desk)
    return {
        **_mini(desk, stamp_ns),
        "priceChange": fixed(moved),
        "priceChangePercent": fixed(percent, 3),
        "weightedAvgPrice": fixed(average),
        "prevClosePrice": fixed(desk.day.open),
        "lastQty": fixed(desk.last.size),
        **{key: value for key, value in _book_ticker(desk, stamp_ns).items() if key != "symbol"},
    }


def _listing(desk: Desk) -> Mapping[str, object]:
    """A symbol of ``exchangeInfo``; PRICE_FILTER comes first, because clients take the first."""
    pair = desk.pair
    tick, step = 10.0**-pair.price_places, 10.0**-pair.size_places
    flags = (
        "icebergAllowed",
        "ocoAllowed",
        "otoAllowed",
        "opoAllowed",
        "quoteOrderQtyMarketAllowed",
        "allowTrailingStop",
        "cancelReplaceAllowed",
        "amendAllowed",
        "pegInstructionsAllowed",
        "isSpotTradingAllowed",
    )
    size = {"minQty": f"{step:.8f}", "maxQty": "9000.00000000", "stepSize": f"{step:.8f}"}
    filters: list[Mapping[str, object]] = [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": f"{tick:.8f}",
            "maxPrice": "1000000.00000000",
            "tickSize": f"{tick:.8f}",
        },
        {"filterType": "LOT_SIZE", **size},
        {"filterType": "ICEBERG_PARTS", "limit": 10},
        {"filterType": "MARKET_LOT_SIZE", **size, "minQty": "0.00000000"},
        {
            "filterType": "NOTIONAL",
            "minNotional": "5.00000000",
            "applyMinToMarket": True,
            "maxNotional": "9000000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
    ]
    return {
        "symbol": desk.listed,
        "status": "TRADING",
        "baseAsset": pair.base,
        "baseAssetPrecision": 8,
        "quoteAsset": pair.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"],
        **dict.fromkeys(flags, True),
        "isMarginTradingAllowed": False,
        "filters": filters,
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }
