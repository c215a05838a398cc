"""HistoricalDataService: bars, volume by price, correlations."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mdsim._proto.v1 import historical_data_pb2 as pb
from mdsim.api import grpc_messages as messages
from mdsim.api.asyncio_island import AsyncioIsland
from mdsim.api.grpc_calls import Calls, Handlers
from mdsim.api.grpc_errors import Context
from mdsim.api.grpc_prices import bounded, history
from mdsim.api.history import TICK
from mdsim.api.market_routes import SYMBOLS_MOST, require_prices
from mdsim.api.problems import field_error
from mdsim.api.queries import known_symbol, read_instant
from mdsim.core.serving import Correlations, MarketPort, VolumeAtPrice
from mdsim.core.time import DAY, HOUR, SECOND, format_duration

NAME = "mdsim.v1.HistoricalDataService"
LEVELS = 24
LEVELS_MOST = 500
_WINDOW_LEAST_NS = 10 * SECOND


class HistoricalDataService:
    """Serves what traded; everything about the market is asked on trio's thread."""

    def __init__(self, market: MarketPort, island: AsyncioIsland) -> None:
        self._market = market
        self._island = island

    def handlers(self, calls: Calls) -> Handlers:
        """The methods by name."""
        return {
            "GetOHLCV": calls.unary("GetOHLCV", pb.OHLCVRequest, self._bars),
            "GetVolumeProfile": calls.unary("GetVolumeProfile", pb.VolumeProfileRequest, self._profile),
            "GetCorrelationMatrix": calls.unary(
                "GetCorrelationMatrix", pb.CorrelationRequest, self._correlations
            ),
        }

    async def _bars(self, request: pb.OHLCVRequest, _context: Context) -> pb.OHLCVResponse:
        if request.interval == TICK:
            help_ = "write 1m, 5m, 15m, 1h, 4h or 1d; GetPriceHistory has ticks"
            raise field_error("interval", "a tick is no bar", help=help_)
        found = await history(
            self._market,
            self._island,
            request.symbol,
            interval=request.interval or ("" if request.cursor else "1m"),
            start_ns=request.start_ns,
            end_ns=request.end_ns,
            limit=request.limit,
            cursor=request.cursor,
        )
        if isinstance(found.bars, msgspec.UnsetType):
            raise field_error("cursor", "it belongs to a history of ticks", code="MD488")
        return pb.OHLCVResponse(
            symbol=found.symbol,
            interval=found.interval,
            start_ns=found.start_ns,
            end_ns=found.end_ns,
            bars=[messages.bar(found.symbol, found.interval, bar) for bar in found.bars],
            next_cursor=found.next_cursor or "",
        )

    async def _profile(self, request: pb.VolumeProfileRequest, _context: Context) -> pb.VolumeProfileResponse:
        levels = bounded("levels", request.levels, LEVELS, LEVELS_MOST)
        asked = {
            name: read_instant(name, str(value))
            for name, value in (("start_ns", request.start_ns), ("end_ns", request.end_ns))
            if value
        }

        def look() -> tuple[int, int, Sequence[VolumeAtPrice]]:
            require_prices(self._market)
            symbol = known_symbol(self._market.catalogue, request.symbol)
            end_ns = asked.get("end_ns", self._market.now_ns() + 1)
            start_ns = asked.get("start_ns", max(0, end_ns - HOUR))
            if start_ns >= end_ns:
                raise field_error("start_ns", "the range ends before it starts", code="MD487")
            return start_ns, end_ns, self._market.volume_profile(symbol, start_ns, end_ns, levels)

        start_ns, end_ns, found = await self._island.ask(look)
        return pb.VolumeProfileResponse(
            symbol=request.symbol,
            start_ns=start_ns,
            end_ns=end_ns,
            bands=[messages.band(level) for level in found],
        )

    async def _correlations(
        self, request: pb.CorrelationRequest, _context: Context
    ) -> pb.CorrelationResponse:
        window_ns = request.window_ns or HOUR
        if not _WINDOW_LEAST_NS <= window_ns <= DAY:
            help_ = f"write {_WINDOW_LEAST_NS} to {DAY} (a day), or 0 for an hour"
            detail = f"{format_duration(window_ns)} is out of bounds"
            raise field_error("window_ns", detail, help=help_)
        symbols = self._symbols(tuple(request.symbols))

        def look() -> Correlations:
            require_prices(self._market)
            return self._market.correlations(symbols, window_ns)

        return messages.correlations(await self._island.ask(look))

    def _symbols(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        if not asked:
            return tuple(item.symbol for item in self._market.catalogue if item.enabled)[:SYMBOLS_MOST]
        if len(asked) > SYMBOLS_MOST:
            help_ = f"ask for at most {SYMBOLS_MOST}"
            raise field_error("symbols", f"{len(asked)} symbols are too many", help=help_)
        for at, symbol in enumerate(asked):
            known_symbol(self._market.catalogue, symbol, f"symbols[{at}]")
            if symbol in asked[:at]:
                raise field_error(f"symbols[{at}]", f"{symbol} is named twice", help="name each symbol once")
        return asked
