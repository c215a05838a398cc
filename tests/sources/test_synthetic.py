"""The synthetic feed as its users see it: repeatable, steady between steps, lifelike."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.errors import UsageError
from mdsim.core.instruments import ALL
from mdsim.core.ports import FeedRequest, FeedType
from mdsim.core.registry import discover
from mdsim.core.seeds import SeedTree
from mdsim.core.time import DAY, HOUR, MINUTE, MS, SECOND
from mdsim.sources.synthetic import FEED, START_NS, SyntheticFeed, open_feed

Floats = npt.NDArray[np.float64]
Open = Callable[..., SyntheticFeed]
Requester = Callable[..., FeedRequest]
BP = 1e-4


def walk(feed: SyntheticFeed, steps: int) -> Floats:
    """Log prices at the start and after each of ``steps`` steps, one row an instant."""
    rows = [list(feed.log_prices)]
    for at in range(1, steps + 1):
        feed.advance(feed.start_ns + at * feed.step_ns)
        rows.append(list(feed.log_prices))
    return np.array(rows)


def kurtosis(sample: Floats) -> float:
    """Fourth standardised moment; 3 for a normal law."""
    centred = sample - sample.mean()
    return float((centred**4).mean() / centred.var() ** 2)


def autocorrelation(sample: Floats) -> float:
    """Correlation with the sample one step later."""
    return float(np.corrcoef(sample[1:], sample[:-1])[0, 1])


@dataclass(frozen=True)
class Sample:
    """Log prices of three seeds, eight hours at one second."""

    runs: tuple[Floats, ...]
    index: dict[str, int]

    def returns(self, symbol: str, seconds: int = 1) -> Floats:
        """Returns over a horizon that does not overlap, of all seeds one after another."""
        at = self.index[symbol]
        return np.concatenate([np.diff(run[::seconds, at]) for run in self.runs])

    def level(self, symbol: str) -> Floats:
        """Log price less that of the legs, for a pair or a perpetual."""
        item = ALL[symbol]
        parts = []
        for run in self.runs:
            legs = np.zeros(len(run))
            if item.base != "USD":
                legs = legs + run[:, self.index[f"{item.base}-USD"]]
            if item.quote != "USD":
                legs = legs - run[:, self.index[f"{item.quote}-USD"]]
            parts.append(run[:, self.index[symbol]] - legs)
        return np.concatenate(parts)


@pytest.fixture(scope="module")
def sample(open_synthetic: Open) -> Sample:
    feeds = [open_synthetic(seed=seed, start_ns=START_NS + 12 * HOUR) for seed in (11, 12, 13)]
    runs = tuple(walk(feed, 8 * 3600) for feed in feeds)
    return Sample(runs, dict(feeds[0].catalogue.index))


def test_the_registry_finds_every_feed() -> None:
    """A feed is one module that ends in FEED."""
    found = discover("mdsim.sources", "FEED", FeedType)
    assert set(found) == {"synthetic", "replay", "still"}
    assert found["synthetic"] is FEED


def test_it_starts_on_a_fixed_monday_at_typical_prices(open_synthetic: Open) -> None:
    """Without wishes every run starts at the same instant and the same USD prices."""
    feed = open_synthetic()
    assert feed.start_ns == START_NS == 1_767_571_200 * SECOND
    for at, item in enumerate(feed.catalogue):
        if item.usd_spot:
            assert round(math.exp(feed.log_prices[at]), 6) == {"BTC": 60_000, "ETH": 3_000}.get(item.base, 1)
    assert feed.updated_ns == [START_NS] * len(feed.catalogue)
    assert feed.end_ns is None


def test_start_prices_are_taken_as_given(open_synthetic: Open) -> None:
    """``prices`` sets an asset, and every instrument that holds it starts from there."""
    feed = open_synthetic(symbols=("BTC-USD", "BTC-USDT", "USDT-USD"), BTC="43210.5", USDT="0.98")
    prices = [math.exp(log) for log in feed.log_prices]
    assert prices == pytest.approx([43210.5, 0.98, 43210.5 / 0.98])


def test_the_same_seed_gives_the_same_market_and_another_seed_another(open_synthetic: Open) -> None:
    """Bit for bit, because a failing run must be repeatable."""
    one, again, other = (walk(open_synthetic(seed=seed), 500) for seed in (7, 7, 8))
    assert (one == again).all()
    assert not (one[1:, 0] == other[1:, 0]).any()


@settings(max_examples=30, deadline=None, derandomize=True)
@given(cuts=st.lists(st.integers(0, 200 * SECOND), max_size=40), seed=st.integers(0, 2**32))
def test_calls_at_odd_instants_change_nothing(cuts: list[int], seed: int) -> None:
    """The feed moves on its own grid, so the engine may call as often as it likes."""
    catalogue = ALL.only(("BTC-USD", "ETH-USD", "BTC-ETH", "BTC-USD-PERP"))
    calm, busy = (open_feed(FeedRequest(catalogue, SeedTree(seed), None, SECOND)) for _ in range(2))
    calm.advance(calm.start_ns + 200 * SECOND)
    for cut in sorted(cuts):
        busy.advance(busy.start_ns + cut)
        busy.advance(busy.start_ns + cut)
    busy.advance(busy.start_ns + 200 * SECOND)
    assert busy.log_prices == calm.log_prices


def test_prices_hold_between_two_steps(open_synthetic: Open) -> None:
    """Nothing moves before the next grid instant, and the update time says when it moved."""
    feed = open_synthetic(step_ns=SECOND)
    feed.advance(START_NS + SECOND)
    before = list(feed.log_prices)
    feed.advance(START_NS + 2 * SECOND - 1)
    assert feed.log_prices == before
    assert feed.updated_ns[0] == START_NS + SECOND
    feed.advance(START_NS + 2 * SECOND)
    assert feed.log_prices != before


def test_the_lists_are_updated_in_place(open_synthetic: Open) -> None:
    """The engine keeps a reference to them."""
    feed = open_synthetic()
    log_prices, updated_ns = feed.log_prices, feed.updated_ns
    feed.advance(START_NS + MINUTE)
    assert feed.log_prices is log_prices
    assert feed.updated_ns is updated_ns
    assert updated_ns[0] == START_NS + MINUTE


def test_another_instrument_shifts_no_draw(open_synthetic: Open) -> None:
    """Streams belong to assets and symbols, so a wider catalogue prices the old part as before."""
    small = open_synthetic(symbols=("BTC-USD", "USDT-USD", "BTC-USDT"))
    large = open_synthetic(symbols=ALL.symbols)
    walk(small, 300)
    walk(large, 300)
    for symbol, at in small.catalogue.index.items():
        assert small.log_prices[at] == large.log_prices[large.catalogue.index[symbol]], symbol


def test_tails_are_fat_at_a_second_and_thinner_with_horizon(sample: Sample) -> None:
    """Kurtosis: Student-t with 5 degrees has 9, a normal law 3; sums and minutes lie between."""
    second, ten, minute = (kurtosis(sample.returns("BTC-USD", s)) for s in (1, 10, 60))
    assert 6 < second < 25
    assert second > 1.3 * ten
    assert ten > minute > 3


def test_sizes_of_returns_cluster_but_returns_do_not(sample: Sample) -> None:
    """|r| is autocorrelated, r is not: volatility can be guessed, direction cannot."""
    for symbol in ("BTC-USD", "ETH-USD"):
        returns = sample.returns(symbol)
        assert abs(autocorrelation(returns)) < 0.02
        assert 0.05 < autocorrelation(np.abs(returns)) < 0.35


def test_bitcoin_leads_ether_so_correlation_rises_with_horizon(sample: Sample) -> None:
    """.65 at a second and about .8 from ten seconds on: rho (1 - lead / horizon)."""
    found = [
        float(np.corrcoef(sample.returns("BTC-USD", s), sample.returns("ETH-USD", s))[0, 1])
        for s in (1, 10, 60)
    ]
    assert 0.61 < found[0] < 0.69
    assert 0.75 < found[1] < 0.84
    assert 0.76 < found[2] < 0.86


def test_the_basis_sits_around_its_median(sample: Sample) -> None:
    """The perpetual trades 4.5 bps under spot, as measured."""
    basis = sample.level("BTC-USD-PERP") / BP
    assert -4.8 < float(np.median(basis)) < -4.2
    assert 0.5 < float(basis.std()) < 0.8


def test_stablecoins_keep_their_peg(sample: Sample) -> None:
    """No calm day breaks a peg by 20 bps."""
    for symbol in ("USDT-USD", "USDC-USD"):
        assert max(float(np.abs(run[:, sample.index[symbol]]).max()) for run in sample.runs) < 20 * BP


def test_the_perpetual_does_not_wander_from_spot(sample: Sample) -> None:
    """Its basis stays inside its band whatever spot does."""
    assert float(np.abs(sample.level("BTC-USD-PERP") / BP + 4.5).max()) <= 10.0 + 1e-6


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**64),
    step_ns=st.sampled_from([10 * MS, 100 * MS, SECOND, 7 * SECOND, MINUTE, HOUR]),
)
def test_cross_rates_stay_inside_the_no_arbitrage_band(seed: int, step_ns: int) -> None:
    """At any step and seed a cross differs from its legs by at most 4 bps."""
    feed = open_feed(FeedRequest(ALL, SeedTree(seed), None, step_ns))
    index = feed.catalogue.index
    for at in range(1, 60):
        feed.advance(feed.start_ns + at * step_ns)
        for item in feed.catalogue:
            if item.quote != "USD":
                legs = (
                    feed.log_prices[index[f"{item.base}-USD"]] - feed.log_prices[index[f"{item.quote}-USD"]]
                )
                assert abs(feed.log_prices[index[item.symbol]] - legs) <= 4 * BP + 1e-12


def test_a_year_is_as_volatile_as_intended(open_synthetic: Open) -> None:
    """Pooled over eight quarters by the hour: BTC .45 to .65, ETH .6 to .8."""
    squares = []
    for seed in range(8):
        path = walk(open_synthetic(seed=seed, step_ns=HOUR, symbols=("BTC-USD", "ETH-USD")), 90 * 24)
        squares.append((np.diff(path, axis=0) ** 2).mean(axis=0))
    btc, eth = np.sqrt(np.mean(squares, axis=0) * 365 * 24)
    assert 0.45 < btc < 0.65
    assert 0.60 < eth < 0.80


def test_an_hour_in_one_call_is_the_hour_in_steps(open_synthetic: Open) -> None:
    """Catching up steps through the grid, so a late call misses nothing."""
    slow, fast = open_synthetic(seed=3), open_synthetic(seed=3)
    walk(slow, 3600)
    fast.advance(START_NS + HOUR)
    assert fast.log_prices == slow.log_prices


@pytest.mark.parametrize("step_ns", [0, -SECOND, MS - 1, DAY])
def test_a_step_without_sense_is_refused(request_for: Requester, step_ns: int) -> None:
    """The message names the bounds."""
    with pytest.raises(UsageError, match="cannot step every") as caught:
        open_feed(request_for(step_ns=step_ns))
    assert (caught.value.code, caught.value.hint) == ("MD200", "choose 1ms to 1h")


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("BTC-USD", "did you mean BTC?"),
        ("btc", "did you mean BTC?"),
        ("USD", "a dollar is always worth one dollar: leave it out"),
        ("PEAR", "known assets: BTC, ETH, USDT, USDC, UST, USDE"),
    ],
)
def test_a_start_price_of_an_unknown_asset_is_refused(request_for: Requester, code: str, hint: str) -> None:
    """With what was probably meant, or what there is."""
    with pytest.raises(UsageError) as caught:
        open_feed(request_for(**{code: "1"}))
    assert (caught.value.code, caught.value.hint) == ("MD201", hint)


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity"])
def test_a_start_price_that_is_none_is_refused(request_for: Requester, price: str) -> None:
    """Zero, negative, NaN and infinity never reach the model."""
    with pytest.raises(UsageError) as caught:
        open_feed(request_for(BTC=price))
    assert caught.value.code == "MD202"
    assert str(Decimal(price)) in caught.value.message


def test_a_dataset_beside_a_synthetic_market_is_refused(request_for: Requester) -> None:
    """It would be ignored, and the user would believe it was played."""
    with pytest.raises(UsageError) as caught:
        open_feed(request_for(dataset="2024-08-05"))
    assert caught.value.code == "MD203"
    assert "source: replay" in caught.value.hint
