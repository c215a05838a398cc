"""The HTTP server: hypercorn's own connection handling, given streams that the front door has accepted."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import TypeAlias, cast

import trio
from hypercorn.config import Config
from hypercorn.events import Event, Updated
from hypercorn.trio.lifespan import Lifespan
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ASGIFramework, ConnectionState, LifespanState
from hypercorn.utils import wrap_app

AsgiApp: TypeAlias = Callable[..., Awaitable[None]]
"""An ASGI 3 application: ``app(scope, receive, send)``."""

LOG = "mdsim.http"
SHUTDOWN_S = 5.0
"""How long the application may take to shut down."""


class Prefixed(trio.abc.Stream):
    """A stream whose first bytes were read already.

    Attributes:
        socket: of the connection, for its addresses.
    """

    def __init__(self, stream: trio.SocketStream, prefix: bytes) -> None:
        self.socket = stream.socket
        self._stream = stream
        self._prefix = prefix

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """The bytes read already, then what comes."""
        if self._prefix:
            await trio.lowlevel.checkpoint()
            data, self._prefix = self._prefix, b""
            return data
        return await self._stream.receive_some(max_bytes)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """As the stream below."""
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """As the stream below."""
        await self._stream.wait_send_all_might_not_block()

    async def send_eof(self) -> None:
        """As the stream below."""
        await self._stream.send_eof()

    async def aclose(self) -> None:
        """As the stream below."""
        await self._stream.aclose()


class PrefixedTls(trio.abc.Stream):
    """The same through TLS, with the handshake behind it.

    Attributes:
        transport_stream: what lies below the encryption.
    """

    def __init__(self, stream: trio.SSLStream[trio.SocketStream], prefix: bytes) -> None:
        self.transport_stream = stream.transport_stream
        self._stream = stream
        self._prefix = prefix

    async def do_handshake(self) -> None:
        """It is done."""
        await trio.lowlevel.checkpoint()

    def selected_alpn_protocol(self) -> str:
        """The only one that is offered."""
        return "http/1.1"

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """The bytes read already, then what comes."""
        if self._prefix:
            await trio.lowlevel.checkpoint()
            data, self._prefix = self._prefix, b""
            return data
        return await self._stream.receive_some(max_bytes)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """As the stream below."""
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """As the stream below."""
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """As the stream below."""
        await self._stream.aclose()


class _Connection(TCPServer):
    """Hypercorn's connection, which by itself waits for a client's next request even when it has gone.

    It would keep socket and task for the whole keep-alive time, and some hundred clients a second that
    come and go would use up every connection there may be.
    """

    _gone = False

    async def _read_data(self) -> None:
        await super()._read_data()
        self._gone = True
        await self.idle_task.stop()

    async def protocol_send(self, event: Event) -> None:
        if self._gone and isinstance(event, Updated):
            event = Updated(idle=False)  # an answer that nobody reads has ended: no next request follows
        await super().protocol_send(event)


class HttpServer:
    """An ASGI application, served connection by connection."""

    def __init__(self, app: AsgiApp, keep_alive_s: float = 30.0) -> None:
        self._config = Config()
        self._config.keep_alive_timeout = cast("int", keep_alive_s)
        self._config.include_server_header = False
        self._config.errorlog = logging.getLogger(LOG)
        self._app = wrap_app(cast("ASGIFramework", app), 0, "asgi")
        self._context = WorkerContext(None)
        self._state: LifespanState = {}
        self._ended = trio.Event()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep the application alive, from its start-up to its shutdown; returns after ``end``."""
        lifespan = Lifespan(self._app, self._config, self._state)
        async with trio.open_nursery() as nursery:
            await nursery.start(lifespan.handle_lifespan)
            await lifespan.wait_for_startup()
            task_status.started()
            await self._ended.wait()
            with trio.move_on_after(SHUTDOWN_S):
                await lifespan.wait_for_shutdown()
            nursery.cancel_scope.cancel()

    async def handle(self, stream: Prefixed | PrefixedTls) -> None:
        """Serve one connection until it ends; closes it."""
        server = _Connection(
            self._app,
            self._config,
            self._context,
            ConnectionState(self._state.copy()),
            cast("trio.SSLStream[trio.SocketStream]", stream),
        )
        await server.run()

    async def terminate(self) -> None:
        """Close idle connections, and the others after the request that they are at."""
        await self._context.terminated.set()

    def end(self) -> None:
        """Let the application shut down; there are no connections any more."""
        self._ended.set()


def tls_context(certificate: str, key: str) -> ssl.SSLContext:
    """TLS 1.2 or later with this certificate chain, as hypercorn sets it up.

    Raises:
        OSError: a file cannot be read, or holds no certificate or no key that fits it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(certificate, key)
    return context
