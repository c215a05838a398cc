"""What each curve promises beyond what every curve does (that is ``tests/conformance/test_curves.py``)."""

from __future__ import annotations

import math
import random
import statistics
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.chaos.curves import _draws
from mdsim.chaos.shapes import shipped
from mdsim.core.params import Args, Keyframe, Value
from mdsim.core.ports import Progress
from mdsim.core.time import HOUR, MINUTE

TIGHT = 1e-12


def start(shape: str, over_ns: int = HOUR, seed: int = 1, **args: Value) -> Progress:
    defaults: Args = {param.name: param.default for param in shipped()[shape].params}
    return shipped()[shape].start({**defaults, **args}, random.Random(seed), over_ns)


def noise(shape: str, over_ns: int = HOUR, seed: int = 1, **args: Value) -> Progress | None:
    make = shipped()[shape].noise
    assert make is not None
    defaults: Args = {param.name: param.default for param in shipped()[shape].params}
    return make({**defaults, **args}, random.Random(seed), over_ns)


def test_step_is_done_when_it_begins() -> None:
    """It jumps and holds for its time."""
    assert [start("step")(u) for u in (0.0, 0.5, 1.0)] == [1.0, 1.0, 1.0]


def test_exp_does_half_of_what_is_left_in_each_half_life() -> None:
    """Up to the normalisation that makes it end on target."""
    progress = start("exp", half_life=6 * MINUTE)
    whole = 1.0 - 2.0**-10
    assert [progress(k / 10) * whole for k in (1, 2, 3)] == pytest.approx([0.5, 0.75, 0.875], abs=TIGHT)


def test_exp_with_a_long_half_life_is_a_line() -> None:
    """The digits do not cancel away."""
    assert start("exp", half_life=3650 * 24 * HOUR)(0.5) == pytest.approx(0.5, abs=1e-5)


def test_exp_takes_a_fifth_of_its_time_by_default() -> None:
    """So that 97 % of the way is decay."""
    assert start("exp")(0.3) == start("exp", half_life=12 * MINUTE)(0.3)


def test_sigmoid_is_symmetric_and_fast_in_the_middle() -> None:
    """With the default steepness three quarters of the way lie in the middle two fifths."""
    progress = start("sigmoid")
    assert progress(0.3) + progress(0.7) == pytest.approx(1.0, abs=TIGHT)
    assert progress(0.7) - progress(0.3) == pytest.approx(0.77, abs=0.01)
    assert start("sigmoid", steepness=Decimal("0.1"))(0.25) == pytest.approx(0.25, abs=1e-3)


def test_overshoot_peaks_where_settling_begins() -> None:
    """Past the target by the share written, ``settle`` before the end."""
    progress = start("overshoot", by=Decimal("0.15"), settle=20 * MINUTE)
    peak = max(range(601), key=lambda k: progress(k / 600))
    assert (peak / 600, progress(peak / 600)) == pytest.approx((2 / 3, 1.15), abs=2e-3)


def test_overshoot_settles_within_its_time() -> None:
    """A ``settle`` as long as ``over`` is refused, once ``over`` is known."""
    check = shipped()["overshoot"].check
    assert check({"settle": 20 * MINUTE, "over": HOUR}) is None
    assert check({"settle": 20 * MINUTE}) is None
    told = check({"settle": HOUR, "over": 20 * MINUTE})
    assert told is not None
    assert told.startswith("settle (1h) must be shorter than over (20m)")


def test_revert_is_a_decay_with_noise_of_its_own_half_life() -> None:
    """The way itself is that of exp; without ``vol`` nothing is added."""
    assert start("revert")(0.37) == start("exp")(0.37)
    assert noise("revert", vol=Decimal(0)) is None
    assert noise("revert", vol=Decimal("0.002")) is not None


def test_a_bridge_strays_by_a_share_of_the_move_or_of_the_price() -> None:
    """15 % of the move half-way by default; with ``vol`` the way is straight and noise is added."""
    middles = [start("bridge", seed=seed)(0.5) for seed in range(400)]
    assert statistics.mean(middles) == pytest.approx(0.5, abs=0.03)
    assert statistics.stdev(middles) == pytest.approx(0.15, rel=0.15)
    assert noise("bridge") is None
    assert start("bridge", vol=Decimal("0.01"))(0.3) == 0.3
    drawn = [noise("bridge", seed=seed, vol=Decimal("0.01")) for seed in range(400)]
    assert statistics.stdev(one(0.5) for one in drawn if one) == pytest.approx(0.01, rel=0.15)


def test_a_random_walk_ends_anywhere_with_its_vol() -> None:
    """Its standard deviation grows with the root of time up to ``vol``."""
    walks = [start("random-walk", seed=seed, vol=Decimal("0.03")) for seed in range(400)]
    assert statistics.stdev(walk(1.0) for walk in walks) == pytest.approx(0.03, rel=0.15)
    assert statistics.stdev(walk(0.25) for walk in walks) == pytest.approx(0.015, rel=0.15)


def test_mean_reverting_noise_has_its_deviation_and_forgets() -> None:
    """Standard deviation as asked in the middle, half the correlation after each half-life."""
    middle, later = [], []
    for seed in range(500):
        drawn = _draws.reverting(random.Random(seed), 0.002, 0.1)
        progress = _draws.between(drawn)
        middle.append(progress(0.4))
        later.append(progress(0.5))
        assert (drawn[0], drawn[-1]) == (0.0, 0.0)
    assert statistics.stdev(middle) == pytest.approx(0.002, rel=0.15)
    assert statistics.correlation(middle, later) == pytest.approx(0.5, abs=0.12)


class TestPath:
    """Keyframes and how they are joined."""

    frames = (Keyframe(15 * MINUTE, Decimal("-0.1")), Keyframe(HOUR, Decimal("0.05")))

    def test_it_starts_at_the_base_and_goes_through_every_keyframe(self) -> None:
        """In log price, for every way of joining."""
        for join in ("linear", "smooth", "step"):
            progress = start("path", path=self.frames, join=join)
            levels = [progress(u) for u in (0.0, 0.25, 1.0)]
            assert levels == pytest.approx([0.0, math.log(0.9), math.log(1.05)], abs=TIGHT)

    def test_a_line_is_straight_in_log_price(self) -> None:
        """Half-way between two keyframes is their geometric mean."""
        assert start("path", path=self.frames)(0.125) == pytest.approx(0.5 * math.log(0.9), abs=TIGHT)

    def test_a_step_holds_until_the_next(self) -> None:
        """And jumps there."""
        progress = start("path", path=self.frames, join="step")
        assert (progress(0.2499), progress(0.9999)) == (0.0, math.log1p(-0.1))

    def test_a_first_keyframe_at_the_start_is_a_jump(self) -> None:
        """Otherwise the base holds there."""
        first = Keyframe(0, Decimal("-0.02"))
        assert start("path", path=(first, *self.frames))(0.0) == pytest.approx(math.log(0.98), abs=TIGHT)

    def test_it_holds_after_the_last(self) -> None:
        """``over`` may be longer than the path."""
        progress = start("path", over_ns=2 * HOUR, path=self.frames)
        assert progress(0.75) == progress(0.5) == pytest.approx(math.log(1.05), abs=TIGHT)

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=8), st.data())
    def test_a_smooth_path_never_strays_beyond_its_keyframes(
        self, by: list[float], data: st.DataObject
    ) -> None:
        """Between two of them it stays between their levels: no invented low."""
        gaps = data.draw(st.lists(st.integers(1, 50), min_size=len(by), max_size=len(by)))
        at = [sum(gaps[: k + 1]) for k in range(len(gaps))]
        frames = tuple(Keyframe(s, Decimal(f"{b:.4f}")) for s, b in zip(at, by, strict=True))
        progress = start("path", over_ns=at[-1], path=frames, join="smooth")
        levels = [0.0, *(math.log1p(float(frame.by)) for frame in frames)]
        edges = [0, *at]
        for k in range(len(by)):
            low, high = sorted(levels[k : k + 2])
            for share in (0.1, 0.3, 0.5, 0.7, 0.9):
                level = progress((edges[k] + share * (edges[k + 1] - edges[k])) / at[-1])
                assert low - TIGHT <= level <= high + TIGHT

    def test_a_smooth_path_has_no_corner(self) -> None:
        """The slope is the same on both sides of a keyframe."""
        frames = tuple(
            Keyframe(k * MINUTE, Decimal(by)) for k, by in ((10, "-0.02"), (30, "-0.1"), (60, "-0.12"))
        )
        progress = start("path", path=frames, join="smooth")
        for knot in (1 / 6, 0.5):
            left, right = progress(knot) - progress(knot - 1e-5), progress(knot + 1e-5) - progress(knot)
            assert left == pytest.approx(right, rel=1e-2)

    def test_a_smooth_slope_is_the_weighted_harmonic_mean(self) -> None:
        """Fritsch and Butland: the nearer keyframe counts for more."""
        frames = tuple(Keyframe(k * MINUTE, Decimal(by)) for k, by in ((20, "-0.2"), (60, "-0.3")))
        progress = start("path", path=frames, join="smooth")
        before, after = math.log(0.8) / 20, (math.log(0.7) - math.log(0.8)) / 40
        wanted = (100 + 80) / (100 / before + 80 / after) * 60
        assert (progress(1 / 3 + 1e-6) - progress(1 / 3 - 1e-6)) / 2e-6 == pytest.approx(wanted, rel=1e-4)
