"""How long a price takes from a provider's socket to a reader's, through a whole ``mdsim serve``.

``python -m benchmarks.ingest_latency [--quick]``: this process plays Coinbase on a loopback socket, changes
the price about fifty times a second at random instants, and reads BTC-USD over WebSocket; a price is found
again by its value. Both ends have one clock. The server publishes in cycles, and a price that has come waits
for the next one: half of the interval on average, which no way of reading could make shorter. So with the
usual 100 ms it is the wait that is measured, and with 1 ms everything else.
"""

from __future__ import annotations

import argparse
import random
import re
import socket
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass

import msgspec

from benchmarks import readers, results
from benchmarks.canned import KEY, framed, head_of, upgrade
from benchmarks.crews import rest, summed
from benchmarks.served import serve
from mdsim.core.time import format_utc

INTERVALS_MS = (1.0, 10.0, 100.0)
CHANGES_A_SECOND = 50.0
LOWEST, STEPS = 67_000, 5_000
"""Dollars, one a change: at most 7.5 % above the first, so that no circuit breaker opens."""
CONFIG = """
market_data:
  supported_symbols: [{{symbol: BTC-USD}}]
data_sources:
  exchange_feeds:
    - {{name: coinbase, type: websocket, url: "ws://127.0.0.1:{port}", symbols: [BTC-USD], priority: 1}}
"""
_PRICE = re.compile(rb'"price":"?(\d+)(?:\.0*)?[",}]')


@dataclass(frozen=True)
class Row:
    """One server at one pace.

    Attributes:
        changes: of the price; ``seen``: how many of them a cycle published before the next came.
        p50_ms, p99_ms, worst_ms: from ``send`` of the provider to receipt by the reader.
        cpu_share: of one core, the server's; ``starved_share``: of the time, in which it was ready and others
            had the core.
    """

    interval_ms: float
    changes: int
    seen: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    cpu_share: float
    starved_share: float


class Coinbase(threading.Thread):
    """The provider's end: a list, a book of one level a side, and its changes once they are wanted.

    Attributes:
        port: where it listens.
        wanted: set to begin with changes; ``done``: set to end.
        sent_ns: when each price was sent, in dollars.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.wanted, self.done = threading.Event(), threading.Event()
        self.sent_ns: dict[int, int] = {}

    def run(self) -> None:
        """Accept connections until the listener is closed."""
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def close(self) -> None:
        """End everything."""
        self.done.set()
        self.wanted.set()
        self._listener.close()

    def _serve(self, line: socket.socket) -> None:
        with line, suppress(OSError):  # the server has gone
            while head := head_of(line):
                if (key := KEY.search(head)) is not None:
                    upgrade(line, key[1])
                    line.recv(65_536)  # the subscription
                    self._stream(line)
                    return
                body = b'[{"id":"BTC-USD"}]'
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    def _stream(self, line: socket.socket) -> None:
        sides = {"bids": [[quote(LOWEST, -1), "1"]], "asks": [[quote(LOWEST, 1), "1"]]}
        tell(line, {"type": "snapshot", **sides})
        random_s = random.Random(11)
        now_s = begun_s = time.monotonic()
        at, beats = 0, 0
        while not self.done.is_set():
            if now_s - begun_s >= beats:
                beats += 1
                tell(line, {"type": "heartbeat", "sequence": beats, "last_trade_id": 0})
            self.done.wait(random_s.uniform(0.5, 1.5) / CHANGES_A_SECOND)
            now_s = time.monotonic()
            if self.wanted.is_set() and at < STEPS:
                at += 1
                changes = [["buy", quote(LOWEST + at, -1), "1"], ["sell", quote(LOWEST + at, 1), "1"]]
                changes += [
                    ["buy", quote(LOWEST + at - 1, -1), "0"],
                    ["sell", quote(LOWEST + at - 1, 1), "0"],
                ]
                self.sent_ns[LOWEST + at] = time.monotonic_ns()
                tell(line, {"type": "l2update", "changes": changes})


def quote(dollars: int, cents: int) -> str:
    """A price a cent beside whole dollars."""
    return f"{(100 * dollars + cents) / 100:.2f}"


def tell(line: socket.socket, body: dict[str, object]) -> None:
    """Send a frame of the product, stamped now."""
    stamped = {**body, "product_id": "BTC-USD", "time": format_utc(time.time_ns())}
    line.sendall(framed(msgspec.json.encode(stamped)))


class Reader(threading.Thread):
    """Reads ticks and notes when each price came first.

    Attributes:
        seen_ns: when it was read, by price in dollars.
    """

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.seen_ns: dict[int, int] = {}
        self.sock = readers.connect(port)

    def run(self) -> None:
        """Until the socket is closed."""
        tail = b""
        with suppress(OSError):
            while data := self.sock.recv(65_536):
                now_ns = time.monotonic_ns()
                text = tail + data
                for found in _PRICE.finditer(text):
                    self.seen_ns.setdefault(int(found[1]), now_ns)
                tail = text[-200:]  # a price may lie across two readings; seen twice it does no harm


def measure(interval_ms: float, seconds: float) -> Row:
    """A server whose only source is played here."""
    provider = Coinbase()
    provider.start()
    config = CONFIG.format(port=provider.port)
    try:
        with serve("--tick-frequency-ms", f"{interval_ms:g}", config=config) as served:
            reader = Reader(served.port)
            reader.start()
            rest(1.5)
            since_s, cpu_s, waited_s = time.monotonic(), served.cpu_s(), served.waited_s()
            provider.wanted.set()
            rest(seconds)
            lasted_s = time.monotonic() - since_s
            cpu_s, waited_s = served.cpu_s() - cpu_s, served.waited_s() - waited_s
            provider.done.set()
            rest(0.3)
            reader.sock.shutdown(socket.SHUT_RDWR)
            reader.join(5)
    finally:
        provider.close()
    sent_ns, seen_ns = provider.sent_ns, reader.seen_ns
    found = summed([(seen_ns[price] - at_ns) / 1e6 for price, at_ns in sent_ns.items() if price in seen_ns])
    return Row(
        interval_ms=interval_ms,
        changes=len(sent_ns),
        seen=found.count,
        p50_ms=found.p50_ms,
        p99_ms=found.p99_ms,
        worst_ms=found.worst_ms,
        cpu_share=round(cpu_s / lasted_s, 3),
        starved_share=round(waited_s / lasted_s, 3),
    )


def main() -> None:
    """Print one line a pace and write ``results/ingest_latency.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two seconds each")
    quick = parser.parse_args().quick
    print(
        f"{'cycle every ms':>14}{'changes':>9}{'seen':>6}{'p50 ms':>8}{'p99':>8}{'worst':>8}"
        f"{'CPU':>6}{'starved':>9}"
    )
    rows = []
    for interval_ms in INTERVALS_MS:
        row = measure(interval_ms, 2.0 if quick else 8.0)
        rows.append(row)
        print(
            f"{row.interval_ms:>14g}{row.changes:>9}{row.seen:>6}{row.p50_ms:>8.2f}{row.p99_ms:>8.2f}"
            f"{row.worst_ms:>8.2f}{row.cpu_share:>6.0%}{row.starved_share:>9.1%}"
        )
    print(results.write("ingest_latency", [asdict(row) for row in rows], quick=quick))


if __name__ == "__main__":
    main()
