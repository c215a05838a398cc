"""Derive the crisis library from recordings: ``python tools/derive_crises.py ../shared/data/history``.

Run by hand, where the recordings are; never in CI. It writes ``mdsim/datasets/crises/<event>.json``: figures
only. Each series is a path of at most 200 keyframes, prices divided by the one at the start of the window.
No bar of a recording is in them that is not also an extreme, a turn or one end of the sharpest hour.

What is kept of a recording, and how it is measured (as ``event_metrics.json`` beside the recordings does):

- the low: the lowest trade; it is placed half-way through its bar, since no bar says when it was;
- the sharpest hour: the largest fall from one bar's close to the close an hour later;
- the leg: the deepest fall within six hours, from a bar's high to a later bar's low;
- the way back: minutes from the leg's low until a bar closes above half (nine tenths) of the leg;
- where half never came back, the highest price after the leg's low: paths do not stray above it.

The keyframes are chosen by largest error: beginning with the points above, the bar's close that lies
farthest (in log price) from the straight line between its neighbours is added until all lie within
``CLOSE_ENOUGH`` of the leg or the budget is spent (the idea of Ramer 1972 and of Douglas and Peucker 1973,
best first).
Then all figures are measured again on the keyframes, and anything off by more than ``TOLERANCE`` stops the
script. What lies between the keyframes is told by one number, how rough it was (``roughness``).
"""

from __future__ import annotations

import csv
import itertools
import json
import math
import sys
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import correlation, median

OUT = Path(__file__).parent.parent / "mdsim" / "datasets" / "crises"
POINTS_MOST = 200
CLOSE_ENOUGH = 0.01
"""Share of the leg, in log price, that a bar's close may lie off the path."""
TOLERANCE = 0.02
"""Of a fall, on keyframes against bars; the promise to users is 0.10."""
HOUR_S, LEG_S, CALM_S = 3600, 6 * 3600, 24 * 3600
NOTICE = "Figures measured from the recordings named as sources; no recorded data is redistributed here."


@dataclass(frozen=True)
class Bar:
    """One bar; times in seconds since the start of the window once it is cut out, else since 1970."""

    at_s: int
    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True)
class Source:
    """Which recording a series comes from; ``bar_s`` is its bar."""

    asset: str
    file: str
    bar_s: int
    told: str


@dataclass(frozen=True)
class Event:
    """A window of time with the series recorded in it; ``missing`` says what was not."""

    name: str
    about: str
    start: str
    hours: int
    sources: tuple[Source, ...]
    missing: str


_CRASH_2021 = "2021-05-19_crash/binance_spot_{}USDT_1m.csv"
_UST = "2022-05-12_ust_usdt_depeg/"
_FTX = "2022-11-08_ftx/binance_um_perp_{}USDT_1m.csv"
_USDC = "2023-03-11_usdc_depeg/"
_YEN = "2024-08-05_yen_carry/binance_spot_{}USDT_5m.csv"
_TARIFF = "2025-10-10_tariff_liquidations/binance_spot_{}USDT_5m.csv"
_SPOT_5M = "Binance spot {}/USDT, 5-minute bars"
_SPOT_1M = "Binance spot {}/USDT, 1-minute bars"
_PERP_1M = "Binance USD-M perpetual {}/USDT, 1-minute bars"

EVENTS = (
    Event(
        "2020-03-12",
        "Black Thursday: markets flee into cash, and Bitcoin loses a quarter of its price within an hour.",
        "2020-03-12T00:00Z",
        21,
        (
            Source(
                "BTC", "2020-03-12_black_thursday/binance_spot_BTCUSDT_5m.csv", 300, _SPOT_5M.format("BTC")
            ),
        ),
        "No recording of ETH. The recording ends on 12 March at 21:10 UTC, before the second leg: venue lows "
        "under 4,000 followed at about 02:00 on the 13th. Spread and depth were not recorded.",
    ),
    Event(
        "2021-05-19",
        "Leverage unwinds after China repeats its ban: BTC loses 22 % and ETH 30 % within one hour.",
        "2021-05-19T00:00Z",
        24,
        tuple(Source(x, _CRASH_2021.format(x), 60, _SPOT_1M.format(x)) for x in ("BTC", "ETH")),
        "Spread and depth were not recorded.",
    ),
    Event(
        "2022-05-12",
        "The algorithmic stablecoin UST loses its peg for good; USDT slips, BTC and ETH fall with it.",
        "2022-05-09T00:00Z",
        97,
        (
            Source(
                "UST",
                _UST + "binance_spot_USTUSDT_1h_close.csv",
                3600,
                "Binance spot UST/USDT, hourly closes",
            ),
            Source("USDT", _UST + "coinbase_USDTUSD_1h_close.csv", 3600, "Coinbase USDT/USD, hourly closes"),
            Source("BTC", _UST + "binance_um_perp_BTCUSDT_1m.csv", 60, _PERP_1M.format("BTC")),
            Source("ETH", _UST + "binance_um_perp_ETHUSDT_1m.csv", 60, _PERP_1M.format("ETH")),
        ),
        "UST and USDT are known by hourly closes alone: lows inside an hour (USDT traded near 0.95) are not "
        "in them. Binance stopped UST on 13 May, where the recording ends, so there is no way back. UST, BTC "
        "and ETH were recorded against USDT and are read as USD. Before 10 May 06:00 UTC USDT was not "
        "recorded and is held at its first price. Spread and depth were not recorded.",
    ),
    Event(
        "2022-11-08",
        "The exchange FTX stops withdrawals: two days of falling, and half of it does not come back.",
        "2022-11-08T06:00Z",
        54,
        tuple(Source(x, _FTX.format(x), 60, _PERP_1M.format(x)) for x in ("BTC", "ETH")),
        "Recorded on perpetuals, which traded below spot in those hours. Spread and depth were not recorded.",
    ),
    Event(
        "2023-03-11",
        "A bank of USDC's issuer fails on a Friday: USDC falls to 0.87 and needs until Monday to return.",
        "2023-03-10T18:00Z",
        72,
        (
            Source("USDC", _USDC + "kraken_USDCUSD_1m.csv", 60, "Kraken USDC/USD, 1-minute bars"),
            Source("USDT", _USDC + "coinbase_USDTUSD_1m.csv", 60, "Coinbase USDT/USD, 1-minute bars"),
            Source("BTC", _USDC + "coinbase_BTCUSD_1m.csv", 60, "Coinbase BTC/USD, 1-minute bars"),
            Source("ETH", _USDC + "binance_um_perp_ETHUSDT_1m.csv", 60, _PERP_1M.format("ETH")),
        ),
        "ETH was recorded on a perpetual in USDT and is read as USD. Spread and depth were not recorded.",
    ),
    Event(
        "2024-08-05",
        "The yen carry trade unwinds on a Monday: BTC falls to 49,000, ETH loses a quarter in five hours.",
        "2024-08-04T18:00Z",
        48,
        tuple(Source(x, _YEN.format(x), 300, _SPOT_5M.format(x)) for x in ("BTC", "ETH")),
        "Spread and depth were not recorded.",
    ),
    Event(
        "2025-10-10",
        "A tariff threat on a Friday evening: a wave of liquidations that is over in half an hour.",
        "2025-10-10T12:00Z",
        24,
        tuple(Source(x, _TARIFF.format(x), 300, _SPOT_5M.format(x)) for x in ("BTC", "ETH")),
        "Spread and depth were not recorded.",
    ),
    Event(
        "2025-10-10-usde",
        "USDe falls to 0.65 on one venue, whose books are empty, while it stays near 1 everywhere else.",
        "2025-10-10T12:00Z",
        14,
        (
            Source(
                "USDE",
                "2025-10-10_usde_depeg/binance_spot_USDEUSDT_1m.csv",
                60,
                "Binance spot USDe/USDT, 1-minute bars: that venue alone",
            ),
            *(Source(x, _TARIFF.format(x), 300, _SPOT_5M.format(x)) for x in ("BTC", "ETH")),
        ),
        "One venue: on-chain the coin traded between 0.994 and 1.000 that night. Within a minute its price "
        "went up and down between bids and asks by as much as a third; the path holds each minute's close, "
        "and of what lies inside a minute only the low. USDe was recorded against USDT and is read as USD. "
        "Depth was not recorded.",
    ),
)


def read(path: Path) -> list[Bar]:
    """Every bar of a recording; one of closes alone has bars without a body."""
    bars = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            close = float(row["close"])
            bars.append(
                Bar(
                    int(row["timestamp_ms"]) // 1000,
                    float(row.get("open", close)),
                    float(row.get("high", close)),
                    float(row.get("low", close)),
                    close,
                    float(row["volume"]),
                )
            )
    return bars


def cut(bars: list[Bar], start_s: int, length_s: int, bar_s: int) -> list[Bar]:
    """The bars of a window, in its time; while nothing traded the last close holds (or the first open)."""
    inside = {bar.at_s - start_s: bar for bar in bars if start_s <= bar.at_s < start_s + length_s}
    last = next(iter(inside.values())).open
    found = []
    for at_s in range(0, length_s, bar_s):
        bar = inside.get(at_s)
        if bar is None:
            found.append(Bar(at_s, last, last, last, last, 0.0))
        else:
            found.append(Bar(at_s, bar.open, bar.high, bar.low, bar.close, bar.volume))
            last = bar.close
    return found


@dataclass(frozen=True)
class Figures:
    """What is kept of a series: prices with the starts of their bars, shares, minutes (None: never)."""

    low: float
    low_at_s: int
    hour: float
    hour_end_s: int
    peak: float
    peak_at_s: int
    trough: float
    trough_at_s: int
    half_min: float | None
    ninety_min: float | None

    def back(self, share: float) -> float:
        """The price at which this share of the leg is recovered."""
        return self.trough + share * (self.peak - self.trough)


def figures(bars: list[Bar], bar_s: int) -> Figures:
    """Measure bars without gaps."""
    low = min(bars, key=lambda bar: bar.low)
    lag = HOUR_S // bar_s
    hours = [(b.close / a.close - 1.0, b.at_s) for a, b in zip(bars, bars[lag:], strict=False)]
    hour, hour_end_s = min(hours)
    peak, trough = bars[0], bars[0]
    reach = LEG_S // bar_s
    for at, bar in enumerate(bars):
        best = max(bars[max(0, at - reach + 1) : at + 1], key=lambda one: one.high)
        if bar.low / best.high < trough.low / peak.high:
            peak, trough = best, bar
    found = Figures(
        low.low, low.at_s, hour, hour_end_s, peak.high, peak.at_s, trough.low, trough.at_s, None, None
    )
    minutes = [
        next(
            ((bar.at_s - trough.at_s) / 60 for bar in bars if bar.at_s > trough.at_s and bar.close >= level),
            None,
        )
        for level in (found.back(0.5), found.back(0.9))
    ]
    return Figures(*(getattr(found, name) for name in list(Figures.__dataclass_fields__)[:8]), *minutes)


Point = tuple[int, float]


def candidates(bars: list[Bar], bar_s: int, kept: Figures) -> tuple[list[Point], list[int]]:
    """Every point a path may go through (time, log price), and the indexes of those that it must."""
    points: dict[int, float] = {0: math.log(bars[0].open)}
    forced = {0: None, bars[-1].at_s + bar_s: None}
    for bar in bars:
        points[bar.at_s + bar_s] = math.log(bar.close)
    hour_end_s = kept.hour_end_s + bar_s
    for at_s in (hour_end_s, hour_end_s - HOUR_S):
        forced[at_s] = None
    for minutes in (kept.half_min, kept.ninety_min):
        if minutes is not None:
            crossing_s = kept.trough_at_s + round(minutes * 60)
            forced[crossing_s] = forced[crossing_s + bar_s] = None
    for at_s, price in (
        (kept.low_at_s, kept.low),
        (kept.trough_at_s, kept.trough),
        (kept.peak_at_s, kept.peak),
    ):
        wick_s = at_s + bar_s // 2 if bar_s < HOUR_S else at_s + bar_s
        points[wick_s] = math.log(price)
        for near_s in (at_s, wick_s, at_s + bar_s):
            forced[near_s] = None
    ordered = sorted(points.items())
    return ordered, [at for at, (time_s, _) in enumerate(ordered) if time_s in forced]


def simplify(points: list[Point], must: list[int], close_enough: float) -> list[int]:
    """Indexes of the points that are kept: the forced ones, then always the one that is farthest off."""
    kept = sorted(must)

    def worst(left: int, right: int) -> tuple[float, int]:
        (start_s, start), (end_s, end) = points[left], points[right]
        slope = (end - start) / (end_s - start_s)
        return max(
            (abs(points[at][1] - start - slope * (points[at][0] - start_s)), at)
            for at in range(left + 1, right)
        )

    gaps = {(a, b): worst(a, b) for a, b in itertools.pairwise(kept) if b > a + 1}
    while gaps and len(kept) < POINTS_MOST:
        (left, right), (error, at) = max(gaps.items(), key=lambda item: item[1])
        if error < close_enough:
            break
        del gaps[left, right]
        kept.append(at)
        for pair in ((left, at), (at, right)):
            if pair[1] > pair[0] + 1:
                gaps[pair] = worst(*pair)
    return sorted(kept)


def rebuilt(path: list[Point], bars: list[Bar], bar_s: int) -> list[Bar]:
    """The bars that a path of keyframes would print."""
    times = [time_s for time_s, _ in path]

    def price(at_s: int) -> float:
        k = min(bisect_right(times, at_s), len(times) - 1)
        (start_s, start), (end_s, end) = path[k - 1], path[k]
        return math.exp(start + (end - start) * (at_s - start_s) / (end_s - start_s))

    found = []
    for bar in bars:
        inside = [bar.at_s, *(at for at in times if bar.at_s < at < bar.at_s + bar_s), bar.at_s + bar_s]
        seen = [price(at_s) for at_s in inside]
        found.append(Bar(bar.at_s, seen[0], max(seen), min(seen), seen[-1], 0.0))
    return found


def roughness(path: list[Point], bars: list[Bar], bar_s: int) -> float:
    """Basis points a square root of a minute: how far the closes stray between keyframes.

    A Brownian bridge over a gap of T has the variance ``rate x (1 - x) T`` at the share x of it; the rate is
    estimated from every close that is no keyframe.
    """
    times = [time_s for time_s, _ in path]
    squares = reach = 0.0
    for bar in bars:
        at_s = bar.at_s + bar_s
        k = bisect_right(times, at_s)
        if times[k - 1] == at_s:
            continue
        (start_s, start), (end_s, end) = path[k - 1], path[k]
        x = (at_s - start_s) / (end_s - start_s)
        squares += (math.log(bar.close) - start - (end - start) * x) ** 2
        reach += x * (1.0 - x) * (end_s - start_s) / 60.0
    return math.sqrt(squares / reach) * 1e4 if reach else 0.0


def residuals(kept: Figures, again: Figures, bars: list[Bar], bar_s: int) -> list[tuple[str, float, float]]:
    """Name, what the keyframes give, and how far off in shares of what is tolerated (over 1: too far)."""
    after = [bar for bar in bars if bar.at_s > kept.trough_at_s]
    found = [
        ("low", again.low, abs(again.low / kept.low - 1.0) / (TOLERANCE * (1.0 - kept.low / kept.peak))),
        ("sharpest hour", again.hour, abs(again.hour / kept.hour - 1.0) / TOLERANCE),
    ]
    for name, share, minutes in (("half back", 0.5, kept.half_min), ("90 % back", 0.9, kept.ninety_min)):
        level = kept.back(share) * (1.0 - 1e-6)  # the levels are rounded to six digits
        met = next(((bar.at_s - kept.trough_at_s) / 60 for bar in after if bar.close >= level), None)
        if met is None or minutes is None:
            found.append((name, math.nan, 0.0 if met == minutes else math.inf))
        else:
            found.append((name, met, abs(met - minutes) * 60 / bar_s))
    return found


def compare(recorded: dict[str, object], kept: Figures, start_s: int) -> None:
    """Hold the figures measured here against those of ``event_metrics.json``, where both saw the event."""
    leg = recorded["leg_6h"]
    assert isinstance(leg, dict)
    when = datetime.strptime(str(leg["trough_at"]), "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    if when.timestamp() - start_s != kept.trough_at_s:
        sys.stdout.write(f"    (its sharpest leg, at {leg['trough_at']}, is another one)\n")
        return
    back = leg["retraced_min"]
    pairs = [
        ("trough", leg["trough"], kept.trough),
        ("peak", leg["peak"], kept.peak),
        ("half", back["0.5"], kept.half_min),
        ("90 %", back["0.9"], kept.ninety_min),
    ]
    hours = recorded["close_move_60m_pct"]
    ends = recorded["close_move_60m_at"]
    assert isinstance(hours, list)
    assert isinstance(ends, list)
    end = datetime.strptime(ends[0], "%Y-%m-%d %H:%M").replace(tzinfo=UTC).timestamp() - start_s
    if end == kept.hour_end_s:
        pairs.append(("hour", hours[0], round(kept.hour * 100, 3)))
    for name, theirs, ours in pairs:
        beyond_window = name in ("half", "90 %") and ours is None
        if theirs != ours and not beyond_window:
            sys.exit(f"    {name}: event_metrics.json says {theirs}, measured here {ours}")


def returns(bars: list[Bar]) -> dict[int, float]:
    """Log return by the start of its bar."""
    return {b.at_s: math.log(b.close / a.close) for a, b in itertools.pairwise(bars)}


def together(one: list[Bar], other: list[Bar], bar_s: int, since_s: int, until_s: int) -> float | None:
    """Correlation of the bars' log returns, or None when fewer than 20 are common."""
    first, second = returns(one), returns(other)
    times = [at for at in first if at in second and since_s <= at < until_s - bar_s]
    if len(times) < 20:
        return None
    return round(correlation([first[at] for at in times], [second[at] for at in times]), 2)


def hourly_volume(bars: list[Bar], start_s: int, length_s: int, trough_s: int) -> list[list[float]]:
    """Volume of each hour against the median hour of the calm day; nothing where that was not recorded.

    Calm is the 24 hours that end six hours before the trough.
    """
    hours: dict[int, float] = {}
    for bar in bars:
        hours[bar.at_s // HOUR_S] = hours.get(bar.at_s // HOUR_S, 0.0) + bar.volume
    last = (trough_s - LEG_S) // HOUR_S
    calm = [hours[hour] for hour in range(last - 24, last) if hour in hours]
    if len(calm) < 12 or median(calm) <= 0.0:
        return []
    first = start_s // HOUR_S
    return [
        [(hour - first) * HOUR_S, float(f"{hours[hour] / median(calm):.3g}")]
        for hour in range(first, first + length_s // HOUR_S)
        if hour in hours
    ]


def number(value: float) -> str:
    """A price as text, as recorded."""
    return f"{value:.8f}".rstrip("0").rstrip(".")


def derive(event: Event, folder: Path, metrics: dict[str, dict[str, object]]) -> dict[str, object]:
    """One event as it is written, with the residuals printed."""
    start_s = int(datetime.fromisoformat(event.start).timestamp())
    length_s = event.hours * HOUR_S
    series: dict[str, object] = {}
    whole: dict[str, list[Bar]] = {}
    trough_s = 0
    sys.stdout.write(f"{event.name}\n")
    for source in event.sources:
        whole[source.asset] = read(folder / source.file)
        bars = cut(whole[source.asset], start_s, length_s, source.bar_s)
        idle = sum(bar.volume == 0.0 for bar in bars)
        kept = figures(bars, source.bar_s)
        trough_s = trough_s or start_s + kept.trough_at_s
        points, must = candidates(bars, source.bar_s, kept)
        path = [points[at] for at in simplify(points, must, CLOSE_ENOUGH * math.log(kept.peak / kept.trough))]
        base = path[0][1]
        levels = [[time_s, round(math.exp(log - base), 6)] for time_s, log in path]
        rounded = [(int(time_s), math.log(level) + base) for time_s, level in levels]
        printed = rebuilt(rounded, bars, source.bar_s)
        checks = residuals(kept, figures(printed, source.bar_s), printed, source.bar_s)
        off = max(abs(math.log(a.close / b.close)) for a, b in zip(printed, bars, strict=True))
        sys.stdout.write(f"  {source.asset}: {len(bars)} bars ({idle} without a trade), ")
        sys.stdout.write(f"{len(levels)} keyframes, closes within {off * 1e4:.1f} bp\n")
        for name, value, share in checks:
            sys.stdout.write(f"    {name}: {value:.6g}, {share:.2f} of what is tolerated\n")
            if share > 1.0:
                sys.exit("    too far off")
        recorded = metrics.get(source.file, {})  # hourly closes have no entry
        if recorded:
            compare(recorded, kept, start_s)
        entry: dict[str, object] = {
            "source": source.told,
            "file": source.file,
            "bar_s": source.bar_s,
            "start": number(bars[0].open),
            "low": number(kept.low),
            "low_bar_s": kept.low_at_s,
            "sharpest_hour": round(kept.hour, 5),
            "sharpest_hour_ends_s": kept.hour_end_s + source.bar_s,
            "leg": {
                "peak": number(kept.peak),
                "peak_bar_s": kept.peak_at_s,
                "trough": number(kept.trough),
                "trough_bar_s": kept.trough_at_s,
                "half_back_min": kept.half_min,
                "ninety_back_min": kept.ninety_min,
            },
        }
        surge = recorded.get("surge")
        if isinstance(surge, dict):
            entry["surge"] = {
                "volatility_2h": surge["vol_ratio"],
                "volume_2h": surge["volume_ratio_2h"],
                "volume_bar": surge["volume_ratio_max_bar"],
            }
        volume = hourly_volume(whole[source.asset], start_s, length_s, start_s + kept.trough_at_s)
        if volume:
            entry["volume"] = volume
        if kept.half_min is None:
            since_s = kept.trough_at_s + source.bar_s
            most = max(bar.high for bar in bars if bar.at_s >= since_s)
            entry["never_above"] = [since_s, round(most / math.exp(base), 6)]
        entry["rough_bp"] = round(roughness(path, bars, source.bar_s), 2)
        entry["points"] = levels
        series[source.asset] = entry
    found: dict[str, object] = {
        "event": event.name,
        "about": event.about,
        "start": event.start,
        "length_s": length_s,
        "notice": NOTICE,
        "missing": event.missing,
    }
    pair = [source for source in event.sources if source.asset in ("BTC", "ETH")]
    if len(pair) == 2 and pair[0].bar_s == pair[1].bar_s:
        bar_s, (one, other) = pair[0].bar_s, (whole[source.asset] for source in pair)
        crash = together(one, other, bar_s, trough_s - HOUR_S, trough_s + HOUR_S)
        calm = together(one, other, bar_s, trough_s - LEG_S - CALM_S, trough_s - LEG_S)
        found["correlation"] = {"assets": ["BTC", "ETH"], "bar_s": bar_s, "calm_24h": calm, "crash_2h": crash}
        sys.stdout.write(f"  correlation BTC, ETH: calm {calm}, two hours around the low {crash}\n")
    found["series"] = series
    return found


def text(event: dict[str, object]) -> str:
    """JSON that reads and compares well: one line a fact, eight keyframes a line."""

    def listing(items: list[list[float]], indent: str) -> str:
        rows = [items[at : at + 8] for at in range(0, len(items), 8)]
        lines = [", ".join(json.dumps(item) for item in row) for row in rows]
        return "[\n" + ",\n".join(f"{indent} {line}" for line in lines) + f"\n{indent}]"

    def mapping(items: dict[str, object], indent: str) -> str:
        lines = []
        for key, value in items.items():
            if key == "series" or (indent == " " and isinstance(value, dict)):
                assert isinstance(value, dict)
                shown = mapping(value, indent + " ")
            elif key in ("points", "volume"):
                assert isinstance(value, list)
                shown = listing(value, indent)
            else:
                shown = json.dumps(value, ensure_ascii=False)
            lines.append(f"{indent} {json.dumps(key)}: {shown}")
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"

    return mapping(event, "") + "\n"


def main() -> None:
    """Write every event."""
    if len(sys.argv) != 2:
        sys.exit("usage: python tools/derive_crises.py FOLDER_OF_THE_RECORDINGS")
    folder = Path(sys.argv[1])
    metrics = json.loads((folder / "event_metrics.json").read_text("utf-8"))
    OUT.mkdir(exist_ok=True)
    for event in EVENTS:
        (OUT / f"{event.name}.json").write_text(text(derive(event, folder, metrics)), "utf-8")


if __name__ == "__main__":
    main()
