"""Jitter, correlation and lag: the company that targets keep."""

from __future__ import annotations

import math
import statistics
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from mdsim.chaos.moves import By, Change
from mdsim.chaos.shapes import LINEAR, shipped
from mdsim.chaos.targets import Target
from mdsim.chaos.travel import Way, ways
from mdsim.core.params import CurveSpec
from mdsim.core.seeds import SeedTree
from mdsim.core.time import HOUR

if TYPE_CHECKING:
    from tests.chaos.conftest import Stage, StageMaker

TARGETS = tuple(Target(symbol, (symbol[:3],)) for symbol in ("BTC-USD", "ETH-USD", "UST-USD"))


def drawn(
    targets: tuple[Target, ...] = TARGETS,
    seed: int = 1,
    curve: CurveSpec = LINEAR,
    jitter: float = 0.0,
    correlation: float | None = None,
) -> list[Way]:
    seeds = SeedTree(seed)
    change = Change("move", "…", targets, By(0.1), curve, jitter=jitter, correlation=correlation)
    return ways(change, shipped(), HOUR, lambda *parts: seeds.stream("step", *parts))


def test_without_correlation_a_plain_curve_is_the_same_for_all() -> None:
    """And nobody makes noise."""
    found = drawn()
    assert [(way.progress(0.3), way.noise) for way in found] == [(0.3, None)] * 3


def test_without_correlation_random_curves_are_independent() -> None:
    """Each target has streams of its own."""
    one, two, _ = drawn(curve=CurveSpec("bridge", {}))
    assert one.progress(0.5) != two.progress(0.5)


def test_a_curves_own_noise_is_independent_too() -> None:
    """The noise of ``revert`` is drawn for each target."""
    one, two, _ = drawn(curve=CurveSpec("revert", {"vol": Decimal("0.01")}))
    assert one.noise is not None
    assert two.noise is not None
    assert one.noise(0.5) != two.noise(0.5)


def test_one_followers_draws_never_shift_anothers() -> None:
    """Leaving a symbol out changes nothing for the others."""
    everyone = drawn(jitter=0.01, correlation=0.5)
    without = drawn((TARGETS[0], TARGETS[2]), jitter=0.01, correlation=0.5)
    instants = [k / 50 for k in range(51)]
    for one, two in ((everyone[0], without[0]), (everyone[2], without[1])):
        assert one.noise is not None
        assert two.noise is not None
        assert [one.progress(u) for u in instants] == [two.progress(u) for u in instants]
        assert [one.noise(u) for u in instants] == [two.noise(u) for u in instants]


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.85, 1.0])
def test_every_follower_ends_on_target(correlation: float) -> None:
    """The mix is normalised, so that the target is met whatever the correlation."""
    for way in drawn(correlation=correlation, jitter=0.01, curve=CurveSpec("bridge", {})):
        assert way.noise is not None
        assert (way.progress(1.0), way.noise(1.0)) == pytest.approx((1.0, 0.0), abs=1e-12)


def test_full_correlation_is_the_leaders_own_way() -> None:
    """Curve and noise."""
    leader, follower, _ = drawn(correlation=1.0, jitter=0.01, curve=CurveSpec("bridge", {}))
    assert leader.noise is not None
    assert follower.noise is not None
    assert follower.progress(0.4) == leader.progress(0.4)
    assert follower.noise(0.4) == leader.noise(0.4)


def test_noise_is_correlated_as_asked_and_keeps_its_deviation() -> None:
    """Measured over many seeds at one instant."""
    leaders, followers = [], []
    for seed in range(300):
        leader, follower = drawn(TARGETS[:2], seed=seed, jitter=0.01, correlation=0.8)
        assert leader.noise is not None
        assert follower.noise is not None
        leaders.append(leader.noise(0.5))
        followers.append(follower.noise(0.5))
    assert statistics.correlation(leaders, followers) == pytest.approx(0.8, abs=0.08)
    assert statistics.stdev(followers) == pytest.approx(0.01, rel=0.15)


def test_walks_are_correlated_and_keep_their_deviation() -> None:
    """Without a target there is nothing to normalise."""
    ends = []
    for seed in range(300):
        walk = CurveSpec("random-walk", {"vol": Decimal("0.02")})
        leader, follower = drawn(TARGETS[:2], seed=seed, curve=walk, correlation=0.6)
        ends.append((leader.progress(1.0), follower.progress(1.0)))
    leaders, followers = zip(*ends, strict=True)
    assert statistics.correlation(leaders, followers) == pytest.approx(0.6, abs=0.1)
    assert statistics.stdev(followers) == pytest.approx(0.02, rel=0.15)


def test_jitter_has_its_deviation_around_the_way(stages: StageMaker) -> None:
    """As a share of the price, measured on the published level over many instants."""
    stage: Stage = stages()
    stage.play("move", symbol="USDT-USD", by="-0.1", over=1000, jitter="0.002")
    strays = []
    for at in range(100, 900):
        stage.to(at)
        strays.append(stage.off("USDT-USD") - math.log(0.9) * at / 1000)
    assert statistics.mean(strays) == pytest.approx(0.0, abs=0.0006)
    assert statistics.stdev(strays) == pytest.approx(0.002, rel=0.25)


def test_followers_start_later_and_end_on_time(stage: Stage) -> None:
    """The first symbol leads."""
    stage.play("move", symbols="BTC-USD ETH-USD", by="-0.1", over=10, lag=4)
    assert (stage.to(4).off("BTC-USD") < 0.0, stage.off("ETH-USD")) == (True, 0.0)
    assert stage.to(7).off("ETH-USD") == pytest.approx(0.5 * math.log(0.9), abs=1e-12)
    stage.to(10)
    assert stage.off("ETH-USD") == pytest.approx(stage.off("BTC-USD"), abs=1e-12)


def test_the_seed_decides_and_nothing_else(stages: StageMaker) -> None:
    """Two boards with one seed agree to the bit, another seed differs."""

    def levels(seed: int) -> list[list[float]]:
        stage = stages(seed=seed)
        stage.play("move", symbols="BTC-USD ETH-USD", by="-0.1", over=10, curve="bridge", correlation="0.5")
        return [stage.to(at).logs for at in range(1, 12)]

    assert levels(1) == levels(1)
    assert levels(1)[4] != levels(2)[4]
    assert levels(1)[-1] == pytest.approx(levels(2)[-1], abs=1e-12)


def test_the_time_of_a_move_only_stretches_its_way(stages: StageMaker) -> None:
    """The drawn grid is a share of the time, so a longer move is the same picture, slower."""

    def level(over: int) -> float:
        stage = stages()
        stage.play("move", symbol="BTC-USD", by="-0.1", over=over, curve="bridge", jitter="0.001")
        return stage.to(over * 0.4).off("BTC-USD")

    assert level(100) == pytest.approx(level(10), abs=1e-12)
