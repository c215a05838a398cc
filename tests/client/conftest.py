"""Servers on real sockets: one that answers as it is told and breaks connections, and mdsim's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import h11
import msgspec
import pytest
import trio

from mdsim.api.asks import AskReader
from mdsim.api.front_door import FrontDoor
from mdsim.api.guard import Security
from mdsim.api.http import HttpServer
from mdsim.api.rest import make_app
from mdsim.api.tickets import Tickets
from mdsim.api.websocket import WebSockets
from mdsim.core.events import Bar, BookLevel, BookSnapshot, Tick, Trade
from mdsim.core.instruments import ALL
from mdsim.core.serving import Correlations, Quote, Stats24h, VolumeAtPrice
from mdsim.core.time import DAY, HOUR, MINUTE, SECOND, parse_utc
from mdsim.publish.hub import Hub

NOW_NS = parse_utc("2026-01-05T12:00:00Z")
PRICE = Decimal("60000.10")
STREAM = "text/event-stream"


@dataclass
class Asked:
    """One request as it came; header names are lower-case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def json(self, fields: object, status: int = 200) -> Reply:
        """Answer with JSON."""
        return Reply(status, [msgspec.json.encode(fields)])

    def events(self, *parts: bytes, broken: bool = False, hold: trio.Event | None = None) -> Reply:
        """Answer with server-sent events."""
        return Reply(200, list(parts), STREAM, broken=broken, hold=hold)


@dataclass
class Reply:
    """One answer; ``parts`` are sent one by one, and ``broken`` drops the connection after them."""

    status: int = 200
    parts: list[bytes] = field(default_factory=list)
    media: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    broken: bool = False
    hold: trio.Event | None = None


Script = Callable[[Asked], Awaitable[Reply]]


@dataclass
class Server:
    """What was asked of the server, and where it is."""

    url: str
    asked: list[Asked] = field(default_factory=list)


Serve = Callable[[Script], AbstractAsyncContextManager[Server]]


async def _answer(stream: trio.SocketStream, script: Script, server: Server) -> None:
    connection = h11.Connection(h11.SERVER)

    async def event() -> h11.Event | type[h11.PAUSED]:
        while True:
            found = connection.next_event()
            if found is not h11.NEED_DATA:
                assert isinstance(found, h11.Event) or found is h11.PAUSED
                return found
            connection.receive_data(await stream.receive_some())

    async def send(one: h11.Event) -> None:
        data = connection.send(one)
        if data:
            await stream.send_all(data)

    while True:
        head = await event()
        if not isinstance(head, h11.Request):
            return
        body = b""
        while isinstance(part := await event(), h11.Data):
            body += bytes(part.data)
        headers = {name.decode(): value.decode() for name, value in head.headers}
        asked = Asked(head.method.decode(), head.target.decode(), headers, body)
        server.asked.append(asked)
        reply = await script(asked)
        fields = {"Content-Type": reply.media}
        if reply.media != STREAM:
            fields["Content-Length"] = str(sum(map(len, reply.parts)))
        fields |= reply.headers
        await send(h11.Response(status_code=reply.status, headers=list(fields.items())))
        for data in reply.parts:
            await send(h11.Data(data=data))
        if reply.hold is not None:
            await reply.hold.wait()
        if reply.broken:
            return
        await send(h11.EndOfMessage())
        if connection.our_state is h11.MUST_CLOSE:
            return
        connection.start_next_cycle()


@pytest.fixture
def serve() -> Serve:
    """Starts a server: ``async with serve(script) as server``."""

    @asynccontextmanager
    async def start(script: Script) -> AsyncIterator[Server]:
        async with trio.open_nursery() as nursery:
            (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
            server = Server(f"http://127.0.0.1:{listener.socket.getsockname()[1]}")

            async def handle(stream: trio.SocketStream) -> None:
                try:
                    async with stream:
                        await _answer(stream, script, server)
                except (trio.BrokenResourceError, h11.RemoteProtocolError):
                    return

            nursery.start_soon(trio.serve_listeners, handle, [listener])
            yield server
            nursery.cancel_scope.cancel()

    return start


class FakeMarket:
    """A market that stands still, but for the numbers of its ticks."""

    def __init__(self) -> None:
        self.catalogue = ALL.only(("BTC-USD", "ETH-USD"))
        self.seq = 0

    def tick(self, symbol: str = "BTC-USD") -> Tick:
        """The next published tick."""
        self.seq += 1
        return Tick(symbol, self.seq, NOW_NS, PRICE, PRICE, PRICE, PRICE)

    def now_ns(self) -> int:
        return NOW_NS

    def ready(self) -> str | None:
        return None

    def quote(self, symbol: str) -> Quote:
        prices = (PRICE, PRICE, PRICE, PRICE, Decimal("0.98"))
        return Quote(symbol, self.seq, NOW_NS, *prices, 2, 3, "LIVE", 250_000_000, Decimal("12.50"))

    def book(self, symbol: str, depth: int) -> BookSnapshot:
        levels = tuple(BookLevel(PRICE + at, Decimal("0.5")) for at in range(depth))
        return BookSnapshot(symbol, 9, NOW_NS, levels, levels)

    def ticks(self, symbol: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Tick]:
        kept = [Tick(symbol, at, NOW_NS - 36 * HOUR + at * SECOND, *[PRICE] * 4) for at in range(701)]
        return [tick for tick in kept if start_ns <= tick.ts_event_ns < end_ns][:limit]

    def trades(self, symbol: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Trade]:
        return ()

    def bars(self, symbol: str, interval: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Bar]:
        begun = range(-(-start_ns // MINUTE) * MINUTE, end_ns, MINUTE)[:limit]
        same = (PRICE, PRICE, PRICE, PRICE, Decimal(2), Decimal(4), 3, 0)
        return [Bar(symbol, at, at + MINUTE, interval, at, *same) for at in begun]

    def stats(self, symbol: str) -> Stats24h:
        prices = (PRICE, PRICE, PRICE, PRICE, Decimal("1.5"), Decimal(90_000), Decimal("-0.02"))
        return Stats24h(symbol, NOW_NS - DAY, NOW_NS, *prices, 321)

    def correlations(self, symbols: Sequence[str], window_ns: int) -> Correlations:
        rows = tuple(tuple(1.0 if a == b else None for b in symbols) for a in symbols)
        return Correlations(tuple(symbols), window_ns, 12, rows)

    def volume_profile(self, symbol: str, start_ns: int, end_ns: int, levels: int) -> Sequence[VolumeAtPrice]:
        return ()

    def buffers(self) -> Mapping[str, Mapping[str, int]]:
        return {}


@dataclass
class Stage:
    """A real server over the fake market."""

    url: str
    market: FakeMarket
    hub: Hub
    door: FrontDoor


OpenStage = Callable[[], AbstractAsyncContextManager[Stage]]


@pytest.fixture
def open_stage() -> OpenStage:
    """Starts mdsim's own front door: ``async with open_stage() as stage``."""

    @asynccontextmanager
    async def start() -> AsyncIterator[Stage]:
        market = FakeMarket()
        hub = Hub(market, clock_ns=lambda: NOW_NS)
        tickets = Tickets(lambda: 0.0)
        app = make_app(
            market,
            None,
            asks=AskReader(market.catalogue, tuple(hub.codecs)),
            tickets=tickets,
            metrics=bytes,
            sources=tuple,
            security=Security(),
        )
        door = FrontDoor(HttpServer(app), WebSockets(hub, tickets))
        async with trio.open_nursery() as nursery:
            ((host, port),) = await nursery.start(door.serve, "127.0.0.1", 0)
            hub.publish([market.tick()])
            yield Stage(f"http://{host}:{port}", market, hub, door)
            nursery.cancel_scope.cancel()

    return start
