"""What a server keeps in memory: fresh, with full history buffers, and with 1,000 subscribers on top.

``python -m benchmarks.memory`` starts a market 26 hours ago, at a cycle every five seconds, and lets it
catch up; then it goes on at ten cycles a second. By then the buffers of ticks, trades, bars and statistics
of all ten instruments hold all that they ever may. (What a day does not fill, the longest bars, is little:
25 hours make 1,500 bars of a minute, which is the most that is kept.) Then readers come over WebSocket.

The aim of the project: under 250 MB (floor: under 500 MB).
"""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict, dataclass
from functools import partial

from benchmarks import results, watched_server
from benchmarks.crews import Crews, rest, start
from benchmarks.served import Process, call
from mdsim.cli import wiring
from mdsim.cli.markets import tape_settings
from mdsim.config.settings import Settings
from mdsim.core.instruments import Catalogue
from mdsim.core.ports import FeedRequest
from mdsim.core.seeds import SeedTree
from mdsim.core.time import SECOND
from mdsim.run.live import LiveMarket

INTERVAL_MS = 100.0
PAST_NS = 5 * SECOND
"""Between two cycles until the market has caught up."""
FULL_HOURS, QUICK_HOURS = 26.0, 1.0
SUBSCRIBERS = 1_000


@dataclass(frozen=True)
class Row:
    """One state of the server.

    Attributes:
        memory_mb: resident.
        descriptors: open files and sockets.
    """

    state: str
    memory_mb: float
    descriptors: int


def market(settings: Settings, *, hours: float) -> LiveMarket:
    """The settings' market, begun some hours ago."""
    now_ns = time.time_ns() // SECOND * SECOND
    request = FeedRequest(
        catalogue=Catalogue(item for item in settings.catalogue if item.enabled),
        seeds=SeedTree(1),
        start_ns=now_ns - int(hours * 3600) * SECOND,
        step_ns=SECOND,
    )
    return LiveMarket(
        wiring.feeds()["synthetic"].open(request),
        wiring.effects(),
        wiring.curves(),
        seeds=SeedTree(1),
        interval_ns=PAST_NS,
        tape=tape_settings(settings),
    )


def wait_until_present(port: int) -> None:
    """Wait until the market has caught up."""
    while not _is_present(port):
        rest(1.0)


def _is_present(port: int) -> bool:
    status, health = call(port, "GET", "/health", within_s=120.0)
    assert isinstance(health, dict)
    market_ns = health["market_time_ns"]
    assert isinstance(market_ns, int)
    return status == 200 and time.time_ns() - market_ns < 2 * PAST_NS


def measure(hours: float) -> list[Row]:
    """The states in turn."""
    rows: list[Row] = []
    fresh = start(watched_server.serve, None, INTERVAL_MS)
    try:
        fresh.pipe.recv()
        rest(2.0)
        rows.append(_row("fresh", Process(fresh.process.pid or 0)))
    finally:
        fresh.dismiss()
    full = start(watched_server.serve, None, INTERVAL_MS, partial(market, hours=hours))
    try:
        port, process = full.pipe.recv(), Process(full.process.pid or 0)
        wait_until_present(port)
        full.pipe.send("hurry")
        rows.append(_row(f"{hours:g} h of history", process))
        for count in (SUBSCRIBERS // 2, SUBSCRIBERS):
            with Crews(port, count):
                rest(3.0)
                rows.append(_row(f"and {count:,} subscribers", process))
        rest(3.0)
        rows.append(_row("when they have gone", process))
    finally:
        full.dismiss()
    return rows


def _row(state: str, process: Process) -> Row:
    row = Row(state, round(process.memory_mb(), 1), process.descriptors())
    print(f"{row.state:<28}{row.memory_mb:>8.1f}{row.descriptors:>14}", flush=True)
    return row


def main() -> None:
    """Print one line a state and write ``results/memory.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one hour of history only")
    given = parser.parse_args()
    print(f"{'state':<28}{'MB':>8}{'descriptors':>14}")
    rows = measure(QUICK_HOURS if given.quick else FULL_HOURS)
    print(f"written to {results.write('memory', [asdict(row) for row in rows], quick=given.quick).name}")


if __name__ == "__main__":
    main()
