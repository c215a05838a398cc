"""Profiles: complete, sensible, and what the product promises."""

from __future__ import annotations

import pytest

from mdsim.core.instruments import ALL
from mdsim.microstructure.profile import PROFILES, RETAIL_USD, profile_named


@pytest.mark.parametrize("name", PROFILES)
def test_every_instrument_has_positive_numbers(name: str) -> None:
    """Listed or not, nothing is zero, and the spread is filled in."""
    for item in ALL:
        found = profile_named(name).of(item)
        assert found.spread_bps is not None
        assert min(found.spread_bps, found.d10_usd, found.gap_bps, found.orders_per_s, found.median_usd) > 0


@pytest.mark.parametrize(
    ("symbol", "low", "high"),
    [("BTC-USD", 1, 5), ("ETH-USD", 2, 8), ("BTC-ETH", 5, 15), ("USDT-USD", 0.1, 2)],
)
def test_retail_spreads_lie_where_the_product_promises(symbol: str, low: float, high: float) -> None:
    """The ranges of the market model, in bps."""
    spread = RETAIL_USD.of(ALL[symbol]).spread_bps
    assert spread is not None
    assert low <= spread <= high


def test_an_instrument_that_is_not_listed_takes_its_kind() -> None:
    """A pegged coin is not traded like an unknown pair."""
    assert RETAIL_USD.of(ALL["UST-USD"]).d10_usd == RETAIL_USD.pegged.d10_usd
    assert RETAIL_USD.of(ALL["UST-USD"]).spread_bps == float(ALL["UST-USD"].spread_bps)
