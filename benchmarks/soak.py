"""Twenty minutes in the life of a server: memory and descriptors must stay flat.

``python -m benchmarks.soak --minutes 20`` starts a market 26 hours ago and lets it catch up, and starts and
stops as many runs as are kept after their end, so that every buffer is full before anything is judged. Then
it publishes ten times a second to 300 readers who stay, while others come and go: up to ten WebSocket
streams a second that leave politely, by a reset or amid the handshake, half as many requests, a gRPC stream
for every twenty of them, and a run for every eighty, of which some are stopped and some end by themselves.

The verdict is a line fitted through the samples after the first quarter: flat means that memory grows by
less than 2 % of itself over the rest, and descriptors by fewer than 5. A connection that meets a fault of
the server's own, or a wrong answer, fails it too. Not part of ``make bench``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from functools import partial

from benchmarks import results, watched_server
from benchmarks.crews import Crews, rest, start
from benchmarks.memory import FULL_HOURS, QUICK_HOURS, market, wait_until_present
from benchmarks.passers import Passed, begin_and_stop_runs, come_and_go
from benchmarks.readers import PUBLISHED, TICKS
from benchmarks.served import Process
from mdsim.run.limits import RunLimits

READERS = 300
KEPT_RUNS = RunLimits().ended + 6
STREAMS_PER_S = 10.0
MEMORY_GROWTH, DESCRIPTOR_GROWTH = 0.02, 5.0


@dataclass(frozen=True)
class Sample:
    """The server at one time.

    Attributes:
        at_s: since the load began.
        p99_ms: of the readers who stay, since the sample before, from publication to receipt.
        lost, gone: messages they missed since then, and how many of them are not connected any more.
        cpu_share: of one core, since the sample before.
    """

    at_s: float
    memory_mb: float
    descriptors: int
    p99_ms: float
    lost: int
    gone: int
    cpu_share: float


@dataclass(frozen=True)
class Verdict:
    """What the samples say.

    Attributes:
        memory_mb_per_hour, descriptors_per_hour: slopes of the fitted lines.
        memory_growth: of the fitted line over the judged time, as a share of the mean.
        flat: both are within their bounds.
    """

    judged_s: float
    memory_mean_mb: float
    memory_mb_per_hour: float
    memory_growth: float
    descriptors_mean: float
    descriptors_per_hour: float
    flat: bool


def judge(samples: list[Sample]) -> Verdict:
    """Lines through the last three quarters of the samples."""
    judged = samples[len(samples) // 4 :]
    times_s = [sample.at_s for sample in judged]
    memory = statistics.linear_regression(times_s, [sample.memory_mb for sample in judged])
    descriptors = statistics.linear_regression(times_s, [float(sample.descriptors) for sample in judged])
    lasted_s = times_s[-1] - times_s[0]
    mean_mb = statistics.fmean(sample.memory_mb for sample in judged)
    growth = memory.slope * lasted_s / mean_mb
    return Verdict(
        judged_s=round(lasted_s, 1),
        memory_mean_mb=round(mean_mb, 1),
        memory_mb_per_hour=round(memory.slope * 3600, 2),
        memory_growth=round(growth, 4),
        descriptors_mean=round(statistics.fmean(sample.descriptors for sample in judged), 1),
        descriptors_per_hour=round(descriptors.slope * 3600, 2),
        flat=growth < MEMORY_GROWTH and descriptors.slope * lasted_s < DESCRIPTOR_GROWTH,
    )


def soak(minutes: float, every_s: float, hours: float) -> tuple[list[Sample], Passed, int, int]:
    """Run it; samples, what passed, descriptors that stay when everyone has gone, connections that broke."""
    server = start(watched_server.serve, None, 100.0, partial(market, hours=hours))
    try:
        port = server.pipe.recv()
        wait_until_present(port)
        server.pipe.send("hurry")
        server.pipe.send("grpc")
        begin_and_stop_runs(port, KEPT_RUNS)
        grpc_port, process = server.pipe.recv(), Process(server.process.pid or 0)
        samples: list[Sample] = []
        print(f"{'at s':>7}{'MB':>9}{'descr.':>8}{'p99 ms':>9}{'lost':>6}{'gone':>6}{'CPU':>7}")
        with Crews(port, READERS, (TICKS,), PUBLISHED, processes=1) as crews:
            passers = start(come_and_go, port, grpc_port, STREAMS_PER_S)
            try:
                began_s = now_s = time.monotonic()
                cpu_s = process.cpu_s()
                while now_s - began_s < minutes * 60:
                    crews.clear()
                    rest(every_s)
                    waits = crews.tell()
                    before_s, now_s = now_s, time.monotonic()
                    cpu_before_s, cpu_s = cpu_s, process.cpu_s()
                    samples.append(
                        Sample(
                            at_s=round(now_s - began_s, 1),
                            memory_mb=round(process.memory_mb(), 2),
                            descriptors=process.descriptors(),
                            p99_ms=waits.p99_ms,
                            lost=waits.lost,
                            gone=waits.gone,
                            cpu_share=round((cpu_s - cpu_before_s) / (now_s - before_s), 3),
                        )
                    )
                    show(samples[-1])
                passers.pipe.send("tell")
                passed: Passed = passers.pipe.recv()
            finally:
                passers.dismiss()
        rest(5.0)
        server.pipe.send("broken")
        return samples, passed, process.descriptors(), server.pipe.recv()
    finally:
        server.dismiss()


def show(sample: Sample) -> None:
    """One line of the series."""
    print(
        f"{sample.at_s:>7.0f}{sample.memory_mb:>9.1f}{sample.descriptors:>8}{sample.p99_ms:>9.2f}"
        f"{sample.lost:>6}{sample.gone:>6}{sample.cpu_share:>7.1%}",
        flush=True,
    )


def main() -> None:
    """Print the series and the verdict, and write ``results/soak.json``; 1 when it is not flat."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--every", type=float, default=10.0, metavar="S", help="seconds between samples")
    parser.add_argument("--quick", action="store_true", help="one minute, one hour of history, no verdict")
    given = parser.parse_args()
    minutes, every_s = (1.0, 5.0) if given.quick else (given.minutes, given.every)
    samples, passed, left, broken = soak(minutes, every_s, QUICK_HOURS if given.quick else FULL_HOURS)
    verdict = judge(samples)
    rows = {
        "minutes": minutes,
        "readers": READERS,
        "passed": asdict(passed),
        "descriptors_left": left,
        "broken": broken,
        "verdict": asdict(verdict),
        "samples": [asdict(sample) for sample in samples],
    }
    print(f"passed: {passed}; descriptors when everyone had gone: {left}; broke: {broken}")
    print(
        f"memory {verdict.memory_mean_mb:.1f} MB, {verdict.memory_mb_per_hour:+.2f} MB/h "
        f"({verdict.memory_growth:+.2%} while judged); descriptors {verdict.descriptors_mean:.0f}, "
        f"{verdict.descriptors_per_hour:+.1f}/h: {'flat' if verdict.flat else 'not flat'}"
    )
    print(f"written to {results.write('soak', rows, quick=given.quick).name}")
    if broken or passed.failed or not (verdict.flat or given.quick):
        sys.exit(1)


if __name__ == "__main__":
    main()
