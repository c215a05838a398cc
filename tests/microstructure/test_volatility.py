"""The estimate of volatility: right in calm, quick in trouble, bounded always."""

from __future__ import annotations

import random

import pytest

from mdsim.core.instruments import ALL
from mdsim.core.time import SECOND
from mdsim.microstructure.profile import VolatilityLaw
from mdsim.microstructure.volatility import Volatility, calm_sigma

LAW = VolatilityLaw()
ONE = ALL.only(["BTC-USD"])


def feed(volatility: Volatility, times: float, steps: int, seed: int = 1) -> None:
    """Returns of ``times`` the calm deviation, one a second."""
    gauss = random.Random(seed).gauss
    sigma = times * calm_sigma(LAW, ONE.instruments[0])
    mid = 1e9
    for _ in range(steps):
        last, mid = mid, mid * (1 + sigma * gauss())
        volatility.update([round(mid)], [round(last)])


def test_calm_returns_make_a_ratio_of_1() -> None:
    """Returns of the calm deviation leave the estimate near where it starts."""
    volatility = Volatility(LAW, ONE, SECOND)
    feed(volatility, 1.0, 600)
    assert volatility.ratios[0] == pytest.approx(1, rel=0.25)


@pytest.mark.parametrize("times", [0.5, 5.0])
def test_the_ratio_follows_within_minutes(times: float) -> None:
    """Ten minutes of other returns move the estimate there."""
    volatility = Volatility(LAW, ONE, SECOND)
    feed(volatility, times, 600)
    assert volatility.ratios[0] == pytest.approx(times, rel=0.25)


def test_one_jump_counts_for_little() -> None:
    """A single crash of 30 % is a shock, but does not leave the ratio high."""
    volatility = Volatility(LAW, ONE, SECOND)
    volatility.update([700_000], [1_000_000])
    assert volatility.shocks[0] < -1000
    assert volatility.ratios[0] < 1.5


def test_the_ratio_stays_within_its_bounds() -> None:
    """Neither stillness nor madness leaves the bounds of the law."""
    volatility = Volatility(LAW, ONE, SECOND)
    for _ in range(2000):
        volatility.update([1000], [1000])
    assert volatility.ratios[0] == pytest.approx(LAW.low)
    for number in range(2000):
        volatility.update([1000 + 999 * (number % 2)], [1999 - 999 * (number % 2)])
    assert volatility.ratios[0] == pytest.approx(LAW.high)
    assert volatility.sigmas[0] == pytest.approx(LAW.high * calm_sigma(LAW, ONE.instruments[0]))


def test_a_cross_of_two_risky_assets_is_calmer_than_the_sum() -> None:
    """The correlation of the legs is taken off; a pegged pair is calm beside both."""
    sigma = {symbol: calm_sigma(LAW, ALL[symbol]) for symbol in ("BTC-USD", "ETH-USD", "BTC-ETH", "USDT-USD")}
    assert sigma["USDT-USD"] < 0.2 * sigma["BTC-USD"]
    assert 0.5 * sigma["BTC-USD"] < sigma["BTC-ETH"] < sigma["ETH-USD"]
