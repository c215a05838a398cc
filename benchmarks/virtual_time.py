"""How fast virtual time runs here: shipped playbooks, played without a screen.

Prints one row a case: the median of some runs, so that a figure can be quoted with the machine it was
measured on. The aim of the project: a 36 h playbook, 1 s cycles, 5 instruments, in under 6 s on one core.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import statistics
import time
from dataclasses import asdict, dataclass, replace

from benchmarks import results
from mdsim.cli import documents, wiring
from mdsim.core.instruments import ALL
from mdsim.core.time import HOUR, SECOND, format_duration
from mdsim.playbook.plan import Plan
from mdsim.run import runner

AIM = "depeg.yaml"
AIM_S = 6.0
FIVE = ("BTC-USD", "ETH-USD", "USDT-USD", "USDC-USD", "BTC-USDT")


@dataclass(frozen=True)
class Row:
    """The median run of a case; ``cpu_s`` is what it took of a core, ``wall_s`` holds waiting as well."""

    name: str
    instruments: int
    cycle_ns: int
    lasted_ns: int
    cycles: int
    ticks: int
    wall_s: float
    cpu_s: float


def measure(name: str, cycle_ns: int | None, symbols: tuple[str, ...], rounds: int) -> Row:
    plan = wiring.compile_found(documents.find(name), {}).plan
    interval_ns = cycle_ns or plan.baseline.cycle_ns or runner.choose_cycle_ns(plan.expected_ns)
    widened = widen(plan, symbols)
    times, result = [], None
    for _ in range(rounds):
        feed = wiring.open_feed(widened, 1, interval_ns)
        settings = runner.RunSettings(seed=1, cycle_ns=interval_ns)
        gc.collect()
        since_s, since_cpu_s = time.perf_counter(), time.process_time()
        result = runner.play_blocking(widened, feed, settings, wiring.effects(), wiring.curves())
        times.append((time.perf_counter() - since_s, time.process_time() - since_cpu_s))
    if result is None:
        raise ValueError("at least one round is needed")
    return Row(
        name,
        len(widened.symbols),
        interval_ns,
        result.lasted_ns,
        result.cycles,
        result.ticks,
        statistics.median(wall_s for wall_s, _ in times),
        statistics.median(cpu_s for _, cpu_s in times),
    )


def widen(plan: Plan, symbols: tuple[str, ...]) -> Plan:
    """The same plan on a market of more instruments."""
    wanted = {*plan.symbols, *symbols}
    return replace(plan, symbols=tuple(symbol for symbol in ALL.symbols if symbol in wanted))


def show(row: Row) -> None:
    print(
        f"{row.name:<18} {row.instruments:>5} {format_duration(row.cycle_ns):>7} "
        f"{format_duration(row.lasted_ns):>9} {row.cycles:>9,} {row.ticks:>10,} {row.wall_s:>8.2f} "
        f"{row.cpu_s:>7.2f} {row.cpu_s / row.cycles * 1e6:>8.1f} "
        f"{row.lasted_ns / SECOND / row.wall_s:>9,.0f}x"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs a case; the median is shown")
    rounds = parser.parse_args().rounds
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"{python}, {os.cpu_count()} cores, {platform.system()}")
    print(
        f"{'playbook':<18} {'instr':>5} {'cycle':>7} {'market':>9} {'cycles':>9} {'ticks':>10} "
        f"{'wall s':>8} {'cpu s':>7} {'us/cycle':>8} {'speed':>10}"
    )
    rows = []
    for name in ("flash-crash.yaml", "crash.yaml", "divergence.yaml"):
        rows.append(measure(name, None, (), rounds))
        show(rows[-1])
    aim = measure(AIM, SECOND, FIVE, rounds)
    rows.append(aim)
    show(aim)
    results.write("virtual_time", [asdict(row) for row in rows])
    hours = aim.lasted_ns / HOUR
    verdict = "holds" if aim.cpu_s < AIM_S else "is missed"
    what = f"{hours:.0f} h at 1 s, {aim.instruments} instruments, under {AIM_S:.0f} s of a core"
    print(f"aim: {what}: it {verdict}")


if __name__ == "__main__":
    main()
