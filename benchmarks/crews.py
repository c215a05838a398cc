"""Processes of readers, and what they found: opened, measured and dismissed together."""

from __future__ import annotations

import multiprocessing
import statistics
import threading
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from benchmarks import readers

_SPAWN = multiprocessing.get_context("spawn")
_OPEN_S = 60.0


@dataclass(frozen=True)
class Waits:
    """How long messages took, over all readers.

    Attributes:
        count: messages that came.
        lost: messages that a reader never got, by the gaps in its numbers.
        gone: readers whose connection ended.
    """

    count: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    lost: int
    gone: int


@dataclass(frozen=True)
class Worker:
    """One process and the pipe to it."""

    process: SpawnProcess
    pipe: Connection

    def dismiss(self) -> None:
        """End it; kill it when it does not."""
        with suppress(OSError):  # it has ended already
            self.pipe.send("exit")
        self.process.join(10)
        self.process.kill()


def start(work: Callable[..., None], *args: object) -> Worker:
    """A process that runs ``work(pipe, *args)``."""
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=work, args=(there, *args), daemon=True)
    process.start()
    there.close()
    return Worker(process, here)


class Crews:
    """Good readers, shared out over processes; use as a context manager.

    Args:
        port: of the server.
        count: readers.
        target: path and query of the stream; readers beyond one target take the next in turn.
        stamp: field of a tick that the time is taken from.
        processes: that share them.
    """

    def __init__(
        self,
        port: int,
        count: int,
        targets: Sequence[str] = (readers.TICKS,),
        stamp: str = readers.PUBLISHED,
        processes: int = 2,
    ) -> None:
        share, rest = divmod(count, processes)
        self.count = count
        self.workers = [
            start(readers.good, port, share + (at < rest), tuple(targets), stamp) for at in range(processes)
        ]

    def __enter__(self) -> Crews:
        for worker in self.workers:
            if not worker.pipe.poll(_OPEN_S) or worker.pipe.recv() != "open":
                raise RuntimeError("the readers did not all get a first tick")
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.dismiss()

    def clear(self) -> None:
        """Forget the waits so far; gaps are counted from here."""
        for worker in self.workers:
            worker.pipe.send("clear")
        for worker in self.workers:
            worker.pipe.recv()

    def tell(self, last: int | None = None, since_ns: Callable[[int], int | None] | None = None) -> Waits:
        """What was found since ``clear``.

        Args:
            last: number of the last tick that was sent, to count those that are missing at the end.
            since_ns: when the clock of a message starts, from its stamp; None leaves the message out.
                Without it, at the stamp.
        """
        waits_ms = array("f")
        lost = gone = 0
        for worker in self.workers:
            worker.pipe.send("tell")
        for worker in self.workers:
            stamps_ns, received_ns, ends = worker.pipe.recv()
            for stamp_ns, now_ns in zip(stamps_ns, received_ns, strict=True):
                start_ns = since_ns(stamp_ns) if since_ns else stamp_ns
                if start_ns is not None:
                    waits_ms.append((now_ns - start_ns) / 1e6)
            gone += sum(not is_open for _, _, is_open in ends)
            lost += sum(gaps + (0 if last is None else last - seq) for seq, gaps, _ in ends)
        return summed(waits_ms, lost, gone)


def summed(waits_ms: Sequence[float], lost: int = 0, gone: int = 0) -> Waits:
    """Percentiles of waits."""
    cuts = (
        statistics.quantiles(waits_ms, n=100, method="inclusive")
        if len(waits_ms) > 1
        else [*(waits_ms or (0.0,))] * 99
    )
    worst = max(waits_ms, default=0.0)
    return Waits(len(waits_ms), round(cuts[49], 3), round(cuts[98], 3), round(worst, 3), lost, gone)


def rest(seconds: float) -> None:
    """Let the others run."""
    threading.Event().wait(seconds)
