"""gRPC price streams: CPU a message, publish to receipt, losses; beside a bare ``grpc.aio`` server.

Readers live in a process of their own and open one connection for every ten streams. The bare server
writes the same bytes from a plain asyncio loop, without a market, conflation or a second thread: what is
above it is ours.

    python -m benchmarks.grpc_streams [--streams 200] [--hz 10] [--seconds 5]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from decimal import Decimal

import grpc
import grpc.aio
import trio

from benchmarks import results
from mdsim._proto.v1 import price_feed_pb2 as pb
from mdsim.api import grpc_messages
from mdsim.api.grpc_server import GrpcServer
from mdsim.api.grpc_streams import part
from mdsim.core.events import Bar, BookSnapshot, Tick, Trade
from mdsim.core.instruments import ALL
from mdsim.core.serving import Correlations, Quote, Stats24h, VolumeAtPrice

METHOD = "/mdsim.v1.PriceFeedService/SubscribePrices"
STREAMS_PER_CONNECTION = 10
WARM_UP_S = 1.0
ON = ALL.only(item.symbol for item in ALL if item.enabled)


@dataclass(frozen=True)
class Case:
    """What is measured: streams of so many instruments each."""

    server: str
    instruments: int
    streams: int
    hz: float

    @property
    def symbols(self) -> tuple[str, ...]:
        return ON.symbols[: self.instruments]


@dataclass(frozen=True)
class Row:
    """One case. A message is one update of one stream; CPU is the whole server process's."""

    server: str
    instruments: int
    streams: int
    hz: float
    messages: int
    lost_ticks: int
    cpu_us_per_message: float
    p50_ms: float
    p99_ms: float
    rss_mb: float


class MovingMarket:
    """A market whose prices are counters: the benchmark measures delivery, not models."""

    catalogue = ON

    def __init__(self) -> None:
        self._quotes = {symbol: self._quote(symbol, 0) for symbol in ON.symbols}

    def cycle(self, symbols: tuple[str, ...]) -> list[Tick]:
        """Move some instruments on by one tick."""
        ticks = []
        for symbol in symbols:
            quote = self._quotes[symbol] = self._quote(symbol, self._quotes[symbol].seq + 1)
            ticks.append(
                Tick(symbol, quote.seq, quote.ts_event_ns, quote.price, quote.bid, quote.ask, quote.reference)
            )
        return ticks

    @staticmethod
    def _quote(symbol: str, seq: int) -> Quote:
        price = Decimal(6_000_000 + seq).scaleb(-2)
        one, half = Decimal(1), Decimal("0.5")
        return Quote(
            symbol, seq, time.time_ns(), price, price - half, price + half, price, one, 1, 1, "LIVE", 0, one
        )

    def now_ns(self) -> int:
        return time.time_ns()

    def ready(self) -> str | None:
        return None

    def quote(self, symbol: str) -> Quote:
        return self._quotes[symbol]

    def buffers(self) -> dict[str, dict[str, int]]:
        return {}

    def book(self, symbol: str, depth: int) -> BookSnapshot:
        raise NotImplementedError

    def published_book(self, symbol: str) -> BookSnapshot:
        return self.book(symbol, 10)

    def ticks(self, symbol: str, start_ns: int, end_ns: int, limit: int) -> list[Tick]:
        raise NotImplementedError

    def trades(self, symbol: str, start_ns: int, end_ns: int, limit: int) -> list[Trade]:
        raise NotImplementedError

    def bars(self, symbol: str, interval: str, start_ns: int, end_ns: int, limit: int) -> list[Bar]:
        raise NotImplementedError

    def stats(self, symbol: str) -> Stats24h:
        raise NotImplementedError

    def correlations(self, symbols: object, window_ns: int) -> Correlations:
        raise NotImplementedError

    def volume_profile(self, symbol: str, start_ns: int, end_ns: int, levels: int) -> list[VolumeAtPrice]:
        raise NotImplementedError


# ---------------------------------------------------------------- servers, each in a process of its own


async def serve_ours(case: Case) -> None:
    market = MovingMarket()
    server = GrpcServer(market, None, clock_ns=time.time_ns)
    async with trio.open_nursery() as nursery:
        print(await nursery.start(server.serve, "127.0.0.1", 0), flush=True)
        due_s = trio.current_time()
        nursery.start_soon(trio.to_thread.run_sync, _answer_usage)
        while True:
            server.publish(market.cycle(case.symbols))
            due_s += 1 / case.hz
            await trio.sleep_until(due_s)


async def serve_bare(case: Case) -> None:
    market = MovingMarket()
    queues: dict[asyncio.Queue[bytes], None] = {}

    async def subscribe(_request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> None:
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        queues[queue] = None
        try:
            while True:
                await context.write(await queue.get())
        finally:
            del queues[queue]

    server = grpc.aio.server()
    handler = grpc.unary_stream_rpc_method_handler(subscribe)
    table = {"SubscribePrices": handler}
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("mdsim.v1.PriceFeedService", table),)
    )
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    asking = asyncio.get_running_loop().run_in_executor(None, _answer_usage)
    due_s = time.monotonic()
    while not asking.done():
        now_ns = time.time_ns()
        ticks = [grpc_messages.tick(tick, Decimal(1)) for tick in market.cycle(case.symbols)]
        update = b"".join(part(tick.SerializeToString()) for tick in ticks)
        update += pb.PriceUpdate(ts_publish_ns=now_ns).SerializeToString()
        for queue in queues:
            queue.put_nowait(update)
        due_s += 1 / case.hz
        await asyncio.sleep(due_s - time.monotonic())


def _answer_usage() -> None:
    """Tell CPU and memory of this process for every line that is read."""
    for _ in sys.stdin:
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]), flush=True)


# ---------------------------------------------------------------- readers, in a process of their own


async def read_all(case: Case, port: int, seconds: float) -> None:
    """Read every stream and tell, as JSON, how many messages came, what is missing, and how late."""
    late_ns: list[int] = []
    lost = 0
    measuring = asyncio.Event()

    async def read(channel: grpc.aio.Channel) -> None:
        nonlocal lost
        request = pb.SubscribeRequest(symbols=case.symbols).SerializeToString()
        seqs: dict[str, int] = {}
        async for raw in channel.unary_stream(METHOD, bytes, bytes)(request):
            now_ns = time.time_ns()
            update = pb.PriceUpdate.FromString(raw)
            for tick in update.ticks:
                lost += tick.seq - seqs.get(tick.symbol, tick.seq - 1) - 1
                seqs[tick.symbol] = tick.seq
            if measuring.is_set():
                late_ns.append(now_ns - update.ts_publish_ns)

    # Each channel wants arguments of its own, or they would share one connection.
    channels = [
        grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)])
        for _ in range(-(-case.streams // STREAMS_PER_CONNECTION))
    ]
    tasks = [asyncio.create_task(read(channels[at % len(channels)])) for at in range(case.streams)]
    await asyncio.sleep(WARM_UP_S)
    print("warm", flush=True)
    measuring.set()
    await asyncio.sleep(seconds)
    measuring.clear()
    late_ns.sort()
    told = [len(late_ns), lost, late_ns[len(late_ns) // 2], late_ns[len(late_ns) * 99 // 100]]
    print(json.dumps(told), flush=True)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for channel in channels:
        await channel.close(None)


# ---------------------------------------------------------------- the run


def measure(case: Case, seconds: float) -> Row:
    server = _start("serve", case)
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        port = int(server.stdout.readline())
        reader = _start("read", case, "--port", str(port), "--seconds", str(seconds))
        assert reader.stdout is not None

        def usage() -> tuple[float, float]:
            assert server.stdin is not None
            assert server.stdout is not None
            print(file=server.stdin, flush=True)
            cpu_s, rss_mb = json.loads(server.stdout.readline())
            return cpu_s, rss_mb

        reader.stdout.readline()
        before_s, _ = usage()
        messages, lost, p50_ns, p99_ns = json.loads(reader.stdout.readline())
        after_s, rss_mb = usage()
        reader.wait(timeout=30)
    finally:
        server.kill()
        server.wait()
    return Row(
        **asdict(case),
        messages=messages,
        lost_ticks=lost,
        cpu_us_per_message=(after_s - before_s) / messages * 1e6,
        p50_ms=p50_ns / 1e6,
        p99_ms=p99_ns / 1e6,
        rss_mb=rss_mb,
    )


def _start(role: str, case: Case, *more: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "benchmarks.grpc_streams", "--role", role, "--server", case.server]
    words += ["--instruments", str(case.instruments), "--streams", str(case.streams), "--hz", str(case.hz)]
    return subprocess.Popen([*words, *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--hz", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=5.0)
    for hidden in ("--role", "--server", "--instruments", "--port"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.role:
        case = Case(asked.server, int(asked.instruments), asked.streams, asked.hz)
        roles: dict[str, Callable[[], Awaitable[None]]] = {
            "serve": lambda: serve_bare(case),
            "read": lambda: read_all(case, int(asked.port), asked.seconds),
        }
        if asked.role == "serve" and asked.server == "mdsim":
            trio.run(serve_ours, case)
        else:
            asyncio.run(roles[asked.role]())  # type: ignore[arg-type]
        return
    print(
        f"{'server':<10} {'instr.':>6} {'streams':>7} {'messages':>9} {'lost':>6} "
        f"{'µs CPU/msg':>10} {'p50 ms':>7} {'p99 ms':>7} {'RSS MB':>7}"
    )
    rows = []
    for instruments in (1, 10):
        for server in ("mdsim", "bare"):
            row = measure(Case(server, instruments, asked.streams, asked.hz), asked.seconds)
            rows.append(asdict(row))
            print(
                f"{row.server:<10} {row.instruments:>6} {row.streams:>7} {row.messages:>9,} "
                f"{row.lost_ticks:>6} {row.cpu_us_per_message:>10.1f} {row.p50_ms:>7.2f} {row.p99_ms:>7.2f} "
                f"{row.rss_mb:>7.0f}"
            )
    print(results.write("grpc_streams", rows).name)


if __name__ == "__main__":
    main()
