"""Thousands of connections from one process: opened, held, and told apart by what they were answered."""

from __future__ import annotations

import errno
import select
import socket
import time
from collections import Counter
from contextlib import suppress
from multiprocessing.connection import Connection

from benchmarks.readers import TICKS, upgrade

PROCESSES = 4
HOLD_S = 3.0
"""How long connections are held after the last of them has its answer."""
MOST_S = 75.0
"""How long answers are waited for: longer than the server waits for a head, and the system for a retry."""
AT_ONCE = 10
"""Connections that one process begins in one round of about 20 ms."""
_REQUEST = b"GET /api/v1/prices/BTC-USD/current HTTP/1.1\r\nhost: bench\r\n\r\n"
_LORIS = b"GET /health HTTP/1.1\r\nx-slow: " + b"z" * 10_000
_BYTE_EVERY_S = 0.5


class Attempt:
    """One connection: what it wants, and what became of it.

    Attributes:
        answer: the status of the answer, or how it ended without one; empty while nothing came.
        open: it is connected, or about to be.
        ticks: how many it was sent.
    """

    __slots__ = ("answer", "kind", "open", "sent", "sock", "ticks")

    def __init__(self, port: int, number: int) -> None:
        self.kind = ("stream", "stream", "request", "loris")[number % 4]
        self.answer = ""
        self.open = True
        self.sent = 0
        self.ticks = 0
        self.sock = socket.socket()
        self.sock.setblocking(False)
        code = self.sock.connect_ex(("127.0.0.1", port))
        if code not in (0, errno.EINPROGRESS):
            self._end(f"not connected ({errno.errorcode.get(code, code)})")

    def _end(self, why: str) -> None:
        self.answer = self.answer or f"{self.kind}: {why}"
        self.open = False
        self.sock.close()

    def say(self) -> None:
        """Send what this kind sends: all at once, or the next byte."""
        data = {"stream": upgrade(TICKS), "request": _REQUEST}.get(
            self.kind, _LORIS[self.sent : self.sent + 1]
        )
        try:
            if self.kind == "loris" or not self.sent:
                self.sent += self.sock.send(data)
        except BlockingIOError:
            pass
        except OSError as error:
            self._end(f"not connected ({errno.errorcode.get(error.errno or 0, error.errno)})")

    def take(self) -> None:
        """Read what is there."""
        try:
            data = self.sock.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            self._end("reset")
            return
        if not data:
            self._end("closed without an answer")
            return
        if not self.answer and data.startswith(b"HTTP/1.1 "):
            self.answer = f"{self.kind}: {data[9:12].decode()}"
        self.ticks += data.count(b'"type":"tick"')


def attempt(pipe: Connection, port: int, count: int) -> None:
    """Open ``count`` connections, hold them, and tell: answers by number, and how many stream at the end.

    Connections are held until the pipe says something.
    """
    epoll = select.epoll()
    attempts: dict[int, Attempt] = {}
    ended: Counter[str] = Counter()
    waiting: list[Attempt] = []
    begun = 0
    until_s = time.monotonic() + MOST_S
    all_answered = False
    byte_s = 0.0
    while time.monotonic() < until_s:
        for _ in range(min(AT_ONCE, count - begun)):
            one = Attempt(port, begun)
            begun += 1
            if one.open:
                attempts[one.sock.fileno()] = one
                epoll.register(one.sock.fileno(), select.EPOLLIN | select.EPOLLOUT)
            else:
                ended[one.answer] += 1
        for descriptor, events in epoll.poll(0.02):
            one = attempts[descriptor]
            if events & select.EPOLLOUT:
                epoll.modify(descriptor, select.EPOLLIN)
                one.say()
                if one.kind == "loris":
                    waiting.append(one)
            if one.open and events & ~select.EPOLLOUT:
                one.take()
            if not one.open:
                ended[one.answer] += 1
                with suppress(KeyError, OSError):
                    del attempts[descriptor]
        if begun == count and not all_answered and all(one.answer for one in attempts.values()):
            all_answered = True
            until_s = min(until_s, time.monotonic() + HOLD_S)
        if time.monotonic() - byte_s > _BYTE_EVERY_S:
            byte_s = time.monotonic()
            for one in waiting:
                if one.open:
                    one.say()
            waiting = [one for one in waiting if one.open]
    for one in attempts.values():
        ended[one.answer or f"{one.kind}: silence"] += 1
    pipe.send((dict(ended), sum(one.ticks > 0 for one in attempts.values())))
    pipe.recv()
    for one in attempts.values():
        one.sock.close()
