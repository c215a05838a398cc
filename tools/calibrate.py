"""Recording against simulation, as markdown: ``make calibrate``, or ``python tools/calibrate.py [FOLDER]``.

FOLDER holds the recordings (``../shared/data/history`` unless given); without it there is nothing to
compare with and the script says so. ``--write PAGE`` puts the tables between the page's marks. The room is
run on the *recorded* mids, so its tables judge the room alone; the tables of returns judge the synthetic
base feed. Takes about a minute and a half.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gzip
import io
import math
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from mdsim.core.instruments import ALL
from mdsim.core.ports import FeedRequest
from mdsim.core.seeds import SeedTree
from mdsim.core.time import DAY, HOUR, MS, SECOND
from mdsim.microstructure.room import Microstructure
from mdsim.sources.synthetic import FEED

BOOKS = "orderbook_2024-08-08"
PAIRS = {"BTC-USDT": "spot_BTCUSDT", "ETH-USDT": "spot_ETHUSDT"}
SAMPLE_NS = 100 * MS
SEEDS = (1, 2, 3, 4, 5)
WEEK_SEEDS = tuple(range(1, 9))
WEEK_STEP_NS = 10 * SECOND
EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday; Monday is 0."""
DISTANCES_BPS = (5, 10, 25, 50)
LEVELS = 1500

Row = dict[str, str]


@dataclass
class Trades:
    """One tape: seconds, whether a buy, USD; and the length of the recording."""

    times_s: list[float]
    buys: list[bool]
    notionals: list[float]
    length_s: float


def rows(path: Path) -> Iterator[Row]:
    """A CSV file, packed or not."""
    opener: Callable[..., Iterable[str]] = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt") as lines:  # type: ignore[attr-defined]
        yield from csv.DictReader(lines)


def quantile(values: Sequence[float], share: float) -> float:
    """The value at a share of the sorted values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def shown(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0 or math.isnan(value):
        return "–" if math.isnan(value) else "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def table(title: str, head: Sequence[str], lines: Iterable[tuple[str, float, float]]) -> None:
    """One markdown table with the ratio of the two columns."""
    out = [
        f"\n### {title}\n",
        f"| {head[0]} | recorded | simulated | simulated / recorded |",
        "|---|---|---|---|",
    ]
    for name, recorded, simulated in lines:
        ratio = simulated / recorded if recorded and not math.isnan(recorded) else math.nan
        out.append(f"| {name} | {shown(recorded)} | {shown(simulated)} | {shown(ratio)} |")
    sys.stdout.write("\n".join(out) + "\n")


def fano(times_s: Sequence[float], length_s: float, window_s: float) -> float:
    """Variance over mean of counts in windows."""
    counts = [0] * int(length_s // window_s)
    for time_s in times_s:
        at = int(time_s // window_s)
        if at < len(counts):
            counts[at] += 1
    return statistics.pvariance(counts) / statistics.mean(counts)


# ---------------------------------------------------------------- books and trades


def recorded_quotes(path: Path, increment: float) -> tuple[int, list[tuple[int, int]]]:
    """Start in ns, and best bid and ask in increments every 100 ms."""
    moments = [
        (
            int(row["timestamp_ms"]) * MS,
            round(float(row["bid"]) / increment),
            round(float(row["ask"]) / increment),
        )
        for row in rows(path)
    ]
    start_ns, at, quotes = moments[0][0], 0, []
    for now_ns in range(start_ns, moments[-1][0], SAMPLE_NS):
        while at + 1 < len(moments) and moments[at + 1][0] <= now_ns:
            at += 1
        quotes.append(moments[at][1:])
    return start_ns, quotes


def recorded_trades(path: Path) -> Trades:
    """A tape, times from its first trade."""
    read = list(rows(path))
    times_s = [int(row["timestamp_ms"]) / 1000 for row in read]
    return Trades(
        [time_s - times_s[0] for time_s in times_s],
        [row["side"] == "buy" for row in read],
        [float(row["price"]) * float(row["qty"]) for row in read],
        times_s[-1] - times_s[0],
    )


@dataclass
class Simulated:
    """What one seed made of the recorded mids."""

    spreads: list[int]
    depths: dict[int, list[float]]
    trades: Trades


def simulate(symbol: str, start_ns: int, quotes: list[tuple[int, int]], seed: int) -> Simulated:
    """Run the room on recorded mids; depth is summed over its levels, as in the recording from the mid."""
    item = ALL[symbol]
    price, size = float(item.price_increment), float(item.size_increment)
    room = Microstructure(ALL.only([symbol]), SeedTree(seed), start_ns, SAMPLE_NS, "liquid-usdt")
    made = Simulated(
        [], {bps: [] for bps in DISTANCES_BPS}, Trades([], [], [], len(quotes) * SAMPLE_NS / SECOND)
    )
    for number, (bid, ask) in enumerate(quotes):
        mid = (bid + ask) // 2
        now_ns = start_ns + number * SAMPLE_NS
        room.advance(now_ns, [mid])
        made.spreads.append(room.asks[0] - room.bids[0])
        for one in room.prints(0, now_ns - SAMPLE_NS, now_ns):
            made.trades.times_s.append((one.ts_ns - start_ns) / SECOND)
            made.trades.buys.append(one.buy)
            made.trades.notionals.append(one.price * price * one.size * size)
        if number % 50 == 0:
            book = room.book(0, LEVELS)
            for bps in DISTANCES_BPS:
                for levels in (book.bids, book.asks):
                    near = [p * q for p, q in levels if abs(p - mid) <= mid * bps * 1e-4]
                    made.depths[bps].append(sum(near) * price * size)
    return made


def orders(trades: Trades) -> list[int]:
    """Prints an order, taking prints of one side within the same millisecond as one order."""
    found, last = [], None
    for time_s, buy in zip(trades.times_s, trades.buys, strict=True):
        key = (int(time_s * 1000), buy)
        if key == last:
            found[-1] += 1
        else:
            found.append(1)
        last = key
    return found


def trade_figures(trades: Trades) -> dict[str, float]:
    """Everything the table of trades shows."""
    return {
        "prints a second": len(trades.times_s) / trades.length_s,
        "USD a second": sum(trades.notionals) / trades.length_s,
        "prints an order (mean)": statistics.mean(orders(trades)),
        "next print on the same side": statistics.mean(a == b for a, b in pairwise(trades.buys)),
        "Fano factor 1 s": fano(trades.times_s, trades.length_s, 1),
        "Fano factor 10 s": fano(trades.times_s, trades.length_s, 10),
        "Fano factor 60 s": fano(trades.times_s, trades.length_s, 60),
        "print in USD, 10 %": quantile(trades.notionals, 0.1),
        "print in USD, 50 %": quantile(trades.notionals, 0.5),
        "print in USD, 90 %": quantile(trades.notionals, 0.9),
        "print in USD, 99 %": quantile(trades.notionals, 0.99),
        "print in USD, 99.9 %": quantile(trades.notionals, 0.999),
    }


def books(folder: Path) -> None:
    """Spread, depth and trades of the two recorded pairs."""
    for symbol, stem in PAIRS.items():
        increment = float(ALL[symbol].price_increment)
        start_ns, quotes = recorded_quotes(folder / BOOKS / f"{stem}_bookticker.csv.gz", increment)
        runs = [simulate(symbol, start_ns, quotes, seed) for seed in SEEDS]
        to_bps = 1e4 / statistics.mean(bid for bid, _ in quotes)
        recorded = [ask - bid for bid, ask in quotes]
        simulated = [spread for run in runs for spread in run.spreads]
        spread_lines = [
            (
                "share of time at one increment",
                statistics.mean(spread <= 1 for spread in recorded),
                statistics.mean(spread <= 1 for spread in simulated),
            )
        ]
        spread_lines += [
            (f"{100 * share:g} %", quantile(recorded, share) * to_bps, quantile(simulated, share) * to_bps)
            for share in (0.5, 0.95, 0.99, 0.995, 0.999)
        ]
        table(f"{symbol}: spread in bps, every 100 ms", ["quantile"], spread_lines)
        seconds = list(rows(folder / BOOKS / f"{stem}_book_1s.csv"))
        lines = []
        for bps in DISTANCES_BPS:
            there = [
                float(row[f"{side}_depth_{bps}bp"]) * float(row["bid"])
                for row in seconds
                for side in ("bid", "ask")
            ]
            here = [value for run in runs for value in run.depths[bps]]
            lines += [
                (f"within {bps} bps, {100 * share:g} %", quantile(there, share), quantile(here, share))
                for share in (0.05, 0.5, 0.95)
            ]
        table(f"{symbol}: depth of a side in USD", ["distance from the mid, quantile"], lines)
        left = trade_figures(recorded_trades(folder / BOOKS / f"{stem}_trades.csv.gz"))
        right = [trade_figures(run.trades) for run in runs]
        table(
            f"{symbol}: trades",
            ["figure"],
            [(name, value, statistics.mean(one[name] for one in right)) for name, value in left.items()],
        )


# ---------------------------------------------------------------- volume by hour


def simulated_week(seed: int) -> list[float]:
    """Prints of BTC-USD by hour of a week from Monday, in the synthetic market; every fifth step."""
    request = FeedRequest(ALL.only(["BTC-USD"]), SeedTree(seed), None, WEEK_STEP_NS)
    feed = FEED.open(request)
    room = Microstructure(request.catalogue, request.seeds, feed.start_ns, WEEK_STEP_NS)
    increment = float(request.catalogue.instruments[0].price_increment)
    found = [0.0] * (7 * 24)
    for number in range(7 * DAY // WEEK_STEP_NS + 1):
        now_ns = feed.start_ns + number * WEEK_STEP_NS
        feed.advance(now_ns)
        room.advance(now_ns, [round(math.exp(feed.log_prices[0]) / increment)])
        if number % 5 == 0 and number:
            seen = room.prints(0, now_ns - WEEK_STEP_NS, now_ns)
            found[(now_ns - WEEK_STEP_NS - feed.start_ns) // HOUR] += len(seen)
    return found


def weekend_share(days: Sequence[tuple[int, float]]) -> float:
    """Mean volume of a weekend day over that of a weekday; days since Monday and volumes."""
    weekend = [volume for day, volume in days if day % 7 >= 5]
    return statistics.mean(weekend) / statistics.mean(volume for day, volume in days if day % 7 < 5)


def hours(folder: Path) -> None:
    """Hour of day on weekdays, and weekends, over three recordings; how the simulated hours fit each."""
    read = list(rows(folder / "intraday_volume" / "profile_hour_of_day.csv"))
    columns = [name for name in read[0] if name.endswith("_weekday")]
    mean = [statistics.mean(float(row[name]) for name in columns) for row in read]
    weeks = [simulated_week(seed) for seed in WEEK_SEEDS]
    by_hour = [
        statistics.mean(week[day * 24 + hour] for week in weeks for day in range(5)) for hour in range(24)
    ]
    ours = [volume / statistics.mean(by_hour) for volume in by_hour]
    lines = [(f"{hour:02d}h", mean[hour], ours[hour]) for hour in range(0, 24, 2)]
    shares = []
    for name in columns:
        stem = name.removesuffix("_weekday")
        source, years = stem.rsplit("_", 2)[0], "_".join(stem.rsplit("_", 2)[1:])
        path = folder / "intraday_volume" / f"{source}_1h_{years}.csv"
        stamped = [(int(row["timestamp_ms"]) // 3_600_000, float(row["volume"])) for row in rows(path)]
        shares.append(weekend_share([(hour // 24 + EPOCH_WEEKDAY, volume) for hour, volume in stamped]))
    simulated = weekend_share([(hour // 24, volume) for week in weeks for hour, volume in enumerate(week)])
    lines.append(("a weekend day, against a weekday", statistics.mean(shares), simulated))
    table("Trades by hour of the day (UTC), weekdays, mean hour 1", ["hour"], lines)

    def error(values: Sequence[float]) -> float:
        return math.sqrt(statistics.mean((a - b) ** 2 for a, b in zip(values, ours, strict=True)))

    fits = [
        f"{name.removesuffix('_weekday')}: correlation {statistics.correlation(values, ours):.2f}, "
        f"rms error {error(values):.2f}, "
        f"weekend {share:.2f}"
        for name, share in zip(columns, shares, strict=True)
        for values in [[float(row[name]) for row in read]]
    ]
    sys.stdout.write("\n" + "; ".join(fits) + ".\n")


# ---------------------------------------------------------------- the base feed


def returns(logs: Sequence[float], every: int) -> list[float]:
    """Log returns over ``every`` samples, without overlap."""
    return [after - before for before, after in pairwise(logs[::every])]


def kurtosis(values: Sequence[float]) -> float:
    """Excess kurtosis."""
    mean = statistics.fmean(values)
    square = statistics.fmean((value - mean) ** 2 for value in values)
    return statistics.fmean((value - mean) ** 4 for value in values) / square**2 - 3


def autocorrelation(values: Sequence[float], lag: int) -> float:
    """At a lag."""
    return statistics.correlation(values[:-lag], values[lag:])


def seconds_of(folder: Path, stem: str) -> dict[int, float]:
    """Log mid by second of the recorded book."""
    return {
        int(row["timestamp_ms"]) // 1000: math.log((float(row["bid"]) + float(row["ask"])) / 2)
        for row in rows(folder / BOOKS / f"{stem}_book_1s.csv")
    }


def minutes_of(path: Path) -> dict[int, float]:
    """Log close by minute."""
    return {int(row["timestamp_ms"]) // 60_000: math.log(float(row["close"])) for row in rows(path)}


def feed_seconds(days: int, seed: int) -> tuple[list[float], list[float]]:
    """Log prices of BTC and ETH from the synthetic feed, a second apart."""
    step_ns = SECOND
    request = FeedRequest(ALL.only(["BTC-USDT", "ETH-USDT"]), SeedTree(seed), None, step_ns)
    feed = FEED.open(request)
    btc, eth = [feed.log_prices[0]], [feed.log_prices[1]]
    for number in range(1, days * DAY // step_ns):
        feed.advance(feed.start_ns + number * step_ns)
        btc.append(feed.log_prices[0])
        eth.append(feed.log_prices[1])
    return btc, eth


def feed(folder: Path) -> None:
    """Returns: tails, memory, correlation."""
    both = [seconds_of(folder, stem) for stem in PAIRS.values()]
    common = sorted(both[0].keys() & both[1].keys())
    sec_btc, sec_eth = ([one[at] for at in common] for one in both)
    week = folder / "2023-03-11_usdc_depeg"
    pair = [minutes_of(week / f"binance_um_perp_{name}_1m.csv") for name in ("BTCUSDT", "ETHUSDT")]
    common = sorted(pair[0].keys() & pair[1].keys())
    min_btc, min_eth = ([one[at] for at in common] for one in pair)
    runs = [feed_seconds(5, seed) for seed in SEEDS]

    def over_seeds(measure: Callable[[list[float], list[float]], float]) -> float:
        return statistics.median(measure(btc, eth) for btc, eth in runs)

    def tails(every: int) -> float:
        return over_seeds(lambda btc, _eth: kurtosis(returns(btc, every)))

    def memory(lag: int, *, size: bool) -> float:
        def of(btc: list[float], _eth: list[float]) -> float:
            minutes = returns(btc, 60)
            return autocorrelation([abs(one) for one in minutes] if size else minutes, lag)

        return over_seeds(of)

    table(
        "BTC: excess kurtosis of returns by horizon",
        ["horizon"],
        [
            ("1 s", kurtosis(returns(sec_btc, 1)), tails(1)),
            ("10 s", kurtosis(returns(sec_btc, 10)), tails(10)),
            ("1 m", kurtosis(returns(min_btc, 1)), tails(60)),
            ("5 m", kurtosis(returns(min_btc, 5)), tails(300)),
        ],
    )
    theirs = returns(min_btc, 1)
    lines = [(f"r, {lag} m", autocorrelation(theirs, lag), memory(lag, size=False)) for lag in (1, 5)]
    their_sizes = [abs(value) for value in theirs]
    lines += [
        (f"size of r, {lag} m", autocorrelation(their_sizes, lag), memory(lag, size=True))
        for lag in (1, 10, 60, 240)
    ]
    table("BTC: autocorrelation of one-minute returns", ["of, lag"], lines)

    def together(every: int) -> float:
        return over_seeds(lambda btc, eth: statistics.correlation(returns(btc, every), returns(eth, every)))

    table(
        "BTC–ETH: correlation of returns by horizon",
        ["horizon"],
        [
            (name, statistics.correlation(returns(a, n), returns(b, n)), together(m))
            for name, a, b, n, m in (
                ("1 s", sec_btc, sec_eth, 1, 1),
                ("10 s", sec_btc, sec_eth, 10, 10),
                ("1 m", min_btc, min_eth, 1, 60),
                ("1 h", min_btc, min_eth, 60, HOUR // SECOND),
            )
        ],
    )


def write(page: Path, tables: str) -> None:
    """Replace what stands between the marks of a page."""
    text = page.read_text()
    begin = text.index("\n", text.index("<!-- calibration: begin")) + 1
    end = text.index("<!-- calibration: end")
    page.write_text(f"{text[:begin]}\n{tables.strip()}\n\n{text[end:]}")


def main() -> int:
    """Print or write every table; 1 when there are no recordings."""
    parser = argparse.ArgumentParser(description=__doc__)
    beside = Path(__file__).parents[2] / "shared" / "data" / "history"
    parser.add_argument("folder", nargs="?", type=Path, default=beside, help="where the recordings are")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="a page with marks, instead of stdout")
    options = parser.parse_args()
    if not (options.folder / BOOKS).is_dir():
        sys.stderr.write(f"no recordings in {options.folder}: name the folder that holds {BOOKS}/\n")
        return 1
    with io.StringIO() as tables, contextlib.redirect_stdout(tables):
        books(options.folder)
        hours(options.folder)
        feed(options.folder)
        text = tables.getvalue()
    if options.write:
        write(options.write, text)
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
