"""How much it costs to send one tick to every reader, and how long it takes: mdsim beside others.

1,000 and 5,000 WebSocket readers at 10 Hz. Server and readers are processes of their own on this machine,
so the time from publication to receipt holds the loop over all readers, the kernel and the reading of
everyone else; CPU is the server's alone. ``C loop`` is the least that sending can cost: nothing is parsed,
no reader is ever slow, nobody is looked after.

The aim of the project: no message lost at 5,000 readers, CPU per message within 1.3 of the C loop's, and
with a dead, a slow and a hostile reader among 1,000 the others' p99 within 1.5 of what it is without.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from benchmarks import fan_out_readers, results
from benchmarks.fan_out_servers import SERVERS

INTERVAL_S = 0.1
READER_PROCESSES = 2
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Row:
    """One server with so many readers.

    Attributes:
        cpu_us: of the server, for one message to one reader.
        p50_ms, p99_ms: from publication to receipt.
        lost: messages that a good reader never got.
        memory_mb: resident, of the server.
    """

    server: str
    readers: int
    bad_readers: int
    seconds: float
    messages: int
    cpu_us: float
    p50_ms: float
    p99_ms: float
    lost: int
    memory_mb: float


def start(work: Callable[..., None], *args: object) -> tuple[SpawnProcess, Connection]:
    """A process, and the pipe to it."""
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=work, args=(there, *args), daemon=True)
    process.start()
    there.close()
    return process, here


def ask(pipe: Connection, word: str) -> tuple[float, int, float]:
    """CPU seconds, number of the last tick and memory of a server."""
    pipe.send(word)
    cpu_s, seq, memory_mb = pipe.recv()
    return float(cpu_s), int(seq), float(memory_mb)


def measure(name: str, readers: int, seconds: float, *, bad: bool = False) -> Row:
    """Start a server and its readers, let them run, and add up."""
    server, control = start(SERVERS[name], INTERVAL_S)
    port = control.recv()
    share = readers // READER_PROCESSES
    crews = [start(fan_out_readers.good, port, share) for _ in range(READER_PROCESSES)]
    for _, pipe in crews:
        assert pipe.recv() == "open"
    if bad:
        crews.append(start(fan_out_readers.bad, port, 3))
        assert crews[-1][1].recv() == "open"
    good = [pipe for _, pipe in crews[:READER_PROCESSES]]
    control.poll(1.0)  # it says nothing by itself: a second to settle
    for pipe in good:
        pipe.send("clear")
    cpu_before_s, seq_before, _ = ask(control, "mark")
    control.poll(seconds)
    cpu_after_s, seq_after, memory_mb = ask(control, "mark")
    _, last, _ = ask(control, "stop")
    control.poll(2.0)
    waits_us: list[float] = []
    lost = 0
    for pipe in good:
        pipe.send("tell")
        found, ends = pipe.recv()
        waits_us += found
        lost += sum(gaps + last - seq for seq, gaps in ends)
    for pipe in (*[pipe for _, pipe in crews], control):
        pipe.send("exit")
    for process in (*[process for process, _ in crews], server):
        process.join(10)
        process.kill()
    messages = (seq_after - seq_before) * share * READER_PROCESSES
    cuts = statistics.quantiles(waits_us, n=100)
    return Row(
        server=name,
        readers=share * READER_PROCESSES,
        bad_readers=3 if bad else 0,
        seconds=seconds,
        messages=messages,
        cpu_us=round((cpu_after_s - cpu_before_s) / max(1, messages) * 1e6, 2),
        p50_ms=round(cuts[49] / 1000, 2),
        p99_ms=round(cuts[98] / 1000, 2),
        lost=lost,
        memory_mb=round(memory_mb, 1),
    )


def main() -> None:
    """Print one line a case and write ``results/fan_out.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readers", type=int, nargs="+", default=[1_000, 5_000])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--only", nargs="+", choices=list(SERVERS), default=list(SERVERS))
    parser.add_argument("--without-bad", action="store_true", help="leave out the misbehaving readers")
    given = parser.parse_args()
    rows: list[Row] = []
    print(
        f"{'server':<22}{'readers':>8}{'bad':>5}{'CPU µs/msg':>12}"
        f"{'p50 ms':>9}{'p99 ms':>9}{'lost':>7}{'MB':>8}"
    )
    cases = [(name, readers, False) for readers in given.readers for name in given.only]
    if not given.without_bad and "mdsim" in given.only:
        cases.append(("mdsim", given.readers[0], True))
    for name, readers, bad in cases:
        try:
            row = measure(name, readers, given.seconds, bad=bad)
        except (EOFError, ImportError) as error:
            print(f"{name:<22}{readers:>8}  not measured: {error!r}")
            continue
        rows.append(row)
        print(
            f"{row.server:<22}{row.readers:>8}{row.bad_readers:>5}{row.cpu_us:>12.2f}{row.p50_ms:>9.2f}"
            f"{row.p99_ms:>9.2f}{row.lost:>7}{row.memory_mb:>8.1f}"
        )
    print(f"written to {results.write('fan_out', [asdict(row) for row in rows]).name}")


if __name__ == "__main__":
    main()
