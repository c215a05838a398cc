"""SubscribePrices over a real channel: snapshots, slow readers, limits, deadlines, cancellation, the end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import grpc
import pytest
import trio

from mdsim._proto.v1 import price_feed_pb2 as pb
from mdsim.api.grpc_limits import GrpcLimits
from mdsim.core.events import Trade
from mdsim.core.time import HOUR, MS

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.api.conftest import FakeMarket
    from tests.api.grpc.conftest import Reading, Serve, Served

SUBSCRIBE = "PriceFeedService/SubscribePrices"


def opened(
    served: Served, *symbols: str, timeout_s: float = 10.0, interval_ns: int = 0
) -> Reading[pb.PriceUpdate]:
    """Begin a subscription."""
    request = pb.SubscribeRequest(symbols=symbols, interval_ns=interval_ns)
    return served.client.open(SUBSCRIBE, request, pb.PriceUpdate, timeout_s=timeout_s)


def numbers(update: pb.PriceUpdate) -> list[tuple[str, int]]:
    return [(tick.symbol, tick.seq) for tick in update.ticks]


async def test_a_snapshot_comes_first_and_numbers_go_on_from_it(serve: Serve) -> None:
    """The first update says how things stand; the ticks after it are numbered one higher each."""
    async with serve() as served:
        stream = opened(served, "BTC-USD")
        first = await stream.next()
        served.publish("BTC-USD", "ETH-USD")
        second = await stream.next()

    assert (first.snapshot, numbers(first)) == (True, [("BTC-USD", 7)])
    assert (second.snapshot, numbers(second)) == (False, [("BTC-USD", 8)])
    assert second.ticks[0].price == "8.50"
    assert second.ticks[0].volume == "0.00000001"
    assert second.ts_publish_ns == 1_767_614_400_000_000_000


async def test_no_number_is_lost_between_the_snapshot_and_the_stream(serve: Serve) -> None:
    """Prices that flow while a stream is opened reach it without a hole, whenever it joined."""
    roomy = GrpcLimits(crossing_batches=1_000_000, stream_ticks=1_000_000)  # nothing is conflated
    async with serve(limits=roomy) as served, trio.open_nursery() as nursery:

        async def flow() -> None:
            while True:
                served.publish("BTC-USD")
                await trio.lowlevel.checkpoint()

        nursery.start_soon(flow)
        for _ in range(5):
            stream = opened(served, "BTC-USD")
            seqs: list[int] = []
            while len(seqs) < 50:
                update = await stream.next()
                assert not update.skipped
                seqs += [tick.seq for tick in update.ticks]
            assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
            stream.call.cancel()
        nursery.cancel_scope.cancel()


async def test_a_star_means_every_instrument_that_is_on(serve: Serve) -> None:
    """UST-USD is known and off, so it is not among them; what is no tick is not sent."""
    async with serve() as served:
        stream = opened(served, "*")
        first = await stream.next()
        served.server.publish(
            [
                Trade("BTC-USD", 1, 1, 1, "buy", *[served.prices.tick().price] * 2),
                served.prices.tick("ETH-USD"),
            ]
        )
        second = await stream.next()

    assert sorted(tick.symbol for tick in first.ticks) == ["BTC-USD", "ETH-USD"]
    assert numbers(second) == [("ETH-USD", 8)]


async def test_before_the_first_price_there_is_no_snapshot(serve: Serve, fake_market: FakeMarket) -> None:
    """A stream may be opened early; its first message is then the first tick."""
    fake_market.reason = "the first cycle is still to come"
    async with serve() as served:
        stream = opened(served, "BTC-USD")
        await stream.joined()
        served.publish("BTC-USD")
        update = await stream.next()

    assert (update.snapshot, numbers(update)) == (False, [("BTC-USD", 8)])


@pytest.mark.parametrize(
    ("request_", "field", "code"),
    [
        (pb.SubscribeRequest(), "symbols", "MD403"),
        (pb.SubscribeRequest(symbols=["BTC-USD", "DOGE-USD"]), "symbols[1]", "MD484"),
        (pb.SubscribeRequest(symbols=["UST-USD"]), "symbols[0]", "MD484"),
        (pb.SubscribeRequest(symbols=["*", "DOGE-USD"]), "symbols[1]", "MD484"),
        (pb.SubscribeRequest(symbols=["BTC-USD"], interval_ns=-1), "interval_ns", "MD407"),
        (pb.SubscribeRequest(symbols=["BTC-USD"], interval_ns=HOUR + 1), "interval_ns", "MD407"),
    ],
)
async def test_a_subscription_names_the_field_that_is_wrong(
    serve: Serve, request_: pb.SubscribeRequest, field: str, code: str
) -> None:
    """Nothing is opened for a request that asks for what there is not."""
    async with serve() as served:
        got = await served.client.open(SUBSCRIBE, request_, pb.PriceUpdate).refused()
        readers = dict(served.server.readers())

    assert [(problem.field, problem.code) for problem in got.detail.errors] == [(field, code)]
    assert not readers


async def test_past_the_limit_of_an_instrument_a_stream_is_refused(serve: Serve) -> None:
    """Readers on other ways count too; a place that is given up can be taken again."""
    limits = GrpcLimits(subscribers_per_symbol=3)
    async with serve(limits=limits, others={"BTC-USD": 1}) as served:
        streams = [opened(served, "BTC-USD") for _ in range(2)]
        for stream in streams:
            await stream.joined()
        got = await opened(served, "ETH-USD", "BTC-USD").refused()
        assert dict(served.server.readers()) == {"BTC-USD": 2}  # nothing of the refused one is left on ETH
        streams[0].call.cancel()
        await served.readers(1)
        again = await opened(served, "BTC-USD").next()

    assert (got.status, got.detail.code) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "MD411")
    assert served.server.counters.refused == 1
    assert again.snapshot


async def test_a_stream_that_its_caller_cancels_is_forgotten(serve: Serve) -> None:
    """Both sides of the thread boundary let go of it."""
    async with serve() as served:
        stream = opened(served, "BTC-USD")
        await stream.joined()
        stream.call.cancel()
        await served.readers(0)


async def test_a_stream_ends_at_the_deadline_of_its_caller(serve: Serve) -> None:
    """The caller sees DEADLINE_EXCEEDED, and the server forgets the stream."""
    async with serve() as served:
        got = await opened(served, "BTC-USD", timeout_s=0.2).refused()
        await served.readers(0)

    assert got.status is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_slow_reader_gets_the_newest_and_nobody_else_feels_it(serve: Serve) -> None:
    """While one reader takes nothing, another gets every tick; the slow one then learns what it missed."""
    limits = GrpcLimits(stream_ticks=16)
    # A window that does not grow, so that little fits between the server and a reader who does not read.
    options = (("grpc.http2.lookahead_bytes", 1_024), ("grpc.http2.bdp_probe", 0))
    async with serve(limits=limits, options=options) as served:
        slow, quick = opened(served, "BTC-USD"), opened(served, "BTC-USD")
        await slow.joined()
        quick_seqs = [tick.seq for tick in (await quick.next()).ticks]
        while not served.server.counters.conflated:
            served.publish("BTC-USD")
            update = await quick.next()
            assert not update.skipped
            quick_seqs += [tick.seq for tick in update.ticks]
        last = quick_seqs[-1]
        assert quick_seqs == list(range(7, last + 1))

        seen: list[int] = []
        told = 0
        while not seen or seen[-1] < last:
            update = await slow.next()
            seen += [tick.seq for tick in update.ticks]
            told += update.skipped.get("BTC-USD", 0)

    assert told == served.server.counters.conflated
    assert len(seen) + told == last - 7 + 1
    assert seen == sorted(seen)


async def test_a_reader_that_takes_nothing_is_ended_after_its_grace(serve: Serve) -> None:
    """The server forgets a stream whose write does not get through, and counts it."""
    limits = GrpcLimits(stream_ticks=16, write_grace_s=0.05)
    options = (("grpc.http2.lookahead_bytes", 1_024), ("grpc.http2.bdp_probe", 0))
    async with serve(limits=limits, options=options) as served:
        stuck = opened(served, "BTC-USD")
        await stuck.joined()
        while served.server.readers():
            served.publish("BTC-USD")
            await trio.lowlevel.checkpoint()
        got = await stuck.refused()

    assert served.server.counters.slow == 1
    assert (got.status, got.detail.code) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "MD432")


async def test_an_interval_is_kept(serve: Serve) -> None:
    """The wall of the fakes stands still, so only the first tick of its grid point leaves."""
    async with serve() as served:
        paced, every = opened(served, "BTC-USD", interval_ns=100 * MS), opened(served, "BTC-USD")
        await paced.next()
        await every.next()
        for _ in range(5):
            served.publish("BTC-USD")
        seqs: list[int] = []
        while len(seqs) < 5:
            seqs += [tick.seq for tick in (await every.next()).ticks]
        first = await paced.next()
        served.stop()
        end = await paced.refused()

    assert seqs == [8, 9, 10, 11, 12]
    assert numbers(first) == [("BTC-USD", 8)]
    assert end.detail.code == "MD433"


async def test_a_thread_that_is_held_up_costs_no_memory(serve: Serve) -> None:
    """Past the bound only the newest tick of an instrument waits to cross; readers learn of the others."""
    async with serve(limits=GrpcLimits(crossing_batches=4)) as served:
        stream = opened(served, "BTC-USD")
        await stream.next()
        island, go_on = served.server._feed.island, threading.Event()
        assert island is not None
        island.post(go_on.wait, 10)
        for _ in range(50):
            served.publish("BTC-USD")
        assert served.server.counters.held == 50 - 4 - 1
        go_on.set()
        seen, told = 7, 0
        while seen < 58:
            update = await stream.next()
            told += update.skipped.get("BTC-USD", 0)
            seen = update.ticks[-1].seq
            if seen == 11:  # the four that crossed; the next cycle brings what was held
                served.publish("BTC-USD")

    assert told == served.server.counters.held


async def test_when_the_server_stops_streams_end_at_once_and_say_why(serve: Serve) -> None:
    """UNAVAILABLE with the code of a stop, well before the grace for calls under way."""
    async with serve() as served:
        stream = opened(served, "BTC-USD")
        await stream.joined()
        served.stop()
        got = await stream.refused()

    assert (got.status, got.detail.code) == (grpc.StatusCode.UNAVAILABLE, "MD433")
