"""Readers that misbehave, each kind in a process of its own: dead, slow, and hostile in several ways."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection

from benchmarks.crews import rest
from benchmarks.readers import TICKS, connect

ALL = "/api/v1/subscribe?channels=tick,depth,trades&symbols=*"
_ROUND_S = 0.01


def _masked(opcode: int, payload: bytes) -> bytes:
    """A client's frame under the mask of zeros."""
    if len(payload) < 126:
        size = bytes([0x80 | len(payload)])
    elif len(payload) < 65_536:
        size = b"\xfe" + len(payload).to_bytes(2, "big")
    else:
        size = b"\xff" + len(payload).to_bytes(8, "big")
    return bytes([0x80 | opcode]) + size + bytes(4) + payload


def _lasting(port: int, target: str = TICKS) -> Iterator[socket.socket]:
    """A connection, and the next one as soon as it is lost."""
    while True:
        try:
            sock = connect(port, target)
        except OSError:
            rest(_ROUND_S)
            continue
        sock.setblocking(False)
        yield sock


def _flood(port: int, data: bytes, *, reads: bool = True) -> Iterator[None]:
    """Send the same again and again, as much as the line takes."""
    for sock in _lasting(port):
        with sock:
            while True:
                try:
                    sock.send(data)
                    if reads and not sock.recv(65_536):
                        break
                except BlockingIOError:
                    pass
                except OSError:
                    break
                yield
        yield


def dead(port: int) -> Iterator[None]:
    """Asks for everything and never reads."""
    for sock in _lasting(port, ALL):
        with sock:
            while True:
                yield  # whether the server has closed is only seen by who reads


def slow(port: int) -> Iterator[None]:
    """Asks for everything and reads a kilobyte a second."""
    for sock in _lasting(port, ALL):
        with sock:
            for at in iter(int, 1):
                with suppress(BlockingIOError):
                    if at % 100 == 0 and not sock.recv(1_024):
                        break
                yield


def garbage(port: int) -> Iterator[None]:
    """Bytes that are no frames: it is thrown out, and comes again."""
    return _flood(port, random.Random(1).randbytes(4_096))


def nonsense(port: int) -> Iterator[None]:
    """Proper frames with text that is no message, each of which earns an answer."""
    return _flood(port, _masked(1, b"[[[[[") * 100)


def pings(port: int) -> Iterator[None]:
    """Pings whose pongs it never reads."""
    return _flood(port, _masked(9, b"x" * 125) * 100, reads=False)


def huge(port: int) -> Iterator[None]:
    """Subscriptions to everything, and to 2,000 instruments that do not exist, as fast as they go."""
    channels = ["tick", "depth", "trades", "ohlcv_1m", "events"]
    whole = {"op": "subscribe", "id": 1, "channels": channels, "symbols": ["*"]}
    unknown = {
        "op": "subscribe",
        "id": 2,
        "channels": channels,
        "symbols": [f"X{at}-USD" for at in range(2_000)],
    }
    return _flood(port, _masked(1, json.dumps(whole).encode()) + _masked(1, json.dumps(unknown).encode()))


def half_open(port: int) -> Iterator[None]:
    """A hundred connections that begin a head and never end it."""
    kept: list[socket.socket] = []
    try:
        while True:
            if len(kept) < 100:
                with suppress(OSError):
                    kept.append(socket.create_connection(("127.0.0.1", port)))
                    kept[-1].sendall(b"GET /api/v1/subscribe HTTP/1.1\r\nhost: be")
            yield
    finally:
        for sock in kept:
            sock.close()


KINDS: dict[str, tuple[Callable[[int], Iterator[None]], ...]] = {
    "slow": (slow,),
    "dead": (dead,),
    "hostile": (garbage, nonsense, pings, huge, half_open),
}
"""What each kind does, all of it at once."""


def bad(pipe: Connection, port: int, kinds: tuple[str, ...]) -> None:
    """Misbehave until the pipe says something."""
    at_work = [work(port) for kind in kinds for work in KINDS[kind]]
    pipe.send("open")
    while not pipe.poll(_ROUND_S):
        for one in at_work:
            next(one)
    for one in at_work:
        one.close()  # type: ignore[attr-defined]  # generators all
