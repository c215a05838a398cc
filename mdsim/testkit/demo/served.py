"""``mdsim serve`` as a process of its own, told to read the doubles; and what it answers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import msgspec
import trio

from mdsim.api.debug import SourcesStatus, SourceStatus
from mdsim.core.errors import UnavailableError
from mdsim.core.serving import Quote
from mdsim.testkit.double import Double

_START_S = 60.0
_STOP_S = 15.0
_CONFIGURATION = """\
market_data:
  supported_symbols: [{{symbol: BTC-USD}}, {{symbol: BTC-USDT}}, {{symbol: USDT-USD}}]
data_sources:
  primary:
    - {{name: coingecko, type: rest_api, url: "{coingecko}", rate_limit: 60, symbols: [BTC-USD, USDT-USD]}}
  secondary:
    - {{name: coinmarketcap, type: rest_api, url: "{coinmarketcap}", rate_limit: 60, priority: 2,
        symbols: [BTC-USD, USDT-USD]}}
  exchange_feeds:
    - {{name: binance, type: websocket, url: "{binance}", symbols: [BTC-USDT]}}
    - {{name: coinbase, type: websocket, url: "{coinbase}", symbols: [BTC-USD, USDT-USD]}}
    - {{name: kraken, type: websocket, url: "{kraken}", symbols: [BTC-USD, USDT-USD]}}
"""


class Served:
    """A server that answers.

    Attributes:
        greeting: what it said at its start.
    """

    def __init__(self, client: httpx.AsyncClient, greeting: str) -> None:
        self._client = client
        self.greeting = greeting

    async def quote(self, symbol: str) -> Quote:
        """The present price of an instrument."""
        answer = await self._client.get(f"/api/v1/prices/{symbol}/current")
        answer.raise_for_status()
        return msgspec.json.decode(answer.content, type=Quote, strict=False)

    async def sources(self) -> Mapping[str, SourceStatus]:
        """How its sources do, by name."""
        answer = await self._client.get("/debug/data-sources/status")
        answer.raise_for_status()
        found = msgspec.json.decode(answer.content, type=SourcesStatus, strict=False)
        return {one.name: one for one in found.sources}


@asynccontextmanager
async def serve(doubles: Mapping[str, Double]) -> AsyncIterator[Served]:
    """Run a server on the doubles while the block runs.

    Raises:
        UnavailableError: it did not start; with what it said.
    """
    with TemporaryDirectory(prefix="mdsim-demo-") as folder:
        file = Path(folder) / "config.yaml"
        urls = {name: double.url for name, double in doubles.items()}
        await trio.Path(file).write_text(_CONFIGURATION.format(**urls), "utf-8")
        flags = ["--config", str(file), "--bind", "127.0.0.1", "--port", "0", "--grpc-port", "0"]
        command = [sys.executable, "-m", "mdsim", "serve", *flags, "--log-level", "error"]
        # Nothing of the environment: neither keys nor settings of whoever looks on belong in here.
        environment = {"COINMARKETCAP_API_KEY": "a-double-takes-any"}
        async with trio.open_nursery() as nursery:
            process = await trio.lowlevel.open_process(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            said: list[bytes] = []
            assert process.stdout is not None
            assert process.stderr is not None
            nursery.start_soon(_collect, process.stderr, said)
            try:
                greeting = await _greeting(process.stdout)
                if not greeting:
                    await process.wait()
                    text = b"".join(said).decode("utf-8", "replace").strip()
                    raise UnavailableError("MD643", f"mdsim serve did not start: {text or 'it said nothing'}")
                address = greeting.partition("HTTP")[2].split()[0]
                async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
                    yield Served(client, greeting)
            finally:
                with trio.CancelScope(shield=True):
                    process.terminate()
                    with trio.move_on_after(_STOP_S) as patience:
                        await process.wait()
                    if patience.cancelled_caught:
                        process.kill()
                nursery.cancel_scope.cancel()


async def _greeting(stream: trio.abc.ReceiveStream) -> str:
    """What it says once it serves; empty when it does not."""
    text = b""
    with trio.move_on_after(_START_S):
        async for part in stream:
            text += part
            if b"gRPC" in text and text.endswith(b"\n"):
                return text.decode()
    return ""


async def _collect(stream: trio.abc.ReceiveStream, said: list[bytes]) -> None:
    async for part in stream:
        said.append(bytes(part))
        del said[:-200]
