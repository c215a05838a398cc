"""Delivery faults on a real WebSocket: what a client sees of them, and how it is refused while it is down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import trio
import trio.testing
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    WebSocketConnection,
    wrap_client_stream,
)

from mdsim.api.front_door import FrontDoor
from mdsim.api.http import HttpServer
from mdsim.api.tickets import Tickets
from mdsim.api.websocket import CONNECTION, WebSockets
from mdsim.core.events import Tick
from mdsim.core.serving import MarketPort
from mdsim.core.time import MS
from mdsim.publish.hub import Hub

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.api.conftest import Faults

PATH = "/api/v1/subscribe?channels=tick&symbols=BTC-USD"


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """An application that only starts and stops."""
    while scope["type"] == "lifespan":
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


class Served:
    """A server whose readers can be disturbed; the fake market's snapshot of BTC-USD is number 7."""

    def __init__(self, market: MarketPort, faults: Faults) -> None:
        self.hub = Hub(market, clock_ns=lambda: faults.now_ns, disturber=faults.disturber)
        self.sockets = WebSockets(self.hub, Tickets(trio.current_time))
        self.door = FrontDoor(HttpServer(nothing), self.sockets)

    @property
    def port(self) -> int:
        return int(self.door.addresses[0][1])

    async def all_gone(self) -> None:
        """Wait until the server is done with every connection; counts rounds, as sockets take real time."""
        for _ in range(5_000):
            if not len(self.sockets):
                return
            await trio.testing.wait_all_tasks_blocked(0.001)
        raise AssertionError("a connection stays")

    def publish(self, *seqs: int) -> None:
        one = Decimal("60000.00")
        self.hub.publish([Tick("BTC-USD", seq, seq, one, one, one, one) for seq in seqs])


@pytest.fixture
async def served(fake_market: MarketPort, faults: Faults, nursery: trio.Nursery) -> AsyncIterator[Served]:
    made = Served(fake_market, faults)
    await nursery.start(made.door.serve, "127.0.0.1", 0)
    made.publish(7)
    yield made
    nursery.cancel_scope.cancel()


@asynccontextmanager
async def opened(served: Served) -> AsyncIterator[WebSocketConnection]:
    """A client; its socket is closed in any case."""
    async with await trio.open_tcp_stream("127.0.0.1", served.port) as stream, trio.open_nursery() as nursery:
        yield await wrap_client_stream(nursery, stream, "x", PATH)
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def reader(served: Served) -> AsyncIterator[WebSocketConnection]:
    """A client that has read its acknowledgement."""
    async with opened(served) as socket:
        assert msgspec.json.decode(await socket.get_message())["type"] == "ack"
        yield socket
        with trio.move_on_after(5):
            await socket.aclose()


async def seq(socket: WebSocketConnection) -> object:
    """Number of the next message."""
    return msgspec.json.decode(await socket.get_message())["seq"]


async def refusal(served: Served) -> tuple[int, dict[str, object]]:
    """Status and document of a refused handshake; the library tells it by way of the nursery."""
    found: list[ConnectionRejected] = []
    try:
        async with opened(served):
            raise AssertionError("it was accepted")
    except* ConnectionRejected as group:
        inner: BaseException = group
        while isinstance(inner, BaseExceptionGroup):
            (inner,) = inner.exceptions
        assert isinstance(inner, ConnectionRejected)
        found.append(inner)
    (one,) = found
    assert one.body is not None
    return one.status_code, msgspec.json.decode(one.body)


async def drained(socket: WebSocketConnection) -> None:
    """Read until the connection has ended."""
    while True:
        await socket.get_message()


async def received(sock: trio.socket.SocketType) -> None:
    """Read until the other side has closed."""
    while await sock.recv(65_536):
        pass


async def test_a_connection_is_told_its_name(served: Served) -> None:
    """So that its reader finds itself in the journal."""
    for expected in (b"ws-1", b"ws-2"):
        async with reader(served) as socket:
            assert dict(socket.handshake_headers)[CONNECTION] == expected


async def test_messages_are_late_lost_and_damaged_as_it_is_told(served: Served, faults: Faults) -> None:
    """A delay ends when time says so; a loss and a damage bear the number of their message."""
    async with reader(served) as socket:
        assert await seq(socket) == 7
        faults.apply(latency=30 * MS)
        served.publish(8)
        faults.go(30 * MS)
        assert await seq(socket) == 8
        faults.apply(loss=Decimal(1))
        served.publish(9)
        faults.apply(corrupt=Decimal(1))
        served.publish(10)
        faults.apply()
        served.publish(11)
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(await socket.get_message())
        assert await seq(socket) == 11

    assert faults.told() == [("latency", "ws-1", 8), ("loss", "ws-1", 9), ("corrupt", "ws-1", 10)]


async def test_a_disconnection_is_polite_and_refuses_until_it_ends(served: Served, faults: Faults) -> None:
    """1001 with a reason, then 503 with a problem document, then as before."""
    async with reader(served) as socket:
        faults.apply(disconnect=True)
        with pytest.raises(ConnectionClosed):
            await drained(socket)
        assert socket.closed is not None
        assert (socket.closed.code, socket.closed.reason) == (1001, "a playbook ended this connection")

    status, document = await refusal(served)
    assert status == 503
    assert (document["code"], document["detail"]) == ("MD570", "a playbook keeps ws-2 disconnected")

    faults.apply()
    async with reader(served) as again:
        assert await seq(again) == 7
    await served.all_gone()
    assert served.sockets.counters.closed == {"disturbed": 1, "left": 1}
    assert faults.told() == [("disconnect", "ws-1", 0), ("disconnect", "ws-2", 0)]


async def test_a_reset_is_seen_as_one(served: Served, faults: Faults) -> None:
    """Neither the open connection nor a new one is told a word: the line is reset."""
    request = (
        f"GET {PATH} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()
    for down_before in (False, True):
        if down_before:
            faults.apply(reset=True)
        with trio.socket.socket() as sock:
            await sock.connect(("127.0.0.1", served.port))
            await sock.send(request)
            if not down_before:
                head = b""
                while b'"ack"' not in head:
                    head += await sock.recv(4_096)
                faults.apply(reset=True)
            with pytest.raises(ConnectionResetError):
                await received(sock)
        faults.apply()
    await served.all_gone()
    assert served.sockets.counters.closed == {"disturbed": 1}
    assert served.sockets.counters.broken == 0


async def test_a_library_survives_a_reset(served: Served, faults: Faults) -> None:
    """A client library reports a lost connection, and connects again once it is over."""
    async with reader(served) as socket:
        faults.apply(reset=True)
        with pytest.raises(ConnectionClosed):
            await drained(socket)
    faults.apply()
    async with reader(served) as socket:
        assert await seq(socket) == 7
