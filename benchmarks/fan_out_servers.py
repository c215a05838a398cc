"""Servers that send the same tick to every reader ten times a second, each in a process of its own.

mdsim's hub behind its front door; two libraries at what they do best; and the least that is possible: a
loop in C around ``send``, which knows nothing of slow readers. Each says over its pipe what it used.
"""

from __future__ import annotations

import asyncio
import ctypes
import socket
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path

import trio

from mdsim.api.front_door import DoorLimits, FrontDoor
from mdsim.api.http import HttpServer
from mdsim.api.tickets import Tickets
from mdsim.api.websocket import WebSockets
from mdsim.core.events import BookSnapshot, Tick
from mdsim.core.instruments import ALL
from mdsim.core.serving import Quote
from mdsim.publish.codecs.json_text import encode
from mdsim.publish.feeds import Feed
from mdsim.publish.frames import TEXT, frame
from mdsim.publish.hub import Hub
from mdsim.publish.limits import HubLimits
from mdsim.publish.message import Message

SYMBOL = "BTC-USD"
HANDSHAKE = (
    b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    b"sec-websocket-accept: bench\r\n\r\n"
)


def tick(seq: int) -> Tick:
    """The published tick; every server sends the same bytes but for its numbers."""
    price = Decimal("61234.56")
    return Tick(SYMBOL, seq, seq, price, price, price, price)


def payload(seq: int) -> bytes:
    """What the other servers send, made as mdsim makes it."""
    message = Message(Feed("tick", SYMBOL), tick(seq), time.time_ns(), volume=Decimal("12.5"))
    return encode(message)


class Meter:
    """Answers the pipe between two publications: ``mark`` and ``stop`` with CPU, number and memory."""

    def __init__(self, pipe: Connection, port: int) -> None:
        self.pipe = pipe
        self.publishing = True
        self.seq = 0
        pipe.send(port)

    def goes_on(self) -> bool:
        """Whether the server still has to live; asked once a publication."""
        while self.pipe.poll(0):
            word = self.pipe.recv()
            if word == "exit":
                return False
            self.publishing = word != "stop"
            self.pipe.send((time.process_time(), self.seq, _resident_mb()))
        return True


def _resident_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


# ---------------------------------------------------------------- mdsim


class OneMarket:
    """As much of a market as the hub asks for when nobody wants more than ticks."""

    catalogue = ALL

    def now_ns(self) -> int:
        return 0

    def quote(self, symbol: str) -> Quote:
        one = Decimal("61234.56")
        return Quote(symbol, 0, 0, one, one, one, one, one, 1, 1, "LIVE", 0, Decimal("12.5"))

    def book(self, symbol: str, depth: int) -> BookSnapshot:
        return BookSnapshot(symbol, 0, 0, (), ())


async def _no_app(scope: dict[str, str], receive: Callable[[], Awaitable[object]], send: object) -> None:
    await receive()


async def _mdsim(pipe: Connection, interval_s: float) -> None:
    limits = HubLimits(subscribers_per_symbol=100_000)
    hub = Hub(OneMarket(), limits, clock_ns=time.time_ns)  # type: ignore[arg-type]
    sockets = WebSockets(hub, Tickets(trio.current_time))
    door = FrontDoor(HttpServer(_no_app), sockets, DoorLimits(connections=100_000))
    async with trio.open_nursery() as nursery:
        ((_, port),) = await nursery.start(door.serve, "127.0.0.1", 0)
        meter = Meter(pipe, port)
        due_s = trio.current_time()
        while meter.goes_on():
            if meter.publishing:
                meter.seq += 1
                hub.publish([tick(meter.seq)])
            due_s = max(due_s + interval_s, trio.current_time())
            await trio.sleep_until(due_s)
        nursery.cancel_scope.cancel()


def mdsim(pipe: Connection, interval_s: float) -> None:
    """The hub behind the front door."""
    trio.run(_mdsim, pipe, interval_s)


# ---------------------------------------------------------------- libraries


async def _pace(meter: Meter, interval_s: float, send: Callable[[bytes], None]) -> None:
    loop = asyncio.get_running_loop()
    due_s = loop.time()
    while meter.goes_on():
        if meter.publishing:
            meter.seq += 1
            send(payload(meter.seq))
        due_s = max(due_s + interval_s, loop.time())
        await asyncio.sleep(due_s - loop.time())


async def _websockets(pipe: Connection, interval_s: float) -> None:
    from websockets.asyncio.server import ServerConnection, broadcast, serve  # noqa: PLC0415 optional

    readers: set[ServerConnection] = set()

    async def handle(reader: ServerConnection) -> None:
        readers.add(reader)
        try:
            await reader.wait_closed()
        finally:
            readers.discard(reader)

    async with serve(handle, "127.0.0.1", 0, compression=None, ping_interval=None, backlog=4096) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        meter = Meter(pipe, port)
        await _pace(meter, interval_s, lambda data: broadcast(readers, data.decode()))


def websockets(pipe: Connection, interval_s: float) -> None:
    """``websockets.broadcast``, without compression and pings."""
    with suppress(asyncio.CancelledError):
        asyncio.run(_websockets(pipe, interval_s))


async def _picows(pipe: Connection, interval_s: float) -> None:
    import picows as library  # noqa: PLC0415 optional

    readers: dict[library.WSTransport, None] = {}

    class Listener(library.WSListener):
        def on_ws_connected(self, transport: library.WSTransport) -> None:
            readers[transport] = None

        def on_ws_disconnected(self, transport: library.WSTransport) -> None:
            readers.pop(transport, None)

    def send(data: bytes) -> None:
        for reader in list(readers):
            reader.send(library.WSMsgType.TEXT, data)

    server = await library.ws_create_server(lambda _request: Listener(), "127.0.0.1", 0, backlog=4096)
    meter = Meter(pipe, server.sockets[0].getsockname()[1])
    await _pace(meter, interval_s, send)
    server.close()


def picows(pipe: Connection, interval_s: float) -> None:
    """picows, one ``send`` a reader."""
    asyncio.run(_picows(pipe, interval_s))


# ---------------------------------------------------------------- the floor

_LOOP = r"""
#include <sys/types.h>
#include <sys/socket.h>
long fan_out(const int *fds, int count, const char *data, unsigned long size) {
    long sent = 0;
    for (int at = 0; at < count; at++)
        sent += send(fds[at], data, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size;
    return sent;
}
"""


def _compiled(folder: str) -> ctypes.CDLL:
    source, library = Path(folder, "loop.c"), Path(folder, "loop.so")
    source.write_text(_LOOP)
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
    return ctypes.CDLL(str(library))


def floor(pipe: Connection, interval_s: float) -> None:
    """A loop in C around ``send`` over plain sockets; it shakes hands blindly and reads nothing more."""
    with tempfile.TemporaryDirectory() as folder:
        loop = _compiled(folder)
        with socket.create_server(("127.0.0.1", 0), backlog=4096) as listening:
            listening.settimeout(0)
            meter = Meter(pipe, listening.getsockname()[1])
            readers: list[socket.socket] = []
            due_s = time.monotonic()
            while meter.goes_on():
                with suppress(BlockingIOError):
                    while True:
                        reader = listening.accept()[0]
                        reader.setblocking(True)
                        reader.recv(4096)
                        reader.sendall(HANDSHAKE)
                        reader.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                        readers.append(reader)
                if meter.publishing and readers:
                    meter.seq += 1
                    data = frame(TEXT, payload(meter.seq))
                    fds = (ctypes.c_int * len(readers))(*[reader.fileno() for reader in readers])
                    loop.fan_out(fds, len(readers), data, ctypes.c_ulong(len(data)))
                due_s = max(due_s + interval_s, time.monotonic())
                pipe.poll(max(0.0, due_s - time.monotonic()))
            for reader in readers:
                reader.close()


SERVERS: dict[str, Callable[[Connection, float], None]] = {
    "C loop": floor,
    "mdsim": mdsim,
    "picows": picows,
    "websockets.broadcast": websockets,
}
