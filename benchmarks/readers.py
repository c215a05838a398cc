"""Good WebSocket readers, many on one epoll loop in a process of their own; without a library, so cheap."""

from __future__ import annotations

import re
import select
import socket
import time
from array import array
from contextlib import suppress
from multiprocessing.connection import Connection

TICKS = "/api/v1/subscribe?channels=tick&symbols=BTC-USD"
PUBLISHED, DUE = "ts_publish_ns", "ts_event_ns"
"""Stamps of a tick: when it was given to the hub, and when its cycle was due."""

PONG = b"\x8a\x80\x00\x00\x00\x00"
_NUMBER = re.compile(rb'"seq":(\d+)')


def upgrade(target: str) -> bytes:
    """A handshake."""
    return (
        f"GET {target} HTTP/1.1\r\nhost: bench\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ).encode()


def connect(port: int, target: str = TICKS) -> socket.socket:
    """A socket that has asked for a stream."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(upgrade(target))
    return sock


class Received:
    """The stamp of every message, and when it was read; nanoseconds UTC."""

    def __init__(self) -> None:
        self.stamps_ns = array("q")
        self.received_ns = array("q")


class Reader:
    """One reader of ticks of one instrument: what came last, what was missing, how long it took.

    Attributes:
        seq: number of the last tick; 0 before the first.
        gaps: ticks that are missing between the first and the last.
        open: the connection stands.
    """

    __slots__ = ("_data", "_stamp", "_upgraded", "gaps", "open", "seq", "sock")

    def __init__(self, port: int, target: str, stamp: re.Pattern[bytes]) -> None:
        self.sock = connect(port, target)
        self.sock.setblocking(False)
        self.seq = 0
        self.gaps = 0
        self.open = True
        self._data = b""
        self._stamp = stamp
        self._upgraded = False

    def take(self, into: Received) -> None:
        """Read what is there; at the end of the stream ``open`` turns false."""
        now_ns = time.time_ns()
        try:
            more = self.sock.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        if not more:
            self.open = False
            return
        data = self._data + more
        if not self._upgraded:
            _head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._data = _head
                return
            self._upgraded = True
        at = 0
        while len(data) - at >= 2:
            size, begin = data[at + 1], at + 2
            if size == 126:
                size, begin = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, begin = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if len(data) < begin + size:
                break
            payload, opcode = data[begin : begin + size], data[at] & 15
            at = begin + size
            if opcode == 9:
                with suppress(OSError):
                    self.sock.send(PONG)
            elif payload.startswith(b'{"type":"tick"') and b'"snapshot":true' not in payload:
                self._tick(payload, now_ns, into)
        self._data = data[at:]

    def _tick(self, payload: bytes, now_ns: int, into: Received) -> None:
        number, stamp = _NUMBER.search(payload), self._stamp.search(payload)
        assert number is not None
        assert stamp is not None
        seq = int(number[1])
        if self.seq:
            self.gaps += seq - self.seq - 1
        self.seq = seq
        into.stamps_ns.append(int(stamp[1]))
        into.received_ns.append(now_ns)


def good(pipe: Connection, port: int, count: int, targets: tuple[str, ...], stamp: str) -> None:
    """``count`` readers, with the targets in turn. Tells ``open`` when each has had a tick.

    ``clear`` forgets messages and gaps; ``tell`` answers with stamps and times of receipt and, for each
    reader, its last number, its gaps and whether it is still connected.
    """
    epoll = select.epoll()
    readers: dict[int, Reader] = {}
    received = Received()
    pattern = re.compile(rb'"%s":(\d+)' % stamp.encode())
    for at in range(count):
        reader = Reader(port, targets[at % len(targets)], pattern)
        readers[reader.sock.fileno()] = reader
        epoll.register(reader.sock.fileno(), select.EPOLLIN)
    told = False
    while True:
        for descriptor, _event in epoll.poll(0.02):
            reader = readers[descriptor]
            reader.take(received)
            if not reader.open:
                epoll.unregister(descriptor)
        if not told and all(reader.seq for reader in readers.values()):
            told = True
            pipe.send("open")
        if pipe.poll(0):
            word = pipe.recv()
            if word == "clear":
                received = Received()
                for reader in readers.values():
                    reader.gaps = 0
                pipe.send("cleared")
            elif word == "tell":
                ends = [(one.seq, one.gaps, one.open) for one in readers.values()]
                pipe.send((received.stamps_ns, received.received_ns, ends))
            else:
                break
    for reader in readers.values():
        reader.sock.close()
