"""PriceFeedService: the stream, the present, the past and the book."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import msgspec

from mdsim._proto.v1 import price_feed_pb2 as pb
from mdsim.api import grpc_messages as messages
from mdsim.api.answers import History
from mdsim.api.asks import ALL_SYMBOLS, LONGEST_INTERVAL_NS, TICKLESS
from mdsim.api.asyncio_island import AsyncioIsland, StoppingError, stopping
from mdsim.api.grpc_calls import Calls, Handlers
from mdsim.api.grpc_errors import Context, DownError, ResetError, SlowError
from mdsim.api.grpc_feed import PriceFeed
from mdsim.api.grpc_limits import GrpcLimits
from mdsim.api.grpc_streams import GrpcCounters, PriceStream, Streams
from mdsim.api.history import HistoryPages
from mdsim.api.market_routes import DEPTH, DEPTH_MOST, require_prices
from mdsim.api.problems import Flawed, RequestError, field_error, fields_error
from mdsim.api.queries import known_symbol
from mdsim.api.routes import Call
from mdsim.core.events import BookSnapshot
from mdsim.core.serving import MarketPort, Quote
from mdsim.publish.offer import Offer

NAME = "mdsim.v1.PriceFeedService"
CONNECTION = "mdsim-connection"
"""Initial metadata of a stream: the name by which faults and journals know it."""
_FIELDS = {"start": "start_ns", "end": "end_ns"}
"""Fields of a history as REST names them -> as the messages name them."""


class PriceFeedService:
    """Serves prices; everything about the market is asked on trio's thread."""

    def __init__(
        self,
        market: MarketPort,
        island: AsyncioIsland,
        feed: PriceFeed,
        streams: Streams,
        limits: GrpcLimits,
        counters: GrpcCounters,
        offer: Offer,
    ) -> None:
        self._offer = offer
        self._market = market
        self._island = island
        self._feed = feed
        self._streams = streams
        self._limits = limits
        self._counters = counters

    def handlers(self, calls: Calls) -> Handlers:
        """The methods by name."""
        return {
            "SubscribePrices": calls.streaming("SubscribePrices", pb.SubscribeRequest, self._subscribe),
            "GetCurrentPrice": calls.unary("GetCurrentPrice", pb.PriceRequest, self._current),
            "GetPriceHistory": calls.unary("GetPriceHistory", pb.HistoryRequest, self._history),
            "GetMarketDepth": calls.unary("GetMarketDepth", pb.MarketDepthRequest, self._depth),
        }

    async def _subscribe(self, request: pb.SubscribeRequest, context: Context) -> None:
        symbols = _symbols(self._market, request, self._offer)
        interval_ns = request.interval_ns
        if not 0 <= interval_ns <= LONGEST_INTERVAL_NS:
            help_ = "write at most an hour in nanoseconds, 1 for every tick, or 0 for the server's own pace"
            raise field_error("interval_ns", f"{interval_ns} is out of bounds", code="MD407", help=help_)
        stream = PriceStream(
            symbols,
            self._offer.interval_ns("tick", interval_ns or None),
            self._limits.stream_ticks,
            self._counters,
            update_ticks=self._limits.update_ticks,
            compress=request.compress,
        )
        reason = ""
        try:
            name = await self._island.ask(partial(self._feed.join, stream))
            reason = "left"
            await context.send_initial_metadata(((CONNECTION, name),))
            await stream.run(context, self._limits.write_grace_s)
        except SlowError:
            reason = "too_slow"
            raise
        except (DownError, ResetError):
            reason = "disturbed" if reason else ""
            raise
        except StoppingError:
            reason = "server_stop" if reason else ""
            raise
        finally:
            self._streams.remove(stream, stopping())
            self._island.tell(self._feed.leave, stream)
            if reason:
                self._counters.closed[reason] = self._counters.closed.get(reason, 0) + 1

    async def _current(self, request: pb.PriceRequest, _context: Context) -> pb.Price:
        def look() -> Quote:
            require_prices(self._market)
            return self._market.quote(known_symbol(self._market.catalogue, request.symbol))

        return messages.price(await self._island.ask(look))

    async def _history(self, request: pb.HistoryRequest, _context: Context) -> pb.PriceHistoryResponse:
        found = await history(
            self._market,
            self._island,
            request.symbol,
            interval=request.interval or ("" if request.cursor else "tick"),
            start_ns=request.start_ns,
            end_ns=request.end_ns,
            limit=request.limit,
            cursor=request.cursor,
        )
        answer = pb.PriceHistoryResponse(
            symbol=found.symbol,
            interval=found.interval,
            start_ns=found.start_ns,
            end_ns=found.end_ns,
            next_cursor=found.next_cursor or "",
        )
        if not isinstance(found.ticks, msgspec.UnsetType):
            answer.ticks.extend(messages.past_tick(found.symbol, tick) for tick in found.ticks)
        if not isinstance(found.bars, msgspec.UnsetType):
            answer.bars.extend(messages.bar(found.symbol, found.interval, bar) for bar in found.bars)
        return answer

    async def _depth(self, request: pb.MarketDepthRequest, _context: Context) -> pb.MarketDepthResponse:
        depth = bounded("depth", request.depth, DEPTH, DEPTH_MOST)

        def look() -> BookSnapshot:
            require_prices(self._market)
            return self._market.book(known_symbol(self._market.catalogue, request.symbol), depth)

        return pb.MarketDepthResponse(book=messages.book(await self._island.ask(look)))


async def history(
    market: MarketPort,
    island: AsyncioIsland,
    symbol: str,
    *,
    interval: str,
    start_ns: int,
    end_ns: int,
    limit: int,
    cursor: str,
) -> History:
    """A page of a history, the same that REST answers; 0 and empty text stand for what is not asked.

    Raises:
        RequestError: a field is wrong.
    """
    asked = {
        "interval": interval,
        "start": str(start_ns or ""),
        "end": str(end_ns or ""),
        "limit": str(limit or ""),
        "cursor": cursor,
    }
    query = {name: (text,) for name, text in asked.items() if text}

    async def look() -> History:
        require_prices(market)
        call = Call("GET", "", {"symbol": symbol}, query, {}, "", "http", _nothing)
        found = (await HistoryPages(market).get(call)).body
        assert isinstance(found, History)
        return found

    try:
        return await island.ask_task(look)
    except RequestError as error:
        raise _renamed(error, _FIELDS) from error


def bounded(field: str, value: int, default: int, most: int) -> int:
    """A whole number from 1 to ``most``, or the default when it is not set.

    Raises:
        RequestError: it is out of bounds.
    """
    if not value:
        return default
    if not 1 <= value <= most:
        help_ = f"write a whole number from 1 to {most}, or 0 for {default}"
        raise field_error(field, f"{value} is out of bounds", help=help_)
    return value


def _renamed(error: RequestError, names: Mapping[str, str]) -> RequestError:
    if not any(flaw.field in names for flaw in error.errors):
        return error
    return fields_error(
        [
            Flawed(names.get(flaw.field, flaw.field), flaw.code, flaw.detail, flaw.help)
            for flaw in error.errors
        ]
    )


def _symbols(market: MarketPort, request: pb.SubscribeRequest, offer: Offer) -> frozenset[str]:
    if not request.symbols:
        help_ = 'write symbols such as ["BTC-USD"], or ["*"] for all that are switched on'
        raise field_error("symbols", "is missing", code="MD403", help=help_)
    found = {}
    for at, symbol in enumerate(request.symbols):
        if symbol != ALL_SYMBOLS:
            found[known_symbol(market.catalogue, symbol, f"symbols[{at}]")] = f"symbols[{at}]"
    for symbol, field in found.items():
        if not offer.has_ticks(symbol):
            detail = f"{symbol} has no ticks on this server"
            raise field_error(field, detail, code="MD580", help=TICKLESS)
    if ALL_SYMBOLS in request.symbols:
        on = (item.symbol for item in market.catalogue if item.enabled)
        return frozenset(symbol for symbol in on if offer.has_ticks(symbol))
    return frozenset(found)


async def _nothing() -> bytes:
    return b""
