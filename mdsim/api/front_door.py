"""The front door: one port for HTTP and WebSocket.

It accepts plain sockets and reads the head of the first request, under a deadline and a bound. A
WebSocket upgrade goes to the hub's handler with the socket itself; everything else goes to the HTTP
server, with the bytes read so far in front of the stream.
"""

from __future__ import annotations

import errno
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

import msgspec
import trio

from mdsim.api.head import is_whole, parse_upgrade
from mdsim.api.http import HttpServer, Prefixed, PrefixedTls
from mdsim.api.listening import listen, most_connections
from mdsim.api.problems import RequestError, reply_of
from mdsim.api.routes import PROBLEM
from mdsim.api.websocket import WebSockets
from mdsim.api.wire import SocketWire, TlsWire

LOG = logging.getLogger("mdsim.front_door")
_ACCEPT_ROUND = 64
_STARVED = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """Bounds of the front door.

    Attributes:
        connections: open at once, HTTP and WebSocket together; past it a new one is answered 503. Never
            more than the process may have descriptors.
        head_bytes, head_s: size of a request's head, and how long it may take to come.
        drain_s: how long connections may take to end when the server stops.
    """

    connections: int = 10_000
    head_bytes: int = 16_384
    head_s: float = 10.0
    drain_s: float = 5.0


@dataclass(slots=True)
class DoorCounters:
    """Totals since the start, and ``open`` connections now.

    Attributes:
        turned_away: answered 503, because every connection there may be was open.
        bad_heads: heads that were too long or too slow; silent ones are not answered at all.
        starved: times that a connection could not be accepted for want of descriptors or memory.
        broken: connections that met an error of ours.
    """

    open: int = 0
    accepted: int = 0
    turned_away: int = 0
    bad_heads: int = 0
    starved: int = 0
    broken: int = 0


class FrontDoor:
    """Listens, and shows everyone who comes to the right server.

    Attributes:
        addresses: host and port of every listening socket, once it serves.
        counters: who came.
        most: connections that may be open at once.
    """

    def __init__(
        self,
        http: HttpServer,
        sockets: WebSockets | None,
        limits: DoorLimits | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        on_error: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Put it together.

        Args:
            http: gets everything that is no WebSocket.
            sockets: gets WebSockets; None where there are none, so that their requests are HTTP's as well.
            limits: bounds of the door.
            tls: for an encrypted port.
            on_error: told of a connection that met an error of ours.
        """
        self.limits = limits or DoorLimits()
        self.addresses: list[tuple[str, int]] = []
        self.counters = DoorCounters()
        self._http = http
        self._sockets = sockets
        self._tls = tls
        self._on_error = on_error or _log_error
        self.most = most_connections(self.limits.connections)
        self._stopping = trio.Event()

    def stop(self) -> None:
        """Accept nobody any more, ask everyone to go, and let ``serve`` end within ``drain_s``."""
        self._stopping.set()

    async def serve(
        self,
        host: str,
        port: int,
        *,
        task_status: trio.TaskStatus[list[tuple[str, int]]] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Listen until ``stop`` or cancelled; ``started`` gives the bound addresses.

        Raises:
            UsageError: the address cannot be bound.
        """
        await self.serve_on(await listen(host, port), task_status=task_status)

    async def serve_on(
        self,
        listening: Sequence[socket.socket],
        *,
        task_status: trio.TaskStatus[list[tuple[str, int]]] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Accept on sockets that listen already, until ``stop`` or cancelled; closes them then."""
        self.addresses = [sock.getsockname()[:2] for sock in listening]
        try:
            async with trio.open_nursery() as application:
                await application.start(self._http.run)
                async with trio.open_nursery() as watch:
                    if self._sockets is not None:
                        watch.start_soon(self._sockets.run)
                    async with trio.open_nursery() as connections:
                        async with trio.open_nursery() as acceptors:
                            for sock in listening:
                                acceptors.start_soon(self._accept, sock, connections)
                            task_status.started(self.addresses)
                            await self._stopping.wait()
                            acceptors.cancel_scope.cancel()
                        for sock in listening:
                            sock.close()
                        await self._http.terminate()
                        if self._sockets is not None:
                            self._sockets.close_all()
                        connections.cancel_scope.deadline = trio.current_time() + self.limits.drain_s
                    watch.cancel_scope.cancel()
                self._http.end()
        finally:
            for sock in listening:
                sock.close()

    async def _accept(self, listening: socket.socket, connections: trio.Nursery) -> None:
        while True:
            await trio.lowlevel.wait_readable(listening)
            for _ in range(_ACCEPT_ROUND):
                try:
                    sock, _address = listening.accept()
                except BlockingIOError:
                    break
                except OSError as error:
                    if error.errno in _STARVED:
                        self.counters.starved += 1
                        await trio.sleep(0.1)  # give what is open time to close; the backlog waits
                    break  # or the other side has gone again
                self._admit(sock, connections)
            await trio.lowlevel.checkpoint()

    def _admit(self, sock: socket.socket, connections: trio.Nursery) -> None:
        sock.setblocking(False)
        self.counters.accepted += 1
        if self.counters.open >= self.most:
            self.counters.turned_away += 1
            with suppress(OSError):
                sock.send(_FULL)
            sock.close()
            return
        self.counters.open += 1
        connections.start_soon(self._receive, sock)

    async def _receive(self, sock: socket.socket) -> None:
        try:
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await (self._through_tls(sock, self._tls) if self._tls else self._plain(sock))
        except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the other side has gone
        except* Exception as errors:
            self.counters.broken += 1
            self._on_error(errors)
        finally:
            self.counters.open -= 1
            sock.close()

    async def _plain(self, sock: socket.socket) -> None:
        async def read(most_bytes: int) -> bytes:
            while True:
                try:
                    return sock.recv(most_bytes)
                except BlockingIOError:
                    await trio.lowlevel.wait_readable(sock)

        with trio.move_on_after(self.limits.head_s) as deadline:
            prefix, refused = await self._head(read)
        if deadline.cancelled_caught:
            prefix, refused = b"", _SLOW
        if refused:
            self.counters.bad_heads += 1
            with suppress(OSError):
                sock.send(refused)
                sock.shutdown(socket.SHUT_WR)
        elif prefix:
            head, sockets = parse_upgrade(prefix), self._sockets
            if head is not None and sockets is not None and sockets.serves(head):
                buffer_bytes = sockets.limits.send_buffer_bytes
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer_bytes)
                grace_s = sockets.limits.slow_grace_s
                wire = SocketWire(sock, prefix, sockets.throttle(), grace_s)
                await sockets.handle(wire, head)
            else:
                handed_on = socket.socket(sock.family, sock.type, sock.proto, fileno=sock.detach())
                stream = trio.SocketStream(trio.socket.from_stdlib_socket(handed_on))
                try:
                    await self._http.handle(Prefixed(stream, prefix))
                finally:
                    stream.socket.close()  # hypercorn does not when it is cancelled

    async def _through_tls(self, sock: socket.socket, tls: ssl.SSLContext) -> None:
        handed_on = socket.socket(sock.family, sock.type, sock.proto, fileno=sock.detach())
        below = trio.SocketStream(trio.socket.from_stdlib_socket(handed_on))
        stream = trio.SSLStream(below, tls, server_side=True, https_compatible=True)

        async def read(most_bytes: int) -> bytes:
            return bytes(await stream.receive_some(most_bytes))

        try:
            refused = prefix = b""
            with trio.move_on_after(self.limits.head_s) as deadline:
                await stream.do_handshake()
                prefix, refused = await self._head(read)
            if deadline.cancelled_caught or refused:
                self.counters.bad_heads += 1
            if refused:
                with trio.move_on_after(1):
                    await stream.send_all(refused)
            elif prefix:
                head, sockets = parse_upgrade(prefix), self._sockets
                if head is not None and sockets is not None and sockets.serves(head):
                    grace_s = sockets.limits.slow_grace_s
                    wire = TlsWire(stream, prefix, sockets.throttle(), grace_s)
                    await sockets.handle(wire, head)
                else:
                    await self._http.handle(PrefixedTls(stream, prefix))
        finally:
            below.socket.close()

    async def _head(self, read: Callable[[int], Awaitable[bytes]]) -> tuple[bytes, bytes]:
        """The bytes up to the head's end and what came with them; or what to answer to a head too long."""
        data = bytearray()
        while True:
            looked_at = len(data)
            more = await read(self.limits.head_bytes)
            if not more:
                return b"", b""
            data += more
            if is_whole(data, looked_at):
                return bytes(data), b""
            if len(data) >= self.limits.head_bytes:
                return b"", _LONG


def _answer(error: RequestError) -> bytes:
    """An answer for those who never reach the HTTP server."""
    reply = reply_of(error, "/")
    assert isinstance(reply.body, msgspec.Struct)
    body = msgspec.json.encode(reply.body)
    head = (
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}\r\ncontent-type: {PROBLEM}\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n"
        + "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
    )
    return head.encode() + b"\r\n" + body


def _log_error(error: BaseException) -> None:
    LOG.error("a connection broke", exc_info=error)


_FULL = _answer(
    RequestError(
        503,
        "MD413",
        "every connection that this server may have is open",
        hint="try again later",
        headers={"retry-after": "5"},
    )
)
_LONG = _answer(RequestError(431, "MD412", "the head of the request is too long", hint="send fewer headers"))
_SLOW = _answer(RequestError(408, "MD412", "the head of the request took too long", hint="send it at once"))
