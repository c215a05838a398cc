"""The port of a double: one listener on loopback that answers HTTP and opens WebSockets."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

import h11
import trio

from mdsim.core.time import SECOND
from mdsim.testkit.frames import Asked, Reply
from mdsim.testkit.socket import Socket

_READ_BYTES = 65_536


class Answerer(Protocol):
    """Who answers."""

    def arrived(self, kind: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Asked:
        """Note a request."""

    def answer(self, asked: Asked) -> Reply | None:
        """What to answer; None for nothing at all, ever."""

    def admit(self, asked: Asked) -> Reply | None:
        """What to answer to the request for a WebSocket instead of opening it; None opens it."""

    async def attend(self, socket: Socket, prefix: bytes) -> None:
        """Serve a WebSocket until it ends."""


async def serve(answerer: Answerer, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
    """Listen on a free port of 127.0.0.1 until cancelled; ``started`` gives the port."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")

    async def handle(stream: trio.SocketStream) -> None:
        try:
            await converse(stream, answerer)
        except* (trio.BrokenResourceError, trio.ClosedResourceError, h11.ProtocolError):
            pass  # the client has gone, or speaks no HTTP
        finally:
            await trio.aclose_forcefully(stream)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, handle, listeners)
        task_status.started(listeners[0].socket.getsockname()[1])


async def converse(stream: trio.abc.Stream, answerer: Answerer) -> None:
    """Answer requests on one connection, or become a WebSocket."""
    while True:
        protocol = h11.Connection(h11.SERVER)
        prefix = b""
        request: h11.Request | None = None
        while True:
            event = protocol.next_event()
            if event is h11.NEED_DATA:
                data = bytes(await stream.receive_some(_READ_BYTES))
                prefix += data
                protocol.receive_data(data)
            elif isinstance(event, h11.Request):
                request = event
                if _upgrades(request):
                    break
            elif isinstance(event, h11.EndOfMessage):
                break
            elif not isinstance(event, h11.Data):
                return  # it has gone
        if request is None:
            return
        parts = urlsplit(request.target.decode("latin-1"))
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
        path, query = unquote(parts.path), dict(parse_qsl(parts.query, keep_blank_values=True))
        if _upgrades(request):
            asked = answerer.arrived("OPEN", path, query, headers)
            refusal = answerer.admit(asked)
            if refusal is None:
                await answerer.attend(Socket(stream, path, query, headers), prefix)
            else:
                await stream.send_all(_written(refusal, keep=False))
            return
        asked = answerer.arrived(request.method.decode("latin-1"), path, query, headers)
        found = answerer.answer(asked)
        if found is None:
            await trio.sleep_forever()
        else:
            if found.delay_ns:
                await trio.sleep(found.delay_ns / SECOND)
            keep = headers.get("connection", "").lower() != "close" and request.http_version != b"1.0"
            await stream.send_all(_written(found, keep=keep))
            if not keep:
                return


def _upgrades(request: h11.Request) -> bool:
    return any(name == b"upgrade" and b"websocket" in value.lower() for name, value in request.headers)


def _written(found: Reply, *, keep: bool) -> bytes:
    headers = {
        "content-type": "application/json; charset=utf-8",
        **{name.lower(): value for name, value in found.headers.items()},
        "content-length": str(len(found.body)),
        "connection": "keep-alive" if keep else "close",
    }
    lines = [f"HTTP/1.1 {found.status} {HTTPStatus(found.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + found.body
