"""Reports a second through the consensus room: five sources, eleven pairs of source and symbol.

``take`` is what every report costs, ``judge`` what a cycle of all instruments costs; together a report's cost
at ten cycles a second, at a thousand, and in the worst case: a judgement after every single report.
"""

from __future__ import annotations

import gc
import statistics
import time
from decimal import Decimal

from benchmarks import results
from mdsim.consensus import Consensus
from mdsim.core.instruments import ALL
from mdsim.core.seeds import SeedTree
from mdsim.core.sourcing import Report, SourceTerms
from mdsim.core.time import SECOND

SOURCES = {
    "binance": ("BTC-USDT", "ETH-USDT"),
    "coinbase": ("BTC-USD", "ETH-USD", "USDT-USD"),
    "kraken": ("BTC-USD", "ETH-USD", "USDT-USD", "BTC-USDT"),
    "coingecko": ("BTC-USD",),
    "coinmarketcap": ("BTC-USD",),
}
INSTRUMENTS = (
    "BTC-USD",
    "ETH-USD",
    "USDT-USD",
    "BTC-USDT",
    "ETH-USDT",
    "USDT-BTC",
    "BTC-ETH",
    "BTC-USD-PERP",
)
LEVELS = {"BTC-USD": 60_000, "BTC-USDT": 60_000, "ETH-USD": 3_000, "ETH-USDT": 3_000, "USDT-USD": 1}
REPORTS = 30_000
ROUNDS = 5


def room() -> Consensus:
    """A fresh room."""
    terms = [
        SourceTerms(
            name,
            "stream",
            "exchange_feeds",
            1,
            name.startswith("coin") and name != "coinbase",
            5 * SECOND,
            symbols,
        )
        for name, symbols in SOURCES.items()
    ]
    return Consensus(ALL.only(INSTRUMENTS), terms)


def reports() -> list[Report]:
    """One second of reports in turn, each with two sides, its own time and a number."""
    noise = SeedTree(1).stream("bench")
    pairs = [(name, symbol) for name, symbols in SOURCES.items() for symbol in symbols]
    found = []
    for number in range(REPORTS):
        source, symbol = pairs[number % len(pairs)]
        now_ns = SECOND + number * SECOND // REPORTS
        level = LEVELS[symbol] * (1.0 + noise.gauss(0.0, 1.0) / 1e4)
        bid, ask = Decimal(f"{level * 0.99999:.9g}"), Decimal(f"{level * 1.00001:.9g}")
        found.append(
            Report(source, symbol, now_ns - 1_000, now_ns, number + 1, bid, ask, None, Decimal(1000))
        )
    return found


def timed(said: list[Report], every: int) -> tuple[float, float]:
    """Microseconds a report, and a second's share of one core at 30,000 reports; median of the rounds."""
    figures = []
    for _ in range(ROUNDS):
        judge = room()
        take, agree = judge.take, judge.judge
        gc.collect()
        since = time.perf_counter()
        for number, report in enumerate(said, 1):
            take(report)
            if number % every == 0:
                agree(report.ts_recv_ns)
        figures.append((time.perf_counter() - since) / len(said) * 1e6)
    us = statistics.median(figures)
    return us, us * REPORTS / 1e6


def idle() -> float:
    """Microseconds of a cycle in which nothing was reported."""
    judge = room()
    for report in reports()[:1_000]:
        judge.take(report)
    judge.judge(SECOND)
    since = time.perf_counter()
    for step in range(10_000):
        judge.judge(SECOND + step)
    return (time.perf_counter() - since) / 10_000 * 1e6


def main() -> None:
    """Measure and print."""
    said = reports()
    cases = {
        "take alone": REPORTS + 1,
        "take and judge, 10 cycles a second": REPORTS // 10,
        "take and judge, 1,000 cycles a second": REPORTS // 1_000,
        "take and judge, a cycle after every report": 1,
    }
    rows = []
    print(f"{'':<46} {'us/report':>10} {'reports/s':>10} {'core at 30,000/s':>17}")
    for name, every in cases.items():
        us, share = timed(said, every)
        rows.append({"case": name, "us": round(us, 2), "per_s": round(1e6 / us)})
        print(f"{name:<46} {us:>10.2f} {1e6 / us:>10,.0f} {share:>16.1%}")
    us = idle()
    rows.append(
        {"case": "cycle without a report, 8 instruments", "us": round(us, 2), "per_s": round(1e6 / us)}
    )
    print(f"{'a cycle without a report, 8 instruments':<46} {us:>10.2f} us")
    print(f"written to {results.write('consensus', rows).name}")


if __name__ == "__main__":
    main()
