"""Statistics of a day and the list of instruments over gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mdsim._proto.v1 import market_statistics_pb2 as pb
from mdsim._proto.v1 import price_feed_pb2 as prices_pb
from mdsim.core.time import DAY

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.api.conftest import FakeMarket
    from tests.api.grpc.conftest import Serve

STATS = "MarketStatisticsService/GetStats24h"
LIST = "MarketStatisticsService/ListInstruments"


async def test_a_day_is_told_with_its_grid(serve: Serve) -> None:
    """Every figure is text as the market has it; the span is told in nanoseconds."""
    async with serve() as served:
        got = await served.client.ask(STATS, pb.Stats24hRequest(symbol="BTC-USD"), pb.Stats24h)
        refused = await served.client.refused(STATS, pb.Stats24hRequest(symbol="X"))

    assert (got.open, got.volume, got.change, got.trades) == ("50000", "12.50000", "0.200002", 321)
    assert got.until_ns - got.since_ns == DAY
    assert refused.detail.code == "MD484"


async def test_instruments_are_listed_with_their_state(serve: Serve, fake_market: FakeMarket) -> None:
    """What is off is listed as such; before the first price the others are pending."""
    async with serve() as served:
        live = await served.client.ask(LIST, pb.ListInstrumentsRequest(), pb.ListInstrumentsResponse)
        fake_market.reason = "the first cycle is still to come"
        early = await served.client.ask(LIST, pb.ListInstrumentsRequest(), pb.ListInstrumentsResponse)

    assert {item.symbol: item.state for item in live.instruments} == {
        "BTC-USD": prices_pb.INSTRUMENT_STATE_LIVE,
        "ETH-USD": prices_pb.INSTRUMENT_STATE_LIVE,
        "UST-USD": prices_pb.INSTRUMENT_STATE_OFF,
    }
    btc = live.instruments[0]
    assert (btc.base, btc.quote, btc.price_increment, btc.size_increment) == ("BTC", "USD", "0.01", "0.00001")
    assert early.instruments[0].state == prices_pb.INSTRUMENT_STATE_PENDING
