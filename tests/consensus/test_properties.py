"""What must hold whatever the sources say."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.consensus import means
from mdsim.consensus.room import Consensus
from mdsim.core.instruments import ALL
from mdsim.core.sourcing import Judgement, Report, SourceTerms
from mdsim.core.time import MS, SECOND

NAMES = ("binance", "bitstamp", "coinbase", "gemini", "kraken")
SYMBOLS = ("BTC-USD", "BTC-USDT", "USDT-USD", "ETH-USD", "BTC-ETH")
CATALOGUE = ALL.only(SYMBOLS)
LEVELS = {"BTC-USD": 60_000.0, "BTC-USDT": 60_060.0, "USDT-USD": 0.999, "ETH-USD": 3_000.0, "BTC-ETH": 20.0}

quick = settings(deadline=None, derandomize=True, max_examples=60)
prices = st.floats(1e-6, 1e6, allow_nan=False).map(lambda value: Decimal(f"{value:.8g}"))
near = st.floats(-300, 300).map(lambda off_bps: Decimal(f"{60_000 * (1 + off_bps / 1e4):.8g}"))
anything = st.one_of(
    prices,
    near,
    st.sampled_from(
        [Decimal(text) for text in ("NaN", "sNaN", "Infinity", "-Infinity", "-1", "0", "1E+500", "1E-500")]
    ),
)


def room() -> Consensus:
    return Consensus(
        CATALOGUE,
        [SourceTerms(name, "stream", "exchange_feeds", 1, False, 5 * SECOND, SYMBOLS) for name in NAMES],
    )


def report(source: str, symbol: str, price: Decimal, at_ns: int, seq: int = 0) -> Report:
    return Report(source, symbol, 0, at_ns, seq, None, None, price, None)


@quick
@given(
    st.lists(
        st.dictionaries(st.sampled_from(NAMES), st.one_of(prices, near), min_size=1), min_size=1, max_size=8
    )
)
def test_the_price_lies_within_what_was_said(steps: list[dict[str, Decimal]]) -> None:
    """Whatever is rejected, the agreed price is between the lowest and the highest fresh report."""
    judge, said = room(), dict[str, float]()
    for number, step in enumerate(steps):
        for source, price in step.items():
            judge.take(report(source, "BTC-USD", price, number * 100 * MS))
            said[source] = float(price)
        judge.judge(number * 100 * MS)
        judged = judge.judgement(0)
        if judged.state not in ("STALE", "HALTED"):
            assert min(said.values()) <= judged.price <= max(said.values())
            assert 0.0 <= judged.confidence <= 1.0
            assert judged.interval_bps >= 0.0


@quick
@given(st.lists(near, min_size=2, max_size=4), anything, st.floats(1e-3, 1e6))
def test_one_of_three_or_more_cannot_move_the_price_beyond_the_others(
    good: list[Decimal], bad: Decimal, weight: float
) -> None:
    """In the mean itself whatever it weighs, and in the room from the first report on."""
    others = [float(price) for price in good]
    if bad.is_finite() and Decimal("1E-18") < bad < 10**12:
        mixed = means.robust([*others, float(bad)], [1.0] * len(others) + [weight])
        assert min(others) <= mixed <= max(others)
    judge = room()
    judge.take(report("kraken", "BTC-USD", bad, 0))
    for source, price in zip(NAMES, good, strict=False):
        judge.take(report(source, "BTC-USD", price, 0))
    judge.judge(0)
    judged = judge.judgement(0)
    if judged.state == "LIVE":
        assert min(others) <= judged.price <= max(others)


@quick
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(SYMBOLS), anything), max_size=40))
def test_no_nonsense_ever_passes(said: list[tuple[str, str, Decimal]]) -> None:
    """NaN, infinities, zero, negative and huge numbers: every price that comes out is one."""
    judge = room()
    for number, (source, symbol, price) in enumerate(said):
        judge.take(report(source, symbol, price, number * 10 * MS))
        if number % 5 == 4:
            judge.judge(number * 10 * MS)
            for at in range(len(SYMBOLS)):
                judged = judge.judgement(at)
                assert 0.0 <= judged.price < 1e25
                assert 0.0 <= judged.confidence <= 1.0


@st.composite
def rounds(draw: st.DrawFn) -> list[list[Report]]:
    """Five rounds of numbered reports, one of each source and symbol."""
    found = []
    for number in range(5):
        said = []
        for source in NAMES:
            for symbol in SYMBOLS:
                off_bps = draw(st.integers(-80, 80)) + draw(st.sampled_from([0, 0, 0, 0, 700, -2_500]))
                price = Decimal(f"{LEVELS[symbol] * (1 + off_bps / 1e4):.9g}")
                said.append(report(source, symbol, price, number * SECOND, number + 1))
        found.append(said)
    return found


def judged(steps: list[list[Report]]) -> list[Judgement]:
    judge, found = room(), []
    for number, said in enumerate(steps):
        for one in said:
            judge.take(one)
        judge.judge(number * SECOND)
        found += [judge.judgement(at) for at in range(len(SYMBOLS))]
    return found


@settings(deadline=None, derandomize=True, max_examples=20)
@given(rounds(), st.randoms(use_true_random=False))
def test_the_order_of_reports_within_an_instant_does_not_matter(
    steps: list[list[Report]], rnd: Random
) -> None:
    """To the last bit: prices, intervals, confidence, states and reasons."""
    expected = judged(steps)
    shuffled = []
    for said in steps:
        mixed = list(said)
        rnd.shuffle(mixed)
        shuffled.append(mixed)
    assert judged(shuffled) == expected


@settings(deadline=None, derandomize=True, max_examples=20)
@given(rounds())
def test_judging_twice_changes_nothing(steps: list[list[Report]]) -> None:
    """An extra cycle at the same instant, without a report, is without effect."""
    judge, found = room(), []
    for number, said in enumerate(steps):
        for one in said:
            judge.take(one)
        for _ in range(3):
            judge.judge(number * SECOND)
        found += [judge.judgement(at) for at in range(len(SYMBOLS))]
    assert found == judged(steps)


@quick
@given(
    st.lists(st.tuples(prices, st.floats(0.01, 100)), min_size=1, max_size=9),
    st.randoms(use_true_random=False),
)
def test_means_do_not_know_the_order_of_sources(votes: list[tuple[Decimal, float]], rnd: Random) -> None:
    """A permutation of the votes gives the same float."""
    mixed = list(votes)
    rnd.shuffle(mixed)
    results = []
    for some in (votes, mixed):
        values, weighing = [float(price) for price, _ in some], [weight for _, weight in some]
        results.append((means.robust(values, weighing), means.weighted(values, weighing)))
    assert results[0] == results[1]
