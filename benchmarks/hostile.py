"""What bad readers and a flood of connections do to 1,000 good readers of a whole server.

``python -m benchmarks.hostile``, on ``mdsim serve`` with its defaults. First the good readers alone, then
with one slow reader, one dead one, one hostile one (garbage, floods of nonsense and of pings, subscriptions
to everything and to 2,000 unknown instruments, a hundred heads that never end), and all of them. Each
figure is compared with the good readers alone just before it: on a shared machine only that is fair.

Then the good readers beside 20,000 connections that other processes try to open and hold: a half of them
WebSocket handshakes, a quarter requests, a quarter heads that come a byte a second. The server may answer
503 or leave some in the backlog, but it must go on.

The aim of the project: the others' p99 within 1.5 times, none of their messages lost, none of them thrown
out.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass

from benchmarks import bad_readers, flood, results
from benchmarks.crews import Crews, Waits, rest, start
from benchmarks.readers import PUBLISHED, TICKS
from benchmarks.served import Served, serve

CASES = {
    "slow": ("slow",),
    "dead": ("dead",),
    "hostile": ("hostile",),
    "all three": ("slow", "dead", "hostile"),
}
AIM = 1.5
GONE_MOST_S = 30.0


@dataclass(frozen=True)
class Row:
    """The good readers beside bad ones.

    Attributes:
        alone_p99_ms, p99_ms: from publication to receipt, before the bad ones came and beside them.
        ratio: median over the rounds of the one over the other.
        lost: messages that good readers missed; ``gone`` good readers who were disconnected.
        cpu_share, alone_cpu_share: of one core, the server's.
        memory_mb: resident, of the server, at the end.
    """

    case: str
    readers: int
    rounds: int
    alone_p50_ms: float
    alone_p99_ms: float
    p50_ms: float
    p99_ms: float
    ratio: float
    lost: int
    gone: int
    alone_cpu_share: float
    cpu_share: float
    memory_mb: float


@dataclass(frozen=True)
class FloodRow:
    """What became of a flood of connections.

    Attributes:
        answered: first lines of the answers, and ``silent`` or ``refused``.
        ticks: connections of the flood that were streaming at the end.
        memory_before_mb, memory_peak_mb, memory_after_mb: resident, of the server.
        descriptors_after: of the server, when the flood had gone, for which half a minute is waited at most;
            ``descriptors_before`` without it.
        lasted_s: from the first attempt until every answer was there, or no longer waited for.
        cpu_share, starved_share: of ``lasted_s``, in which the server ran, and was ready but others ran.
        health_s: how long an answer to one more request took at worst, 503 or not.
    """

    attempted: int
    lasted_s: float
    cpu_share: float
    starved_share: float
    answered: dict[str, int]
    ticks: int
    alone_p99_ms: float
    p99_ms: float
    lost: int
    gone: int
    memory_before_mb: float
    memory_peak_mb: float
    memory_after_mb: float
    descriptors_before: int
    descriptors_after: int
    health_s: float


def _heard(crews: Crews, server: Served, seconds: float) -> tuple[Waits, float]:
    crews.clear()
    since_s, cpu_s = time.monotonic(), server.cpu_s()
    rest(seconds)
    share = (server.cpu_s() - cpu_s) / (time.monotonic() - since_s)
    return crews.tell(), round(share, 3)


def beside_bad(server: Served, crews: Crews, case: str, seconds: float, rounds: int) -> Row:
    """Alone and beside bad readers in turn."""
    pairs: list[tuple[Waits, Waits]] = []
    shares: list[tuple[float, float]] = []
    for _ in range(rounds):
        alone, alone_cpu = _heard(crews, server, seconds)
        bad = start(bad_readers.bad, server.port, CASES[case])
        bad.pipe.recv()
        rest(1.0)
        beside, cpu = _heard(crews, server, seconds)
        memory_mb = server.memory_mb()
        bad.dismiss()
        rest(1.0)
        pairs.append((alone, beside))
        shares.append((alone_cpu, cpu))
    middle = statistics.median
    return Row(
        case=case,
        readers=crews.count,
        rounds=rounds,
        alone_p50_ms=round(middle(alone.p50_ms for alone, _ in pairs), 2),
        alone_p99_ms=round(middle(alone.p99_ms for alone, _ in pairs), 2),
        p50_ms=round(middle(beside.p50_ms for _, beside in pairs), 2),
        p99_ms=round(middle(beside.p99_ms for _, beside in pairs), 2),
        ratio=round(middle(beside.p99_ms / alone.p99_ms for alone, beside in pairs), 2),
        lost=sum(beside.lost for _, beside in pairs),
        gone=pairs[-1][1].gone,
        alone_cpu_share=middle(alone for alone, _ in shares),
        cpu_share=middle(beside for _, beside in shares),
        memory_mb=round(memory_mb, 1),
    )


def beside_flood(server: Served, crews: Crews, attempted: int, seconds: float) -> FloodRow:
    """Alone, then while other processes open connections and hold them."""
    memory_before_mb, descriptors_before = server.memory_mb(), server.descriptors()
    alone, _ = _heard(crews, server, seconds)
    crews.clear()
    began_s, cpu_s, waited_s = time.monotonic(), server.cpu_s(), server.waited_s()
    share = attempted // flood.PROCESSES
    workers = [start(flood.attempt, server.port, share) for _ in range(flood.PROCESSES)]
    peak_mb = worst_s = 0.0
    waiting = list(workers)
    while waiting:
        since_s = time.monotonic()
        with suppress(OSError):
            server.call("GET", "/health")
        worst_s = max(worst_s, time.monotonic() - since_s)
        peak_mb = max(peak_mb, server.memory_mb())
        waiting = [worker for worker in waiting if not worker.pipe.poll(0.2)]
    lasted_s = time.monotonic() - began_s
    cpu_s, waited_s = server.cpu_s() - cpu_s, server.waited_s() - waited_s
    told = [worker.pipe.recv() for worker in workers]
    peak_mb = max(peak_mb, server.memory_mb())
    beside = crews.tell()
    for worker in workers:
        worker.dismiss()
    rest(8.0)  # the linger of closed connections, and a full collection
    gone_s = time.monotonic() + GONE_MOST_S
    while server.descriptors() > descriptors_before and time.monotonic() < gone_s:
        rest(0.5)  # the server is still told of connections that were reset
    answered: Counter[str] = Counter()
    for found, _ in told:
        answered.update(found)
    return FloodRow(
        attempted=share * flood.PROCESSES,
        lasted_s=round(lasted_s, 1),
        cpu_share=round(cpu_s / lasted_s, 3),
        starved_share=round(waited_s / lasted_s, 3),
        answered=dict(answered.most_common()),
        ticks=sum(ticks for _, ticks in told),
        alone_p99_ms=alone.p99_ms,
        p99_ms=beside.p99_ms,
        lost=beside.lost,
        gone=beside.gone,
        memory_before_mb=round(memory_before_mb, 1),
        memory_peak_mb=round(peak_mb, 1),
        memory_after_mb=round(server.memory_mb(), 1),
        descriptors_before=descriptors_before,
        descriptors_after=server.descriptors(),
        health_s=round(worst_s, 3),
    )


def main() -> None:
    """Print one line a case and write ``results/hostile.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readers", type=int, default=1_000)
    parser.add_argument("--connections", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=4.0, help="of one measurement")
    parser.add_argument("--rounds", type=int, default=2, help="of each case; medians are shown")
    parser.add_argument("--only", nargs="+", choices=[*CASES, "flood"], default=[*CASES, "flood"])
    parser.add_argument(
        "--quick", action="store_true", help="200 readers, 1,000 connections, one short round"
    )
    given = parser.parse_args()
    if given.quick:
        given.readers, given.connections, given.seconds, given.rounds = 200, 1_000, 2.0, 1
    rows: list[Row] = []
    flooded: FloodRow | None = None
    print(
        f"{'beside':<12}{'readers':>8}{'alone p50':>11}{'p99':>8}{'beside p50':>12}{'p99':>8}{'ratio':>7}"
        f"{'lost':>6}{'gone':>6}{'CPU alone':>11}{'beside':>8}{'MB':>7}"
    )
    with serve() as server, Crews(server.port, given.readers, (TICKS,), PUBLISHED) as crews:
        rest(1.0)
        for case in CASES:
            if case not in given.only:
                continue
            row = beside_bad(server, crews, case, given.seconds, given.rounds)
            rows.append(row)
            print(
                f"{row.case:<12}{row.readers:>8}{row.alone_p50_ms:>11.2f}{row.alone_p99_ms:>8.2f}"
                f"{row.p50_ms:>12.2f}{row.p99_ms:>8.2f}{row.ratio:>7.2f}{row.lost:>6}{row.gone:>6}"
                f"{row.alone_cpu_share:>11.0%}{row.cpu_share:>8.0%}{row.memory_mb:>7.0f}",
                flush=True,
            )
        if "flood" in given.only:
            flooded = beside_flood(server, crews, given.connections, given.seconds)
            print(f"flood of {flooded.attempted:,} connections in {flooded.lasted_s} s: {flooded.answered}")
            print(f"  server: {flooded.cpu_share:.0%} of a core, starved {flooded.starved_share:.0%}")
            print(
                f"  streaming at the end {flooded.ticks:,}; good readers' p99 {flooded.alone_p99_ms:.1f} → "
                f"{flooded.p99_ms:.1f} ms, lost {flooded.lost}, gone {flooded.gone}"
            )
            print(
                f"  memory {flooded.memory_before_mb:.0f} → {flooded.memory_peak_mb:.0f} → "
                f"{flooded.memory_after_mb:.0f} MB; descriptors {flooded.descriptors_before} → "
                f"{flooded.descriptors_after}; an answer beside it took {flooded.health_s:.2f} s at worst"
            )
        faults = server.faults()
        print(f"faults of the server: {faults}")
    told = {
        "faults": faults,
        "beside": [asdict(row) for row in rows],
        "flood": asdict(flooded) if flooded else None,
    }
    print(f"written to {results.write('hostile', told, quick=given.quick).name}")
    if faults:
        sys.exit(1)


if __name__ == "__main__":
    main()
