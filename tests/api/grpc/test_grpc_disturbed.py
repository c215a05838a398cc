"""Delivery faults on a real gRPC stream: what a client sees of them, and how it is refused."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import grpc
import pytest

from mdsim._proto.v1 import price_feed_pb2 as pb
from mdsim.api.grpc_disturbed import PART
from mdsim.api.grpc_limits import GrpcLimits
from mdsim.api.grpc_streams import part
from mdsim.core.time import MS

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.api.conftest import Faults
    from tests.api.grpc.conftest import Reading, Serve, Served

SUBSCRIBE = "PriceFeedService/SubscribePrices"


def opened(served: Served, *symbols: str, interval_ns: int = 0) -> Reading[pb.PriceUpdate]:
    """Begin a subscription."""
    request = pb.SubscribeRequest(symbols=symbols, interval_ns=interval_ns)
    return served.client.open(SUBSCRIBE, request, pb.PriceUpdate)


def seqs(update: pb.PriceUpdate) -> list[int]:
    return [tick.seq for tick in update.ticks]


async def collected(stream: Reading[pb.PriceUpdate], count: int) -> list[int]:
    """Numbers of the next so many ticks, in however many updates."""
    found: list[int] = []
    while len(found) < count:
        found += seqs(await stream.next())
    return found


async def test_a_stream_is_told_its_name(serve: Serve, faults: Faults) -> None:
    """So that its reader finds itself in the journal."""
    async with serve(disturber=faults.disturber) as served:
        for expected in ("grpc-1", "grpc-2"):
            stream = opened(served, "BTC-USD")
            await stream.next()
            assert dict(stream.call.initial_metadata())["mdsim-connection"] == expected


async def test_ticks_are_late_lost_and_doubled_as_it_is_told(serve: Serve, faults: Faults) -> None:
    """Numbers tell what became of each; when all is over the stream goes on with the others."""
    async with serve(disturber=faults.disturber) as served:
        stream, other = opened(served, "BTC-USD"), opened(served, "ETH-USD")
        for one in (stream, other):
            assert seqs(await one.next()) == [7]
        faults.apply(latency=30 * MS, symbol="BTC-USD")
        served.publish("BTC-USD", "ETH-USD")  # 8
        faults.go(30 * MS)
        assert await collected(stream, 1) == [8]
        faults.apply(loss=Decimal(1))
        served.publish("BTC-USD", "ETH-USD")  # 9
        faults.apply(duplicate=Decimal(1))
        served.publish("BTC-USD", "ETH-USD")  # 10
        faults.apply()
        served.publish("BTC-USD", "ETH-USD")  # 11
        assert await collected(stream, 3) == [10, 10, 11]
        assert await collected(other, 4) == [8, 10, 10, 11]

    told = faults.told()
    assert [it for it in told if it[1] == "grpc-1"] == [
        ("latency", "grpc-1", 8),
        ("loss", "grpc-1", 9),
        ("duplicate", "grpc-1", 10),
    ]


async def test_the_end_of_a_delay_lets_all_out_in_order(serve: Serve, faults: Faults) -> None:
    """What waited comes before what is published after."""
    async with serve(disturber=faults.disturber) as served:
        stream = opened(served, "BTC-USD")
        await stream.next()
        faults.apply(latency=10_000 * MS)
        for _ in range(3):
            served.publish("BTC-USD")
        faults.apply()
        served.publish("BTC-USD")
        assert await collected(stream, 4) == [8, 9, 10, 11]


async def test_a_damaged_price_is_no_number(serve: Serve, faults: Faults) -> None:
    """The update can be read, and its reader can see that a price is wrong."""
    async with serve(disturber=faults.disturber) as served:
        stream = opened(served, "BTC-USD")
        await stream.next()
        faults.apply(corrupt=Decimal(1))
        served.publish("BTC-USD")
        (tick,) = (await stream.next()).ticks
    assert (tick.seq, tick.bid) == (8, "8.50")
    with pytest.raises(InvalidOperation):
        Decimal(tick.price)


@pytest.mark.parametrize("place", [0.0, 0.5, 0.999, 1.0])
def test_damage_is_somewhere_in_the_price(place: float) -> None:
    """Of whatever length it is, and nowhere else."""
    sound = pb.PriceUpdate(ticks=[{"symbol": "BTC-USD", "price": "60000.01", "bid": "60000.00"}])
    (tick,) = pb.PriceUpdate.FromString(PART.damage(part(sound.ticks[0].SerializeToString()), place)).ticks
    assert len(tick.price) == 8
    assert tick.price.count("?") == 1
    assert tick.bid == "60000.00"


async def test_who_comes_during_silence_hears_nothing(serve: Serve, faults: Faults) -> None:
    """Not even the snapshot; after it, the stream goes on."""
    async with serve(disturber=faults.disturber) as served:
        faults.apply(silence=True)
        stream = opened(served, "BTC-USD")
        await stream.joined()
        served.publish("BTC-USD")
        faults.apply()
        served.publish("BTC-USD")
        assert await collected(stream, 1) == [9]


async def test_a_late_snapshot_is_still_a_snapshot(serve: Serve, faults: Faults) -> None:
    """It comes first, when it is due."""
    async with serve(disturber=faults.disturber) as served:
        faults.apply(latency=5 * MS)
        stream = opened(served, "BTC-USD", "ETH-USD")
        await stream.joined()
        served.publish("BTC-USD")
        faults.go(5 * MS)
        first = await stream.next()
        assert (first.snapshot, seqs(first)) == (True, [7, 7])
        assert await collected(stream, 1) == [8]


async def test_a_paced_stream_keeps_its_pace(serve: Serve, faults: Faults) -> None:
    """The newest that arrived leaves at the next point of the grid."""
    async with serve(disturber=faults.disturber) as served:
        stream = opened(served, "BTC-USD", interval_ns=1)
        await stream.next()
        faults.apply(latency=1)
        served.publish("BTC-USD")
        faults.go(1)
        assert await collected(stream, 1) == [8]


async def test_a_disconnected_stream_is_told_why(serve: Serve, faults: Faults) -> None:
    """UNAVAILABLE with details, for the open one and for a new one, until it ends."""
    async with serve(disturber=faults.disturber) as served:
        stream = opened(served, "BTC-USD")
        await stream.next()
        faults.apply(disconnect=True)
        for reading, name in ((stream, "grpc-1"), (opened(served, "BTC-USD"), "grpc-2")):
            refused = await reading.refused()
            assert (refused.status, refused.detail.code) == (grpc.StatusCode.UNAVAILABLE, "MD570")
            assert refused.message == f"a playbook keeps {name} disconnected"
        await served.readers(0)
        assert served.server.counters.closed == {"disturbed": 1}
        faults.apply()
        assert seqs(await opened(served, "BTC-USD").next()) == [7]
    assert [it[:2] for it in faults.told()] == [("disconnect", "grpc-1"), ("disconnect", "grpc-2")]


async def test_a_reset_stream_is_told_nothing(serve: Serve, faults: Faults) -> None:
    """CANCELLED, without a word."""
    async with serve(disturber=faults.disturber) as served:
        stream = opened(served, "BTC-USD")
        await stream.next()
        faults.apply(reset=True)
        for reading in (stream, opened(served, "BTC-USD")):
            refused = await reading.refused()
            assert (refused.status, refused.message, refused.detail.code) == (
                grpc.StatusCode.CANCELLED,
                "",
                "",
            )


async def test_a_thread_that_is_held_up_is_spared(serve: Serve, faults: Faults) -> None:
    """Disturbed streams keep the newest alone too, and the next update says what went."""
    async with serve(limits=GrpcLimits(crossing_batches=1), disturber=faults.disturber) as served:
        stream = opened(served, "BTC-USD")
        await stream.next()
        faults.apply(latency=1)
        feed = served.server._feed
        feed._posted += 1  # one batch is on its way and does not arrive
        for _ in range(3):
            served.publish("BTC-USD")
        faults.go(1)
        assert served.server.counters.held == 2
        feed._posted -= 1
        served.publish()
        faults.go(0)
        served.publish("BTC-USD")
        update = await stream.next()
    assert (seqs(update), dict(update.skipped)) == ([10], {"BTC-USD": 2})
