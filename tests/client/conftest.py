"""A small HTTP server on a real socket that answers as it is told, and can break connections."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import h11
import msgspec
import pytest
import trio

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
