"""Shared by the tests of the testkit: an adapter at work on a double over a real socket, a bare client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import msgspec
import pytest
import trio
from trio_websocket import WebSocketConnection, open_websocket_url

from mdsim.core.instruments import ALL
from mdsim.core.secret import Secret
from mdsim.core.seeds import SeedTree
from mdsim.core.sourcing import Report
from mdsim.core.time import SECOND
from mdsim.providers.poll import PollSource
from mdsim.providers.session import REST, Session, SessionRequest
from mdsim.providers.source import Source, Surroundings
from mdsim.providers.specs import make_spec
from mdsim.providers.stream import StreamSource
from mdsim.providers.wire import Heard, SourceEvent
from mdsim.run.clock import utc_ns
from mdsim.testkit.double import Double
from mdsim.testkit.doubles.binance import Binance
from mdsim.testkit.market import Market


class Reader:
    """One of mdsim's adapters at work on a double.

    Attributes:
        reports: what came of it; ``events``: what it told an operator; ``heard``: what passed at the wire.
        sessions: one a connection, newest last.
    """

    def __init__(self, provider: str, url: str, kind: str, symbols: Sequence[str], per_minute: int) -> None:
        self.reports: list[Report] = []
        self.events: list[SourceEvent] = []
        self.heard: list[Heard] = []
        self.sessions: list[Any] = []
        self._news = trio.Event()
        spec = make_spec(
            provider,
            tier="exchange_feeds",
            kind=kind,
            url=url,
            priority=1,
            catalogue=ALL,
            symbols=tuple(symbols),
            keys=() if provider in ("binance", "coinbase", "kraken") else (Secret("any-key"),),
            per_minute=per_minute or None,
        )
        opened = spec.offer.open

        def remember(request: SessionRequest) -> Session:
            session = opened(request)
            self.sessions.append(session)
            return session

        spec = replace(spec, offer=replace(spec.offer, open=remember))
        seeds = SeedTree(1)
        around = Surroundings.real(utc_ns, seeds.stream, {}, self._told, self._heard)
        self.source: Source = (PollSource if kind == REST else StreamSource)(spec, around, self._given)

    @property
    def last(self) -> Report:
        """The newest report."""
        return self.reports[-1]

    def fresh(self) -> int:
        """Forget the reports so far; how many there were."""
        count = len(self.reports)
        self.reports.clear()
        return count

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something that happens makes a condition true."""
        while not condition():
            self._news = trio.Event()
            await self._news.wait()

    def _given(self, reports: Sequence[Report]) -> None:
        self.reports += reports
        self._news.set()

    def _told(self, event: SourceEvent) -> None:
        self.events.append(event)
        self._news.set()

    def _heard(self, heard: Heard) -> None:
        self.heard.append(heard)
        self._news.set()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What happens once a second happens ten times a second here."""
    monkeypatch.setattr(Double, "tick_ns", SECOND // 10)
    monkeypatch.setattr(Binance, "messages_most", 1_000)


Reading = Callable[..., AbstractAsyncContextManager[Reader]]


@pytest.fixture
def reading() -> Reading:
    """``async with reading(double, "BTC-USD", …) as reader``: for 20 s at most."""

    @asynccontextmanager
    async def make(
        double: Double, *symbols: str, kind: str = "", url: str = "", per_minute: int = 0
    ) -> AsyncIterator[Reader]:
        address = url or double.url
        found = kind or ("rest_api" if address.startswith("http") else "websocket")
        reader = Reader(double.name, address, found, symbols, per_minute)
        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(reader.source.run)
                yield reader
                nursery.cancel_scope.cancel()

    return make


@pytest.fixture
def market() -> Market:
    """A market that stands still until a test moves it."""
    return Market.scripted({"BTC": "60000", "ETH": "3000"}, seed=3)


class Wire:
    """A bare client of a stream, which knows no provider."""

    def __init__(self, socket: WebSocketConnection) -> None:
        self.socket = socket

    async def send(self, data: object) -> None:
        """Send JSON, or text as it is."""
        text = data if isinstance(data, str) else msgspec.json.encode(data).decode()
        await self.socket.send_message(text)

    async def text(self) -> str:
        """The next frame."""
        message = await self.socket.get_message()
        assert isinstance(message, str)
        return message

    async def get(self) -> Any:
        """The next frame, decoded."""
        return msgspec.json.decode(await self.text())

    async def until(self, wanted: Callable[[Any], bool]) -> Any:
        """The next frame that is wanted; those before it are dropped."""
        while not wanted(frame := await self.get()):
            pass
        return frame


@pytest.fixture
def wired() -> Callable[..., AbstractAsyncContextManager[Wire]]:
    """``async with wired(url) as wire``: a bare WebSocket, for 20 s at most."""

    @asynccontextmanager
    async def make(url: str, **headers: str) -> AsyncIterator[Wire]:
        extra = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        with trio.fail_after(20):
            async with open_websocket_url(url, extra_headers=extra) as socket:
                yield Wire(socket)

    return make


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A client for REST."""
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        yield client
