"""Arrivals: their rate, their clustering, and what a playbook does to them."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest

from mdsim.core.factors import CALM, Factors
from mdsim.core.instruments import ALL
from mdsim.core.seeds import SeedTree
from mdsim.core.time import MS, SECOND
from mdsim.microstructure.profile import PROFILES, RETAIL_USD
from mdsim.microstructure.trades import Arrivals, branching

ONE = ALL.only(["BTC-USD"])


def counts(steps: int, step_ns: int = 100 * MS, factors: Factors = CALM, seed: int = 5) -> list[int]:
    """Bursts a step."""
    arrivals = Arrivals(RETAIL_USD, ONE, SeedTree(seed), step_ns)
    arrivals.update([1.0], 1.0)
    return [arrivals.step(number, factors)[0] for number in range(steps)]


def bursts_per_s() -> float:
    """Bursts, of which each is ``1 / (1 - fast)`` orders."""
    return RETAIL_USD.of(ONE.instruments[0]).orders_per_s * (1 - RETAIL_USD.trades.fast)


@pytest.mark.parametrize("step_ns", [100 * MS, SECOND, 20 * SECOND])
def test_the_mean_rate_is_that_of_the_profile_at_any_step(step_ns: int) -> None:
    """What excitation adds is in the rate already."""
    steps = 6000 if step_ns > 100 * MS else 60_000
    rate = statistics.mean(counts(steps, step_ns)) / (step_ns / SECOND)
    assert rate == pytest.approx(bursts_per_s(), rel=0.1)


def test_counts_cluster() -> None:
    """The variance over ten seconds is far above the mean, as self-excitation makes it."""
    steps = counts(40_000)
    windows = [sum(steps[at : at + 100]) for at in range(0, len(steps), 100)]
    assert 2.5 < statistics.pvariance(windows) / statistics.mean(windows) < 8


def test_nervous_markets_trade_more() -> None:
    """The rate goes with the volatility ratio and with the season."""
    arrivals = Arrivals(RETAIL_USD, ONE, SeedTree(1), SECOND)
    calm = arrivals.rates[0]
    arrivals.update([3.0], 0.5)
    assert arrivals.rates[0] == pytest.approx(1.5 * calm)
    rooted = replace(RETAIL_USD, volume=replace(RETAIL_USD.volume, volatility_exponent=0.5))
    arrivals = Arrivals(rooted, ONE, SeedTree(1), SECOND)
    arrivals.update([4.0], 1.0)
    assert arrivals.rates[0] == pytest.approx(2.0 * calm)


def test_what_the_clock_makes_nervous_is_not_counted_twice() -> None:
    """A quiet weekend is in the season already; a pegged coin has no hours of its own."""
    both = ALL.only(["BTC-USD", "USDT-USD"])
    arrivals = Arrivals(RETAIL_USD, both, SeedTree(1), SECOND)
    weekday = list(arrivals.rates)
    arrivals.update([0.66, 1.0], 0.54, 0.66)
    assert arrivals.rates == pytest.approx([0.54 * rate for rate in weekday])


@pytest.mark.parametrize("factor", [0.0, 0.25, 3.0, 20.0])
def test_a_volume_factor_multiplies_the_mean(factor: float) -> None:
    """Thinned below 1, joined by others above, the state untouched."""
    asked = Factors.unit(1)
    asked.volume[0] = factor
    calm, changed = counts(20_000), counts(20_000, factors=asked)
    assert statistics.mean(changed) == pytest.approx(factor * statistics.mean(calm), rel=0.1)
    if factor >= 1:
        assert all(more >= less for more, less in zip(changed, calm, strict=True))
    else:
        assert all(less <= more for more, less in zip(calm, changed, strict=True))


@pytest.mark.parametrize("name", PROFILES)
def test_branching_lies_where_it_was_measured(name: str) -> None:
    """Between .6 and .8 on orders."""
    assert 0.6 <= branching(PROFILES[name]) <= 0.8
