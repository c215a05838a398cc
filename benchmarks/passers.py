"""Readers, callers and runs that come and go, as they do to a server that stands for weeks."""

from __future__ import annotations

import math
import random
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

import grpc

from benchmarks.crews import rest
from benchmarks.readers import connect
from benchmarks.served import Json, call
from mdsim._proto.v1 import price_feed_pb2 as pb

STREAMS = (
    "/api/v1/subscribe?channels=tick&symbols=*",
    "/api/v1/subscribe?channels=depth,trades&symbols=BTC-USD,ETH-USD",
    "/api/v1/subscribe?channels=tick&symbols=*&format=protobuf&interval=250ms",
    "/api/v1/subscribe?channels=tick,ohlcv_1m,events&symbols=BTC-USD-PERP",
    "/api/v1/subscribe",
    "/api/v1/subscribe?symbols=NO-SUCH",
)
REQUESTS = (
    "/api/v1/prices/BTC-USD/current",
    "/api/v1/prices/ETH-USD/history?limit=200",
    "/api/v1/orderbook/BTC-USD?depth=10",
    "/api/v1/correlations",
    "/metrics",
    "/nowhere",
)
_MASKED_CLOSE = b"\x88\x82\x00\x00\x00\x00\x03\xe8"
_RUNS: tuple[tuple[str, dict[str, Json]], ...] = (
    (
        "/chaos/price-shock",
        {"symbol": "BTC-USD", "shock_percentage": -5, "duration_seconds": 4, "recovery_time_seconds": 2},
    ),
    ("/chaos/market-crash", {"crash_percentage": 10, "crash_duration_minutes": 1}),
    ("/chaos/volatility-spike", {"symbol": "ETH-USD", "volatility_multiplier": 3, "duration_hours": 0.001}),
)


@dataclass
class Passed:
    """How many came."""

    streams: int = 0
    requests: int = 0
    runs: int = 0
    grpc_streams: int = 0
    failed: dict[str, int] = field(default_factory=dict)

    def fail(self, what: str) -> None:
        """Count what should not happen."""
        self.failed[what] = self.failed.get(what, 0) + 1


def come_and_go(pipe: Connection, port: int, grpc_port: int, per_s: float) -> None:
    """About ``per_s`` streams a second, a request for every second one, a run and a gRPC stream now and then.

    Each stream stays for up to three seconds and leaves by a close, by a reset, or amid its handshake.
    ``tell`` is answered with what passed.
    """
    draws = random.Random(1)
    passed = Passed()
    staying: list[tuple[float, socket.socket]] = []
    runs: list[tuple[float, str]] = []
    at = 0
    while True:
        if pipe.poll(0):
            if pipe.recv() != "tell":
                break
            pipe.send(passed)
        at += 1
        now_s = time.monotonic()
        with suppress(OSError):
            staying.append((now_s + draws.random() * 3, connect(port, draws.choice(STREAMS))))
            passed.streams += 1
        for until_s, sock in [one for one in staying if one[0] < now_s]:
            staying.remove((until_s, sock))
            _leave(sock, draws.random())
        if at % 2 == 0:
            passed.requests += 1
            path = draws.choice(REQUESTS)
            status, _ = call(port, "GET", path)
            if status != (404 if path == "/nowhere" else 200):
                passed.fail(f"GET {path}: {status}")
        if at % 80 == 0:
            _begin_run(port, passed, runs, now_s)
            _end_runs(port, passed, runs, now_s)
        if at % 20 == 0:
            _stream_grpc(grpc_port, passed)
        rest(max(0.0, 1 / per_s - (time.monotonic() - now_s)))
    for _, sock in staying:
        sock.close()


def begin_and_stop_runs(port: int, count: int) -> None:
    """Runs of each kind, one after the other, so that what is kept of ended runs is full."""
    passed = Passed()
    runs: list[tuple[float, str]] = []
    for _ in range(count):
        _begin_run(port, passed, runs, 0.0)
        rest(0.2)
        _end_runs(port, passed, runs, math.inf)
    if passed.failed:
        raise RuntimeError(f"runs could not begin and end: {passed.failed}")


def _leave(sock: socket.socket, how: float) -> None:
    with suppress(OSError):
        if how < 0.4:
            sock.sendall(_MASKED_CLOSE)
        elif how < 0.7:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    sock.close()


def _begin_run(port: int, passed: Passed, runs: list[tuple[float, str]], now_s: float) -> None:
    path, body = _RUNS[passed.runs % len(_RUNS)]
    status, answer = call(port, "POST", path, {**body})
    passed.runs += 1
    if status == 201 and isinstance(answer, dict):
        runs.append((now_s + 8, str(answer["scenario_id"])))
    else:
        passed.fail(f"POST {path}: {status}")


def _end_runs(port: int, passed: Passed, runs: list[tuple[float, str]], now_s: float) -> None:
    while runs and runs[0][0] < now_s:
        _, run = runs.pop(0)
        status, _ = call(port, "DELETE", f"/chaos/stop-scenario/{run}")
        if status != 200:
            passed.fail(f"DELETE stop-scenario: {status}")


def _stream_grpc(port: int, passed: Passed) -> None:
    passed.grpc_streams += 1
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            subscribe = channel.unary_stream(
                "/mdsim.v1.PriceFeedService/SubscribePrices",
                request_serializer=pb.SubscribeRequest.SerializeToString,
                response_deserializer=pb.PriceUpdate.FromString,
            )
            for _ in subscribe(pb.SubscribeRequest(symbols=["*"]), timeout=5):
                break  # leaving closes the channel, and that ends the stream
    except grpc.RpcError as error:
        passed.fail(f"gRPC: {error}"[:80])
