"""What traded, over gRPC: bars, volume by price, correlations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest

from mdsim._proto.v1 import historical_data_pb2 as pb
from mdsim.core.time import DAY, HOUR, MINUTE, SECOND, parse_utc

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from google.protobuf.message import Message

    from tests.api.conftest import FakeMarket
    from tests.api.grpc.conftest import Serve

BARS = "HistoricalDataService/GetOHLCV"
PROFILE = "HistoricalDataService/GetVolumeProfile"
MATRIX = "HistoricalDataService/GetCorrelationMatrix"
NOW_NS = parse_utc("2026-01-05T12:00:00Z")


async def test_bars_come_page_by_page(serve: Serve) -> None:
    """Two hours of minutes in pages of 50, each bar once, oldest first."""
    starts: list[int] = []
    request = pb.OHLCVRequest(symbol="BTC-USD", start_ns=NOW_NS - 2 * HOUR, limit=50)
    async with serve() as served:
        while True:
            page = await served.client.ask(BARS, request, pb.OHLCVResponse)
            starts += [bar.start_ns for bar in page.bars]
            if not page.next_cursor:
                break
            request = pb.OHLCVRequest(symbol="BTC-USD", limit=50, cursor=page.next_cursor)

    assert starts == list(range(NOW_NS - 2 * HOUR, NOW_NS, MINUTE))
    assert (page.interval, page.bars[0].interval, page.bars[0].volume) == ("1m", "1m", "2")


async def test_a_volume_profile_covers_the_last_hour_unless_asked_otherwise(
    serve: Serve, fake_market: FakeMarket
) -> None:
    """The range and the number of bands reach the market; an answer without trades has no band."""
    seen: list[tuple[str, int, int, int]] = []

    def profile(symbol: str, start_ns: int, end_ns: int, levels: int) -> tuple[()]:
        seen.append((symbol, start_ns, end_ns, levels))
        return ()

    fake_market.volume_profile = profile  # type: ignore[method-assign]
    async with serve() as served:
        asked = pb.VolumeProfileRequest(symbol="BTC-USD")
        got = await served.client.ask(PROFILE, asked, pb.VolumeProfileResponse)
        asked = pb.VolumeProfileRequest(symbol="BTC-USD", start_ns=NOW_NS - DAY, end_ns=NOW_NS, levels=7)
        await served.client.ask(PROFILE, asked, pb.VolumeProfileResponse)

    assert seen == [
        ("BTC-USD", NOW_NS + 1 - HOUR, NOW_NS + 1, 24),
        ("BTC-USD", NOW_NS - DAY, NOW_NS, 7),
    ]
    assert (got.start_ns, got.end_ns, len(got.bands)) == (NOW_NS + 1 - HOUR, NOW_NS + 1, 0)


async def test_a_correlation_that_is_unknown_is_absent_and_not_zero(serve: Serve) -> None:
    """A cell without a value is told apart from one that is 0."""
    async with serve() as served:
        asked = pb.CorrelationRequest(symbols=["ETH-USD", "BTC-USD"], window_ns=MINUTE)
        got = await served.client.ask(MATRIX, asked, pb.CorrelationResponse)
        every = await served.client.ask(MATRIX, pb.CorrelationRequest(), pb.CorrelationResponse)

    assert list(got.symbols) == ["ETH-USD", "BTC-USD"]
    assert [[cell.HasField("value") for cell in row.cells] for row in got.rows] == [
        [True, False],
        [False, True],
    ]
    assert got.rows[0].cells[0].value == pytest.approx(1)
    assert (every.window_ns, sorted(every.symbols)) == (HOUR, ["BTC-USD", "ETH-USD"])


@pytest.mark.parametrize(
    ("method", "request_", "field"),
    [
        (BARS, pb.OHLCVRequest(symbol="BTC-USD", interval="tick"), "interval"),
        (BARS, pb.OHLCVRequest(symbol="BTC-USD", interval="7m"), "interval"),
        (BARS, pb.OHLCVRequest(symbol="BTC-USD", cursor="?"), "cursor"),
        (PROFILE, pb.VolumeProfileRequest(symbol="BTC-USD", levels=501), "levels"),
        (PROFILE, pb.VolumeProfileRequest(symbol="BTC-USD", start_ns=-5), "start_ns"),
        (PROFILE, pb.VolumeProfileRequest(symbol="BTC-USD", start_ns=NOW_NS, end_ns=NOW_NS), "start_ns"),
        (MATRIX, pb.CorrelationRequest(window_ns=SECOND), "window_ns"),
        (MATRIX, pb.CorrelationRequest(window_ns=DAY + 1), "window_ns"),
        (MATRIX, pb.CorrelationRequest(symbols=["BTC-USD", "BTC-USD"]), "symbols[1]"),
        (MATRIX, pb.CorrelationRequest(symbols=["BTC-USD"] * 21), "symbols"),
    ],
)
async def test_a_question_names_the_field_that_is_wrong(
    serve: Serve, method: str, request_: Message, field: str
) -> None:
    """Out of bounds is INVALID_ARGUMENT, with the field as the message names it."""
    async with serve() as served:
        got = await served.client.refused(method, request_)

    assert got.status is grpc.StatusCode.INVALID_ARGUMENT
    assert [problem.field for problem in got.detail.errors] == [field]
