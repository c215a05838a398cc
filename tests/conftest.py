"""Fakes that several rooms share: base feeds, a small recording, servers that do as told or only listen."""

from __future__ import annotations

import math
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h11
import msgspec
import pytest
import trio
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from mdsim.core.instruments import ALL, Catalogue
from mdsim.core.time import SECOND, parse_utc
from mdsim.providers.specs import make_spec
from mdsim.providers.wire import ANSWER, CLOSED, MESSAGE, OPENED, TURNED, Heard
from mdsim.replays.format import Line, header_of, line_of

START_NS = parse_utc("2026-01-05T00:00:00Z")
CALM = {"BTC": 60_000.0, "ETH": 3_000.0, "USDT": 1.0, "USDC": 1.0, "UST": 1.0, "USDE": 1.0, "USD": 1.0}


class ScriptedFeed:
    """A base feed that says what it is told: a price in USD per asset, constant or a function of time."""

    name = "scripted"
    notes: tuple[str, ...] = ()
    end_ns: int | None = None

    def __init__(
        self,
        catalogue: Catalogue,
        prices: Mapping[str, Callable[[float], float]],
        start_ns: int = START_NS,
        step_ns: int = SECOND,
    ) -> None:
        self.catalogue = catalogue
        self.start_ns = start_ns
        self.step_ns = step_ns
        self._prices = prices
        self.log_prices = [0.0] * len(catalogue)
        self.updated_ns = [start_ns] * len(catalogue)
        self.advance(start_ns)

    def _usd(self, asset: str, at_s: float) -> float:
        price = self._prices.get(asset)
        return CALM[asset] if price is None else price(at_s)

    def advance(self, now_ns: int) -> None:
        at_s = (now_ns - self.start_ns) / SECOND
        for at, item in enumerate(self.catalogue):
            self.log_prices[at] = math.log(self._usd(item.base, at_s)) - math.log(self._usd(item.quote, at_s))
            self.updated_ns[at] = now_ns


FeedMaker = Callable[..., ScriptedFeed]


@pytest.fixture
def scripted() -> FeedMaker:
    """Makes a scripted feed: ``scripted("BTC-USD", BTC=lambda at_s: 60_000 - at_s)``."""

    def make(*symbols: str, **prices: Callable[[float], float]) -> ScriptedFeed:
        return ScriptedFeed(ALL.only(symbols or ("BTC-USD", "ETH-USD", "BTC-ETH")), prices)

    return make


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


class Receiver:
    """An OTLP endpoint: what was sent to it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.paths: list[str] = []
        self.requests: list[ExportTraceServiceRequest] = []

    def spans(self) -> list[Span]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.paths.append(self.path)
            found.requests.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 likewise
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Receiver(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


RECORDED_NS = 1_700_000_000 * SECOND
RECORDED_LISTING = (
    b'{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT"}]}'
)


def quote(number: int, bid: int) -> str:
    """A best quote of BTCUSDT."""
    return f'{{"u":{number},"s":"BTCUSDT","b":"{bid}.50","B":"1.000","a":"{bid + 1}.50","A":"2.000"}}'


def rows_of(quotes: int, every_ns: int = SECOND) -> list[Line]:
    """One connection that tells a quote a second: bids 50000, 50001, … with numbers from 101."""
    heard = [
        Heard("binance", 1, RECORDED_NS, OPENED),
        Heard("binance", 1, RECORDED_NS, TURNED),
        Heard(
            "binance",
            1,
            RECORDED_NS + 1,
            ANSWER,
            RECORDED_LISTING,
            "info:BTCUSDT",
            "/x",
            200,
            {"set-cookie": "a=b"},
        ),
        Heard("binance", 1, RECORDED_NS + 2, TURNED),
        Heard("binance", 1, RECORDED_NS + 3, MESSAGE, '{"result":null,"id":1}'),
        Heard("binance", 1, RECORDED_NS + 3, TURNED),
    ]
    heard += [
        Heard("binance", 1, RECORDED_NS + (at + 1) * every_ns, MESSAGE, quote(101 + at, 50_000 + at))
        for at in range(quotes)
    ]
    heard.append(Heard("binance", 1, RECORDED_NS + (quotes + 1) * every_ns, CLOSED, "closed with code 1000"))
    return [line_of(one) for one in heard]


@pytest.fixture
def write_recording(tmp_path: Path) -> Callable[..., Path]:
    """Write lines under the header of a Binance that is to tell BTC-USDT."""

    def make(lines: Sequence[Line | bytes], name: str = "small.ndjson") -> Path:
        spec = make_spec(
            "binance",
            tier="exchange_feeds",
            kind="websocket",
            url="wss://127.0.0.1:9443/ws?token=secret",
            priority=1,
            catalogue=ALL,
            symbols=("BTC-USDT",),
        )
        rows: list[bytes] = [msgspec.json.encode(header_of((spec,), RECORDED_NS, "test"))]
        rows += [one if isinstance(one, bytes) else msgspec.json.encode(one) for one in lines]
        path = tmp_path / name
        path.write_bytes(b"".join(row + b"\n" for row in rows))
        return path

    return make


@pytest.fixture
def recorded_rows() -> Callable[..., list[Line]]:
    """The lines of one connection."""
    return rows_of
