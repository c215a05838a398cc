"""What a cycle costs of a market whose prices simulated venues agree on, and which stage takes how much.

``python -m benchmarks.venues [--quick]``: the market that ``mdsim serve`` makes without a configuration (ten
instruments, five venues) at ten cycles a second of its own time, as fast as it goes. Counted is the time on a
core. The shares come from passes of their own, because reading a clock costs time too.
"""

from __future__ import annotations

import argparse
import gc
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass

import trio

from benchmarks import results
from benchmarks.stages import Stages
from mdsim.cli import markets
from mdsim.config.load import load
from mdsim.consensus import Consensus
from mdsim.core.time import MS
from mdsim.engine.agreed import AgreedFeed
from mdsim.engine.corridor import Engine
from mdsim.engine.tape import Tape
from mdsim.run.live import LiveMarket
from mdsim.sources.synthetic import SyntheticFeed
from mdsim.venues.simulated import SimulatedVenues

AIM_US = 400.0
CYCLE_NS = 100 * MS
PASSES = 5
PARTS = (
    (SyntheticFeed, "advance", "the market behind the venues"),
    (SimulatedVenues, "drain", "venues: what they report"),
    (Consensus, "take", "consensus: take"),
    (Consensus, "judge", "consensus: judge"),
    (AgreedFeed, "advance", "agreed prices into the feed"),
    (Engine, "cycle", "engine"),
    (Tape, "record", "tape"),
)


@dataclass(frozen=True)
class Row:
    """A stage of the cycle, or the whole of it; microseconds of a core."""

    stage: str
    us: float
    share: float


async def market() -> LiveMarket:
    """What a server without a configuration serves; only to be made does it need a clock."""
    return markets.synthetic(load(None, {}, {}), 1)


def once(cycles: int, stages: Stages | None) -> float:
    """Seconds of a core that so many cycles take."""
    with ExitStack() as stack:
        if stages is not None:
            for owner, method, name in PARTS:
                stack.enter_context(stages.on(owner, method, name))
        live = trio.run(market)
        engine, tape = live.engine, live.tape
        start_ns = engine.feed.start_ns
        for number in range(20):  # until every venue has spoken
            engine.cycle(start_ns + number * CYCLE_NS)
            tape.record()
        gc.collect()
        gc.freeze()
        if stages is not None:
            stages.clear()
        began_s = time.process_time()
        for number in range(20, 20 + cycles):
            engine.cycle(start_ns + number * CYCLE_NS)
            tape.record()
        lasted_s = time.process_time() - began_s
        gc.unfreeze()
    return lasted_s


def main() -> None:
    """Print a table and leave it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer cycles")
    quick = parser.parse_args().quick
    cycles = 500 if quick else 3_000
    whole_us = min(once(cycles, None) for _ in range(1 if quick else PASSES)) / cycles * 1e6
    stages = Stages()
    timed_us = (once(cycles, stages) - stages.clock_s()) / cycles * 1e6
    rows = []
    for _, _, name in PARTS:
        share = stages.seconds(name) / cycles * 1e6 / timed_us
        rows.append(Row(name, round(share * whole_us, 1), round(share, 3)))
    rows.append(Row("whole cycle, 10 instruments on 5 venues", round(whole_us, 1), 1.0))
    print(f"{'stage':<42}{'µs a cycle':>11}{'share':>8}")
    for row in rows:
        print(f"{row.stage:<42}{row.us:>11.1f}{row.share:>8.0%}")
    print(f"aim: under {AIM_US:g} µs; {whole_us * 10 / 1e4:.2f} % of a core at ten cycles a second")
    print(results.write("venues", [asdict(row) for row in rows], quick=quick))


if __name__ == "__main__":
    main()
