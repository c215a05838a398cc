"""Requests on a real socket: the connection is sound after every answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING

import pytest
import trio
from hypercorn.config import Config
from hypercorn.trio import serve

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.api.conftest import MakeApp

LIMIT_SECONDS = 10


class Line:
    """A raw connection to the server."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.seen = b""

    async def head(self, method: str, path: str, length: int | None = None) -> None:
        """Send a request's head; its body is the test's to send."""
        size = "" if length is None else f"Content-Length: {length}\r\n"
        await self.stream.send_all(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{size}\r\n".encode())

    async def answer(self) -> int:
        """Read one answer to its last byte; its status."""
        with trio.fail_after(LIMIT_SECONDS):
            while b"\r\n\r\n" not in self.seen:
                self.seen += await self._more()
            head, _, rest = self.seen.partition(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length")
            )
            while len(rest) < length:
                rest += await self._more()
        self.seen = rest[length:]
        return int(head.split()[1])

    async def ended(self) -> bool:
        """Wait for the end of the connection; False when something else comes."""
        with trio.fail_after(LIMIT_SECONDS):
            return await self.stream.receive_some() == b""

    async def _more(self) -> bytes:
        got = bytes(await self.stream.receive_some())
        assert got, "the connection ended before the answer did"
        return got


@pytest.fixture
async def line(make_rest: MakeApp) -> AsyncIterator[Line]:
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.loglevel = "WARNING"
    config.graceful_timeout = 0.1
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        binds = await nursery.start(partial(serve, make_rest(), config, shutdown_trigger=stop.wait))
        stream = await trio.open_tcp_stream("127.0.0.1", int(binds[0].rpartition(":")[2]))
        async with stream:
            yield Line(stream)
        stop.set()


async def test_a_body_that_nobody_needs_leaves_the_connection_sound(line: Line) -> None:
    """A refused method whose body comes late is answered, and so is the request after it."""
    for method, status in (("PUT", 405), ("GET", 426), ("POST", 400)):
        await line.head(method, "/api/v1/subscribe", length=4)
        await line.stream.send_all(b"oops")
        assert await line.answer() == status

    await line.head("GET", "/health")
    assert await line.answer() == 200


async def test_a_body_that_is_too_large_is_thrown_away_and_answered(line: Line) -> None:
    """413 reaches a client that is still sending, and the connection can be used again."""
    size = 512 * 1024
    await line.head("POST", "/api/v1/subscribe", length=size)
    await line.stream.send_all(b" " * size)

    assert await line.answer() == 413
    await line.head("GET", "/health")
    assert await line.answer() == 200


async def test_a_body_that_never_comes_ends_the_connection(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is sent after a bounded wait, and the connection is closed rather than kept for good."""
    monkeypatch.setattr("mdsim.api.exchange.DRAIN_SECONDS", 0.01)
    await line.head("PUT", "/health", length=10)

    assert await line.answer() == 405
    assert await line.ended()


async def test_head_has_no_body_on_the_wire(line: Line) -> None:
    """The next answer begins where HEAD's head ended."""
    await line.head("HEAD", "/health")
    with trio.fail_after(LIMIT_SECONDS):
        head = bytes(await line.stream.receive_some())
    assert head.startswith(b"HTTP/1.1 200")
    assert head.endswith(b"\r\n\r\n")

    await line.head("GET", "/health")
    assert await line.answer() == 200


async def test_a_target_without_a_path_is_the_root(line: Line) -> None:
    """No server of ours breaks on what a broken client writes; the connection goes on."""
    await line.head("GET", "?x=1")
    assert await line.answer() == 307

    await line.head("GET", "/health")
    assert await line.answer() == 200
