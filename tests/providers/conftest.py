"""Shared by the tests of the providers: recordings, a session that has subscribed, a Binance in memory."""

from __future__ import annotations

import gzip
import math
import ssl
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import trio
import trio.testing
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_server_stream

from mdsim.core.instruments import ALL
from mdsim.core.seeds import SeedTree
from mdsim.core.time import SECOND
from mdsim.providers.adapters.binance import BinanceSession
from mdsim.providers.connect import Address, ConnectError
from mdsim.providers.session import Answer, Fetch, Send, SessionRequest
from mdsim.providers.source import SourceSpec, Surroundings
from mdsim.providers.specs import make_spec
from mdsim.providers.wire import Heard, SourceEvent

RECORDINGS = Path(__file__).parent / "recordings"


class Line(msgspec.Struct):
    """One message of a recording; ``kind`` is ``rest_depth`` for the snapshot, otherwise empty."""

    recv_ns: int
    raw: msgspec.Raw
    kind: str = ""

    @property
    def text(self) -> bytes:
        return bytes(self.raw)


@pytest.fixture
def recorded() -> Callable[[str], list[Line]]:
    """The recorded stream of a venue's symbol."""

    def load(listed: str) -> list[Line]:
        packed = (RECORDINGS / f"binance_spot_{listed}_2024-08-08.ndjson.gz").read_bytes()
        return [msgspec.json.decode(line, type=Line) for line in gzip.decompress(packed).splitlines()]

    return load


def listing(listed: str, base: str, quote: str, status: str = "TRADING") -> bytes:
    """Binance's answer about one symbol."""
    entry = {"symbol": listed, "status": status, "baseAsset": base, "quoteAsset": quote}
    return msgspec.json.encode({"symbols": [entry]})


ABSENT = b'{"code":-1121,"msg":"Invalid symbol."}'
LISTED = {"BTCUSDT": ("BTC", "USDT"), "ETHUSDT": ("ETH", "USDT"), "ETHBTC": ("ETH", "BTC")}


@pytest.fixture
def subscribed() -> Callable[..., BinanceSession]:
    """A session that asked what is listed, subscribed and was acknowledged; its actions are taken."""

    def make(*symbols: str, now_ns: int = 0) -> BinanceSession:
        request = SessionRequest("binance", "ws://127.0.0.1/ws", tuple(ALL[symbol] for symbol in symbols))
        session = BinanceSession(request)
        session.start(now_ns)
        asked: list[object] = list(session.actions())
        while asked:
            action = asked.pop(0)
            if isinstance(action, Fetch) and action.tag.startswith("info:"):
                listed = action.tag.removeprefix("info:")
                found = LISTED.get(listed)
                status, body = (200, listing(listed, *found)) if found else (400, ABSENT)
                session.fetched(Answer(action.tag, status, {}, body, now_ns))
                asked += session.actions()
            elif isinstance(action, Send):
                at = msgspec.json.decode(action.text)["id"]
                session.received(b'{"result":null,"id":%d}' % at, now_ns)
        return session

    return make


START_NS = 1_700_000_000 * SECOND
MOVING = ("BTCUSDT", "ETHUSDT")


def now() -> int:
    """The virtual time of day."""
    return START_NS + math.floor(trio.current_time() * SECOND)


class FakeBinance:
    """The provider's side.

    Attributes:
        ids: newest update id of each symbol; ``tops``: its best bid.
        sockets: open connections; ``subscribed``: symbols of each.
        attempts: connections asked for; ``asked``: paths of requests.
        refuse_with: status that every request gets, with its ``Retry-After`` in seconds; 0 for an answer.
        down: connections are refused; ``deaf``: subscriptions are not acknowledged.
        events: what sources told an operator.
    """

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self.ids = dict.fromkeys(MOVING, 100)
        self.tops = dict.fromkeys(MOVING, 50_000)
        self.sockets: list[WebSocketConnection] = []
        self.subscribed: dict[WebSocketConnection, list[str]] = {}
        self.attempts = 0
        self.asked: list[str] = []
        self.refuse_with: tuple[int, int] = (0, 0)
        self.down = False
        self.deaf = False
        self.events: list[SourceEvent] = []

    def around(self, record: Callable[[Heard], None] | None = None) -> Surroundings:
        """What sources need of the world: this one."""
        return Surroundings(
            now=now,
            tls=ssl.create_default_context(),
            connect=self.connect,
            rng=lambda name: SeedTree(1).stream(name),
            tell=self.events.append,
            record=record,
            transport=httpx.MockTransport(self.answer),
        )

    async def connect(self, address: Address) -> trio.abc.Stream:
        """A memory stream with a server at its other end."""
        self.attempts += 1
        await trio.lowlevel.checkpoint()
        if self.down:
            raise ConnectError(f"{address.host} is down")
        ours, theirs = trio.testing.memory_stream_pair()
        self._nursery.start_soon(self._serve, theirs)
        return ours

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Listing and snapshots, or whatever ``refuse_with`` says."""
        path = request.url.raw_path.decode()
        self.asked.append(path)
        await trio.lowlevel.checkpoint()
        status, wait_s = self.refuse_with
        if status:
            headers = {"Retry-After": str(wait_s)} if wait_s else {}
            return httpx.Response(status, headers=headers, json={"code": -1003, "msg": "Too much"})
        listed = request.url.params["symbol"]
        if listed not in MOVING:
            return httpx.Response(400, json={"code": -1121, "msg": "Invalid symbol."})
        if request.url.path == "/api/v3/exchangeInfo":
            return httpx.Response(200, content=listing(listed, *LISTED[listed]))
        top = self.tops[listed]
        book = {
            "lastUpdateId": self.ids[listed],
            "bids": [[f"{top}.00000000", "1.00000000"]],
            "asks": [[f"{top + 1}.00000000", "1.00000000"]],
        }
        return httpx.Response(200, json=book)

    async def move(self, *, lose: bool = False) -> None:
        """One change of every book: an id, told as a change and as a quote; or lost on the way."""
        for listed in MOVING:
            old = self.tops[listed]
            self.ids[listed] += 1
            at = self.ids[listed]
            new = self.tops[listed] = 50_000 + (old - 50_000 + 7) % 1_000
            bids = [[f"{old}.00000000", "0.00000000"], [f"{new}.00000000", "1.00000000"]]
            asks = [[f"{old + 1}.00000000", "0.00000000"], [f"{new + 1}.00000000", "1.00000000"]]
            change = {
                "e": "depthUpdate",
                "E": now() // 1_000_000,
                "s": listed,
                "U": at,
                "u": at,
                "b": bids,
                "a": asks,
            }
            if not lose:
                await self.tell(listed, change)

    async def tell(self, listed: str, event: dict[str, object]) -> None:
        """Send an event to every connection that subscribed to its symbol."""
        text = msgspec.json.encode(event).decode()
        for socket in list(self.sockets):
            if listed in self.subscribed[socket]:
                with suppress(ConnectionClosed, trio.BrokenResourceError):
                    await socket.send_message(text)

    async def cut(self) -> None:
        """Break every connection without a goodbye."""
        for socket in list(self.sockets):
            await trio.aclose_forcefully(socket._stream)

    def top(self, listed: str) -> tuple[tuple[Decimal, Decimal], tuple[Decimal, Decimal]]:
        """The market's own book."""
        return (Decimal(self.tops[listed]), Decimal(1)), (Decimal(self.tops[listed] + 1), Decimal(1))

    async def _serve(self, stream: trio.abc.Stream) -> None:
        try:
            async with trio.open_nursery() as nursery:
                request = await wrap_server_stream(nursery, stream)
                socket = await request.accept()
                self.sockets.append(socket)
                self.subscribed[socket] = []
                nursery.start_soon(self._ping, socket)
                try:
                    while True:
                        wanted = msgspec.json.decode(await socket.get_message())
                        names = [name.split("@")[0].upper() for name in wanted["params"]]
                        self.subscribed[socket] += dict.fromkeys(names)
                        if not self.deaf:
                            await socket.send_message(f'{{"result":null,"id":{wanted["id"]}}}')
                finally:
                    self.sockets.remove(socket)
                    del self.subscribed[socket]
        except* (ConnectionClosed, trio.BrokenResourceError, trio.ClosedResourceError):
            pass

    async def _ping(self, socket: WebSocketConnection) -> None:
        with suppress(ConnectionClosed, trio.BrokenResourceError):
            while True:
                await trio.sleep(20)
                await socket.ping()


@pytest.fixture
def fake_binance() -> type[FakeBinance]:
    """A Binance in memory."""
    return FakeBinance


@pytest.fixture
def binance_spec() -> Callable[..., SourceSpec]:
    """A source named binance for BTC-USDT and ETH-USDT."""

    def make(name: str = "binance", **changes: Any) -> SourceSpec:
        known: dict[str, Any] = {
            "tier": "exchange_feeds",
            "kind": "websocket",
            "url": "ws://127.0.0.1/ws",
            "priority": 1,
            "catalogue": ALL,
            "symbols": ("BTC-USDT", "ETH-USDT"),
        }
        return make_spec(name, **{**known, **changes})

    return make
