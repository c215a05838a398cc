"""The consensus on five days of March 2023, minute by minute.

``python tools/consensus_march_2023.py [FOLDER]``

FOLDER holds the recording (``../shared/data/history/2023-03-11_usdc_depeg`` unless given); without it the
script says so. Each of seven BTC markets is left out in turn, the others agree on a price, and that is
compared with the close of the one left out, in its own quote. ``--write PAGE`` puts the tables between the
page's marks. Takes a quarter of a minute or two.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from mdsim.consensus.room import Consensus
from mdsim.consensus.settings import Bounds, ConsensusSettings
from mdsim.core.instruments import ALL
from mdsim.core.sourcing import Report, SourceTerms
from mdsim.core.time import MINUTE, MS, SECOND

FILE = "multi_exchange_closes_1m.csv"
MARKETS = {
    "coinbase_BTCUSD": "BTC-USD",
    "kraken_BTCUSD": "BTC-USD",
    "coinbase_BTCUSDT": "BTC-USDT",
    "kraken_BTCUSDT": "BTC-USDT",
    "binanceus_spot_BTCUSDT": "BTC-USDT",
    "kraken_BTCUSDC": "BTC-USDC",
    "binanceus_spot_BTCUSDC": "BTC-USDC",
}
RATES = {"kraken_USDCUSD": "USDC-USD", "kraken_USDTUSD": "USDT-USD", "coinbase_USDTUSD": "USDT-USD"}
CATALOGUE = ALL.only(["BTC-USD", "BTC-USDT", "BTC-USDC", "USDT-USD", "USDC-USD"])
UNPEGGED = 0.01
"""USDC this far from 1 makes a minute one of the depeg."""


@dataclass
class Errors:
    """Distances in bps, of calm minutes and of the depeg."""

    calm: list[float] = field(default_factory=list)
    depeg: list[float] = field(default_factory=list)

    def add(self, found: float, truth: float, off: bool) -> None:
        (self.depeg if off else self.calm).append(1e4 * abs(found / truth - 1.0))


@dataclass
class Held:
    """One market left out: the errors of every way to guess it, and how often the interval held it."""

    ways: dict[str, Errors]
    inside: int = 0
    minutes: int = 0


def read(folder: Path) -> list[dict[str, str]]:
    """One row a minute."""
    with (folder / FILE).open(newline="") as lines:
        return list(csv.DictReader(lines))


def room(left_out: str, method: str) -> Consensus:
    """Every market a source of its own, except the one left out; the rates of both venues."""
    markets = {name: symbol for name, symbol in (MARKETS | RATES).items() if name != left_out}
    terms = [
        SourceTerms(name, "poll", "exchange_feeds", 1, False, 90 * SECOND, (symbol,))
        for name, symbol in markets.items()
    ]
    # The breaker is not what is measured, and a minute's step may be large.
    bounds = {symbol: Bounds(breaker=10.0) for symbol in CATALOGUE.symbols}
    return Consensus(CATALOGUE, terms, ConsensusSettings(method, bounds=bounds))


def rate(row: dict[str, str], symbol: str, *, as_one: bool) -> float | None:
    """What one quote unit of a symbol is in dollars in that minute."""
    quote = symbol.partition("-")[2]
    if quote == "USD" or as_one:
        return 1.0
    said = row[f"kraken_{quote}USD"]
    return float(said) if said else None


def leave_out(rows: Sequence[dict[str, str]], market: str) -> Held:
    """Guess one market from the others, minute by minute."""
    symbol = MARKETS[market]
    at = CATALOGUE.index[symbol]
    rooms = {method: room(market, method) for method in ("robust", "two_sigma")}
    singles = {name: Errors() for name in MARKETS if name != market}
    naive = Errors()
    held = Held({method: Errors() for method in rooms})
    for row in rows:
        now_ns = int(row["timestamp_ms"]) * MS + MINUTE
        for name, told in (MARKETS | RATES).items():
            if name == market or not row[name]:
                continue
            report = Report(name, told, 0, now_ns, 0, None, None, Decimal(row[name]), None)
            for judge in rooms.values():
                judge.take(report)
        for judge in rooms.values():
            judge.judge(now_ns)
        usdc, own = row["kraken_USDCUSD"], rate(row, symbol, as_one=False)
        if not row[market] or not usdc or own is None:
            continue
        truth, off = float(row[market]), abs(float(usdc) - 1.0) > UNPEGGED
        for method, judge in rooms.items():
            held.ways[method].add(judge.judgement(at).price, truth, off)
        judged = rooms["robust"].judgement(at)
        held.minutes += 1
        held.inside += 1e4 * abs(judged.price / truth - 1.0) <= 2.0 * judged.interval_bps
        at_one = []
        for name, errors in singles.items():
            live = rate(row, MARKETS[name], as_one=False)
            if row[name] and live is not None:
                errors.add(float(row[name]) * live / own, truth, off)
            if row[name]:
                at_one.append(float(row[name]))
        naive.add(sorted(at_one)[len(at_one) // 2], truth, off)
    by_mean = sorted(singles.values(), key=lambda it: sum(it.calm + it.depeg) / len(it.calm + it.depeg))
    held.ways |= {"best single": by_mean[0], "worst single": by_mean[-1], "stablecoins taken as 1": naive}
    return held


def figures(errors: Sequence[float]) -> str:
    """Median, 95 % and the largest."""
    ordered = sorted(errors)
    return f"{ordered[len(ordered) // 2]:.1f} / {ordered[len(ordered) * 95 // 100]:.1f} / {ordered[-1]:.0f}"


def table(rows: Sequence[dict[str, str]]) -> Iterator[str]:
    """Two tables: calm minutes and those of the depeg."""
    found = {market: leave_out(rows, market) for market in MARKETS}
    ways = list(next(iter(found.values())).ways)
    for title, off in (("Minutes with USDC within 1 % of its peg", False), ("Minutes of the depeg", True)):
        count = max(len(it.ways["robust"].depeg if off else it.ways["robust"].calm) for it in found.values())
        yield f"{title} (up to {count:,} a market): median / 95 % / largest error in bps."
        yield ""
        yield f"| left out | {' | '.join(ways)} |"
        yield "|---|" + "---|" * len(ways)
        for market, held in found.items():
            cells = [figures(it.depeg if off else it.calm) for it in held.ways.values()]
            yield f"| {market.replace('_spot', '').replace('_', ' ')} | {' | '.join(cells)} |"
        yield ""
    inside, minutes = sum(it.inside for it in found.values()), sum(it.minutes for it in found.values())
    yield f"The market left out lay within twice the interval in {inside / minutes:.0%} of {minutes:,} cases."


def write(page: Path, text: str) -> None:
    """Put the tables between the marks of a page."""
    old = page.read_text("utf-8")
    begin = old.index("\n", old.index("<!-- march 2023: begin")) + 1
    end = old.index("<!-- march 2023: end")
    page.write_text(f"{old[:begin]}\n{text.strip()}\n\n{old[end:]}", "utf-8")


def main() -> int:
    """Print or write; 1 when there is no recording."""
    parser = argparse.ArgumentParser(description=__doc__)
    beside = Path(__file__).parents[2] / "shared" / "data" / "history" / "2023-03-11_usdc_depeg"
    parser.add_argument("folder", nargs="?", type=Path, default=beside, help="where the recording is")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="a page with marks, instead of stdout")
    options = parser.parse_args()
    if not (options.folder / FILE).is_file():
        sys.stderr.write(f"no recording in {options.folder}: name the folder that holds {FILE}\n")
        return 1
    text = "\n".join(table(read(options.folder)))
    if options.write:
        write(options.write, text)
    else:
        sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
