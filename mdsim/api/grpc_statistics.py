"""MarketStatisticsService: the last 24 hours, and what there is to ask about."""

from __future__ import annotations

from mdsim._proto.v1 import market_statistics_pb2 as pb
from mdsim.api import grpc_messages as messages
from mdsim.api.asyncio_island import AsyncioIsland
from mdsim.api.grpc_calls import Calls, Handlers
from mdsim.api.grpc_errors import Context
from mdsim.api.market_routes import require_prices, states
from mdsim.api.queries import known_symbol
from mdsim.core.serving import MarketPort, Stats24h

NAME = "mdsim.v1.MarketStatisticsService"


class MarketStatisticsService:
    """Serves statistics; everything about the market is asked on trio's thread."""

    def __init__(self, market: MarketPort, island: AsyncioIsland) -> None:
        self._market = market
        self._island = island

    def handlers(self, calls: Calls) -> Handlers:
        """The methods by name."""
        return {
            "GetStats24h": calls.unary("GetStats24h", pb.Stats24hRequest, self._stats),
            "ListInstruments": calls.unary("ListInstruments", pb.ListInstrumentsRequest, self._instruments),
        }

    async def _stats(self, request: pb.Stats24hRequest, _context: Context) -> pb.Stats24h:
        def look() -> Stats24h:
            require_prices(self._market)
            return self._market.stats(known_symbol(self._market.catalogue, request.symbol))

        return messages.statistics(await self._island.ask(look))

    async def _instruments(
        self, _request: pb.ListInstrumentsRequest, _context: Context
    ) -> pb.ListInstrumentsResponse:
        found = await self._island.ask(lambda: states(self._market))
        return pb.ListInstrumentsResponse(
            instruments=[messages.instrument(item, state) for item, state in found]
        )
