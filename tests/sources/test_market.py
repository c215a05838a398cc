"""The laws of the synthetic market, checked one by one against their formulas."""

from __future__ import annotations

import math
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pytest

from mdsim.core.instruments import ALL
from mdsim.core.nervous_hours import NervousHours
from mdsim.core.seeds import SeedTree
from mdsim.core.time import DAY, HOUR, MINUTE, MS, SECOND, parse_utc
from mdsim.sources._market import SyntheticMarket
from mdsim.sources._parameters import DEFAULTS, MarketParameters, MeanReverting, Risky, VolatilityParameters

Floats = npt.NDArray[np.float64]
START_NS = parse_utc("2026-01-05T12:00:00Z")
BP = 1e-4
# Constant volatility and nearly normal returns: what is left is the law under test.
STEADY = replace(
    DEFAULTS,
    tail_degrees=1000.0,
    jumps_per_day=1e-9,
    volatility=VolatilityParameters(0.0, 0.0, 0.0, HOUR, 0.0, DAY, NervousHours(0.0, 0.0, 0.0, 0.0, 1.0)),
)


def market(
    step_ns: int, parameters: MarketParameters = DEFAULTS, seed: int = 1, assets: str = "BTC ETH USDT USDC"
) -> SyntheticMarket:
    """A market of some assets, with the perpetual and one cross rate."""
    terms = [ALL["BTC-USD-PERP"], ALL["BTC-USDT"]]
    return SyntheticMarket(
        SeedTree(seed),
        START_NS,
        step_ns,
        assets=assets.split(),
        terms=terms,
        prices={},
        parameters=parameters,
    )


def walk(world: SyntheticMarket, steps: int, *keys: str) -> Floats:
    """Values of some slots after each step."""
    slots = [world.slots[key] for key in keys]
    rows = []
    for _ in range(steps):
        world.advance(1)
        rows.append([world.values[slot] for slot in slots])
    return np.array(rows)


@pytest.mark.parametrize("step_ns", [50 * MS, SECOND, 90 * SECOND])
def test_variance_grows_with_time_whatever_the_step(step_ns: int) -> None:
    """Realised volatility at constant law is the annual target, at a fine and at a coarse step."""
    returns = np.diff(walk(market(step_ns, STEADY), 6000, "BTC", "ETH"), axis=0)
    annual = returns.std(axis=0) * math.sqrt(365 * DAY / step_ns)
    assert annual == pytest.approx([0.55, 0.70], rel=0.04)


@pytest.mark.parametrize("step_ns", [40 * MS, 150 * MS, SECOND, 2 * SECOND])
def test_correlation_over_a_horizon_follows_the_lead_at_every_step(step_ns: int) -> None:
    """rho (1 - lead / h) for h >= lead: the split of each step's news loses nothing."""
    path = walk(market(step_ns, STEADY), 24_000, "BTC", "ETH")
    every = 1 + 2 * SECOND // step_ns
    horizon_s = every * step_ns / SECOND
    returns = np.diff(path[::every], axis=0)
    expected = 0.81 * (1 - 0.2 / horizon_s)
    found = float(np.corrcoef(returns[:, 0], returns[:, 1])[0, 1])
    assert found == pytest.approx(expected, abs=4 * 0.4 / math.sqrt(len(returns)))


def test_ether_hears_of_news_exactly_one_lead_later() -> None:
    """At 50 ms steps the cross-correlation stands at a lag of 200 ms and nowhere else."""
    returns = np.diff(walk(market(50 * MS, STEADY), 12_000, "BTC", "ETH"), axis=0)
    by_lag = [
        float(np.corrcoef(returns[: len(returns) - lag, 0], returns[lag:, 1])[0, 1]) for lag in range(8)
    ]
    assert by_lag.index(max(by_lag)) == 4
    assert by_lag[4] == pytest.approx(0.81, abs=0.02)
    assert all(abs(value) < 0.05 for lag, value in enumerate(by_lag) if lag != 4)


@pytest.mark.parametrize(
    ("step_ns", "horizon_ns", "low", "high"),
    [
        (200 * MS, SECOND, 3.6, 4.5),
        (500 * MS, SECOND, 3.6, 4.5),
        (SECOND, SECOND, 3.6, 4.5),
        (5 * SECOND, 5 * SECOND, 3.0, 3.5),
    ],
)
def test_tails_do_not_depend_on_the_step(step_ns: int, horizon_ns: int, low: float, high: float) -> None:
    """Ten degrees: kurtosis 4 over a second at every step, and 3.2 over five seconds in one."""
    thick = replace(STEADY, tail_degrees=10.0)
    path = walk(market(step_ns, thick, assets="BTC"), 8000 * horizon_ns // step_ns, "BTC")[:, 0]
    returns = np.diff(path[horizon_ns // step_ns - 1 :: horizon_ns // step_ns])
    centred = returns - returns.mean()
    kurtosis = float((centred**4).mean() / centred.var() ** 2)
    assert low < kurtosis < high  # a normal law would give 3 within .06


@pytest.mark.parametrize("step_ns", [SECOND, 10 * MINUTE, HOUR])
@pytest.mark.parametrize("code", ["USDT", "USDC"])
def test_a_peg_has_its_stationary_spread_at_every_step(step_ns: int, code: str) -> None:
    """The exact discretisation: sd and memory as given, at a second and at an hour."""
    law = DEFAULTS.stable[code]
    fast = replace(law, half_life_ns=step_ns * 5)
    world = market(step_ns, replace(DEFAULTS, stable=MappingProxyType({code: fast})), assets=code)
    path = walk(world, 20_000, code)[500:, 0]
    assert path.std() / BP == pytest.approx(law.sd_bps, rel=0.06)
    assert np.corrcoef(path[5:], path[:-5])[0, 1] == pytest.approx(0.5, abs=0.04)


def test_a_band_is_never_left() -> None:
    """A term that wants out stays at the edge: arbitrage closes anything wider."""
    wild = replace(DEFAULTS, pair=MeanReverting(sd_bps=20.0, half_life_ns=MINUTE, band_bps=4.0))
    path = walk(market(SECOND, wild), 2000, "BTC-USDT") / BP
    assert np.abs(path).max() == pytest.approx(4.0)


def test_jumps_come_at_the_same_instants_at_every_step() -> None:
    """Their clock is its own: a finer feed sees the same ones, with the same sizes."""
    jumpy = replace(
        STEADY,
        risky=MappingProxyType({"BTC": Risky(2.0, 0.9, lags=False)}),
        jumps_per_day=24.0,
        jump_mean=0.0,
        jump_sd=0.02,
    )
    found = []
    for step_ns in (SECOND, 10 * SECOND):
        path = walk(market(step_ns, jumpy, assets="BTC"), 6 * HOUR // step_ns, "BTC")[:, 0]
        returns = np.diff(path, prepend=math.log(60_000))
        found.append({int(at): float(returns[at]) for at in np.flatnonzero(np.abs(returns) > 0.008)})
    fine, coarse = found
    assert len(coarse) >= 2
    assert [second // 10 for second in fine] == list(coarse)
    assert list(fine.values()) == pytest.approx(list(coarse.values()), abs=0.002)


def test_a_jump_takes_assets_along_by_their_beta() -> None:
    """Ether takes 1.2 of a market jump."""
    quiet = replace(
        STEADY,
        risky=MappingProxyType({"BTC": Risky(5.0, 0.9), "ETH": Risky(6.0, 0.9, jump_beta=1.2)}),
        jumps_per_day=24.0,
        jump_mean=-0.05,
        jump_sd=0.0,
    )
    returns = np.diff(walk(market(SECOND, quiet, assets="BTC ETH"), 4 * 3600, "BTC", "ETH"), axis=0)
    jumps = returns[returns[:, 0] < -0.03]
    assert len(jumps) >= 1
    assert jumps.mean(axis=0) == pytest.approx([-0.05, -0.06], abs=0.004)


def test_an_unlisted_crypto_or_stable_asset_still_has_a_law() -> None:
    """``other_risky`` and ``other_stable`` stand in, so that a new asset needs no edit here."""
    bare = replace(DEFAULTS, risky=MappingProxyType({}), stable=MappingProxyType({}))
    path = walk(market(SECOND, bare), 2000, "BTC", "USDT")
    assert np.diff(path[:, 0]).std() > 5e-5
    assert 0 < np.abs(path[:, 1]).max() < 30 * BP


def test_nothing_but_pegs_and_terms_needs_no_market_factor() -> None:
    """A replay that records every risky asset still moves its pegs, the same as in a full market."""
    alone, full = market(SECOND, assets="USDT"), market(SECOND, assets="BTC ETH USDT")
    assert (walk(alone, 200, "USDT") == walk(full, 200, "USDT")).all()
