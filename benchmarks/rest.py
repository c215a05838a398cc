"""How many REST requests a second one process answers, beside a bare route on the same libraries.

``python -m benchmarks.rest``: 16 connections that are kept alive, each asking again as soon as it is
answered. ``bare`` is hypercorn on trio with a Quart application of one route that returns the same bytes:
what the libraries cost. The server publishes ten times a second meanwhile, as it always does.
"""

from __future__ import annotations

import argparse
import logging
import select
import socket
import time
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection

import trio

from benchmarks import results, watched_server
from benchmarks.crews import rest, start, summed
from benchmarks.served import Process

PATHS = (
    "/api/v1/prices/BTC-USD/current",
    "/api/v1/orderbook/BTC-USD?depth=10",
    "/api/v1/stats/BTC-USD/24h",
    "/health",
)
BODY = b'{"symbol":"BTC-USD","seq":53,"price":"59988.83","bid":"59982.56","ask":"59995.10"}' + b" " * 220


@dataclass(frozen=True)
class Row:
    """One path of one server.

    Attributes:
        per_s: requests answered a second.
        cpu_us: of the server, a request.
        p50_ms, p99_ms: from sending a request to the end of its answer.
        failed: answers that were not 200, and connections that broke.
    """

    server: str
    path: str
    connections: int
    requests: int
    per_s: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    failed: int


def bare(pipe: Connection) -> None:
    """Hypercorn and Quart with one route."""
    from hypercorn.config import Config  # noqa: PLC0415 only this process needs them
    from hypercorn.trio import serve  # noqa: PLC0415
    from quart import Response  # noqa: PLC0415
    from quart_trio import QuartTrio  # noqa: PLC0415

    app = QuartTrio(__name__)

    @app.route(PATHS[0])
    async def current() -> Response:
        return Response(BODY, content_type="application/json")

    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.errorlog = logging.getLogger("bare")

    async def run() -> None:
        async with trio.open_nursery() as nursery:
            (address,) = await nursery.start(serve, app, config)
            pipe.send(int(address.rpartition(":")[2]))
            await trio.lowlevel.wait_readable(pipe.fileno())
            nursery.cancel_scope.cancel()

    trio.run(run)


class Asker:
    """One connection that asks again and again."""

    def __init__(self, port: int, path: str) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = f"GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n".encode()
        self._data = b""
        self._since_s = 0.0

    def ask(self) -> None:
        """Send the request."""
        self._since_s = time.perf_counter()
        self.sock.sendall(self._request)

    def take(self, waits_ms: list[float]) -> bool:
        """Read; asks again after a whole answer. False when it failed or the connection ended."""
        more = self.sock.recv(65_536)
        self._data += more
        head, end, body = self._data.partition(b"\r\n\r\n")
        if not more or (end and not head.startswith(b"HTTP/1.1 200")):
            return False
        if end:
            begin = head.lower().index(b"content-length:") + 15
            if len(body) >= int(head[begin:].partition(b"\r\n")[0]):
                waits_ms.append((time.perf_counter() - self._since_s) * 1000)
                self._data = b""
                self.ask()
        return True


def measure(name: str, port: int, process: Process, path: str, connections: int, seconds: float) -> Row:
    """Ask one path for a while; the first half second is not counted."""
    askers = [Asker(port, path) for _ in range(connections)]
    epoll = select.epoll()
    by_descriptor = {asker.sock.fileno(): asker for asker in askers}
    for descriptor, asker in by_descriptor.items():
        epoll.register(descriptor, select.EPOLLIN)
        asker.ask()
    waits_ms: list[float] = []
    failed = 0
    for lasts_s in (0.5, seconds):
        waits_ms.clear()
        cpu_s, since_s = process.cpu_s(), time.perf_counter()
        until_s = since_s + lasts_s
        while time.perf_counter() < until_s and by_descriptor:
            for descriptor, _ in epoll.poll(0.1):
                if not by_descriptor[descriptor].take(waits_ms):
                    failed += 1
                    epoll.unregister(descriptor)
                    del by_descriptor[descriptor]
        cpu_s, lasted_s = process.cpu_s() - cpu_s, time.perf_counter() - since_s
    for asker in askers:
        asker.sock.close()
    waits = summed(waits_ms)
    return Row(
        server=name,
        path=path,
        connections=connections,
        requests=waits.count,
        per_s=round(waits.count / lasted_s, 1),
        cpu_us=round(cpu_s / max(1, waits.count) * 1e6, 1),
        p50_ms=waits.p50_ms,
        p99_ms=waits.p99_ms,
        failed=failed,
    )


def main() -> None:
    """Print one line a path and write ``results/rest.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=4.0, help="of one path")
    parser.add_argument("--quick", action="store_true", help="a second each")
    given = parser.parse_args()
    seconds = 1.0 if given.quick else given.seconds
    rows = []
    print(
        f"{'server':<8}{'path':<38}{'conn.':>6}{'req/s':>9}{'CPU µs':>9}{'p50 ms':>9}"
        f"{'p99 ms':>9}{'failed':>8}"
    )
    for name, work, more, paths in (
        ("bare", bare, (), PATHS[:1]),
        ("mdsim", watched_server.serve, (None, 100.0), PATHS),
    ):
        server = start(work, *more)
        try:
            port, process = server.pipe.recv(), Process(server.process.pid or 0)
            rest(1.0)
            for path in paths:
                row = measure(name, port, process, path, given.connections, seconds)
                rows.append(asdict(row))
                print(
                    f"{row.server:<8}{row.path:<38}{row.connections:>6}{row.per_s:>9,.0f}{row.cpu_us:>9.0f}"
                    f"{row.p50_ms:>9.2f}{row.p99_ms:>9.2f}{row.failed:>8}"
                )
        finally:
            server.dismiss()
    print(f"written to {results.write('rest', rows, quick=given.quick).name}")


if __name__ == "__main__":
    main()
