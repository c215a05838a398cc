"""mdsim's own server on a real socket, over a market whose numbers are known."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

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

    def published_book(self, symbol: str) -> BookSnapshot:
        return self.book(symbol, 10)

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
