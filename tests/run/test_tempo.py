"""Effects of a hastened run: every time in them is shorter, and what fitted still fits."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.params import Afterwards, CurveSpec, Keyframe, Value
from mdsim.core.ports import CurveType, EffectType
from mdsim.core.registry import discover
from mdsim.core.seeds import SeedTree
from mdsim.core.time import MINUTE, SECOND
from mdsim.engine.commands import StartEffect
from mdsim.run.tempo import hastened

EFFECTS = discover("mdsim.chaos.effects", "EFFECT", EffectType)
CURVES = discover("mdsim.chaos.curves", "CURVE", CurveType)


def test_every_time_of_a_move_is_divided() -> None:
    """Its length, its lag, what follows it, and the times of its curve; counts and shares stay."""
    args: dict[str, Value] = {
        "symbol": "BTC-USD",
        "over": MINUTE,
        "lag": 6 * SECOND,
        "curve": CurveSpec("exp", {"half_life": 30 * SECOND}),
        "then": Afterwards(2 * MINUTE),
    }
    start = hastened(StartEffect("move", args, MINUTE, SeedTree(1)), EFFECTS, CURVES, Fraction(6))
    assert start.over_ns == 10 * SECOND
    assert start.args == {
        "symbol": "BTC-USD",
        "over": 10 * SECOND,
        "lag": SECOND,
        "curve": CurveSpec("exp", {"half_life": 5 * SECOND}),
        "then": Afterwards(20 * SECOND),
    }


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=8, unique=True),
    st.fractions(Fraction(1, 100), 1000),
)
def test_keyframes_stay_in_order_and_inside_their_move(times: list[int], speed: Fraction) -> None:
    """However close they come; a path whose points coincide would have no way between them."""
    frames = tuple(Keyframe(at_ns, None) for at_ns in sorted(times))  # type: ignore[arg-type]  # times alone
    start = StartEffect("move", {"path": frames}, frames[-1].at_ns, SeedTree(1))
    done = hastened(start, EFFECTS, CURVES, speed)
    found = done.args["path"]
    assert isinstance(found, tuple)
    at = [frame.at_ns for frame in found]
    assert at == sorted(set(at))
    assert at[-1] <= done.over_ns


@pytest.mark.parametrize("speed", [Fraction(1000), Fraction(1, 3)])
def test_a_lag_stays_shorter_than_its_move(speed: Fraction) -> None:
    """Lengths are rounded up and points inside them down."""
    start = StartEffect("move", {"lag": 999}, 1000, SeedTree(1))
    done = hastened(start, EFFECTS, CURVES, speed)
    lag = done.args["lag"]
    assert isinstance(lag, int)
    assert lag < done.over_ns
