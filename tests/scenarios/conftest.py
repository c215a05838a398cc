"""A real server on loopback whose market moves when the test says so."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from decimal import Decimal

import httpx
import pytest
import trio
import trio.testing

from mdsim.api.asks import AskReader
from mdsim.api.chaos import chaos_routes
from mdsim.api.chaos_scenarios import NoRule
from mdsim.api.front_door import FrontDoor
from mdsim.api.grpc_limits import GrpcLimits
from mdsim.api.grpc_server import GrpcServer
from mdsim.api.guard import Security
from mdsim.api.http import HttpServer
from mdsim.api.rest import make_app
from mdsim.api.tickets import Tickets
from mdsim.api.websocket import WebSockets
from mdsim.chaos.pipeline import chosen, make_pipeline
from mdsim.cli import library, wiring
from mdsim.cli.around import with_venues
from mdsim.core.ports import BaseFeed
from mdsim.core.seeds import SeedTree
from mdsim.core.time import HOUR, SECOND
from mdsim.engine.corridor import Engine
from mdsim.engine.tape import Tape
from mdsim.playbook.compiler import World
from mdsim.playbook.limits import SERVER, Ceiling, Measure
from mdsim.publish.disturber import Disturber
from mdsim.publish.hub import Hub
from mdsim.run.clock import VirtualPacer
from mdsim.run.live import Sink
from mdsim.run.manager import RunsManager
from mdsim.run.pump import Pump

SYMBOLS = (
    "BTC-USD",
    "ETH-USD",
    "USDT-USD",
    "USDT-BTC",
    "BTC-ETH",
    "BTC-USDT",
    "BTC-USD-PERP",
)
TYPES = {
    "price_shock": (
        Ceiling("chaos_scenarios.price_shock.max_deviation", Measure.DEVIATION, Decimal("0.25")),
        Ceiling("chaos_scenarios.price_shock.max_duration_hours", Measure.DURATION, 2 * HOUR),
    ),
    "stablecoin_depeg": (
        Ceiling("chaos_scenarios.stablecoin_depeg.max_deviation", Measure.DEVIATION, Decimal("0.10")),
        Ceiling("chaos_scenarios.stablecoin_depeg.max_duration_hours", Measure.DURATION, 72 * HOUR),
    ),
}
RULES = {
    "price_shock": NoRule(recovery_required=True),
    "stablecoin_depeg": NoRule(gradual_only=True),
}


class Server:
    """Market, runs and HTTP on a port of its own; ``go`` lets the market's time pass."""

    def __init__(self, feed: BaseFeed) -> None:
        self.engine = Engine(feed, wiring.effects(), wiring.curves(), seeds=SeedTree(1))
        self.tape = Tape(self.engine)
        self.pump = Pump(self.engine, feed.start_ns, SECOND, VirtualPacer())
        self.pump.on_cycle = self._record
        self.start_ns = feed.start_ns
        self.runs = RunsManager(
            self.pump,
            World(
                wiring.effects(),
                wiring.curves(),
                feed.catalogue,
                tuple(wiring.feeds()),
                ("2024-08-05",),
                tuple(self._sources()),
            ),
            library=library.playbooks(),
            ceilings=lambda kind: (*SERVER, *TYPES.get(kind, ())),
        )
        self.faults = Disturber(make_pipeline, chosen, clock_ns=lambda: self.pump.now_ns)
        self.engine.edges.append(self.faults)
        self.hub = Hub(self.tape, clock_ns=lambda: self.pump.now_ns, disturber=self.faults)
        self.grpc = GrpcServer(
            self.tape,
            self.runs,
            clock_ns=lambda: self.pump.now_ns,
            # The market's time passes as fast as it can here: nothing is conflated for it.
            limits=GrpcLimits(crossing_batches=1_000_000, stream_ticks=1_000_000),
            disturber=self.faults,
        )
        tickets = Tickets(trio.current_time)
        app = make_app(
            self.tape,
            self.runs,
            asks=AskReader(feed.catalogue, ("json",)),
            tickets=tickets,
            metrics=lambda: b"",
            sources=lambda: (),
            security=Security(),
            more=chaos_routes(
                self.tape, self.runs, lambda kind: RULES.get(kind, NoRule()), sources=self._sources
            ),
        )
        self.door = FrontDoor(HttpServer(app), WebSockets(self.hub, tickets))
        self.url = ""
        self.sinks: list[Sink] = []

    def _sources(self) -> dict[str, tuple[str, ...]]:
        judged = self.engine.judged
        return {} if judged is None else {one.name: one.symbols for one in judged.sources}

    def _record(self, _now_ns: int) -> None:
        published = self.tape.record()
        for sink in self.sinks:
            sink(published)

    async def stream(self) -> int:
        """Publish to readers from the next cycle on, over WebSocket and gRPC; the port of the latter.

        Only for who asks: most scenarios look at the market alone, over hours of it.
        """
        self.sinks = [self.hub.publish, self.grpc.publish, lambda _published: self.faults.release()]
        port = await self.nursery.start(self.grpc.serve, "127.0.0.1", 0)
        await self.go(1)
        return int(port)

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        async with trio.open_nursery() as nursery:
            self.nursery = nursery
            addresses = await nursery.start(self.door.serve, "127.0.0.1", 0)
            self.url = f"http://127.0.0.1:{addresses[0][1]}"
            await nursery.start(self.runs.run)
            await self.pump.step(self.start_ns)
            task_status.started()

    async def close(self) -> None:
        self.door.stop()
        await self.end(self.runs.close())

    async def go(self, seconds: float) -> None:
        """Let the market go on, with every cycle that moves and runs ask for."""
        until_ns = self.pump.now_ns + int(seconds * SECOND)
        while (next_ns := self.pump._next_ns()) <= until_ns:
            await self.pump.step(next_ns)
            await trio.lowlevel.checkpoint()

    async def end(self, asked: Awaitable[object]) -> object:
        """The result of something that needs the market to go on."""
        found: list[object] = []

        async def ask() -> None:
            found.append(await asked)

        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(ask)
                while not found:
                    await trio.sleep(0.002)  # the answer comes by a real socket
                    await self.go(1)
        return found[0]

    def deviation(self, symbol: str) -> float:
        """Published price against the base feed's."""
        market = self.engine.market
        at = market.catalogue.index[symbol]
        return market.mids[at] / market.reference_steps(at) - 1


@pytest.fixture
async def rested(scripted: Callable[..., BaseFeed], nursery: trio.Nursery) -> AsyncIterator[Server]:
    """The same where the market rests on simulated sources."""
    made = Server(with_venues(scripted(*SYMBOLS), SeedTree(1), wiring.venues().values()))
    await nursery.start(made.serve)
    yield made
    await made.close()
    nursery.cancel_scope.cancel()


@pytest.fixture
async def server(scripted: Callable[..., BaseFeed], nursery: trio.Nursery) -> AsyncIterator[Server]:
    made = Server(scripted(*SYMBOLS))
    await nursery.start(made.serve)
    yield made
    await made.close()
    nursery.cancel_scope.cancel()


class Client:
    """An HTTP client that also lets the market go on while it waits for what needs it."""

    def __init__(self, server: Server, http: httpx.AsyncClient) -> None:
        self._server = server
        self.http = http

    async def post(
        self, path: str, body: object = None, status: int = 201, **options: object
    ) -> Mapping[str, object]:
        answer = await self.http.post(path, json=body, **options)  # type: ignore[arg-type]  # as httpx takes them
        return self._read(answer, status)

    async def get(self, path: str, status: int = 200) -> Mapping[str, object]:
        return self._read(await self.http.get(path), status)

    async def delete(self, path: str, status: int = 200) -> Mapping[str, object]:
        answer = await self._server.end(self.http.delete(path))
        assert isinstance(answer, httpx.Response)
        return self._read(answer, status)

    async def events(self, run: str, after: int = 0) -> list[tuple[int, str]]:
        """Number and kind of every event of a run that has ended."""
        answer = await self.http.get(f"/chaos/scenarios/{run}/events", headers={"Last-Event-ID": str(after)})
        blocks = [block.splitlines() for block in answer.text.split("\n\n") if block.startswith("id:")]
        return [(int(block[0][4:]), block[1][7:]) for block in blocks]

    @staticmethod
    def _read(answer: httpx.Response, status: int) -> Mapping[str, object]:
        assert answer.status_code == status, answer.text
        found = answer.json()
        assert isinstance(found, dict)
        return found


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=20) as http:
        yield Client(server, http)
