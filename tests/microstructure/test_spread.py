"""The spread: its five factors one by one, its floor, its sweeps."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.factors import CALM, Factors
from mdsim.core.instruments import ALL
from mdsim.core.spreads import SpreadParameters
from mdsim.core.time import MS
from mdsim.microstructure.profile import LIQUID_USDT, RETAIL_USD, Profile
from mdsim.microstructure.spread import Spreads, parameters_of

ONE = ALL.only(["BTC-USD"])
MID = 6_000_000


def spreads(profile: Profile = RETAIL_USD, own: SpreadParameters | None = None, **slow: float) -> Spreads:
    """Spreads of one instrument after one slow update; calm but for what is given."""
    made = Spreads(profile, parameters_of(profile, ONE, {"BTC-USD": own} if own else {}), 100 * MS)
    made.update(
        [MID],
        [math.log(slow.get("ratio", 1.0))],
        [1e-4],
        [slow.get("bids", 0.0)],
        [slow.get("asks", 0.0)],
        slow.get("hour", 1.0),
    )
    return made


def width_bps(made: Spreads) -> float:
    """The quoted spread in bps."""
    bids, asks = made.quote([MID], CALM)
    return (asks[0] - bids[0]) / MID * 1e4


def test_calm_quotes_the_base_spread() -> None:
    """With every factor at 1 the spread is that of the instrument: 2 bps."""
    assert width_bps(spreads()) == pytest.approx(2.0, rel=0.01)


def test_each_factor_acts_with_its_exponent() -> None:
    """Volatility ^.8, depth ^-.5 over both sides, the hour's volume ^-.25."""
    assert width_bps(spreads(ratio=4.0)) == pytest.approx(2 * 4**0.8, rel=0.01)
    quarter = math.log(0.25)
    assert width_bps(spreads(bids=quarter, asks=quarter)) == pytest.approx(4.0, rel=0.01)
    assert width_bps(spreads(hour=0.5)) == pytest.approx(2 * 2**0.25, rel=0.01)


def test_the_configuration_can_set_all_five() -> None:
    """Own parameters replace those of the profile."""
    own = SpreadParameters(3.0, volatility_exponent=1.0, liquidity_exponent=0.0, hour_exponent=0.0, asset=2.0)
    assert width_bps(spreads(own=own, ratio=2.0, bids=-3.0, hour=0.5)) == pytest.approx(12.0, rel=0.01)


def test_a_liquid_book_is_one_increment_wide() -> None:
    """The floor holds: bid on the mid, ask one above."""
    assert spreads(LIQUID_USDT).quote([MID], CALM) == ([MID], [MID + 1])


def test_twenty_times_one_increment_is_twenty() -> None:
    """The playbook's factor multiplies what is quoted, not what lies under the floor."""
    made = spreads(LIQUID_USDT)
    asked = Factors.unit(1)
    asked.spread[0] = 20.0
    bids, asks = made.quote([MID], asked)
    assert asks[0] - bids[0] == 20
    assert made.quote([MID], CALM) == ([MID], [MID + 1])


@pytest.mark.parametrize(
    ("ratio", "factor", "least", "most"), [(1, 20, 40, 40.1), (30, 20, 40, 200), (1, 500, 1000, 1001)]
)
def test_a_factor_holds_in_full_on_calm_and_levels_off_on_nerves(
    ratio: float, factor: float, least: float, most: float
) -> None:
    """20x on 2 bps is 40; thirtyfold volatility takes it towards 200 bps; 500x in calm is 1,000."""
    made = spreads(ratio=ratio)
    asked = Factors.unit(1)
    asked.spread[0] = factor
    bids, asks = made.quote([MID], asked)
    assert least <= (asks[0] - bids[0]) / MID * 1e4 <= most


def test_more_nerves_never_narrow_a_spread_that_was_asked_for() -> None:
    """The saturation is monotone."""
    asked = Factors.unit(1)
    asked.spread[0] = 12.0
    widths = []
    for ratio in (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0):
        bids, asks = spreads(ratio=ratio).quote([MID], asked)
        widths.append(asks[0] - bids[0])
    assert widths == sorted(widths)


def test_a_sweep_opens_the_book_and_it_closes_again() -> None:
    """A move past five deviations leaves a gap that is gone a second later, exactly."""
    made = spreads(LIQUID_USDT)
    made.sweep([MID - 6000], [MID])  # -10 bps, where a step has .32
    assert made.gaps[0] * 1e4 == pytest.approx(0.5 * (10 - 5 * 0.316), rel=0.02)
    assert width_bps(made) > 4
    for _ in range(10):
        made.sweep([MID], [MID])
    assert made.gaps == {}
    assert made.quote([MID], CALM) == ([MID], [MID + 1])


def test_a_gap_has_a_limit() -> None:
    """Even a crash to half leaves a quote."""
    made = spreads()
    made.sweep([MID // 2], [MID])
    assert made.gaps[0] == pytest.approx(RETAIL_USD.spread.sweep_most_bps * 1e-4)


def test_rounding_is_no_sweep() -> None:
    """A coarse grid moves by whole increments; one of them is not news."""
    made = Spreads(RETAIL_USD, parameters_of(RETAIL_USD, ONE, {}), 100 * MS)
    made.update([100], [0.0], [1e-6], [0.0], [0.0], 1.0)
    made.sweep([102], [100])
    assert made.gaps == {}


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    mid=st.integers(1, 10**12),
    ratio=st.floats(0.25, 30),
    depth=st.floats(-3, 1),
    factor=st.floats(1e-3, 1e4),
    jump=st.floats(0.01, 100),
)
def test_bid_and_ask_hold_the_mid_between_them(
    mid: int, ratio: float, depth: float, factor: float, jump: float
) -> None:
    """Never crossed, never locked, never under one increment, whatever comes."""
    made = spreads(ratio=ratio, bids=depth, asks=depth)
    after = max(1, int(mid * jump))
    made.sweep([after], [mid])
    asked = Factors.unit(1)
    asked.spread[0] = factor
    for factors in (CALM, asked):
        bids, asks = made.quote([after], factors)
        assert 1 <= bids[0] <= after <= asks[0]
        assert bids[0] < asks[0]
