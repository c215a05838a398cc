"""One reader of every instrument in a process of its own, that keeps each price beside its reference."""

from __future__ import annotations

import json
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_any
from typing import NamedTuple

from benchmarks.readers import connect

EVERYTHING = "/api/v1/subscribe?channels=tick&symbols=*"


class Seen(NamedTuple):
    """One tick.

    Attributes:
        deviation: price / reference - 1; the reference is the price without any effect.
    """

    symbol: str
    ts_ns: int
    deviation: float


def watch(pipe: Connection, port: int) -> None:
    """Tells ``open`` at the first tick; the first word is answered with every tick seen, and ends it."""
    sock = connect(port, EVERYTHING)
    seen: list[Seen] = []
    data = b""
    upgraded = False
    while pipe not in (ready := wait_any([pipe, sock])):
        assert ready
        data += sock.recv(1 << 20)
        if not upgraded:
            _, end, rest = data.partition(b"\r\n\r\n")
            if not end:
                continue
            data, upgraded = rest, True
        while len(data) >= 4:
            size, begin = data[1], 2
            if size == 126:
                size, begin = int.from_bytes(data[2:4], "big"), 4
            if len(data) < begin + size:
                break
            payload, data = data[begin : begin + size], data[begin + size :]
            if payload.startswith(b'{"type":"tick"'):
                if not seen:
                    pipe.send("open")
                tick = json.loads(payload)
                deviation = float(tick["price"]) / float(tick["reference"]) - 1
                seen.append(Seen(tick["symbol"], tick["ts_event_ns"], deviation))
    pipe.recv()
    sock.close()
    pipe.send(seen)
