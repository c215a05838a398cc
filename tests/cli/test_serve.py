"""`mdsim serve` in a process of its own: prices over HTTP, WebSocket and gRPC, and a clean end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx
import msgspec
import pytest
import trio
import trio_websocket

from mdsim._proto.v1 import price_feed_pb2

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Served:
    """A running server and where it listens."""

    process: subprocess.Popen[str]
    http: str
    grpc: str


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """One server for the whole module, on free ports."""
    command = [sys.executable, "-m", "mdsim", "serve", "--port", "0", "--grpc-port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TICK_FREQUENCY_MS": "50"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(4)]
    places = re.findall(r"(?:http|gRPC)\S*\s+(?:http://)?(127\.0\.0\.1:\d+)", "".join(lines), re.IGNORECASE)
    yield Served(process, places[0], places[-1])
    if process.poll() is None:
        process.kill()
    process.wait(10)
    process.stdout.close()


def test_it_is_healthy_as_soon_as_it_says_where_it_is(served: Served) -> None:
    """No retry: the greeting comes when prices flow."""
    answer = httpx.get(f"http://{served.http}/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


def test_a_price_is_a_decimal_in_text_between_bid_and_ask(served: Served) -> None:
    """Over HTTP, as the contract has it."""
    price = httpx.get(f"http://{served.http}/api/v1/prices/BTC-USD/current").json()
    assert float(price["bid"]) <= float(price["price"]) <= float(price["ask"])
    assert isinstance(price["price"], str)


async def test_a_websocket_reader_gets_a_snapshot_and_then_every_tick(served: Served) -> None:
    """Sequence numbers rise by one."""
    url = f"ws://{served.http}/api/v1/subscribe?channels=tick&symbols=BTC-USD"
    with trio.fail_after(20):
        async with trio_websocket.open_websocket_url(url) as socket:
            messages = [msgspec.json.decode(await socket.get_message()) for _ in range(8)]
    ticks = [message for message in messages if message["type"] == "tick"]
    numbers = [tick["seq"] for tick in ticks]
    assert len(numbers) >= 6
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_a_grpc_reader_gets_prices(served: Served) -> None:
    """One call, then a stream that it ends."""
    with grpc.insecure_channel(served.grpc) as channel:
        ask = channel.unary_unary(
            "/mdsim.v1.PriceFeedService/GetCurrentPrice",
            request_serializer=price_feed_pb2.PriceRequest.SerializeToString,
            response_deserializer=price_feed_pb2.Price.FromString,
        )
        price = ask(price_feed_pb2.PriceRequest(symbol="BTC-USD"), timeout=10)
    assert float(price.bid) < float(price.ask)


def test_sigterm_drains_and_exits_zero(served: Served) -> None:
    """Last in this module: it ends the server."""
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(20) == 0
