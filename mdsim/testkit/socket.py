"""One WebSocket connection of a double, on wsproto: whole frames, half frames, pings, and a bounded queue."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    Pong,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

MOST_WAITING = 20_000
"""Frames that a client has not read yet; past it the connection is closed, as providers do."""
MOST_OWED = 100
LINGER_S = 2.0
"""How long a close frame waits for the client's: a socket closed over unread bytes would take it back."""
_READ_BYTES = 65_536


class Socket:
    """The server's end.

    Attributes:
        path, query, headers: of the request that opened it.
        sent: frames so far, by channel.
        open: it was accepted and has not ended.
    """

    def __init__(
        self, stream: trio.abc.Stream, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> None:
        self.path = path
        self.query = query
        self.headers = headers
        self.sent: dict[str, int] = {}
        self._owed: dict[bytes, None] = {}
        self.open = False
        self._stream = stream
        self._protocol = WSConnection(ConnectionType.SERVER)
        self._waiting: deque[bytes] = deque()
        self._more = trio.Event()
        self._ending = False
        self._polite = False
        self._gone = trio.Event()

    def send(self, text: str) -> None:
        """Queue a text frame; nothing happens once the connection ends."""
        self._put(TextMessage(data=text))

    @property
    def owed(self) -> int:
        """Pings that have not been answered, and none after them."""
        return len(self._owed)

    def ping(self, payload: bytes = b"") -> None:
        """Queue a ping frame; only a pong with the same payload answers it."""
        self._owed[payload] = None
        if len(self._owed) > MOST_OWED:
            del self._owed[next(iter(self._owed))]
        self._put(Ping(payload=payload))

    def close(self, code: int = 1000) -> None:
        """Queue a close frame and end once it is sent and the client has answered it or gone."""
        self._polite = True
        self._put(CloseConnection(code=code))
        self._end()

    def tear(self, text: str) -> None:
        """Send the first half of a text frame, then break the connection without a goodbye."""
        if self.open and not self._ending:
            whole = self._protocol.send(TextMessage(data=text))
            self._waiting.append(whole[: max(1, len(whole) // 2)])
            self._end()

    async def run(
        self,
        prefix: bytes,
        opened: Callable[[Socket], None],
        heard: Callable[[Socket, str], None],
        counted: Callable[[Socket], bool] = lambda _socket: True,
    ) -> None:
        """Serve until either side ends it.

        Args:
            prefix: the bytes of the request.
            opened: called once it is accepted.
            heard: called with each text message.
            counted: called with each message, ping and pong before it is read; False when it is one too many.
        """
        self._protocol.receive_data(prefix)
        for event in self._protocol.events():
            if isinstance(event, Request):
                await self._stream.send_all(self._protocol.send(AcceptConnection()))
                self.open = True
        if not self.open:
            return
        try:
            opened(self)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write, nursery.cancel_scope)
                await self._read(heard, counted)
                self._gone.set()
                self._end()
        except* (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the client has gone
        finally:
            self.open = False

    async def _read(self, heard: Callable[[Socket, str], None], counted: Callable[[Socket], bool]) -> None:
        parts: list[str] = []
        while True:
            data = await self._stream.receive_some(_READ_BYTES)
            try:
                self._protocol.receive_data(bytes(data) or None)
                events = list(self._protocol.events())
            except RemoteProtocolError:
                return
            for event in events:
                if isinstance(event, CloseConnection):
                    self._put(event.response())
                    return
                if self._ending:
                    continue
                whole_one = isinstance(event, Ping | Pong) or getattr(event, "message_finished", False)
                if whole_one and not counted(self):
                    self.close(1008)
                elif isinstance(event, TextMessage):
                    parts.append(event.data)
                    if event.message_finished:
                        whole, parts = "".join(parts), []
                        heard(self, whole)
                elif isinstance(event, Ping):
                    self._put(event.response())
                elif isinstance(event, Pong) and bytes(event.payload) in self._owed:
                    self._owed.clear()
                elif isinstance(event, BytesMessage):
                    self.close(1003)
            if not data:
                return

    async def _write(self, scope: trio.CancelScope) -> None:
        while True:
            while self._waiting:
                await self._stream.send_all(self._waiting.popleft())
            if self._ending:
                if self._polite:
                    with trio.move_on_after(LINGER_S):
                        await self._gone.wait()
                await trio.aclose_forcefully(self._stream)
                scope.cancel()
                return
            self._more = trio.Event()
            await self._more.wait()

    def _put(self, event: TextMessage | Ping | Pong | CloseConnection) -> None:
        if not self.open or self._ending:
            return
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.clear()
            self._end()
            return
        try:
            self._waiting.append(self._protocol.send(event))
        except LocalProtocolError:
            return  # it has been closed by the other side
        self._more.set()

    def _end(self) -> None:
        self._ending = True
        self._more.set()
