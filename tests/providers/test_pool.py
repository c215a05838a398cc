"""Live sources as one ``ReportSource``, over real sockets on loopback and in virtual time."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import trio
from trio.testing import MockClock
from trio_websocket import ConnectionClosed, WebSocketRequest, serve_websocket

from mdsim.chaos.pipeline import ImpairedPipeline
from mdsim.core.errors import UsageError
from mdsim.core.impairing import Disturbance, PipelineMaker
from mdsim.core.instruments import ALL
from mdsim.core.params import Value
from mdsim.core.secret import Secret
from mdsim.core.seeds import SeedTree
from mdsim.core.sourcing import Report
from mdsim.core.time import SECOND
from mdsim.providers.connect import Connector
from mdsim.providers.pool import LiveSources
from mdsim.providers.session import Answer, Session, SessionRequest
from mdsim.providers.source import SourceSpec, Surroundings
from mdsim.providers.specs import make_spec, providers
from mdsim.providers.wire import SourceEvent

Spec = Callable[..., SourceSpec]


@asynccontextmanager
async def pooled(
    fake_type: Any, *specs: SourceSpec, most_queued: int = 1_000, pipelines: PipelineMaker = ImpairedPipeline
) -> AsyncIterator[tuple[Any, LiveSources]]:
    """A pool against a Binance in memory."""
    async with trio.open_nursery() as nursery:
        fake = fake_type(nursery)
        sources = LiveSources(specs, fake.around(), pipelines, most_queued)
        nursery.start_soon(sources.run)
        await trio.sleep(1)
        yield fake, sources
        nursery.cancel_scope.cancel()


async def test_reports_are_drained_once_up_to_a_time(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec
) -> None:
    """What came after the asked time waits for the next call."""
    async with pooled(fake_binance, binance_spec(symbols=("BTC-USDT",))) as (fake, sources):
        await fake.move()
        await trio.sleep(1)
        first_ns = fake.around().now()
        await trio.sleep(0.1)
        await fake.move()
        await trio.sleep(1)
        assert [report.seq for report in sources.drain(first_ns)] == [101]
        assert [report.seq for report in sources.drain(fake.around().now())] == [102]
        assert sources.drain(fake.around().now()) == []
        assert sources.first.is_set()


async def test_the_queue_is_bounded_and_counts_what_it_drops(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec
) -> None:
    """The newest are kept."""
    async with pooled(fake_binance, binance_spec(symbols=("BTC-USDT",)), most_queued=5) as (fake, sources):
        for _ in range(8):
            await fake.move()
        await trio.sleep(1)
        assert (sources.queued, sources.dropped) == (5, 3)
        assert [report.seq for report in sources.drain(fake.around().now())] == [104, 105, 106, 107, 108]


async def test_the_status_tells_how_each_source_does(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec
) -> None:
    """State, counters, refusals, and who leads; refused instruments leave the terms and become a note."""
    specs = (binance_spec(symbols=("BTC-USDT", "USDT-USD")), binance_spec("binance-2", priority=2))
    async with pooled(fake_binance, *specs) as (fake, sources):
        with trio.fail_after(5):
            await fake.move()
            await sources.settled()
        await trio.sleep(2)
        one, two = sources.status()
        assert (one.name, one.provider, one.state, one.updates, one.leads) == (
            "binance",
            "binance",
            "live",
            1,
            ("BTC-USDT",),
        )
        assert (two.name, two.state, two.leads) == ("binance-2", "live", ("ETH-USDT",))
        assert one.refused == {"USDT-USD": "it lists neither USDTUSD nor USDUSDT"}
        assert sources.notes == ("binance does not report USDT-USD: it lists neither USDTUSD nor USDUSDT",)
        assert [terms.symbols for terms in sources.terms] == [("BTC-USDT",), ("BTC-USDT", "ETH-USDT")]
        assert one.age_ns is not None
        await trio.sleep(40)
        assert sources.status()[0].state == "stale"
        assert [event.kind for event in fake.events].count("stale") == 3


async def test_the_status_tells_what_came_of_requests(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec
) -> None:
    """A source that is not live yet says how it was answered last, and forgets it with the first report."""
    async with pooled(fake_binance, binance_spec(symbols=("BTC-USDT",))) as (fake, sources):
        fake.refuse_with = (503, 0)
        await fake.cut()
        await trio.sleep(10)
        one = sources.status()[0]
        assert one.state in ("waiting", "connecting")
        assert one.reason.endswith("/api/v3/exchangeInfo is answered 503")
        fake.refuse_with = (0, 0)
        await trio.sleep(60)
        await fake.move()
        await trio.sleep(1)
        assert (sources.status()[0].state, sources.status()[0].reason) == ("live", "")


async def test_a_source_that_fails_hands_the_lead_on_and_gets_it_back(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec
) -> None:
    """Cut by a fault at the wire for a minute: the second leads at once, the first again after 30 s."""
    specs = (
        binance_spec(symbols=("BTC-USDT",)),
        binance_spec("binance-2", symbols=("BTC-USDT",), priority=2),
    )
    async with pooled(fake_binance, *specs) as (fake, sources):

        async def market(seconds: int) -> str:
            for _ in range(seconds):
                await fake.move()
                await trio.sleep(1)
            return sources.lead("BTC-USDT")

        assert await market(60) == "binance"
        sources.disturb([step("binance", reset=True)])
        assert await market(60) == "binance-2"
        assert fake.attempts == 2  # while the faults last no connection is opened
        assert sources.status()[0].state == "waiting"
        sources.disturb([])
        assert await market(20) == "binance-2"
        assert await market(40) == "binance"
        told = [event.detail for event in fake.events if event.kind == "failover"]
        assert told == ["binance → binance-2", "binance-2 → binance"]


def step(source: str, symbol: str | None = None, **args: Value) -> Disturbance:
    """A ``feed`` step on a source."""
    return Disturbance(
        run="run",
        order=(0,),
        path="outage/1",
        since_ns=0,
        source=source,
        share=1.0,
        symbols=None if symbol is None else frozenset([symbol]),
        channel=None,
        args=args,
        rng=lambda *path: SeedTree(7).stream("step", *path),
    )


async def test_faults_at_the_wire_delay_lose_change_and_end(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec
) -> None:
    """Late, with a later time of receipt; off by five percent; lost, which the book notices; then nothing."""
    async with pooled(fake_binance, binance_spec(symbols=("BTC-USDT",))) as (fake, sources):
        now = fake.around().now
        sources.disturb([step("binance", latency=2 * SECOND)])
        sent_ns = now()
        await fake.move()
        await trio.sleep(1.9)
        assert sources.drain(now()) == []
        await trio.sleep(0.2)
        (report,) = sources.drain(now())
        assert abs(report.ts_recv_ns - sent_ns - 2 * SECOND) < SECOND // 100
        await fake.move()
        await trio.sleep(0.5)
        sources.disturb([])  # what is held back goes on at once
        assert [report.seq for report in sources.drain(now())] == [102]

        sources.disturb([step("binance", outlier=Decimal("0.05")), step("kraken", latency=SECOND)])
        for _ in range(
            2
        ):  # the first leaves a crossed book, which is built anew of a snapshot as wrong as it
            await fake.move()
            await trio.sleep(2)
        (report,) = sources.drain(now())
        assert (report.seq, report.bid) == (104, Decimal(fake.tops["BTCUSDT"]) * Decimal("1.05"))
        sources.disturb([])
        for _ in range(2):  # and so is the way back
            await fake.move()
            await trio.sleep(2)
        assert [report.bid for report in sources.drain(now())] == [fake.tops["BTCUSDT"]]
        sources.disturb([step("binance", silence=True)])
        await fake.move()
        await trio.sleep(1)
        sources.disturb([])
        await fake.move()
        await trio.sleep(2)
        await fake.move()
        await trio.sleep(1)
        assert sources.status()[0].gaps == 1
        seqs = [report.seq for report in sources.drain(now())]
        assert seqs[-1] == 109
        assert 107 not in seqs
        done = [(one.fault, one.channel, one.seq) for one in sources.injections()]
        assert done == [
            ("latency", "depth", 101),
            ("latency", "depth", 102),
            ("outlier", "depth", 103),
            ("outlier", "tick", 103),  # the snapshot
            ("outlier", "depth", 104),
            ("silence", "depth", 107),
        ]
        assert sources.injections() == []


class Broken(Session):
    """A session with a mistake in it."""

    def start(self, now_ns: int) -> None:
        raise ZeroDivisionError

    def received(self, raw: str | bytes, recv_ns: int) -> Sequence[Report]:
        return ()

    def fetched(self, answer: Answer) -> Sequence[Report]:
        return ()


async def test_a_source_that_breaks_is_started_again_and_takes_no_other_along(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec
) -> None:
    """The other goes on; the broken one is tried again after growing delays, and its error is told."""
    good = binance_spec(symbols=("BTC-USDT",))
    bad = replace(good, name="binance-bad", offer=replace(good.offer, open=Broken))
    async with pooled(fake_binance, bad, good) as (fake, sources):
        await trio.sleep(30)
        await fake.move()
        await trio.sleep(1)
        assert [report.source for report in sources.drain(fake.around().now())] == ["binance"]
        assert 3 <= sources.restarted <= 8
        assert sources.status()[0].errors["internal"] == sources.restarted
        assert any(event.detail == "broken by ZeroDivisionError, started again" for event in fake.events)


async def test_sources_read_over_real_sockets() -> None:
    """A server on loopback that speaks Binance's format, WebSocket and REST, with a key in the header."""
    told: list[SourceEvent] = []
    keys: list[bytes] = []

    async def serve(request: WebSocketRequest) -> None:
        assert request.path == "/ws"
        keys.extend(value for name, value in request.headers if name == b"x-mbx-apikey")
        socket = await request.accept()
        try:
            wanted = json.loads(await socket.get_message())
            await socket.send_message(json.dumps({"result": None, "id": wanted["id"]}))
            for at in range(1, 1_000):
                quote = {"u": at, "s": "BTCUSDT", "b": f"{at}.5", "B": "1", "a": f"{at + 1}.5", "A": "1"}
                await socket.send_message(json.dumps(quote))
            await socket.get_message()
        except ConnectionClosed:
            pass

    async def rest(stream: trio.SocketStream) -> None:
        """One answer a connection: the listing, or no snapshot."""
        head = b""
        while b"\r\n\r\n" not in head:
            head += await stream.receive_some()
        body = b'{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT"}]}'
        length = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + length + body)
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        server = await nursery.start(partial(serve_websocket, serve, "127.0.0.1", 0, None))
        (listener,) = await nursery.start(partial(trio.serve_tcp, host="127.0.0.1"), rest, 0)
        rest_port = listener.socket.getsockname()[1]
        spec = make_spec(
            "binance",
            tier="exchange_feeds",
            kind="websocket",
            url=f"ws://127.0.0.1:{server.port}/ws",
            priority=1,
            catalogue=ALL,
            symbols=("BTC-USDT",),
            keys=(Secret("hunter2"),),
        )
        offer = replace(spec.offer, rest=lambda _url: f"http://127.0.0.1:{rest_port}")
        tls = ssl.create_default_context()
        around = Surroundings(
            now=lambda: round(trio.current_time() * SECOND),
            tls=tls,
            connect=Connector(tls, {}),
            rng=lambda name: SeedTree(1).stream(name),
            tell=told.append,
        )
        sources = LiveSources([replace(spec, offer=offer)], around, ImpairedPipeline)
        nursery.start_soon(sources.run)
        seqs: list[int] = []
        with trio.fail_after(10):
            await sources.first.wait()
            while len(seqs) < 999:
                seqs += [report.seq for report in sources.drain(around.now())]
                await trio.sleep(0.01)
        assert seqs == list(range(1, 1_000))
        assert keys == [b"hunter2"]
        assert "hunter2" not in repr(told) + repr(sources.status())
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("name", "changes", "code", "hint"),
    [
        ("binanse", {}, "MD610", "did you mean binance?"),
        ("binance", {"kind": "rest_api"}, "MD611", "write type: websocket"),
        ("binance", {"url": "ws://example.com/ws"}, "MD613", "write wss://…"),
        ("coinmarketcap", {"url": "wss://pro-stream.coinmarketcap.com/v1"}, "MD614", "api_key"),
    ],
)
def test_a_source_that_cannot_be_opened_is_refused(
    binance_spec: Spec, name: str, changes: dict[str, str], code: str, hint: str
) -> None:
    """Unknown provider, a way it is not read, plain text abroad, a missing key."""
    with pytest.raises(UsageError) as error:
        binance_spec(name, **changes)
    assert error.value.code == code
    assert hint in error.value.hint


def test_every_provider_opens_a_session_that_raises_nothing() -> None:
    """What the registry finds keeps to the seam, with every instrument, and with none listed."""
    for provider in providers().values():
        for offer in provider.offers:
            session = offer.open(SessionRequest(provider.name, offer.url, tuple(ALL), True))
            session.start(0)
            session.fetched(Answer("nonsense", 500, {}, b"\xff", 0))
            assert session.received(b"\xff", 0) == () or offer.kind == "rest_api"
            session.tick(SECOND)
            assert len(session.actions()) <= 100
