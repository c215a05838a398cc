"""The adapters in the shell that keeps them alive: doubles in memory, virtual time, scripted trouble."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import httpx
import msgspec
import pytest
import trio
from trio.testing import MockClock, memory_stream_pair
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_server_stream

from mdsim.core.instruments import ALL
from mdsim.core.secret import Secret
from mdsim.core.seeds import SeedTree
from mdsim.core.sourcing import Report
from mdsim.core.time import SECOND, format_utc, parse_utc
from mdsim.providers.connect import Address
from mdsim.providers.poll import PollSource
from mdsim.providers.source import Source, Surroundings
from mdsim.providers.specs import make_spec
from mdsim.providers.stream import StreamSource

NOON = parse_utc("2026-05-27T12:00:00Z")
BOOK = (
    '{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[{"price":62710.4,'
    '"qty":0.01000000},{"price":62709.1,"qty":2.00000000}],"asks":[{"price":62710.5,"qty":0.93111634},'
    '{"price":62710.6,"qty":0.50000000},{"price":62711.0,"qty":1.20000000}],"checksum":%d,"timestamp":"%s"}]}'
)
SUM = 1396696505
LISTING = (
    '{"channel":"instrument","type":"snapshot","data":{"pairs":[{"symbol":"BTC/USD","status":"online"}]}}'
)
ACK = '{"method":"subscribe","result":{"channel":"%s","symbol":"BTC/USD"},"success":true,"req_id":%d}'

Talk = Callable[[WebSocketConnection], Awaitable[None]]
Answers = Callable[[httpx.Request], Awaitable[httpx.Response]]


def now() -> int:
    """The virtual time of day."""
    return NOON + round(trio.current_time() * SECOND)


def stamp() -> str:
    """The same as a provider writes it."""
    return format_utc(now())


class Rig:
    """A source against a double.

    Attributes:
        reports: what came, with the second it came in.
        attempts: connections made.
        paths: what was asked for, with the second it was asked in.
        keys: what came in the header for it.
    """

    def __init__(self, nursery: trio.Nursery, talk: Talk | None, answers: Answers | None) -> None:
        self._nursery, self._talk, self._answers = nursery, talk, answers
        self.reports: list[Report] = []
        self.attempts = 0
        self.paths: list[tuple[float, str]] = []
        self.keys: list[str] = []

    def source(self, name: str, kind: str, url: str, per_minute: int | None, *symbols: str) -> Source:
        """The source under test."""
        spec = make_spec(
            name, tier="primary", kind=kind, url=url, priority=1, catalogue=ALL, symbols=symbols,
            keys=(Secret("hunter2"),), per_minute=per_minute,
        )  # fmt: skip
        around = Surroundings(
            now=now,
            tls=ssl.create_default_context(),
            connect=self._connect,
            rng=lambda name: SeedTree(1).stream(name),
            transport=httpx.MockTransport(self._answer),
        )
        return (StreamSource if kind == "websocket" else PollSource)(spec, around, self.reports.extend)

    async def _connect(self, address: Address) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        self.attempts += 1
        ours, theirs = memory_stream_pair()
        self._nursery.start_soon(self._serve, theirs)
        return ours

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.paths.append((trio.current_time(), request.url.raw_path.decode()))
        self.keys += [value for name, value in request.headers.items() if "key" in name]
        if self._answers is None:
            return httpx.Response(503)
        return await self._answers(request)

    async def _serve(self, stream: trio.abc.Stream) -> None:
        try:
            async with trio.open_nursery() as nursery:
                request = await wrap_server_stream(nursery, stream)
                self.keys += [value.decode() for name, value in request.headers if b"api_key" in name]
                socket = await request.accept()
                assert self._talk is not None
                await self._talk(socket)
                await socket.aclose()
        except* (ConnectionClosed, trio.BrokenResourceError, trio.ClosedResourceError):
            pass


@asynccontextmanager
async def running(
    name: str,
    kind: str,
    *symbols: str,
    url: str,
    talk: Talk | None = None,
    answers: Answers | None = None,
    per_minute: int | None = None,
) -> AsyncIterator[tuple[Rig, Source]]:
    """A source at work against a double."""
    async with trio.open_nursery() as nursery:
        rig = Rig(nursery, talk, answers)
        source = rig.source(name, kind, url, per_minute, *symbols)
        nursery.start_soon(source.run)
        yield rig, source
        nursery.cancel_scope.cancel()


async def beat(socket: WebSocketConnection) -> None:
    """Kraken's heartbeat, until the connection ends."""
    with suppress(ConnectionClosed):
        while True:
            await trio.sleep(1)
            await socket.send_message('{"channel":"heartbeat"}')


async def kraken(wrong: set[int], asked: list[str], socket: WebSocketConnection) -> None:
    """Answers subscriptions; the checksum of the books in ``wrong``, counted from 1, does not hold."""
    await socket.send_message('{"channel":"status","type":"update","data":[{"system":"online"}]}')
    async with trio.open_nursery() as nursery:
        nursery.start_soon(beat, socket)
        while True:
            wanted = msgspec.json.decode(await socket.get_message())
            channel = wanted.get("params", {}).get("channel", "")
            asked.append(f"{wanted['method']} {channel}".strip())
            if wanted["method"] != "subscribe":
                continue
            if channel == "instrument":
                await socket.send_message(LISTING)
            else:
                await socket.send_message(ACK % (channel, wanted["req_id"]))
            if channel == "book":
                at = asked.count("subscribe book")
                await socket.send_message(BOOK % (0 if at in wrong else SUM, stamp()))


async def test_kraken_renews_a_book_that_does_not_match(autojump_clock: MockClock) -> None:
    """The first at once, the second after five seconds; the third holds, and nothing wrong was told."""
    asked: list[str] = []
    talk = partial(kraken, {1, 2}, asked)
    async with running("kraken", "websocket", "BTC-USD", url="ws://127.0.0.1/v2", talk=talk) as (rig, source):
        await trio.sleep(20)
        renewed = ["unsubscribe book", "subscribe book"]
        assert asked == ["subscribe instrument", "subscribe ticker", "subscribe book", *renewed, *renewed]
        assert [report.ts_event_ns for report in rig.reports] == [NOON + 5 * SECOND]
        assert (source.counters.errors, source.counters.resyncs) == ({"checksum": 2}, 2)
        assert rig.attempts == 1


async def test_kraken_is_left_when_it_falls_silent_and_subscribed_to_anew(autojump_clock: MockClock) -> None:
    """No heartbeat, no answer to a ping: the next connection starts from nothing."""
    asked: list[str] = []

    async def mute(socket: WebSocketConnection) -> None:
        with trio.move_on_after(5):
            await kraken(set(), asked, socket)
        await trio.sleep_forever()

    async with running("kraken", "websocket", "BTC-USD", url="ws://127.0.0.1/v2", talk=mute) as (rig, source):
        await trio.sleep(30)
        assert rig.attempts == 2
        assert source.counters.errors == {"no_heartbeat": 1, "disconnected": 1}
        assert asked == ["subscribe instrument", "subscribe ticker", "subscribe book"] * 2
        assert len(rig.reports) == 2


async def test_coinbase_is_subscribed_to_in_time_though_its_list_is_late(autojump_clock: MockClock) -> None:
    """It closes after five seconds without a subscription; the list takes eight, and unlists one."""
    wanted: list[tuple[float, object]] = []

    async def talk(socket: WebSocketConnection) -> None:
        with trio.move_on_after(5) as patience:
            while True:
                body = msgspec.json.decode(await socket.get_message())
                wanted.append((trio.current_time(), [body["type"], *body["product_ids"]]))
                patience.deadline = trio.current_time() + 5 if body["type"] != "subscribe" else float("inf")

    async def late(_request: httpx.Request) -> httpx.Response:
        await trio.sleep(8)
        return httpx.Response(200, json=[{"id": "BTC-USD", "status": "online"}])

    symbols = ("BTC-USD", "USDC-USD")
    async with running("coinbase", "websocket", *symbols, url="ws://127.0.0.1/", talk=talk, answers=late) as (
        rig,
        source,
    ):
        await trio.sleep(8.5)
        assert wanted == [(3.0, ["subscribe", "BTC-USD", "USDC-USD"]), (8.0, ["unsubscribe", "USDC-USD"])]
        assert list(source.health.refused) == ["USDC-USD"]
        assert rig.attempts == 1


async def test_coingecko_holds_back_when_a_200_says_too_often(autojump_clock: MockClock) -> None:
    """A minute without a request, then prices again; the key goes in its header and nowhere else."""
    bodies = iter([{"status": {"error_code": 429, "error_message": "too often"}}])

    async def answers(_request: httpx.Request) -> httpx.Response:
        await trio.lowlevel.checkpoint()
        price = {"bitcoin": {"usd": 67_000, "last_updated_at": now() // SECOND}}
        return httpx.Response(200, json=next(bodies, price))

    async with running(
        "coingecko",
        "rest_api",
        "BTC-USD",
        url="https://api.coingecko.com/api/v3",
        answers=answers,
        per_minute=60,
    ) as (rig, source):
        await trio.sleep(120)
        times = [at for at, _ in rig.paths]
        assert 60 <= times[1] - times[0] <= 62
        assert len(rig.reports) == len(times) - 1 > 30
        assert rig.paths[0][1].startswith("/api/v3/simple/price?ids=bitcoin&vs_currencies=usd&")
        assert {*rig.keys} == {"hunter2"}
        assert "hunter2" not in repr(rig.paths) + repr(source.health)


async def test_a_poll_keeps_within_the_quota_of_a_free_key(autojump_clock: MockClock) -> None:
    """Once in 64 seconds, a little slower than the quota comes back: ten thousand requests last a week."""

    async def answers(request: httpx.Request) -> httpx.Response:
        await trio.lowlevel.checkpoint()
        quote = {"price": 67_000, "last_updated": stamp()}
        coin = {"id": 1, "quote": [{"symbol": request.url.params["convert"], **quote}]}
        return httpx.Response(200, json={"status": {"error_code": "0"}, "data": [coin]})

    async with running(
        "coinmarketcap", "rest_api", "BTC-USD", url="https://pro-api.coinmarketcap.com", answers=answers
    ) as (rig, source):
        await trio.sleep(24 * 3600)
        assert 1_330 <= len(rig.paths) <= 1_350
        assert len(rig.reports) == len(rig.paths)
        assert source.counters.errors == {}
        gaps = [b - a for (a, _), (b, _) in zip(rig.paths, rig.paths[1:], strict=False)]
        assert min(gaps) >= 60
        assert max(gaps) <= 120


async def test_the_stream_of_coinmarketcap_lives_on_pings(autojump_clock: MockClock) -> None:
    """The welcome asks for one every four seconds; who does not ping is cut, who does is not."""

    async def talk(socket: WebSocketConnection) -> None:
        await socket.send_message('{"type":"welcome","ping_interval_ms":4000}')
        while True:
            with trio.move_on_after(5) as patience:
                body = msgspec.json.decode(await socket.get_message())
            if patience.cancelled_caught:
                return
            kind = "pong" if body["method"] == "ping" else "ack"
            await socket.send_message(f'{{"type":"{kind}","id":{body["id"]},"code":0}}')
            await socket.send_message(
                f'{{"type":"data","data":{{"cid":1,"p":67000.5}},"ts":{now() // 1_000_000}}}'
            )

    async with running("coinmarketcap", "websocket", "BTC-USD", url="ws://127.0.0.1/v1", talk=talk) as (
        rig,
        source,
    ):
        await trio.sleep(600)
        assert rig.attempts == 1
        assert len(rig.reports) == 150
        assert rig.keys == ["hunter2"]
        assert source.counters.errors == {}


@pytest.mark.parametrize(("name", "pong"), [
    ("kraken", '{"method":"pong","req_id":%d}'),
    ("coinmarketcap", '{"type":"pong","id":%d,"code":0}'),
])  # fmt: skip
async def test_a_connection_that_answers_pings_alone_is_left(
    autojump_clock: MockClock, name: str, pong: str
) -> None:
    """A subscription that was lost on the way is never answered: it must not be waited for all day."""

    async def talk(socket: WebSocketConnection) -> None:
        while True:
            body = msgspec.json.decode(await socket.get_message())
            if body["method"] == "ping":
                await socket.send_message(pong % body.get("req_id", body.get("id")))

    async with running(name, "websocket", "BTC-USD", url="ws://127.0.0.1/", talk=talk) as (rig, source):
        await trio.sleep(60)
        assert rig.attempts >= 2
        assert source.counters.errors["no_ack"] == rig.attempts - 1


@pytest.mark.parametrize("code", [4100, 4101, 4102])
async def test_a_key_that_the_stream_of_coinmarketcap_closes_for_is_not_used_again(
    autojump_clock: MockClock, code: int
) -> None:
    """It says so with the code of its goodbye, after the welcome."""

    async def talk(socket: WebSocketConnection) -> None:
        await socket.send_message('{"type":"welcome","ping_interval_ms":4000}')
        await socket.aclose(code, "")

    async with running("coinmarketcap", "websocket", "BTC-USD", url="ws://127.0.0.1/v1", talk=talk) as (
        rig,
        source,
    ):
        await trio.sleep(600)
        assert rig.attempts == 1
        assert source.health.state == "off"
        assert source.health.reason.startswith("every key is refused: ")
        assert f"code {code}" in source.health.reason


@pytest.mark.parametrize("name", ["coinbase", "kraken"])
async def test_rubbish_does_not_stop_a_stream(autojump_clock: MockClock, name: str) -> None:
    """A thousand broken messages are counted, and the connection stays."""

    async def talk(socket: WebSocketConnection) -> None:
        for at in range(1_000):
            await socket.send_message('{"type":' * (at % 7))
        await trio.sleep(5)

    async with running(name, "websocket", "BTC-USD", url="ws://127.0.0.1/", talk=talk) as (rig, source):
        await trio.sleep(4)
        assert rig.attempts == 1
        assert source.counters.errors["malformed"] == 1_000
