"""Readers in processes of their own: many good ones on one epoll loop, and three that misbehave."""

from __future__ import annotations

import re
import select
import socket
import time
from contextlib import suppress
from multiprocessing.connection import Connection

UPGRADE = (
    b"GET /api/v1/subscribe?channels=tick&symbols=BTC-USD HTTP/1.1\r\nhost: bench\r\nupgrade: websocket\r\n"
    b"connection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
PONG = b"\x8a\x80\x00\x00\x00\x00"
_NUMBER = re.compile(rb'"seq":(\d+)')
_STAMP = re.compile(rb'"ts_publish_ns":(\d+)')


def connect(port: int) -> socket.socket:
    """A socket that has asked for the stream."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(UPGRADE)
    return sock


class Reader:
    """One good reader: what came last, what was missing, when it came."""

    __slots__ = ("data", "gaps", "open", "seq", "sock")

    def __init__(self, port: int) -> None:
        self.sock = connect(port)
        self.sock.setblocking(False)
        self.data = b""
        self.seq = 0
        self.gaps = 0
        self.open = False

    def take(self, waits_us: list[float]) -> None:
        """Read what is there."""
        now_ns = time.monotonic_ns()
        self.data += self.sock.recv(65_536)
        if not self.open:
            _head, end, rest = self.data.partition(b"\r\n\r\n")
            if not end:
                return
            self.open, self.data = True, rest
        while len(self.data) >= 2:
            size, at = self.data[1], 2
            if size == 126:
                size, at = int.from_bytes(self.data[2:4], "big"), 4
            if len(self.data) < at + size:
                return
            payload, opcode = self.data[at : at + size], self.data[0] & 15
            self.data = self.data[at + size :]
            if opcode == 9:
                self.sock.send(PONG)
            elif payload.startswith(b'{"type":"tick"') and b'"snapshot":true' not in payload:
                self._tick(payload, now_ns, waits_us)

    def _tick(self, payload: bytes, now_ns: int, waits_us: list[float]) -> None:
        number, stamp = _NUMBER.search(payload), _STAMP.search(payload)
        assert number is not None
        assert stamp is not None
        seq = int(number[1])
        if self.seq:
            self.gaps += seq - self.seq - 1
        self.seq = seq
        waits_us.append((now_ns - int(stamp[1])) / 1000)


def good(pipe: Connection, port: int, count: int) -> None:
    """``count`` readers. Tells when all are open; ``clear`` forgets the waits, ``tell`` gives them."""
    epoll = select.epoll()
    readers: dict[int, Reader] = {}
    waits_us: list[float] = []
    for _ in range(count):
        reader = Reader(port)
        readers[reader.sock.fileno()] = reader
        epoll.register(reader.sock.fileno(), select.EPOLLIN)
    told = False
    while True:
        for descriptor, _event in epoll.poll(0.02):
            with suppress(BlockingIOError):
                readers[descriptor].take(waits_us)
        if not told and all(reader.seq for reader in readers.values()):
            told = True
            pipe.send("open")
        if pipe.poll(0):
            word = pipe.recv()
            if word == "clear":
                waits_us.clear()
            elif word == "tell":
                pipe.send((waits_us, [(reader.seq, reader.gaps) for reader in readers.values()]))
            else:
                break
    for reader in readers.values():
        reader.sock.close()


def bad(pipe: Connection, port: int, _count: int) -> None:
    """One reader that never reads, one that reads a kilobyte a second, one that floods pings and nonsense."""
    never, slow, hostile = connect(port), connect(port), connect(port)
    for sock in (slow, hostile):
        sock.setblocking(False)
    ping = b"\x89\x80\x00\x00\x00\x00" * 100
    nonsense = b"\x81\x85\x00\x00\x00\x00[[[[[" * 100
    pipe.send("open")
    at = 0
    while not pipe.poll(0.01):
        at += 1
        with suppress(OSError):
            if at % 100 == 0:
                slow.recv(1_024)
        with suppress(OSError):
            hostile.send(ping if at % 2 else nonsense)
        with suppress(OSError):
            hostile.recv(65_536)
    for sock in (never, slow, hostile):
        sock.close()
