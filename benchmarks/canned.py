"""A process that plays providers: canned answers over HTTP, and canned frames over WebSocket, at full speed.

One port for all of them, told apart by the path. A connection gets its first frames when it has subscribed,
and the rest when the pipe says ``go``: as fast as the system takes them, or one by one at a pace. Times in
the frames are made present just before they are sent, because the consensus refuses what is old.
"""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection

from mdsim.core.time import format_utc

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = re.compile(rb"sec-websocket-key: *(\S+)", re.IGNORECASE)
_MILLISECONDS = re.compile(rb'"(E|T|ts)":\d{13}')
_STAMP = re.compile(rb'"(time|timestamp|last_updated)":"20[^"]+"')
_SECONDS = re.compile(rb'"(last_updated_at)":\d{10}')
_AT_ONCE = 128
_HEAD_MOST = 65_536


@dataclass(frozen=True)
class Show:
    """What one provider sends on a WebSocket.

    Attributes:
        frames: in order.
        first: how many of them a connection gets before ``go``.
        listed: what is answered to a first message that only asks what is listed; empty when there is none.
    """

    frames: list[bytes]
    first: int
    listed: bytes = b""


@dataclass(frozen=True)
class Canned:
    """What is played.

    Attributes:
        shows: by the path of the WebSocket.
        answers: beginning of a path → body of the answer.
        every_s: between two frames after ``go``; 0.0 for as fast as it goes.
    """

    shows: Mapping[str, Show]
    answers: Mapping[str, bytes]
    every_s: float = 0.0


def play(pipe: Connection, canned: Canned) -> None:
    """Listen on a free port of the loopback interface and tell the pipe; ``exit`` ends it."""
    listener = socket.create_server(("127.0.0.1", 0))
    stage = _Stage(canned)
    threading.Thread(target=stage.accept, args=(listener,), daemon=True).start()
    pipe.send(listener.getsockname()[1])
    while (word := pipe.recv()) != "exit":
        if word == "go":
            stage.go.set()
        elif word == "again":
            stage.go.clear()
    listener.close()


class _Stage:
    """Every connection has a thread."""

    def __init__(self, canned: Canned) -> None:
        self.canned = canned
        self.go = threading.Event()
        self._never = threading.Event()

    def accept(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return  # it has been closed
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with line:
            try:
                while head := head_of(line):
                    target = head.split(b" ", 2)[1].decode()
                    key = KEY.search(head)
                    if key is not None:
                        self._show(line, target, key[1])
                        return
                    line.sendall(self._answer(target))
            except OSError:
                return  # the client has gone

    def _answer(self, target: str) -> bytes:
        body = next((body for path, body in self.canned.answers.items() if target.startswith(path)), None)
        status = b"200 OK" if body is not None else b"404 Not Found"
        body = present([body or b"{}"], time.time_ns())[0]
        head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        return head % (status, len(body)) + body

    def _show(self, line: socket.socket, target: str, key: bytes) -> None:
        upgrade(line, key)
        show, every_s = self.canned.shows[target], self.canned.every_s
        if show.listed:
            line.recv(_HEAD_MOST)
            _send(line, [show.listed])
        line.recv(_HEAD_MOST)  # the subscription
        _send(line, show.frames[: show.first])
        self.go.wait()
        at_once = 1 if every_s else _AT_ONCE
        next_s = time.monotonic()
        for at in range(show.first, len(show.frames), at_once):
            if every_s:
                next_s += every_s
                self._never.wait(max(0.0, next_s - time.monotonic()))
            _send(line, show.frames[at : at + at_once])
        while line.recv(_HEAD_MOST):
            pass


def head_of(line: socket.socket) -> bytes:
    """The head of a request; empty when there is none any more."""
    head = b""
    while b"\r\n\r\n" not in head:
        more = line.recv(_HEAD_MOST)
        if not more or len(head) > _HEAD_MOST:
            return b""
        head += more
    return head


def upgrade(line: socket.socket, key: bytes) -> None:
    """Answer a handshake (RFC 6455, section 4.2.2)."""
    accept = base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest())
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    line.sendall(head + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")


def _send(line: socket.socket, frames: list[bytes]) -> None:
    line.sendall(b"".join(map(framed, present(frames, time.time_ns()))))


def present(frames: Iterable[bytes], now_ns: int) -> list[bytes]:
    """The frames with every time in them made ``now_ns``."""
    millis = rb'"\1":%d' % (now_ns // 1_000_000)
    stamp = rb'"\1":"%s"' % format_utc(now_ns).encode()
    seconds = rb'"\1":%d' % (now_ns // 1_000_000_000)
    return [_SECONDS.sub(seconds, _STAMP.sub(stamp, _MILLISECONDS.sub(millis, one))) for one in frames]


def framed(payload: bytes) -> bytes:
    """A text frame of a server (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
