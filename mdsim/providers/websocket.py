"""One WebSocket to a provider: the messages of everything that one reading brings, at once.

Providers send hundreds of messages in a burst, so a task, a queue or a turn of the event loop for each of
them would cost more than reading them. Nearly every frame is a whole, short text: those are cut out here.
Whatever else a frame may be (a ping, a goodbye, a piece of a message, a mistake) goes to ``wsproto``, which
knows all of RFC 6455, as one whole frame.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

RECEIVE_BYTES = 65_536
HEAD_MOST_BYTES = 65_536
ANSWER_S = 10.0
"""How long a pong may take to get out."""
WHOLE_TEXT = 0x81
"""First byte of a frame that is a whole text message: FIN and opcode 1."""
MASKED = 0x80
"""Of the second byte; only clients may mask."""
WRONG, UNREADABLE, TOO_LONG = 1002, 1007, 1009


class HandshakeError(Exception):
    """What answered speaks no WebSocket."""


class RefusedError(HandshakeError):
    """The provider does not open one.

    Attributes:
        headers: names in lower case.
    """

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        super().__init__(f"refused with status {status}")
        self.status = status
        self.headers = headers


class EndedError(Exception):
    """No message comes any more.

    Attributes:
        code: why, by RFC 6455 section 7.4; None when the connection broke without a goodbye.
    """

    def __init__(self, code: int | None) -> None:
        super().__init__("the connection broke" if code is None else f"closed with code {code}")
        self.code = code


class Socket:
    """The client's end; one task may read at a time, several may send."""

    def __init__(self, stream: trio.abc.Stream, most_bytes: int) -> None:
        """Make one; ``shake_hands`` comes first.

        Args:
            stream: connected, and closed by whoever made it.
            most_bytes: of a message; a longer one ends the connection.
        """
        self._stream = stream
        self._most = most_bytes
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._buffer = bytearray()
        self._parts: list[str | bytes] = []
        self._size = 0
        self._answers: list[bytes] = []
        self._sending = trio.Lock()
        self._ended: EndedError | None = None

    async def shake_hands(self, host: str, target: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        """Ask for the WebSocket.

        Raises:
            RefusedError: the answer is another one.
            HandshakeError: the answer is none of HTTP.
            EndedError: the connection broke.
        """
        request = Request(host=host, target=target, extra_headers=list(headers))
        await self._stream.send_all(self._protocol.send(request))
        head = bytearray()
        while (end := head.find(b"\r\n\r\n")) < 0:
            if len(head) > HEAD_MOST_BYTES:
                raise HandshakeError("what answers speaks no WebSocket")
            data = await self._stream.receive_some(RECEIVE_BYTES)
            if not data:
                raise EndedError(None)
            head += data
        # What follows the head is kept back, so that the protocol only ever sees whole frames.
        self._buffer += head[end + 4 :]
        try:
            self._protocol.receive_data(bytes(head[: end + 4]))
            for event in self._protocol.events():
                if isinstance(event, AcceptConnection):
                    return
                if isinstance(event, RejectConnection):
                    told = {
                        key.decode("latin-1").lower(): text.decode("latin-1") for key, text in event.headers
                    }
                    raise RefusedError(event.status_code, told)
        except RemoteProtocolError as error:
            raise HandshakeError("what answers speaks no WebSocket") from error
        raise HandshakeError("what answers speaks no WebSocket")

    async def messages(self) -> list[str | bytes]:
        """The next messages, at least one; pings are answered meanwhile.

        Raises:
            EndedError: there are none any more.
            trio.BrokenResourceError: the connection broke.
            trio.TooSlowError: the provider does not read what it asked for.
        """
        while True:
            found = self._cut()
            if self._answers:
                await self._answer()
            if found:
                return found
            if self._ended is not None:
                await trio.lowlevel.checkpoint()
                raise self._ended
            data = await self._stream.receive_some(RECEIVE_BYTES)
            if not data:
                self._ended = EndedError(None)
            self._buffer += data

    async def send(self, text: str) -> None:
        """Send a text message.

        Raises:
            EndedError: the goodbye has been said.
            trio.BrokenResourceError: the connection broke.
        """
        await self._send(TextMessage(data=text))

    async def goodbye(self) -> None:
        """Say it, unless it has been said, and wait for the answer; whoever calls it bounds the time."""
        if self._ended is None:
            await self._send(CloseConnection(code=1000))
            with suppress(EndedError):
                while True:
                    await self.messages()

    def _cut(self) -> list[str | bytes]:
        """The messages of all whole frames in the buffer."""
        buffer, at, size = self._buffer, 0, len(self._buffer)
        found: list[str | bytes] = []
        while size - at >= 2 and self._ended is None:
            kind, length, begin = buffer[at], buffer[at + 1] & 0x7F, at + 2
            if length >= 126:
                begin += 2 if length == 126 else 8
                if size < begin:
                    break
                length = int.from_bytes(buffer[at + 2 : begin], "big")
            end = begin + length
            if length > self._most or buffer[at + 1] & MASKED:
                self._fail(WRONG if buffer[at + 1] & MASKED else TOO_LONG)
                break
            if end > size:
                break
            usual = kind == WHOLE_TEXT and not self._parts
            # A length that could have been written shorter is a mistake, and left to those who judge.
            if usual and begin - at == (2 if length < 126 else 4):
                try:
                    found.append(buffer[begin:end].decode())
                except UnicodeDecodeError:
                    self._fail(UNREADABLE)
            else:
                self._judge(bytes(buffer[at:end]), found)
            at = end
        del buffer[:at]
        return found

    def _judge(self, frame: bytes, found: list[str | bytes]) -> None:
        """Let the protocol say what a frame is."""
        try:
            self._protocol.receive_data(frame)
            for event in self._protocol.events():
                self._heard(event, found)
        except RemoteProtocolError:
            self._fail(WRONG)

    def _heard(self, event: Event, found: list[str | bytes]) -> None:
        if isinstance(event, Message):
            self._parts.append(event.data)
            self._size += len(event.data)
            if self._size > self._most:
                self._fail(TOO_LONG)
            elif event.message_finished:
                whole = (b"" if isinstance(event.data, bytes) else "").join(self._parts)  # type: ignore[arg-type]  # of one kind
                found.append(whole)
                self._parts, self._size = [], 0
        elif isinstance(event, Ping):
            self._answers.append(self._protocol.send(event.response()))
        elif isinstance(event, CloseConnection) and self._protocol.state is ConnectionState.OPEN:
            self._fail(event.code)  # nobody said goodbye: this is how the protocol tells of a mistake
        elif isinstance(event, CloseConnection):
            if self._protocol.state is ConnectionState.REMOTE_CLOSING:  # it was not our own goodbye
                self._answers.append(self._protocol.send(event.response()))
            self._ended = EndedError(event.code)

    def _fail(self, code: int) -> None:
        """The provider breaks the protocol: tell it, and end."""
        self._ended = EndedError(code)
        if self._protocol.state is ConnectionState.OPEN:
            self._answers.append(self._protocol.send(CloseConnection(code=code)))

    async def _answer(self) -> None:
        data, self._answers = b"".join(self._answers), []
        async with self._sending:
            with trio.fail_after(ANSWER_S):
                await self._stream.send_all(data)

    async def _send(self, event: Event) -> None:
        async with self._sending:
            try:
                data = self._protocol.send(event)
            except LocalProtocolError as error:
                raise self._ended or EndedError(None) from error
            await self._stream.send_all(data)
