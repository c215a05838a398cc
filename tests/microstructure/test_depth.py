"""Depth: its law over distance, its stationary state, its fear of shocks."""

from __future__ import annotations

import statistics

import pytest

from mdsim.core.instruments import ALL
from mdsim.core.seeds import SeedTree
from mdsim.core.time import SECOND
from mdsim.microstructure.depth import Depths, cumulative, falloff
from mdsim.microstructure.profile import DepthLaw

LAW = DepthLaw()
ONE = ALL.only(["BTC-USD"])


def test_depth_is_linear_up_to_the_knee_and_a_power_beyond() -> None:
    """Half at 5 bps, all of D10 at 10, ``5^.67`` times as much at 50."""
    assert cumulative(LAW, 2e6, 5) == 1e6
    assert cumulative(LAW, 2e6, 10) == 2e6
    assert cumulative(LAW, 2e6, 50) == pytest.approx(2e6 * 5**0.67)


def test_the_density_adds_up_to_the_law() -> None:
    """Quarter knees summed from the touch give the cumulative depth at each of their ends."""
    density = falloff(LAW, 40)
    assert density[:4] == pytest.approx((1, 1, 1, 1))
    for quarters in (4, 8, 20, 40):
        assert sum(density[:quarters]) / 4 == pytest.approx(cumulative(LAW, 1, 2.5 * quarters))


def test_calm_depth_scatters_as_the_law_says() -> None:
    """Mean 0, the stated deviation, and half of a deviation gone after the half-life."""
    depths = Depths(LAW, ONE, SeedTree(2), 2 * SECOND)
    path = []
    for _ in range(6000):
        depths.update([0.0], [0.0])
        path.append(depths.bids[0])
    assert statistics.mean(path) == pytest.approx(0, abs=0.03)
    assert statistics.pstdev(path) == pytest.approx(LAW.sd, rel=0.1)
    assert statistics.correlation(path[:-7], path[7:]) == pytest.approx(0.5, abs=0.08)


def test_nervous_markets_are_thinner() -> None:
    """Four times the volatility halves depth in the long run."""
    depths = Depths(LAW, ONE, SeedTree(2), 2 * SECOND)
    path = []
    for _ in range(2000):
        depths.update([1.386], [0.0])
        path.append(depths.asks[0])
    assert statistics.mean(path[100:]) == pytest.approx(-0.693, abs=0.06)


def test_a_fall_takes_more_from_the_bids_and_heals() -> None:
    """A shock cuts both sides, the side that was hit twice as much, and never below the floor."""
    calm, hit = (Depths(LAW, ONE, SeedTree(4), 2 * SECOND) for _ in range(2))
    calm.update([0.0], [0.0])
    hit.update([0.0], [-7.0])
    assert calm.bids[0] - hit.bids[0] == pytest.approx(1.0)
    assert calm.asks[0] - hit.asks[0] == pytest.approx(0.5)
    calm.update([0.0], [0.0])
    hit.update([0.0], [-1e9])
    assert hit.bids[0] == LAW.least_log
    for _ in range(250):
        calm.update([0.0], [0.0])
        hit.update([0.0], [0.0])
    assert hit.bids[0] == pytest.approx(calm.bids[0], abs=1e-6)
