"""Wires: the stream that carries one WebSocket, shared by the library that speaks it and by the hub.

The library (handshake, pongs, closes) writes through ``send_all``; the hub writes without waiting through
``send``. Both pass the subscriber's outbox when the line is full, so there is one order of bytes.
"""

from __future__ import annotations

import socket
import struct
from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress

import trio

from mdsim.api.throttle import Throttle
from mdsim.publish.frames import is_close
from mdsim.publish.subscriber import Subscriber

_NO_LINGER = struct.pack("ii", 1, 0)
"""A socket closed with this throws away what is unsent and resets the connection."""


class Wire(trio.abc.Stream):
    """The line to one reader, as the hub's ``Link`` and as a stream.

    Attributes:
        send: gives bytes to the line without waiting.
        subscriber: the reader; set before anything is sent.
        nursery: where the task runs that works off a full line.
        heard_s, pinged_s: when the other side last sent something, and was last pinged.
        on_slow: called once when a full line was not worked off within ``grace_s``.
        on_close: called with code and reason when the hub wants an end.
        on_closed: called when the library is done with the stream.
        was_cut: it was ended at once, because it broke or its reader gave no sign of life.
        was_reset: it was ended at once because a delivery fault asked for it.
    """

    send: Callable[[bytes | memoryview], int]
    subscriber: Subscriber
    nursery: trio.Nursery

    def __init__(self, prefix: bytes, throttle: Throttle, grace_s: float) -> None:
        self.heard_s = self.pinged_s = trio.current_time()
        self.on_slow: Callable[[], None] = lambda: None
        self.on_close: Callable[[int, str], None] = lambda _code, _reason: None
        self.on_closed: Callable[[], None] = lambda: None
        self.was_cut = False
        self.was_reset = False
        self._prefix = prefix
        self._throttle = throttle
        self._grace_s = grace_s
        self._progress = trio.lowlevel.ParkingLot()
        self._closed = False

    # What the hub calls

    def stalled(self) -> None:
        """Start the task that works off the outbox."""
        self.nursery.start_soon(self._work_off)

    def close(self, code: int, reason: str) -> None:
        """Ask for a polite end."""
        self.on_close(code, reason)

    def cut(self) -> None:
        """End everything about this reader at once."""
        self.was_cut = True
        self.nursery.cancel_scope.cancel()

    def reset(self) -> None:
        """Likewise, and leave nothing to the kernel: the other side is told of a reset, not of an end."""
        self.was_reset = True
        self._forget_unsent()
        self.cut()

    # What the WebSocket library calls

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send a control frame, an answer or the handshake, in its place in the order."""
        if self._closed:
            raise trio.ClosedResourceError("this wire was closed")
        whole = bytes(data)
        self._throttle.charge()
        if is_close(whole):
            self.subscriber.finish(whole)
            await self._flushed()
        else:
            self.subscriber.post(whole)
            await self.settled()

    async def settled(self) -> None:
        """Wait until control frames and answers are sent: who does not read them is not read from."""
        await trio.lowlevel.checkpoint()
        while self.subscriber.outbox.urgent_bytes and not self._closed:
            await self._progress.park()

    async def wait_send_all_might_not_block(self) -> None:
        """Likewise."""
        await self.settled()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """What the other side sent, empty at its end; slowed down when it causes too much work."""
        await self._throttle.wait()
        if self._closed:
            raise trio.ClosedResourceError("this wire was closed")
        if self._prefix:
            data, self._prefix = self._prefix, b""
            return data
        data = await self._receive(max_bytes or 4096)
        self.heard_s = trio.current_time()
        return data

    async def aclose(self) -> None:
        """Nothing more is read or written by the library; the socket itself is closed by ``release``."""
        self._closed = True
        self._progress.unpark_all()
        self.on_closed()
        await trio.lowlevel.checkpoint()

    # What the connection's own task calls

    def charge(self, tokens: float) -> None:
        """Count work that the reader caused."""
        self._throttle.charge(tokens)

    async def linger(self) -> None:
        """Send what was begun, say that nothing follows, and take what still comes.

        A socket that is closed with unread bytes resets the connection, and the other side may lose the
        close frame that says why. Call it when nobody else reads any more, and under a deadline.
        """
        await self._flushed()
        with suppress(OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            await self._half_close()
            while await self._receive(4096):
                await trio.lowlevel.checkpoint()

    async def _flushed(self) -> None:
        await trio.lowlevel.checkpoint()
        while not self.subscriber.flowing:
            await self._progress.park()

    async def _work_off(self) -> None:
        with trio.move_on_after(self._grace_s) as grace:
            await self._empty()
        if grace.cancelled_caught:
            self.on_slow()
            await self._empty()  # the rest of what was begun, and the close frame; bounded by the closing

    @abstractmethod
    async def _empty(self) -> None:
        """Send until nothing waits."""

    @abstractmethod
    async def _receive(self, max_bytes: int) -> bytes:
        """Read; raises ``trio.BrokenResourceError``."""

    @abstractmethod
    async def _half_close(self) -> None:
        """Say that nothing follows."""

    @abstractmethod
    def _forget_unsent(self) -> None:
        """Let ``release`` reset the connection."""

    @abstractmethod
    def release(self) -> None:
        """Close the socket."""


class SocketWire(Wire):
    """Straight on a non-blocking socket: the hub's ``send`` is the socket's own."""

    def __init__(self, sock: socket.socket, prefix: bytes, throttle: Throttle, grace_s: float) -> None:
        super().__init__(prefix, throttle, grace_s)
        self._sock = sock
        self.send = sock.send

    async def _empty(self) -> None:
        while True:
            try:
                await trio.lowlevel.wait_writable(self._sock)
                done = self.subscriber.drain()
            except (OSError, trio.ClosedResourceError):
                self.cut()
                return
            self._progress.unpark_all()
            if done:
                return

    async def _receive(self, max_bytes: int) -> bytes:
        while True:
            try:
                return self._sock.recv(max_bytes)
            except BlockingIOError:
                await trio.lowlevel.wait_readable(self._sock)
            except OSError as error:
                raise trio.BrokenResourceError from error

    async def _half_close(self) -> None:
        self._sock.shutdown(socket.SHUT_WR)

    def _forget_unsent(self) -> None:
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)

    def release(self) -> None:
        trio.lowlevel.notify_closing(self._sock)
        self._sock.close()


class TlsWire(Wire):
    """Through TLS: the hub's bytes wait in the outbox, and a task encrypts and sends them."""

    def __init__(
        self, stream: trio.SSLStream[trio.SocketStream], prefix: bytes, throttle: Throttle, grace_s: float
    ) -> None:
        super().__init__(prefix, throttle, grace_s)
        self._stream = stream
        self.send = _never

    async def _empty(self) -> None:
        while chunk := self.subscriber.next_chunk():
            try:
                # When the grace ends in here, a record is half sent: the next call finds the stream broken.
                await self._stream.send_all(bytes(chunk))
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self.cut()
                return
            self._progress.unpark_all()
        self._progress.unpark_all()

    async def _receive(self, max_bytes: int) -> bytes:
        return bytes(await self._stream.receive_some(max_bytes))

    async def _half_close(self) -> None:
        await self._stream.transport_stream.send_eof()

    def _forget_unsent(self) -> None:
        self._stream.transport_stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)

    def release(self) -> None:
        self._stream.transport_stream.socket.close()


def _never(_data: bytes | memoryview) -> int:
    raise BlockingIOError
