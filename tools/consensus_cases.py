"""Five incidents that happened, as reports of sources, and what the consensus makes of them.

``tests/consensus/test_incidents.py`` holds the figures, ``tools/consensus_page.py`` prints them. The paths
are straight lines through the published figures of each incident; the noise is ours: 1 bp of standard
deviation in every report, from seed 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from statistics import median

from mdsim.consensus.room import Consensus
from mdsim.consensus.settings import Bounds, ConsensusSettings
from mdsim.core.instruments import ALL
from mdsim.core.seeds import SeedTree
from mdsim.core.sourcing import Report, SourceTerms
from mdsim.core.time import MS, SECOND

STEP_NS = 250 * MS
NOISE_BPS = 1.0

Path = Callable[[float], float]
"""Price at a time in seconds."""


@dataclass(frozen=True)
class Case:
    """One incident.

    Attributes:
        symbol: the instrument that is judged.
        sources: by source and symbol, its price over time.
        bad: sources whose price of ``symbol`` was wrong; the truth is the median of the others.
        frozen: a source that goes on repeating what it said at this second.
        noiseless: the price is exactly what the path says, as a stablecoin's is for minutes.
    """

    name: str
    symbol: str
    seconds: int
    sources: Mapping[tuple[str, str], Path]
    bad: tuple[str, ...]
    truth: Path | None = None
    frozen: tuple[str, int] | None = None
    noiseless: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        worst_bps: largest error of the agreed price, with the breaker off.
        mean_bps: mean error over the whole case.
        halted_s: seconds for which a breaker of 20 % would have let nothing be published.
        states: states of the price, in the order in which they first appeared, with the breaker on.
        reasons: why a bad source did not count, in order of appearance.
    """

    worst_bps: float
    mean_bps: float
    halted_s: float
    states: tuple[str, ...]
    reasons: tuple[str, ...]


def line(*points: tuple[float, float]) -> Path:
    """Straight from point to point (second, price); flat outside."""

    def at(second: float) -> float:
        if second <= points[0][0]:
            return points[0][1]
        for (t0, p0), (t1, p1) in pairwise(points):
            if second <= t1:
                return p0 + (p1 - p0) * (second - t0) / (t1 - t0)
        return points[-1][1]

    return at


def _falls(share: float) -> Path:
    """A venue that loses ``share`` in ten seconds and has it back a minute later."""
    return line((20, 65_760.0), (30, 65_760.0 * (1 - share)), (35, 65_760.0 * (1 - share)), (95, 65_700.0))


def _publishers() -> dict[tuple[str, str], Path]:
    good = line((0, 43_000.0), (240, 42_900.0))
    paths: dict[tuple[str, str], Path] = {(f"publisher-{n}", "BTC-USD"): good for n in range(1, 10)}
    paths[("publisher-10", "BTC-USD")] = lambda s: 0.43 if 60 <= s < 180 else good(s)
    paths[("publisher-11", "BTC-USD")] = lambda s: 12.0 if 60 <= s < 180 else good(s)
    return paths


def _trend(second: float) -> float:
    return line((20, 60_000.0), (80, 57_000.0))(second)


CASES: tuple[Case, ...] = (
    Case(
        "2021-10-21: one venue 65,760 to 8,200 in ten seconds",
        "BTC-USD",
        120,
        {
            ("binance-us", "BTC-USD"): line((20, 65_760), (30, 8_200), (33, 8_200), (75, 65_700)),
            ("bitstamp", "BTC-USD"): _falls(0.02),
            ("coinbase", "BTC-USD"): _falls(0.06),
            ("gemini", "BTC-USD"): _falls(0.10),
            ("kraken", "BTC-USD"): _falls(0.16),
        },
        ("binance-us",),
    ),
    Case(
        "2021-09-20: two of eleven near zero for two minutes",
        "BTC-USD",
        240,
        _publishers(),
        ("publisher-10", "publisher-11"),
    ),
    Case(
        "2025-10-10: USDe at .65 on one venue of three",
        "USDE-USD",
        600,
        {
            ("binance", "USDE-USD"): line((60, 1.0), (240, 0.65), (270, 0.65), (540, 0.97)),
            ("bybit", "USDE-USD"): line((60, 1.0), (240, 0.97), (540, 0.99)),
            ("curve", "USDE-USD"): line((60, 1.0), (240, 0.985), (540, 0.995)),
        },
        ("binance",),
    ),
    Case(
        "a source of five freezes while BTC loses 5 % in a minute",
        "BTC-USD",
        120,
        {(name, "BTC-USD"): _trend for name in ("binance", "bitstamp", "coinbase", "gemini", "kraken")},
        ("kraken",),
        frozen=("kraken", 20),
    ),
    Case(
        "a source of three freezes likewise",
        "BTC-USD",
        120,
        {(name, "BTC-USD"): _trend for name in ("binance", "coinbase", "kraken")},
        ("kraken",),
        frozen=("kraken", 20),
    ),
    Case(
        "2023-03-11: a stablecoin among two (BTC-USD and BTC-USDC, USDC at .88)",
        "BTC-USD",
        300,
        {
            ("kraken", "BTC-USD"): lambda _: 20_200.0,
            ("binance-us", "BTC-USDC"): lambda s: 20_200.0 / line((30, 1.0), (200, 0.88))(s),
            ("kraken", "USDC-USD"): line((30, 1.0), (200, 0.88)),
            ("coinbase", "USDC-USD"): line((30, 1.0), (200, 0.88)),
        },
        (),
        truth=lambda _: 20_200.0,
    ),
    Case(
        "a stablecoin of two sources, one says .65",
        "USDT-USD",
        120,
        {
            ("coinbase", "USDT-USD"): line((30, 0.9999), (40, 0.65), (60, 0.65), (70, 0.9999)),
            ("kraken", "USDT-USD"): lambda _: 1.0,
        },
        ("coinbase",),
        noiseless=True,
    ),
)


def reports(case: Case) -> list[list[Report]]:
    """What the sources send, one list a step."""
    seeds = SeedTree(1)
    noise = {key: seeds.stream(case.name, *key) for key in case.sources}
    steps = []
    for number in range(case.seconds * SECOND // STEP_NS):
        now_ns = number * STEP_NS
        said = []
        for (source, symbol), path in case.sources.items():
            error = 1.0 if case.noiseless else 1.0 + noise[source, symbol].gauss(0.0, NOISE_BPS) / 1e4
            second = now_ns / SECOND
            if case.frozen is not None and source == case.frozen[0] and second >= case.frozen[1]:
                second, error = float(case.frozen[1]), 1.0
            price = Decimal(f"{path(second) * error:.10g}")
            said.append(Report(source, symbol, 0, now_ns, number + 1, None, None, price, None))
        steps.append(said)
    return steps


def truth(case: Case, second: float) -> float:
    """What the price was."""
    if case.truth is not None:
        return case.truth(second)
    return median(
        path(second)
        for (source, symbol), path in case.sources.items()
        if symbol == case.symbol and source not in case.bad
    )


def room(case: Case, method: str, breaker: float) -> Consensus:
    """A room for the sources of a case."""
    by_source: dict[str, list[str]] = {}
    for source, symbol in case.sources:
        by_source.setdefault(source, []).append(symbol)
    terms = [
        SourceTerms(name, "stream", "exchange_feeds", 1, False, 5 * SECOND, tuple(symbols))
        for name, symbols in by_source.items()
    ]
    catalogue = ALL.only([case.symbol, *(symbol for _, symbol in case.sources)])
    bounds = {symbol: Bounds(breaker=breaker) for symbol in catalogue.symbols}
    return Consensus(catalogue, terms, ConsensusSettings(method, bounds=bounds))


def play(case: Case, method: str) -> Outcome:
    """Judge a case four times a second."""
    steps = reports(case)
    free, held = room(case, method, 1e9), room(case, method, 0.20)
    at = ALL.only([case.symbol, *(symbol for _, symbol in case.sources)]).index[case.symbol]
    errors: list[float] = []
    states: dict[str, None] = {}
    reasons: dict[str, None] = {}
    halted = 0
    for number, said in enumerate(steps):
        now_ns = number * STEP_NS
        for judge in (free, held):
            for report in said:
                judge.take(report)
            judge.judge(now_ns)
        errors.append(1e4 * abs(free.judgement(at).price / truth(case, now_ns / SECOND) - 1.0))
        state = held.judgement(at).state
        states[state] = None
        halted += state == "HALTED"
        for rejection in free.rejections():
            if rejection.source in case.bad and rejection.symbol == case.symbol:
                reasons[rejection.reason] = None
    return Outcome(
        max(errors), sum(errors) / len(errors), halted * STEP_NS / SECOND, tuple(states), tuple(reasons)
    )


def rows(cases: Sequence[Case] = CASES) -> list[tuple[Case, Outcome, Outcome]]:
    """Every case under both methods."""
    return [(case, play(case, "robust"), play(case, "two_sigma")) for case in cases]
