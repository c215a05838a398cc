"""The WebSocket over real sockets and with a real client: asking, being slow, being dead, being hostile."""

from __future__ import annotations

import itertools
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from decimal import Decimal
from typing import Any

import msgspec
import pytest
import trio
import trio.testing
from trio_websocket import (
    ConnectionClosed,
    WebSocketConnection,
    wrap_client_stream,
)

from mdsim._proto.v1 import market_pb2
from mdsim.api.asks import Ask
from mdsim.api.front_door import FrontDoor
from mdsim.api.http import HttpServer
from mdsim.api.tickets import Tickets
from mdsim.api.websocket import WebSocketLimits, WebSockets
from mdsim.core.events import Tick
from mdsim.core.serving import MarketPort
from mdsim.publish.hub import Hub
from mdsim.publish.limits import HubLimits

TICK = "channels=tick&symbols=BTC-USD"


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """An application that only starts and stops."""
    while scope["type"] == "lifespan":
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


def tick(seq: int, symbol: str = "BTC-USD", pad: int = 2) -> Tick:
    one = Decimal("60000." + "0" * pad)
    return Tick(symbol, seq, seq, one, one, one, one)


class Served:
    """A running server; the fake market's snapshot of BTC-USD is number 7."""

    def __init__(self, hub: Hub, sockets: WebSockets, door: FrontDoor) -> None:
        self.hub = hub
        self.sockets = sockets
        self.door = door
        self.port = door.addresses[0][1]

    def url(self, query: str = "") -> str:
        return f"ws://127.0.0.1:{self.port}/api/v1/subscribe" + (f"?{query}" if query else "")

    async def until(self, reached: Callable[[], bool]) -> None:
        """Let the server work until something is so; counts rounds, as the clock may stand still."""
        for _ in range(5_000):
            if reached():
                return
            await trio.testing.wait_all_tasks_blocked(0.001)
        raise AssertionError("it never came about")


Serve = Callable[..., AbstractAsyncContextManager[Served]]


@pytest.fixture
def serve(fake_market: MarketPort) -> Serve:
    @asynccontextmanager
    async def make(*, most: int = 100, **limits: float) -> AsyncIterator[Served]:
        hub = Hub(fake_market, HubLimits(subscribers_per_symbol=most), clock_ns=lambda: 5)
        errors: list[BaseException] = []
        bounds = WebSocketLimits(**limits)  # type: ignore[arg-type]
        sockets = WebSockets(hub, Tickets(trio.current_time), bounds, on_error=errors.append)
        door = FrontDoor(HttpServer(nothing), sockets)
        async with trio.open_nursery() as nursery:
            await nursery.start(door.serve, "127.0.0.1", 0)
            hub.publish([tick(7)])
            yield Served(hub, sockets, door)
            nursery.cancel_scope.cancel()
        assert errors == []

    return make


class Gated(trio.abc.Stream):
    """A client's stream that reads only while its gate is open."""

    def __init__(self, below: trio.SocketStream) -> None:
        self.below = below
        self.gate = trio.Event()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        await self.gate.wait()
        return await self.below.receive_some(max_bytes)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self.below.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.below.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self.below.aclose()


async def connect(served: Served) -> trio.SocketStream:
    """A connection with as small a buffer as the system gives."""
    sock = trio.socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    await sock.connect(("127.0.0.1", served.port))
    return trio.SocketStream(sock)


@asynccontextmanager
async def gated(served: Served, query: str) -> AsyncIterator[tuple[WebSocketConnection, Gated]]:
    """A WebSocket client, and the gate of its reading, open at first."""
    async with await connect(served) as below, trio.open_nursery() as nursery:
        stream = Gated(below)
        stream.gate.set()
        reader = await wrap_client_stream(nursery, stream, "x", f"/api/v1/subscribe?{query}")  # type: ignore[arg-type]
        yield reader, stream
        with trio.move_on_after(5):
            await reader.aclose()
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def websocket(served: Served, query: str = "") -> AsyncIterator[WebSocketConnection]:
    """A WebSocket client that closes its socket too when the server was the first to close."""
    async with gated(served, query) as (reader, _):
        yield reader


@asynccontextmanager
async def raw_reader(served: Served, query: str) -> AsyncIterator[trio.SocketStream]:
    """A client that shook hands and reads nothing, with as small a buffer as the system gives."""
    async with await connect(served) as stream:
        await stream.send_all(
            f"GET /api/v1/subscribe?{query} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n"
            "connection: upgrade\r\nsec-websocket-version: 13\r\n"
            "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        yield stream


async def everything(stream: trio.SocketStream) -> bytes:
    """All that comes until the end."""
    found = bytearray()
    with trio.fail_after(5):
        while data := await stream.receive_some():
            found += data
    return bytes(found)


async def told(reader: WebSocketConnection) -> dict[str, Any]:
    with trio.fail_after(5):
        found = msgspec.json.decode(await reader.get_message())
    assert isinstance(found, dict)
    return found


async def asked(reader: WebSocketConnection, message: object) -> dict[str, Any]:
    await reader.send_message(message if isinstance(message, str) else msgspec.json.encode(message).decode())
    return await told(reader)


async def closing(reader: WebSocketConnection) -> tuple[int, str | None]:
    """Read to the end; the code and reason of the close."""
    with trio.fail_after(5), suppress(ConnectionClosed):
        while True:
            await reader.get_message()
    assert reader.closed is not None
    return reader.closed.code, reader.closed.reason


async def test_the_address_can_say_what_is_wanted(serve: Serve) -> None:
    """A query subscribes at once: acknowledgement, snapshot, then what is published."""
    async with serve() as served, websocket(served, TICK + "&format=json&interval=0") as reader:
        first, second = await told(reader), await told(reader)
        served.hub.publish([tick(8)])
        third = await told(reader)

    assert first["subscriptions"] == [
        {"channel": "tick", "symbol": "BTC-USD", "format": "json", "interval": "0"}
    ]
    assert (second["seq"], second["snapshot"], third["seq"]) == (7, True, 8)


async def test_every_message_is_answered_with_its_id(serve: Serve) -> None:
    """Subscribe, unsubscribe, ping and list are acknowledged, whatever kind of id they carry."""
    async with serve() as served, websocket(served) as reader:
        ask = {
            "op": "subscribe",
            "id": 1,
            "channels": ["tick", "depth"],
            "symbols": ["*"],
            "interval": "250ms",
        }
        ack = await asked(reader, ask)
        snapshots = [await told(reader) for _ in range(4)]
        listed = await asked(reader, {"op": "list", "id": "a"})
        gone = await asked(reader, {"op": "unsubscribe", "id": 0, "channels": ["depth"]})
        pong = await asked(reader, {"op": "ping"})

    assert (ack["type"], ack["id"], len(ack["subscriptions"])) == ("ack", 1, 4)
    assert {message["snapshot"] for message in snapshots} == {True}
    assert (listed["id"], listed["subscriptions"], listed["symbols"]) == (
        "a",
        ack["subscriptions"],
        ["BTC-USD", "ETH-USD"],
    )
    assert [(one["channel"], one["symbol"]) for one in gone["subscriptions"]] == [
        ("depth", "BTC-USD"),
        ("depth", "ETH-USD"),
    ]
    assert pong == {"type": "ack", "op": "ping", "id": None, "ts_publish_ns": 5}


BAD = [
    ("nope", None, None, "MD400"),
    ("[1]", None, None, "MD400"),
    ("[" * 5_000, None, None, "MD400"),
    ('{"id":1}', 1, "op", "MD401"),
    ('{"op":"subscibe","id":1}', 1, "op", "MD401"),
    ('{"op":["subscribe"]}', None, "op", "MD401"),
    ('{"op":"ping","id":1.5}', None, "id", "MD410"),
    ('{"op":"ping","id":true}', None, "id", "MD410"),
    ('{"op":"ping","id":1,"symbols":[]}', 1, "symbols", "MD402"),
    ('{"op":"subscribe","id":1,"channels":["tick"]}', 1, "symbols", "MD403"),
    ('{"op":"subscribe","id":1,"channels":[],"symbols":["BTC-USD"]}', 1, "channels", "MD403"),
    ('{"op":"subscribe","id":1,"channels":{"a":1},"symbols":["BTC-USD"]}', 1, "channels", "MD403"),
    (
        '{"op":"subscribe","id":1,"channels":["tick","candles"],"symbols":["BTC-USD"]}',
        1,
        "channels[1]",
        "MD404",
    ),
    (
        '{"op":"subscribe","id":1,"channels":["tick"],"symbols":["BTC-USD","BTCUSD"]}',
        1,
        "symbols[1]",
        "MD405",
    ),
    ('{"op":"subscribe","id":1,"channels":["tick"],"symbols":["UST-USD"]}', 1, "symbols[0]", "MD405"),
    ('{"op":"subscribe","id":1,"channels":["tick"],"symbols":[null]}', 1, "symbols[0]", "MD405"),
    ('{"op":"subscribe","id":1,"channels":["tick"],"symbols":["*"],"format":"xml"}', 1, "format", "MD406"),
    ('{"op":"subscribe","id":1,"channels":["tick"],"symbols":["*"],"interval":250}', 1, "interval", "MD407"),
    ('{"op":"subscribe","id":1,"channels":["tick"],"symbols":["*"],"interval":"2h"}', 1, "interval", "MD407"),
    (
        '{"op":"subscribe","id":1,"channels":["tick"],"symbols":["*"],"interval":false}',
        1,
        "interval",
        "MD407",
    ),
    ('{"op":"unsubscribe","id":1,"channels":["ticks"]}', 1, "channels[0]", "MD404"),
]


async def test_a_bad_message_is_answered_and_never_costs_the_connection(serve: Serve) -> None:
    """Each error names the message, the field, a code and a way out; afterwards all is as before."""
    async with serve() as served, websocket(served) as reader:
        for text, id_, field, code in BAD:
            answer = await asked(reader, text)
            assert (answer["type"], answer["id"], answer["field"], answer["code"]) == (
                "error",
                id_,
                field,
                code,
            ), text
            assert answer["message"]
            assert answer["help"], text
        listed = await asked(reader, {"op": "list"})
        assert listed["subscriptions"] == []
        assert served.sockets.counters.bad_messages == len(BAD)


async def test_every_wrong_field_is_told_at_once(serve: Serve) -> None:
    """A message with several faults needs one answer."""
    async with serve() as served, websocket(served) as reader:
        answer = await asked(
            reader, {"op": "subscribe", "chanels": ["tick"], "symbols": ["BTC-USD"], "format": "jsn"}
        )

    found = [(error["field"], error["code"]) for error in answer["errors"]]
    assert found == [("chanels", "MD402"), ("channels", "MD403"), ("format", "MD406")]


async def test_an_address_that_is_wrong_is_refused_before_the_handshake(serve: Serve) -> None:
    """The answer is a problem document, as everywhere over HTTP."""
    async with serve() as served:
        for query, status, code in (
            ("channels=tick&symbols=BTCUSD", 422, "MD405"),
            ("channel=tick", 422, "MD402"),
            ("ticket=made-up", 404, "MD409"),
            ("ticket=made-up&channels=tick", 422, "MD409"),
        ):
            async with raw_reader(served, query) as stream:
                answer = await everything(stream)
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(f"HTTP/1.1 {status} ".encode())
            assert msgspec.json.decode(body)["code"] == code
        await served.until(lambda: served.door.counters.open == 0)


async def test_a_ticket_opens_what_was_asked_for(serve: Serve) -> None:
    """The address of a POST holds the subscription, also for a second connection."""
    async with serve() as served:
        ticket = served.sockets.tickets.issue(Ask(("tick",), ("BTC-USD",), "protobuf"))
        for _ in range(2):
            async with websocket(served, f"ticket={ticket}") as reader:
                assert (await told(reader))["type"] == "ack"
                payload = await reader.get_message()
                assert isinstance(payload, bytes)
                message = market_pb2.StreamMessage.FromString(payload)
                assert (message.tick.symbol, message.snapshot) == ("BTC-USD", True)


async def test_a_full_instrument_closes_with_1013(serve: Serve) -> None:
    """Past the bound the new reader is told to try later; the others go on."""
    async with serve(most=1) as served, websocket(served, TICK) as first:
        async with websocket(served, TICK) as second:
            code, reason = await closing(second)
        assert (code, reason) == (1013, "BTC-USD has 1 readers, and that is all it may have")
        served.hub.publish([tick(8)])
        assert [(await told(first))["type"] for _ in range(3)] == ["ack", "tick", "tick"]


async def test_pings_are_answered_and_quiet_readers_are_pinged(
    serve: Serve, mock_clock: trio.testing.MockClock
) -> None:
    """A ping gets its pong; a reader that says nothing is pinged, and lives as long as it answers."""
    async with serve() as served, websocket(served, TICK) as reader:
        assert [(await told(reader))["type"] for _ in range(2)] == ["ack", "tick"]
        await reader.ping(b"hello")
        for _ in range(5):
            mock_clock.jump(21)
            await served.until(lambda: all(wire_is_fresh(served)))
        served.hub.publish([tick(8)])
        assert (await told(reader))["seq"] == 8
        assert served.sockets.counters.half_open == 0


def wire_is_fresh(served: Served) -> list[bool]:
    now_s = trio.current_time()
    return [subscriber.link.heard_s == now_s for subscriber in served.hub.subscribers]  # type: ignore[attr-defined]


async def test_a_half_open_reader_is_given_up(serve: Serve, mock_clock: trio.testing.MockClock) -> None:
    """Who does not even answer pings is gone, and its place is free."""
    async with serve() as served, raw_reader(served, TICK):
        await served.until(lambda: served.hub.readers() == {"BTC-USD": 1})
        mock_clock.jump(21)
        await trio.testing.wait_all_tasks_blocked(0.001)
        mock_clock.jump(21)
        await served.until(lambda: len(served.sockets) == 0)
        assert served.sockets.counters.half_open == 1
        assert served.hub.readers() == {}


async def test_an_idle_reader_is_closed(serve: Serve, mock_clock: trio.testing.MockClock) -> None:
    """A connection that never subscribes to anything does not keep its place."""
    async with serve(ping_after_s=1000) as served, websocket(served) as reader:
        await served.until(lambda: len(served.sockets) == 1)
        mock_clock.jump(61)
        assert await closing(reader) == (1000, "nothing subscribed to for 60 s")
        assert served.sockets.counters.idle == 1


async def fill(served: Served, seq: int) -> int:
    """Publish until the one slow reader's line is full; the last number."""
    while not served.hub.stalled():
        seq += 1
        served.hub.publish([tick(seq, pad=200)])
        await trio.lowlevel.checkpoint()
    await trio.testing.wait_all_tasks_blocked(0.001)  # its grace begins when its task does
    return seq


async def test_a_slow_reader_is_conflated_and_the_others_are_not(serve: Serve) -> None:
    """When it reads again, it gets the newest with how many it missed; numbers add up on both sides."""
    async with (
        serve(send_buffer_bytes=4_096) as served,
        websocket(served, TICK) as good,
        gated(served, TICK) as (slow, stream),
    ):
        stream.gate = trio.Event()
        last = 7
        seen: list[int] = []

        async def read_all(to: int) -> None:
            while not seen or seen[-1] < to:
                message = await told(good)
                if message["type"] == "tick":
                    seen.append(message["seq"])

        while not served.hub.stalled():
            last += 1
            served.hub.publish([tick(last, pad=200)])
            await read_all(last)
        for _ in range(20):
            last += 1
            served.hub.publish([tick(last, pad=200)])
            await read_all(last)
        stream.gate.set()
        numbers: list[int] = []
        skipped: list[int] = []
        while not numbers or numbers[-1] < last:
            message = await told(slow)
            if message["type"] == "tick":
                numbers.append(message["seq"])
                skipped.append(message.get("skipped", 0))

    assert seen == list(range(7, last + 1))
    assert sum(skipped) > 0
    assert [b - a - 1 for a, b in itertools.pairwise(numbers)] == skipped[1:]


async def test_a_reader_that_stays_slow_is_closed_with_4408(
    serve: Serve, mock_clock: trio.testing.MockClock
) -> None:
    """After its grace a full line gets what was begun and the reason, and nothing more."""
    async with serve(send_buffer_bytes=4_096, ping_after_s=1000) as served:
        async with gated(served, TICK) as (slow, stream):
            stream.gate = trio.Event()
            await served.until(lambda: bool(served.hub.readers()))
            await fill(served, 7)
            mock_clock.jump(11)
            await served.until(lambda: served.sockets.counters.too_slow == 1)
            stream.gate.set()
            code, reason = await closing(slow)
        await served.until(lambda: served.door.counters.open == 0)

    assert (code, reason) == (4408, "nothing was taken for 10 s")


async def test_a_dead_reader_is_dropped_within_its_time(
    serve: Serve, mock_clock: trio.testing.MockClock
) -> None:
    """A reader that never reads again cannot even be told: grace, closing time, gone."""
    async with serve(send_buffer_bytes=4_096, ping_after_s=1000) as served, raw_reader(served, TICK):
        await served.until(lambda: bool(served.hub.readers()))
        await fill(served, 7)
        for seconds in (11, 4, 2):
            await trio.testing.wait_all_tasks_blocked(0.001)
            mock_clock.jump(seconds)
        await served.until(lambda: served.door.counters.open == 0)

        assert served.hub.readers() == {}
        assert served.sockets.counters.broken == 0


FRAMES: list[tuple[str, bytes]] = [
    ("an unmasked frame", b"\x81\x02{}"),
    ("a reserved opcode", b"\x83\x80\x00\x00\x00\x00"),
    ("a reserved bit", b"\xc1\x80\x00\x00\x00\x00"),
    ("a long ping", b"\x89\xfe\x00\x7e\x00\x00\x00\x00" + b"x" * 126),
    ("text that is no UTF-8", b"\x81\x81\x00\x00\x00\x00\xff"),
    ("a close code that may not be sent", b"\x88\x82\x00\x00\x00\x00\x03\xee"),
    ("a message of 2^62 bytes", b"\x81\xff\x40" + b"\x00" * 7 + b"\x00" * 4 + b"x" * 100),
    ("a ping after a close", b"\x88\x80\x00\x00\x00\x00\x89\x80\x00\x00\x00\x00"),
    ("garbage", bytes(range(256)) * 4),
]


@pytest.mark.parametrize("data", [data for _, data in FRAMES], ids=[name for name, _ in FRAMES])
async def test_hostile_bytes_end_one_connection_only(serve: Serve, data: bytes) -> None:
    """Whatever a client sends, its connection ends without an error of ours and the others go on."""
    async with serve() as served, websocket(served, TICK) as good:
        async with raw_reader(served, TICK) as stream:
            await served.until(lambda: served.hub.readers() == {"BTC-USD": 2})
            await stream.send_all(data)
            await stream.send_eof()
            await everything(stream)
        await served.until(lambda: len(served.sockets) == 1)
        served.hub.publish([tick(8)])
        assert [(await told(good)).get("seq") for _ in range(3)] == [None, 7, 8]
        assert served.sockets.counters.broken == 0


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x02{}", 1002),
        (b"\xc1\x80\x00\x00\x00\x00", 1002),
        (b"\x89\xfe\x00\x7e\x00\x00\x00\x00" + b"x" * 126, 1002),
        (b"\x81\x81\x00\x00\x00\x00\xff", 1007),
    ],
    ids=["an unmasked frame", "a reserved bit", "a long ping", "text that is no UTF-8"],
)
async def test_a_broken_frame_is_told_by_its_close_code(serve: Serve, data: bytes, code: int) -> None:
    """Whoever writes a client learns what is wrong with it, rather than seeing its connection end."""
    async with serve() as served, raw_reader(served, "") as stream:
        await served.until(lambda: served.sockets.counters.opened == 1)
        await stream.send_all(data)
        head, _, frames = (await everything(stream)).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 101 ")
    assert (frames[0], int.from_bytes(frames[2:4], "big")) == (0x88, code)


async def test_a_message_that_is_too_long_closes_with_1009(serve: Serve) -> None:
    """The bound is on what we keep: the reader is told and goes."""
    async with serve(message_bytes=1_000) as served:
        async with websocket(served) as reader:
            await reader.send_message("x" * 2_000)
            code, _reason = await closing(reader)
        await served.until(lambda: served.door.counters.open == 0)

    assert code == 1009


async def test_a_flood_of_messages_is_read_from_later(
    serve: Serve, mock_clock: trio.testing.MockClock
) -> None:
    """A reader that makes us work is slowed to its allowance; nothing is lost, nobody is refused."""
    answers: list[str] = []
    ids = [f"{at:0100}" for at in range(60)]

    async def clock() -> None:
        while True:
            await trio.testing.wait_all_tasks_blocked(0.002)
            mock_clock.jump(0.5)

    async with trio.open_nursery() as nursery, serve(messages_per_s=10, messages_burst=5) as served:
        async with websocket(served) as reader:

            async def listen() -> None:
                while len(answers) < len(ids):
                    answers.append(msgspec.json.decode(await reader.get_message())["id"])

            async with trio.open_nursery() as listening:
                listening.start_soon(listen)
                for id_ in ids:
                    await reader.send_message(f'{{"op":"ping","id":"{id_}"}}')
                await trio.testing.wait_all_tasks_blocked(0.005)
                assert len(answers) < len(ids) / 2
                begun_s = trio.current_time()
                nursery.start_soon(clock)
        assert answers == ids
        assert trio.current_time() - begun_s > 4
        nursery.cancel_scope.cancel()


async def test_a_client_may_close_and_nothing_stays(serve: Serve) -> None:
    """A polite client gets its close back, a vanished one leaves no trace either."""
    async with serve() as served:
        async with websocket(served, TICK) as reader:
            await told(reader)
        assert reader.closed is not None
        assert reader.closed.code == 1000
        async with raw_reader(served, TICK):
            await served.until(lambda: len(served.hub.subscribers) == 1)
        await served.until(lambda: served.door.counters.open == 0)
        assert len(served.hub.subscribers) == 0
        served.hub.publish([tick(8)])


async def test_a_stopping_server_says_goodbye(serve: Serve) -> None:
    """On SIGTERM every reader is closed with 1001, and the server ends."""
    async with serve() as served:
        async with websocket(served, TICK) as reader:
            await told(reader)
            served.door.stop()
            assert await closing(reader) == (1001, "the server stops")
        await served.until(lambda: served.door.counters.open == 0)
