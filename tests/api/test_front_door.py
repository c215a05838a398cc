"""The front door over real sockets: who is shown where, and who is not let in."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio.testing
from trio_websocket import wrap_client_stream

from mdsim.api.front_door import DoorLimits, FrontDoor
from mdsim.api.head import is_whole, parse_upgrade
from mdsim.api.http import HttpServer, tls_context
from mdsim.api.listening import listen, most_connections
from mdsim.api.tickets import Tickets
from mdsim.api.websocket import WebSockets
from mdsim.core.errors import UsageError
from mdsim.core.serving import MarketPort
from mdsim.publish.hub import Hub

UPGRADE = (
    b"GET /api/v1/subscribe HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


class App:
    """A tiny application: tells method, path and body; ``/slow`` waits until the test lets it go."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.let_go = trio.Event()
        self.began = trio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while True:
                kind = (await receive())["type"]
                self.events.append(kind)
                await send({"type": f"{kind}.complete"})
                if kind == "lifespan.shutdown":
                    return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if scope["path"] == "/slow":
            self.began.set()
            await self.let_go.wait()
        if scope["path"] == "/broken":
            raise RuntimeError("a fault of the application")
        text = f"{scope['method']} {scope['path']} {scope['scheme']} {body.decode()}".encode()
        headers = [(b"content-length", str(len(text)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text})


class Served:
    """A running front door."""

    def __init__(self, door: FrontDoor, sockets: WebSockets, app: App) -> None:
        self.door = door
        self.sockets = sockets
        self.app = app

    async def connect(self) -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", self.door.addresses[0][1])

    async def until(self, reached: Callable[[], bool]) -> None:
        for _ in range(5_000):
            if reached():
                return
            await trio.testing.wait_all_tasks_blocked(0.001)
        raise AssertionError("it never came about")


Serve = Callable[..., AbstractAsyncContextManager[Served]]


@pytest.fixture
def serve(fake_market: MarketPort) -> Serve:
    @asynccontextmanager
    async def make(*, tls: ssl.SSLContext | None = None, **limits: float) -> AsyncIterator[Served]:
        sockets = WebSockets(Hub(fake_market, clock_ns=lambda: 0), Tickets(trio.current_time))
        app = App()
        bounds = DoorLimits(**limits)  # type: ignore[arg-type]
        door = FrontDoor(HttpServer(app), sockets, bounds, tls=tls)
        async with trio.open_nursery() as nursery:
            await nursery.start(door.serve, "127.0.0.1", 0)
            yield Served(door, sockets, app)
            nursery.cancel_scope.cancel()
        assert door.counters.broken == 0

    return make


async def read_answer(stream: trio.abc.ReceiveStream) -> tuple[int, bytes]:
    """Status and body of one answer."""
    data = b""
    with trio.fail_after(5):
        while b"\r\n\r\n" not in data:
            more = await stream.receive_some(65_536)
            assert more, data
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        assert length is not None
        while len(body) < int(length[1]):
            body += await stream.receive_some(65_536)
    return int(head.split()[1]), body


async def rest(stream: trio.abc.ReceiveStream) -> bytes:
    """What comes until the end."""
    data = b""
    with trio.fail_after(5):
        while more := await stream.receive_some(65_536):
            data += more
    return data


async def test_http_and_websocket_share_the_port(serve: Serve) -> None:
    """An upgrade goes to the hub, everything else to the application, on keep-alive connections too."""
    async with serve() as served:
        async with await served.connect() as stream:
            for at in range(3):
                await stream.send_all(b"POST /p%d HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi" % at)
                assert await read_answer(stream) == (200, b"POST /p%d http hi" % at)
        async with await served.connect() as stream:
            await stream.send_all(UPGRADE)
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 101 ")
            assert len(served.sockets) == 1
        await served.until(lambda: served.door.counters.open == 0)


async def test_a_client_that_has_gone_is_not_waited_for(serve: Serve) -> None:
    """A connection that is kept alive ends with its client, at rest or amid a request, not 30 s later."""
    async with serve() as served:
        async with await served.connect() as stream:
            await stream.send_all(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n")
            await read_answer(stream)
            await trio.testing.wait_all_tasks_blocked(0.01)
        await served.until(lambda: served.door.counters.open == 0)
        async with await served.connect() as stream:
            await stream.send_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
            await served.app.began.wait()
        await trio.testing.wait_all_tasks_blocked(0.01)
        served.app.let_go.set()
        await served.until(lambda: served.door.counters.open == 0)


async def test_a_head_may_come_in_pieces(serve: Serve) -> None:
    """Byte by byte or with a part of the body, nothing of a request is lost."""
    request = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello"
    async with serve() as served:
        for cut in (1, 17, len(request) - 3):
            async with await served.connect() as stream:
                for part in (request[:cut], request[cut:]):
                    await stream.send_all(part)
                    await trio.testing.wait_all_tasks_blocked(0.001)
                assert await read_answer(stream) == (200, b"POST /a http hello")


async def test_an_upgrade_elsewhere_and_a_plain_get_are_left_to_the_application(serve: Serve) -> None:
    """Only a WebSocket upgrade of its own path is the hub's."""
    async with serve() as served:
        for request in (
            b"GET /api/v1/subscribe HTTP/1.1\r\nhost: x\r\n\r\n",
            b"GET /api/v1/subscribe HTTP/1.1\r\nhost: x\r\nupgrade: h3c\r\nconnection: upgrade\r\n\r\n",
            b"POST /api/v1/subscribe HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n",
        ):
            async with await served.connect() as stream:
                await stream.send_all(request)
                status, body = await read_answer(stream)
                assert (status, body.split()[1]) == (200, b"/api/v1/subscribe")
        assert served.sockets.counters.opened == 0


async def test_an_upgrade_that_is_no_handshake_is_refused(serve: Serve) -> None:
    """Without a key or with an old version the answer is 4xx, at once."""
    async with serve() as served:
        for take in (b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", b"sec-websocket-version: 13\r\n"):
            async with await served.connect() as stream:
                await stream.send_all(UPGRADE.replace(take, b""))
                assert (await rest(stream)).startswith(b"HTTP/1.1 4")
        await served.until(lambda: served.door.counters.open == 0)
        assert len(served.sockets) == 0
        assert served.sockets.counters.broken == 0


async def test_a_head_that_is_too_long_is_answered_431(serve: Serve) -> None:
    """The bound holds before anything parses the head."""
    async with serve() as served, await served.connect() as stream:
        await stream.send_all(b"GET / HTTP/1.1\r\nx: " + b"y" * 20_000)
        answer = await rest(stream)
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])["code"] == "MD412"
        assert served.door.counters.bad_heads == 1


async def test_a_head_that_is_too_slow_is_answered_408(
    serve: Serve, mock_clock: trio.testing.MockClock
) -> None:
    """A client that dribbles has its deadline; what it sends in between does not move it."""
    async with serve() as served, await served.connect() as stream:
        for _ in range(3):
            await stream.send_all(b"GET")
            await trio.testing.wait_all_tasks_blocked(0.001)
            mock_clock.jump(4)
        answer = await rest(stream)
        assert answer.startswith(b"HTTP/1.1 408 ")
        await served.until(lambda: served.door.counters.open == 0)


async def test_a_connection_without_a_word_costs_nothing(serve: Serve) -> None:
    """Port scanners and health checks of balancers are not answered and not counted as wrong."""
    async with serve() as served:
        async with await served.connect() as stream:
            await stream.send_eof()
            assert await rest(stream) == b""
        await served.until(lambda: served.door.counters.open == 0)
        assert served.door.counters.bad_heads == 0


async def test_past_the_bound_connections_are_turned_away(serve: Serve) -> None:
    """The one too many is told 503 and when to come again; the open ones are served."""
    async with serve(connections=2) as served:
        async with await served.connect() as first, await served.connect():
            await served.until(lambda: served.door.counters.open == 2)
            async with await served.connect() as third:
                answer = await rest(third)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 5" in answer
            await first.send_all(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n")
            assert (await read_answer(first))[0] == 200
        await served.until(lambda: served.door.counters.open == 0)
        assert served.door.counters.turned_away == 1


async def test_garbage_gets_a_400_and_an_error_of_the_application_a_500(serve: Serve) -> None:
    """Neither reaches the server itself."""
    async with serve() as served:
        async with await served.connect() as stream:
            await stream.send_all(b"\x16\x03\x01\x02\x00\r\n\r\n")
            assert (await rest(stream)).startswith(b"HTTP/1.1 400 ")
        async with await served.connect() as stream:
            await stream.send_all(b"GET /broken HTTP/1.1\r\nhost: x\r\n\r\n")
            assert (await read_answer(stream))[0] == 500


async def test_stopping_lets_requests_finish(serve: Serve) -> None:
    """After ``stop`` nobody new is accepted, requests under way are answered, the application ends."""
    async with serve() as served, await served.connect() as stream:
        await stream.send_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
        await served.app.began.wait()
        served.door.stop()
        await trio.testing.wait_all_tasks_blocked(0.001)
        with pytest.raises(OSError, match="attempts to connect"):
            await served.connect()
        served.app.let_go.set()
        assert await read_answer(stream) == (200, b"GET /slow http ")
        await stream.aclose()
        await served.until(lambda: served.app.events == ["lifespan.startup", "lifespan.shutdown"])


async def test_stopping_does_not_wait_for_ever(serve: Serve, mock_clock: trio.testing.MockClock) -> None:
    """A request that does not end is cut when the drain is over."""
    async with serve(drain_s=5) as served, await served.connect() as stream:
        await stream.send_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
        await served.app.began.wait()
        served.door.stop()
        await trio.testing.wait_all_tasks_blocked(0.001)
        mock_clock.jump(6)
        assert await rest(stream) == b""
        await served.until(lambda: served.door.counters.open == 0)


async def test_a_taken_port_is_a_usage_error() -> None:
    """The message names the address, the hint a way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port}") as caught:
            await listen("127.0.0.1", port)
        assert caught.value.code == "MD417"
    with pytest.raises(UsageError, match=r"cannot listen on 192\.0\.2\.1:0"):
        await listen("192.0.2.1", 0)


def test_connections_are_bounded_by_the_descriptors_there_are() -> None:
    """More than the process may open is never promised."""
    assert most_connections(1) == 1
    assert most_connections(10**9) < 10**9


@pytest.mark.parametrize(
    ("head", "upgrades"),
    [
        (UPGRADE, True),
        (UPGRADE.replace(b"websocket\r", b"WebSocket\r"), True),
        (UPGRADE.replace(b"websocket\r", b"foo, websocket\r"), True),
        (UPGRADE.replace(b"GET", b"PUT"), False),
        (b"GET /upgrade HTTP/1.1\r\nhost: x\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nupgrade websocket\r\n\r\n", False),
        (b"upgrade\r\n\r\n", False),
    ],
)
def test_an_upgrade_is_told_by_its_header(head: bytes, upgrades: bool) -> None:
    """A well-formed GET whose Upgrade names websocket; whatever is malformed is left to the HTTP server."""
    found = parse_upgrade(head)
    assert (found is not None) == upgrades


def test_the_end_of_a_head_is_found_across_pieces() -> None:
    """Wherever the blank line is cut, it is found; bare line feeds count too."""
    data = b"GET / HTTP/1.1\r\n\r\n"
    for cut in range(len(data)):
        assert not is_whole(data[:cut])
        assert is_whole(data, cut)
    assert is_whole(b"GET / HTTP/1.1\n\n")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of its own for localhost, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


async def test_tls_serves_both_too(serve: Serve, certificate: tuple[Path, Path]) -> None:
    """With a certificate the same port speaks HTTPS and WSS."""
    path, key = certificate
    trust = ssl.create_default_context(cafile=str(path))
    async with serve(tls=tls_context(str(path), str(key))) as served:

        async def connect() -> trio.SSLStream[trio.SocketStream]:
            return trio.SSLStream(
                await served.connect(), trust, server_hostname="localhost", https_compatible=True
            )

        async with await connect() as stream:
            await stream.send_all(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n")
            assert await read_answer(stream) == (200, b"GET /a https ")
        stream = await connect()
        async with trio.open_nursery() as nursery:
            target = "/api/v1/subscribe?channels=tick&symbols=BTC-USD"
            reader = await wrap_client_stream(nursery, stream, "localhost", target)
            assert msgspec.json.decode(await reader.get_message())["type"] == "ack"
            await reader.ping()
            served.door.stop()
            with trio.move_on_after(5):
                await reader.aclose()
            nursery.cancel_scope.cancel()
        await stream.transport_stream.aclose()
        await served.until(lambda: served.door.counters.open == 0)


async def test_a_reset_reaches_through_tls(serve: Serve, certificate: tuple[Path, Path]) -> None:
    """The connection below is reset, without a word of TLS."""
    path, key = certificate
    trust = ssl.create_default_context(cafile=str(path))
    async with serve(tls=tls_context(str(path), str(key))) as served:
        below = await served.connect()
        stream = trio.SSLStream(below, trust, server_hostname="localhost", https_compatible=True)
        async with trio.open_nursery() as nursery:
            target = "/api/v1/subscribe?channels=tick&symbols=BTC-USD"
            reader = await wrap_client_stream(nursery, stream, "localhost", target)
            assert msgspec.json.decode(await reader.get_message())["type"] == "ack"
            (subscriber,) = served.sockets.hub.subscribers
            nursery.cancel_scope.cancel()
        subscriber.take_down("reset")
        await served.until(lambda: served.door.counters.open == 0)
        with pytest.raises(trio.BrokenResourceError) as broken:
            await below.receive_some()
        assert isinstance(broken.value.__cause__, ConnectionResetError)
        await below.aclose()


async def test_plain_bytes_to_a_tls_port_end_that_connection_only(
    serve: Serve, certificate: tuple[Path, Path]
) -> None:
    """A client that forgot the s in https is let go."""
    path, key = certificate
    async with serve(tls=tls_context(str(path), str(key))) as served:
        async with await served.connect() as stream:
            await stream.send_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            await rest(stream)
        await served.until(lambda: served.door.counters.open == 0)


def test_a_certificate_that_is_none_is_an_os_error(tmp_path: Path) -> None:
    """The command line tells which file; nothing is served."""
    with pytest.raises(OSError, match="No such file"):
        tls_context(str(tmp_path / "a"), str(tmp_path / "b"))
