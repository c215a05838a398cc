"""The keys of `spread` in a configuration, each by what it does to the quotes of a market."""

from __future__ import annotations

from collections.abc import Callable
from math import sin

import pytest

from mdsim.cli import wiring
from mdsim.cli.spreads import spreads_of
from mdsim.config.load import load
from mdsim.core.ports import BaseFeed
from mdsim.core.seeds import SeedTree
from mdsim.core.time import HOUR, SECOND
from mdsim.engine.corridor import Engine

ALONE = "volatility_factor: 0, liquidity_factor: 0, time_of_day_factor: 0"
"""Nothing acts on the spread but its base and the asset's own factor."""

Quoted = Callable[..., list[float]]


@pytest.fixture
def quoted(scripted: Callable[..., BaseFeed]) -> Quoted:
    """``quoted("base_spread_bps: 20")``: the spread of BTC-USD in bps over a minute of a shaky market."""

    def make(spread: str, hour: int = 0, decimals: int = 2) -> list[float]:
        entry = f"{{symbol: BTC-USD, decimals: {decimals}, spread: {{{spread}}}}}"
        settings = load(f"market_data: {{supported_symbols: [{entry}]}}", {}, {})
        feed = scripted("BTC-USD", BTC=lambda at_s: 60_000 + 60 * sin(at_s * at_s))
        feed.start_ns += hour * HOUR
        feed.advance(feed.start_ns)
        feed.catalogue = type(feed.catalogue)(item for item in settings.catalogue if item.enabled)
        engine = Engine(
            feed, wiring.effects(), wiring.curves(), seeds=SeedTree(1), spreads=spreads_of(settings)
        )
        found = []
        for second in range(60):
            engine.cycle(feed.start_ns + second * SECOND)
            market = engine.market
            found.append((market.asks[0] - market.bids[0]) / market.mids[0] * 1e4)
        return found

    return make


def mean(values: list[float]) -> float:
    """Of some numbers."""
    return sum(values) / len(values)


def test_base_and_asset_set_the_calm_spread(quoted: Quoted) -> None:
    """Twenty basis points are twenty, and three times as many with a factor of three."""
    assert quoted(f"base_spread_bps: 20, {ALONE}")[0] == pytest.approx(20, rel=0.01)
    assert quoted(f"base_spread_bps: 20, asset_specific: 3, {ALONE}")[0] == pytest.approx(60, rel=0.01)


def test_volatility_widens_as_strongly_as_it_is_told(quoted: Quoted) -> None:
    """Not at all with 0, as the model has it with 1, more with 2."""
    none, model, more = (
        mean(
            quoted(f"base_spread_bps: 20, liquidity_factor: 0, time_of_day_factor: 0, volatility_factor: {n}")
        )
        for n in (0, 1, 2)
    )
    assert none < model * 0.9
    assert model < more * 0.9


def test_depth_and_hour_act_unless_they_are_switched_off(quoted: Quoted) -> None:
    """Thin books change the spread from moment to moment; nights are wide, afternoons narrow."""
    others = "base_spread_bps: 20, volatility_factor: 0"
    still, thin = (
        [round(one) for one in quoted(f"{others}, time_of_day_factor: 0, liquidity_factor: {n}")]
        for n in (0, 8)
    )
    assert max(thin) - min(thin) > max(still) - min(still)
    night, afternoon = (
        mean(quoted(f"{others}, liquidity_factor: 0, time_of_day_factor: 4", hour)) for hour in (4, 16)
    )
    assert night > 1.2 * afternoon
    assert mean(quoted(f"{others}, liquidity_factor: 0, time_of_day_factor: 0", 4)) < night


def test_the_strongest_factors_break_nothing(quoted: Quoted) -> None:
    """The largest numbers that the configuration takes give quotes on both sides of the price."""
    assert (
        min(
            quoted(
                "base_spread_bps: 2000, volatility_factor: 1000, liquidity_factor: 1000, asset_specific: 1000"
            )
        )
        > 0
    )
