"""REST for trading and risk systems: prices, book, statistics, correlations, instruments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from mdsim.api.answers import (
    CorrelationMatrix,
    CurrentPrice,
    DayStatistics,
    History,
    Listing,
    Listings,
    OrderBook,
    State,
)
from mdsim.api.history import PAGE, PAGE_MOST, HistoryPages
from mdsim.api.problems import RequestError
from mdsim.api.queries import duration, known_symbol, symbols, whole
from mdsim.api.routes import Call, Handler, Parameter, Reply, Route
from mdsim.core.instruments import Instrument
from mdsim.core.serving import MarketPort
from mdsim.core.time import DAY, HOUR, SECOND

DEPTH = 10
DEPTH_MOST = 1_000
SYMBOLS_MOST = 20
"""Instruments of one correlation matrix: 190 pairs, a few milliseconds."""

_TAG = "market"
_STATES: dict[str, State] = {
    "LIVE": "LIVE",
    "SPLIT": "SPLIT",
    "SINGLE": "SINGLE",
    "FILLED": "FILLED",
    "STALE": "STALE",
    "HALTED": "HALTED",
}
_DURATION = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)?(d|h|m|s)$")]
_TIME = Annotated[
    str,
    Meta(
        pattern=r"^(0|[1-9][0-9]{17,18}|"
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9:.]{8,18}([Zz]|[+-][0-9]{2}:[0-9]{2})?)?)$",
        description="RFC 3339 text (UTC without an offset) or nanoseconds since 1970.",
    ),
]
SYMBOL = Parameter("symbol", "path", "The instrument, as /api/v1/symbols lists it.", str, True, "BTC-USD")


def market_routes(market: MarketPort) -> tuple[Route, ...]:
    """The routes that answer from the live market."""
    asked = _Market(market)

    def once_ready(handler: Handler) -> Handler:
        async def answer(call: Call) -> Reply:
            require_prices(market)
            return await handler(call)

        return answer

    return (
        Route(
            "GET",
            "/api/v1/prices/{symbol}/current",
            "getCurrentPrice",
            "The present price",
            _TAG,
            once_ready(asked.current),
            CurrentPrice,
            parameters=(SYMBOL,),
            errors=(404, 422, 503),
        ),
        Route(
            "GET",
            "/api/v1/prices/{symbol}/history",
            "getPriceHistory",
            "Bars or ticks of a range, page by page",
            _TAG,
            once_ready(HistoryPages(market).get),
            History,
            "The range holds what began at `start` or later and before `end`. Without `end` it ends now; "
            "without `start` it holds the last `limit` bars, or five minutes of ticks. Ticks reach back as "
            "far as the buffer does. The bar that is still open is not among them.",
            (
                SYMBOL,
                Parameter("start", "query", "First instant.", _TIME, example="2026-01-05T00:00:00Z"),
                Parameter("end", "query", "The instant after the last.", _TIME),
                Parameter(
                    "interval",
                    "query",
                    "Length of a bar (1m without it), or `tick`.",
                    Literal["tick", "1m", "5m", "15m", "1h", "4h", "1d"],
                    example="1m",
                ),
                Parameter(
                    "limit",
                    "query",
                    f"Items of a page, {PAGE} without it.",
                    Annotated[int, Meta(ge=1, le=PAGE_MOST)],
                ),
                Parameter(
                    "cursor",
                    "query",
                    "`next_cursor` of the page before.",
                    Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,512}$")],
                ),
            ),
            errors=(404, 422, 503),
        ),
        Route(
            "GET",
            "/api/v1/orderbook/{symbol}",
            "getOrderBook",
            "The order book",
            _TAG,
            once_ready(asked.book),
            OrderBook,
            parameters=(
                SYMBOL,
                Parameter(
                    "depth",
                    "query",
                    f"Levels a side, {DEPTH} without it.",
                    Annotated[int, Meta(ge=1, le=DEPTH_MOST)],
                ),
            ),
            errors=(404, 422, 503),
        ),
        Route(
            "GET",
            "/api/v1/stats/{symbol}/24h",
            "getStatistics",
            "Statistics of the last 24 hours",
            _TAG,
            once_ready(asked.stats),
            DayStatistics,
            parameters=(SYMBOL,),
            errors=(404, 422, 503),
        ),
        Route(
            "GET",
            "/api/v1/correlations",
            "getCorrelations",
            "Correlations of log returns",
            _TAG,
            once_ready(asked.correlations),
            CorrelationMatrix,
            parameters=CORRELATIONS,
            errors=(404, 422, 503),
        ),
        Route(
            "GET",
            "/api/v1/symbols",
            "listSymbols",
            "Instruments and their state",
            _TAG,
            asked.symbols,
            Listings,
            errors=(422,),
        ),
    )


CORRELATIONS = (
    Parameter(
        "symbols",
        "query",
        f"Instruments with commas between, at most {SYMBOLS_MOST}; those that are on without it.",
        Annotated[str, Meta(pattern=rf"^[A-Z0-9-]+(,[A-Z0-9-]+){{0,{SYMBOLS_MOST - 1}}}$")],
        example="BTC-USD,ETH-USD",
    ),
    Parameter("window", "query", "How far back, 10s to 24h; 1h without it.", _DURATION, example="1h"),
)


def correlation_matrix(market: MarketPort, call: Call) -> CorrelationMatrix:
    """The matrix that ``symbols`` and ``window`` of a call ask for."""
    asked = symbols(call, "symbols", market.catalogue, SYMBOLS_MOST)
    window_ns = duration(call, "window", HOUR, 10 * SECOND, DAY)
    return CorrelationMatrix.of(market.correlations(asked, window_ns))


def require_prices(market: MarketPort) -> None:
    """Refuse while there are no prices.

    Raises:
        RequestError: 503 with the reason.
    """
    reason = market.ready()
    if reason is not None:
        raise no_prices(reason)


def no_prices(reason: str) -> RequestError:
    """What is told while there are no prices."""
    return RequestError(
        503,
        "MD490",
        f"there are no prices yet: {reason}",
        hint="ask again in a second; GET /health tells when",
        headers={"Retry-After": "1"},
    )


def state_of(market: MarketPort, item: Instrument) -> State:
    """The state of an instrument: ``OFF`` when it is not priced here, ``PENDING`` before its first price."""
    if not item.enabled:
        return "OFF"
    return "PENDING" if market.ready() is not None else _STATES[market.quote(item.symbol).state]


def states(market: MarketPort) -> Sequence[tuple[Instrument, State]]:
    """Every instrument with its state, in catalogue order."""
    return [(item, state_of(market, item)) for item in market.catalogue]


@dataclass(frozen=True, slots=True)
class _Market:
    market: MarketPort

    def _symbol(self, call: Call) -> str:
        return known_symbol(self.market.catalogue, call.parts["symbol"])

    async def current(self, call: Call) -> Reply:
        return Reply(CurrentPrice.of(self.market.quote(self._symbol(call))))

    async def book(self, call: Call) -> Reply:
        depth = whole(call, "depth", DEPTH, 1, DEPTH_MOST)
        return Reply(OrderBook.of(self.market.book(self._symbol(call), depth)))

    async def stats(self, call: Call) -> Reply:
        return Reply(DayStatistics.of(self.market.stats(self._symbol(call))))

    async def correlations(self, call: Call) -> Reply:
        return Reply(correlation_matrix(self.market, call))

    async def symbols(self, _call: Call) -> Reply:
        return Reply(Listings(tuple(Listing.of(item, state) for item, state in states(self.market))))
