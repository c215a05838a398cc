"""The server of ``mdsim serve`` in a process of its own that also tells when each of its cycles began."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection

import trio

from mdsim.cli import heap
from mdsim.cli.server import Server
from mdsim.config.load import load
from mdsim.config.settings import Settings
from mdsim.core.serving import Published
from mdsim.core.time import MS
from mdsim.run.live import LiveMarket

Market = Callable[[Settings], LiveMarket]


def serve(pipe: Connection, config: str | None, interval_ms: float, market: Market | None = None) -> None:
    """Serve; the pipe gets the port.

    ``begins`` is answered with the beginnings since it was last asked, ``grpc`` with that port,
    ``broken`` with the connections that met a fault of ours; ``hurry`` gives a market of its own pace the
    interval; anything else ends it.

    Args:
        pipe: to whoever measures.
        config: text of a configuration.
        interval_ms: between two cycles.
        market: makes the market; without it the settings' own.
    """
    logging.disable(logging.INFO)
    trio.run(_serve, pipe, config, interval_ms, market)


async def _serve(pipe: Connection, config: str | None, interval_ms: float, market: Market | None) -> None:
    flags = {"--port": "0", "--grpc-port": "0", "--log-level": "error"}
    settings = load(config, {}, flags | {"--tick-frequency-ms": f"{interval_ms:g}"})
    server = Server(settings, 1, market(settings) if market else None)
    live = server.live
    begins: dict[int, int] = {}

    def note(published: Sequence[Published]) -> None:
        ago_ns = time.perf_counter_ns() - live.began_ns
        if published:
            begins[published[0].ts_event_ns] = time.time_ns() - ago_ns

    if market is None:
        live.sinks.insert(0, note)  # a market of hours would note more than it is asked for
    async with trio.open_nursery() as nursery:
        await nursery.start(server.serve)
        heap.settle()
        pipe.send(server.door.addresses[0][1])
        while True:
            await trio.lowlevel.wait_readable(pipe.fileno())
            word = pipe.recv()
            if word == "begins":
                pipe.send(begins)
                begins.clear()
            elif word == "hurry":
                live.pump.interval_ns = int(interval_ms * MS)
            elif word == "grpc":
                pipe.send(server.grpc.port)
            elif word == "broken":
                pipe.send(server.door.counters.broken + server.sockets.counters.broken)
            else:
                break
        server.stop()
