"""Compression is negotiated: seen in the bytes that cross the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import trio

from mdsim._proto.v1 import historical_data_pb2, price_feed_pb2
from mdsim.api.grpc_limits import GrpcLimits
from mdsim.core.time import DAY, parse_utc

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.api.grpc.conftest import Serve

NOW_NS = parse_utc("2026-01-05T12:00:00Z")
EVERY, IDENTITY = 0b111, 0b001  # identity, deflate, gzip, as the gRPC core numbers them


class Scales:
    """A relay between client and server that weighs what the server sends."""

    def __init__(self) -> None:
        self.port = 0
        self.crossed = 0

    async def connect(self, server_port: int, near: trio.SocketStream) -> None:
        far = await trio.open_tcp_stream("127.0.0.1", server_port)
        async with near, far, trio.open_nursery() as pair:
            pair.start_soon(partial(self._relay, near, far, weigh=False))
            pair.start_soon(partial(self._relay, far, near, weigh=True))

    async def _relay(self, source: trio.SocketStream, sink: trio.SocketStream, *, weigh: bool) -> None:
        try:
            async for data in source:
                self.crossed += len(data) if weigh else 0
                await sink.send_all(data)
            await sink.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass


@asynccontextmanager
async def scales(server_port: int) -> AsyncIterator[Scales]:
    """Listen on a free port as long as the block lasts."""
    made = Scales()
    async with trio.open_nursery() as nursery:
        listen = partial(trio.serve_tcp, partial(made.connect, server_port), 0, host="127.0.0.1")
        [listener] = await nursery.start(listen)
        made.port = listener.socket.getsockname()[1]
        yield made
        nursery.cancel_scope.cancel()


async def weigh_bars(serve: Serve, accepted: int, limits: GrpcLimits) -> tuple[int, int]:
    """Bytes on the wire of a day of bars, and bytes of the message."""
    request = historical_data_pb2.OHLCVRequest(symbol="BTC-USD", start_ns=NOW_NS - DAY, limit=1_000)
    async with serve(limits=limits) as served, scales(served.server.port) as wire:
        options = [("grpc.compression_enabled_algorithms_bitset", accepted)]
        client = type(served.client)(f"127.0.0.1:{wire.port}", options)
        method = "HistoricalDataService/GetOHLCV"
        answer = await client.ask(method, request, historical_data_pb2.OHLCVResponse)
        client.channel.close()
        assert len(answer.bars) == 1_000
        return wire.crossed, answer.ByteSize()


async def test_an_answer_is_compressed_for_a_client_that_takes_it(serve: Serve) -> None:
    """A day of bars crosses the wire in a fraction of its size."""
    crossed, size = await weigh_bars(serve, EVERY, GrpcLimits())

    assert crossed < size / 4


async def test_an_answer_is_left_as_it_is_for_a_client_that_takes_nothing_else(serve: Serve) -> None:
    """A client that accepts identity alone can read the answer."""
    crossed, size = await weigh_bars(serve, IDENTITY, GrpcLimits())

    assert crossed > size


async def test_compression_can_be_switched_off(serve: Serve) -> None:
    """``ENABLE_COMPRESSION=false`` holds for clients that would take it, too."""
    crossed, size = await weigh_bars(serve, EVERY, GrpcLimits(compression=False))

    assert crossed > size


async def test_a_stream_is_compressed_only_when_asked(serve: Serve) -> None:
    """Small updates cost more work than they save, so the caller of a stream decides."""
    weights = []
    for compress in (False, True):
        async with serve() as served, scales(served.server.port) as wire:
            client = type(served.client)(f"127.0.0.1:{wire.port}", ())
            request = price_feed_pb2.SubscribeRequest(symbols=["*"], compress=compress)
            stream = client.open("PriceFeedService/SubscribePrices", request, price_feed_pb2.PriceUpdate)
            await stream.next()
            for _ in range(20):
                served.publish(*["BTC-USD"] * 10)
                await stream.next()
            client.channel.close()
            weights.append(wire.crossed)

    assert weights[1] < weights[0] / 2
