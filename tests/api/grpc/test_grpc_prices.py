"""Prices over gRPC: the present, a history in pages, the book, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
import trio

from mdsim._proto.v1 import price_feed_pb2 as pb
from mdsim.core.time import SECOND, parse_utc

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.api.conftest import FakeMarket
    from tests.api.grpc.conftest import Serve

CURRENT = "PriceFeedService/GetCurrentPrice"
HISTORY = "PriceFeedService/GetPriceHistory"
DEPTH = "PriceFeedService/GetMarketDepth"
NOW_NS = parse_utc("2026-01-05T12:00:00Z")


async def test_the_present_price_is_told_with_decimals_as_text(serve: Serve) -> None:
    """A quote arrives whole: text for prices, integer nanoseconds, an enumerated state."""
    async with serve() as served:
        got = await served.client.ask(CURRENT, pb.PriceRequest(symbol="BTC-USD"), pb.Price)

    assert (got.price, got.bid, got.ask, got.volume_24h) == ("7.50", "59999.90", "60000.30", "0.00000001")
    assert (got.seq, got.age_ns, got.state) == (7, 250_000_000, pb.INSTRUMENT_STATE_LIVE)


async def test_an_unknown_symbol_is_not_found_with_the_nearest_names(serve: Serve) -> None:
    """The status, the code of REST, the standard ErrorInfo and the help all arrive."""
    async with serve() as served:
        got = await served.client.refused(CURRENT, pb.PriceRequest(symbol="BTC-USDX"))

    assert got.status is grpc.StatusCode.NOT_FOUND
    assert (got.info.reason, got.info.domain, got.detail.code) == ("MD484", "mdsim", "MD484")
    assert "BTC-USD" in got.detail.help
    assert [problem.field for problem in got.detail.errors] == ["symbol"]


async def test_before_prices_flow_calls_are_told_to_come_back(serve: Serve, fake_market: FakeMarket) -> None:
    """UNAVAILABLE is what clients try again after, and the reason is told."""
    fake_market.reason = "the first cycle is still to come"
    async with serve() as served:
        got = await served.client.refused(CURRENT, pb.PriceRequest(symbol="BTC-USD"))

    assert (got.status, got.detail.code) == (grpc.StatusCode.UNAVAILABLE, "MD490")
    assert "first cycle" in got.message


async def test_a_history_is_read_page_by_page_without_a_gap(serve: Serve) -> None:
    """Ten minutes of ticks in pages of 250: each once, in order, until no cursor is left."""
    seqs: list[int] = []
    sizes: list[int] = []
    request = pb.HistoryRequest(symbol="BTC-USD", start_ns=NOW_NS - 600 * SECOND, interval="tick", limit=250)
    async with serve() as served:
        while True:
            page = await served.client.ask(HISTORY, request, pb.PriceHistoryResponse)
            seqs += [tick.seq for tick in page.ticks]
            sizes.append(len(page.ticks))
            if not page.next_cursor:
                break
            request = pb.HistoryRequest(symbol="BTC-USD", limit=250, cursor=page.next_cursor)

    assert seqs == list(range(601))
    assert sizes == [250, 250, 101]


async def test_without_an_interval_a_history_holds_ticks_and_otherwise_bars(serve: Serve) -> None:
    """The default is ticks; with an interval the bars carry both ends of their span."""
    async with serve() as served:
        ticks = await served.client.ask(HISTORY, pb.HistoryRequest(symbol="BTC-USD"), pb.PriceHistoryResponse)
        asked = pb.HistoryRequest(symbol="BTC-USD", interval="1m", limit=2)
        bars = await served.client.ask(HISTORY, asked, pb.PriceHistoryResponse)

    assert ticks.interval == "tick"
    assert ticks.ticks[-1].price == "60000.10"
    assert not ticks.bars
    assert [bar.ts_event_ns - bar.start_ns for bar in bars.bars] == [60 * SECOND] * 2
    assert bars.bars[-1].ts_event_ns == NOW_NS


@pytest.mark.parametrize(
    ("asked", "field", "code"),
    [
        ({"interval": "2m"}, "interval", "MD485"),
        ({"limit": 1_001}, "limit", "MD485"),
        ({"limit": -1}, "limit", "MD485"),
        ({"start_ns": 5}, "start_ns", "MD485"),
        ({"start_ns": NOW_NS, "end_ns": NOW_NS - 1}, "start_ns", "MD487"),
        ({"cursor": "nonsense"}, "cursor", "MD488"),
    ],
)
async def test_a_history_names_the_field_that_is_wrong(
    serve: Serve, asked: dict[str, str | int], field: str, code: str
) -> None:
    """Fields are named as the message names them, with the codes of REST."""
    request = pb.HistoryRequest(symbol="BTC-USD")
    for name, value in asked.items():
        setattr(request, name, value)
    async with serve() as served:
        got = await served.client.refused(HISTORY, request)

    assert got.status is grpc.StatusCode.INVALID_ARGUMENT
    assert [(problem.field, problem.code) for problem in got.detail.errors] == [(field, code)]
    assert got.message.startswith(f"{field}: ")


async def test_the_book_has_as_many_levels_as_asked(serve: Serve) -> None:
    """Ten without a wish; best first; sizes keep their grid."""
    async with serve() as served:
        some = await served.client.ask(DEPTH, pb.MarketDepthRequest(symbol="BTC-USD"), pb.MarketDepthResponse)
        asked = pb.MarketDepthRequest(symbol="BTC-USD", depth=2)
        two = await served.client.ask(DEPTH, asked, pb.MarketDepthResponse)
        refused = await served.client.refused(DEPTH, pb.MarketDepthRequest(symbol="BTC-USD", depth=1_001))

    assert len(some.book.bids) == len(some.book.asks) == 10
    assert [(level.price, level.size) for level in two.book.bids] == [
        ("60000", "0.50000"),
        ("59999", "0.50000"),
    ]
    assert [problem.field for problem in refused.detail.errors] == ["depth"]


async def test_bytes_that_are_no_message_are_refused(serve: Serve) -> None:
    """Garbage gets INVALID_ARGUMENT that names the message, not an internal error."""
    async with serve() as served:
        stub = served.client.channel.unary_unary(f"/mdsim.v1.{CURRENT}", bytes, bytes)
        with pytest.raises(grpc.RpcError) as caught:
            await trio.to_thread.run_sync(lambda: stub(b"\xff\xff\xff", timeout=10))

    got = served.client.read(caught.value)
    assert (got.status, got.detail.code) == (grpc.StatusCode.INVALID_ARGUMENT, "MD430")
    assert "PriceRequest" in got.message


async def test_a_fault_of_ours_is_internal_and_keeps_its_words_to_itself(
    serve: Serve, fake_market: FakeMarket, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller learns the code alone; the log learns what happened."""

    def burst(symbol: str, depth: int) -> None:
        raise ZeroDivisionError("a secret")

    fake_market.book = burst  # type: ignore[method-assign,assignment]
    async with serve() as served:
        got = await served.client.refused(DEPTH, pb.MarketDepthRequest(symbol="BTC-USD"))

    assert (got.status, got.detail.code) == (grpc.StatusCode.INTERNAL, "MD483")
    assert "secret" not in got.message + got.detail.help
    assert "a secret" in caplog.text
