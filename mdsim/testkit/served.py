"""A served market for tests: what ``mdsim serve`` serves, on free ports of this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import trio

from mdsim.cli.markets import open_market
from mdsim.cli.server import Server
from mdsim.config.load import load

_FLAGS = {"--bind": "127.0.0.1", "--port": "0", "--grpc-port": "0", "--log-level": "error"}


@dataclass(frozen=True, slots=True)
class ServedMarket:
    """Where it serves.

    Attributes:
        url: of REST and the debug pages; ``ws_url``: of the stream; ``grpc``: host and port.
        symbols: instruments that have a price.
    """

    url: str
    ws_url: str
    grpc: str
    symbols: tuple[str, ...]


@asynccontextmanager
async def serve_market(configuration: str = "", seed: int = 1) -> AsyncIterator[ServedMarket]:
    """Serve a market while the block runs: the synthetic one, or that of the sources of a configuration.

    Args:
        configuration: text of a configuration file, such as one that names doubles as its sources; ports and
            address in it are overruled. Nothing is read of the environment.
        seed: of every random draw.

    Raises:
        MdsimError: the configuration makes no sense, or no source told a price in time.
    """
    settings = load(configuration.encode() or None, {}, _FLAGS, "config.yaml")
    async with trio.open_nursery() as sources:
        opened = await open_market(settings, seed, sources)
        server = Server(settings, seed, opened.market, opened.connections)
        async with trio.open_nursery() as nursery:
            await nursery.start(server.serve)
            address = "{}:{}".format(*server.door.addresses[0])
            yield ServedMarket(
                f"http://{address}",
                f"ws://{address}/api/v1/subscribe",
                f"127.0.0.1:{server.grpc.port}",
                server.live.tape.catalogue.symbols,
            )
            server.stop()
        sources.cancel_scope.cancel()
