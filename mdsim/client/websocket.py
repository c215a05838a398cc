"""One WebSocket, read when it is asked: no task of its own, nothing kept that nobody asked for."""

from __future__ import annotations

import ssl
from collections import deque
from contextlib import suppress

import trio
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Message,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from mdsim.client.address import Address
from mdsim.client.failures import AnswerError, refused, unreachable

MESSAGE_MOST_BYTES = 4 << 20
"""Past this a message is refused; the largest honest one is a book of a thousand levels."""
SILENCE_S = 60.0
"""How long nothing at all may come; servers ping several times as often, so then the line is dead."""
CLOSE_S = 2.0
SEND_S = 10.0
BROKE = 1006
CONNECTION = b"mdsim-connection"
"""Header of the answer to a handshake that names the connection."""
_RECEIVE_BYTES = 65_536


class SocketClosedError(Exception):
    """The other side has closed, or the connection broke (1006)."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class WebSocket:
    """The client's end, after the handshake; one task may receive at a time, several may send.

    Attributes:
        connection: the name that the server has given to it, such as ``ws-17``; empty for none.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.connection = ""
        self._stream = stream
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._events: deque[Event] = deque()
        self._parts: list[str | bytes] = []
        self._size = 0
        self._sending = trio.Lock()
        self._closed: SocketClosedError | None = None

    async def shake_hands(self, host: str, target: str) -> None:
        """Ask for the WebSocket.

        Raises:
            RefusedError: the server refuses.
            AnswerError: what answered is no mdsim server.
            SocketClosedError: the connection broke.
        """
        await self._send(Request(host=host, target=target))
        status, body = 0, b""
        while True:
            event = await self._next()
            if isinstance(event, AcceptConnection):
                headers = {name.lower(): value for name, value in event.extra_headers}
                self.connection = headers.get(CONNECTION, b"").decode("latin-1")
                return
            if isinstance(event, RejectConnection):
                status = event.status_code
                if not event.has_body:
                    raise refused(status, b"")
            elif isinstance(event, RejectData):
                body += event.data
                if event.body_finished or len(body) > MESSAGE_MOST_BYTES:
                    raise refused(status, body)

    async def receive(self) -> bytes | str:
        """The next message; may be cancelled without losing one.

        Raises:
            SocketClosedError: there is none any more.
            AnswerError: it is longer than any of an mdsim server.
        """
        while True:
            event = await self._next()
            if isinstance(event, Ping):
                await self._send(event.response())
            elif isinstance(event, CloseConnection):
                self._closed = SocketClosedError(event.code, event.reason or "")
                if self._protocol.state is ConnectionState.REMOTE_CLOSING:  # it was not our own goodbye
                    with suppress(SocketClosedError):
                        await self._send(event.response())
                raise self._closed
            elif isinstance(event, Message):
                self._parts.append(event.data)
                self._size += len(event.data)
                if self._size > MESSAGE_MOST_BYTES:
                    raise AnswerError("MD503", "a message is longer than any of an mdsim server")
                if event.message_finished:
                    whole = (b"" if isinstance(event.data, bytes) else "").join(self._parts)  # type: ignore[arg-type]  # of one kind
                    self._parts, self._size = [], 0
                    return whole

    async def send(self, text: str) -> None:
        """Send a text message.

        Raises:
            SocketClosedError: the connection is gone.
        """
        if self._closed is not None:
            raise self._closed
        await self._send(TextMessage(data=text))

    async def aclose(self) -> None:
        """Say goodbye, wait a little for the answer, and close."""
        try:
            with trio.move_on_after(CLOSE_S), suppress(SocketClosedError, AnswerError):
                if self._closed is None:
                    await self._send(CloseConnection(code=1000))
                    while True:
                        await self.receive()
        finally:
            await trio.aclose_forcefully(self._stream)

    async def _next(self) -> Event:
        while not self._events:
            if self._closed is not None:
                await trio.lowlevel.checkpoint()
                raise self._closed
            try:
                with trio.fail_after(SILENCE_S):
                    data = await self._stream.receive_some(_RECEIVE_BYTES)
                self._protocol.receive_data(bytes(data) or None)
                self._events.extend(self._protocol.events())
                if not data and not self._events:
                    raise trio.BrokenResourceError
            except (
                trio.BrokenResourceError,
                trio.ClosedResourceError,
                OSError,
                RemoteProtocolError,
            ) as error:
                self._closed = SocketClosedError(BROKE)
                raise self._closed from error
        return self._events.popleft()

    async def _send(self, event: Event) -> None:
        """Send a frame whole: one that is cut off in the middle would spoil every later one."""
        async with self._sending:
            try:
                with trio.CancelScope(shield=True), trio.fail_after(SEND_S):
                    await self._stream.send_all(self._protocol.send(event))
            except (
                trio.BrokenResourceError,
                trio.ClosedResourceError,
                trio.TooSlowError,
                OSError,
                LocalProtocolError,  # it has closed while we waited for our turn
            ) as error:
                self._closed = self._closed or SocketClosedError(BROKE)
                raise self._closed from error


async def connect(address: Address, target: str, timeout_s: float, tls: ssl.SSLContext) -> WebSocket:
    """Connect and shake hands.

    Raises:
        UnreachableError: no answer came.
        RefusedError: the server refuses.
        AnswerError: what answered is no mdsim server.
    """
    host, origin = address.host.strip("[]"), address.ws
    try:
        with trio.fail_after(timeout_s):
            plain = await trio.open_tcp_stream(host, address.port)
            stream: trio.abc.Stream = plain
            if address.secure:
                stream = trio.SSLStream(plain, tls, server_hostname=host, https_compatible=True)
            socket = WebSocket(stream)
            try:
                await socket.shake_hands(f"{address.host}:{address.port}", target)
            except BaseException:
                await trio.aclose_forcefully(stream)
                raise
    except trio.TooSlowError as error:
        raise unreachable(origin, "did not answer in time") from error
    except OSError as error:
        raise unreachable(origin, f"cannot be reached ({error})") from error
    except SocketClosedError as error:
        raise unreachable(origin, "broke the connection", error) from error
    return socket
