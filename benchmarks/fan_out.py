"""How much it costs to send one tick to every reader, and how long it takes: mdsim beside others.

1,000 and 5,000 WebSocket readers at 10 Hz. Server and readers are processes of their own on this machine,
so the time from publication to receipt holds the loop over all readers, the kernel and the reading of
everyone else; CPU is the server's alone. ``C loop`` is the least that sending can cost: nothing is parsed,
no reader is ever slow, nobody is looked after.

The aim of the project: no message lost at 5,000 readers, and CPU per message within 1.3 of the C loop's.
What bad readers do to good ones is measured by ``hostile``.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import asdict, dataclass, replace

from benchmarks import results
from benchmarks.crews import Crews, Worker, start
from benchmarks.fan_out_servers import SERVERS

INTERVAL_S = 0.1


@dataclass(frozen=True)
class Row:
    """One server with so many readers.

    Attributes:
        cpu_us: of the server, for one message to one reader.
        p50_ms, p99_ms: from publication to receipt.
        lost: messages that a reader never got.
        memory_mb: resident, of the server.
        cpu_of_c: ``cpu_us`` over that of the C loop in the same round.
    """

    server: str
    readers: int
    seconds: float
    messages: int
    cpu_us: float
    p50_ms: float
    p99_ms: float
    lost: int
    memory_mb: float
    cpu_of_c: float | None = None


def ask(server: Worker, word: str) -> tuple[float, int, float]:
    """CPU seconds, number of the last tick and memory of a server."""
    server.pipe.send(word)
    cpu_s, seq, memory_mb = server.pipe.recv()
    return float(cpu_s), int(seq), float(memory_mb)


def measure(name: str, readers: int, seconds: float) -> Row:
    """Start a server and its readers, let them run, and add up."""
    server = start(SERVERS[name], INTERVAL_S)
    try:
        port = server.pipe.recv()
        with Crews(port, readers) as crews:
            server.pipe.poll(1.0)  # it says nothing by itself: a second to settle
            crews.clear()
            cpu_before_s, seq_before, _ = ask(server, "mark")
            server.pipe.poll(seconds)
            cpu_after_s, seq_after, memory_mb = ask(server, "mark")
            _, last, _ = ask(server, "stop")
            server.pipe.poll(2.0)
            waits = crews.tell(last)
    finally:
        server.dismiss()
    messages = (seq_after - seq_before) * readers
    return Row(
        server=name,
        readers=readers,
        seconds=seconds,
        messages=messages,
        cpu_us=round((cpu_after_s - cpu_before_s) / max(1, messages) * 1e6, 2),
        p50_ms=round(waits.p50_ms, 2),
        p99_ms=round(waits.p99_ms, 2),
        lost=waits.lost,
        memory_mb=round(memory_mb, 1),
    )


def median(rounds: list[Row]) -> Row:
    """The median of each figure; what was lost is added up."""
    return replace(
        rounds[0],
        seconds=sum(row.seconds for row in rounds),
        messages=sum(row.messages for row in rounds),
        cpu_us=round(statistics.median(row.cpu_us for row in rounds), 2),
        p50_ms=round(statistics.median(row.p50_ms for row in rounds), 2),
        p99_ms=round(statistics.median(row.p99_ms for row in rounds), 2),
        lost=sum(row.lost for row in rounds),
        memory_mb=max(row.memory_mb for row in rounds),
    )


def main() -> None:
    """Print one line a case and write them to a file in ``results``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readers", type=int, nargs="+", default=[1_000, 5_000])
    parser.add_argument("--seconds", type=float, default=3.0, help="of one round")
    parser.add_argument("--rounds", type=int, default=2, help="of each case, in turn with the others")
    parser.add_argument("--only", nargs="+", choices=list(SERVERS), default=list(SERVERS))
    parser.add_argument("--quick", action="store_true", help="one short round with 500 readers")
    parser.add_argument("--name", default="fan_out", help="of the file in results")
    given = parser.parse_args()
    if given.quick:
        given.readers, given.seconds, given.rounds = [500], 2.0, 1
    rows: list[Row] = []
    print(
        f"{'server':<22}{'readers':>8}{'CPU µs/msg':>12}{'p50 ms':>9}{'p99 ms':>9}"
        f"{'lost':>7}{'MB':>8}{'CPU/C':>7}"
    )
    for readers in given.readers:
        found: dict[str, list[Row]] = {}
        for _ in range(given.rounds):
            for name in given.only:
                try:
                    found.setdefault(name, []).append(measure(name, readers, given.seconds))
                except (EOFError, ImportError) as error:
                    print(f"{name:<22}{readers:>8}  not measured: {error!r}")
        # The share of the C loop is taken round by round: both had the same machine then.
        bare = found.get("C loop", [])
        for rounds in found.values():
            shares = [row.cpu_us / floor.cpu_us for row, floor in zip(rounds, bare, strict=False)]
            share = round(statistics.median(shares), 2) if shares else None
            row = replace(median(rounds), cpu_of_c=share)
            rows.append(row)
            print(
                f"{row.server:<22}{row.readers:>8}{row.cpu_us:>12.2f}{row.p50_ms:>9.2f}{row.p99_ms:>9.2f}"
                f"{row.lost:>7}{row.memory_mb:>8.1f}{share or 0:>7.2f}"
            )
    print(f"written to {results.write(given.name, [asdict(row) for row in rows], quick=given.quick).name}")


if __name__ == "__main__":
    main()
