"""Rehearsals: exact about what is planned, blind to what the base feed does, and quick."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from mdsim.core.instruments import ALL
from mdsim.core.ports import BaseFeed, CurveType, EffectType
from mdsim.core.registry import discover
from mdsim.core.time import HOUR, MINUTE, SECOND
from mdsim.playbook.compiler import World, compile_playbook
from mdsim.playbook.limits import Peak
from mdsim.playbook.loader import load
from mdsim.playbook.plan import Plan
from mdsim.playbook.variants import Variant, undisturbed, variants
from mdsim.run.rehearsal import Pace, Rehearsal, farthest, rehearse_blocking

EFFECTS = discover("mdsim.chaos.effects", "EFFECT", EffectType)
CURVES = discover("mdsim.chaos.curves", "CURVE", CurveType)
WORLD = World(EFFECTS, CURVES, ALL, ("synthetic",), ())

Feed = Callable[..., BaseFeed]


def compiled(body: str) -> Plan:
    return compile_playbook(load("mdsim: 1\nname: test\n" + body, "t.yaml"), WORLD).plan


def rehearsed(plan: Plan, feed: BaseFeed, pace: Pace | None = None, seed: int = 1) -> Rehearsal:
    way = Variant(undisturbed(plan), ())
    return rehearse_blocking([way], feed, seed, EFFECTS, CURVES, pace or Pace(SECOND))[0]


def peak_of(done: Rehearsal) -> Peak:
    assert done.peak is not None
    return done.peak


def test_peak_is_the_move_itself_at_its_end(scripted: Feed) -> None:
    """By -12 % is 12 %, where and by whom the plan says."""
    plan = compiled("steps: [{wait: 1m}, {move: {symbol: BTC-USD, by: -12%, over: 10m}}]\n")
    peak = peak_of(rehearsed(plan, scripted("BTC-USD", "ETH-USD")))

    assert peak.symbol == "BTC-USD"
    assert abs(peak.deviation + Decimal("0.12")) <= peak.rounding
    assert peak.at_ns == 11 * MINUTE
    assert peak.step.startswith("move BTC-USD by -12%")
    assert str(peak.place) == "t.yaml:3:22"


def test_the_price_that_a_step_names_is_told_rather_than_one_that_follows(scripted: Feed) -> None:
    """Twice -20 % of BTC is -36 % of BTC, though USDT-BTC rises by 56 %, and BTC-USDT may round farther."""
    plan = compiled(
        "steps: [{move: {symbol: BTC-USD, by: -20%}}, {move: {symbol: BTC-USD, by: -20%, over: 1m}}]\n"
    )
    symbols = ("USDT-BTC", "BTC-USDT", "BTC-ETH", "BTC-USD", "BTC-USD-PERP", "USDT-USD", "ETH-USD")
    everything = scripted(*symbols, BTC=lambda _at_s: 61_234.57, USDT=lambda _at_s: 1.00013)
    peak = peak_of(rehearsed(plan, everything))

    assert (peak.symbol, peak.follows) == ("BTC-USD", False)
    assert float(peak.deviation) == pytest.approx(-0.36, abs=1e-6)


def test_overlapping_moves_are_added_and_cross_rates_follow(scripted: Feed) -> None:
    """Both legs at once, against each other, take the cross rate farthest: +10 % / -10 %."""
    plan = compiled(
        "phases:\n  - name: p\n    lanes:\n"
        "      a: [{move: {symbol: BTC-USD, by: +10%, over: 2m}}]\n"
        "      b: [{move: {symbol: ETH-USD, by: -10%, over: 1m}}]\n"
    )
    peak = peak_of(rehearsed(plan, scripted("BTC-USD", "ETH-USD", "BTC-ETH")))

    assert peak.symbol == "BTC-ETH"
    assert float(peak.deviation) == pytest.approx(1.1 / 0.9 - 1.0, abs=1e-5)
    assert peak.at_ns == 2 * MINUTE


def test_step_that_takes_no_time_is_seen_even_as_the_last(scripted: Feed) -> None:
    """It acts in the cycle after the plan's end, and counts."""
    plan = compiled("steps: [{wait: 1m}, {move: {symbol: BTC-USD, by: -30%}}]\n")

    assert abs(peak_of(rehearsed(plan, scripted("BTC-USD"))).deviation) > Decimal("0.29")


def test_overshoot_between_regular_cycles_is_seen(scripted: Feed) -> None:
    """A spike of seconds in a plan of two days is looked at closely, and the quiet rest is not."""
    plan = compiled(
        "steps:\n  - wait: 47h\n  - move: {symbol: BTC-USD, by: -10%, over: 20s, "
        "curve: {shape: overshoot, by: 50%, settle: 10s}}\n  - restore: {symbols: all}\n"
    )
    done = rehearsed(plan, scripted("BTC-USD"), Pace(SECOND // 10))

    assert float(peak_of(done).deviation) == pytest.approx(0.9**1.5 - 1.0, abs=2e-3)
    assert len(done.series.tracks[0].at_ns) < 1_000


def test_base_feed_is_held_still(scripted: Feed) -> None:
    """A base that would fall by half is flat here: only the plan shows."""
    feed = scripted("BTC-USD", BTC=lambda at_s: 60_000.0 * 0.5 ** (at_s / 60.0))
    done = rehearsed(compiled("steps: [{wait: 10m}]\n"), feed)

    assert done.peak is None
    assert set(done.series.tracks[0].price) == {6_000_000}


def test_wait_that_only_the_base_feed_could_end_is_counted_until_its_timeout(scripted: Feed) -> None:
    """The rehearsal goes on after it, so that what follows is not hidden from a limit."""
    plan = compiled(
        "steps:\n  - wait: {until: price(BTC-USD) < 1, timeout: 1h}\n"
        "  - move: {symbol: BTC-USD, by: -5%, over: 1m}\n"
    )
    done = rehearsed(plan, scripted("BTC-USD"))

    assert done.finished
    assert peak_of(done).at_ns == HOUR + MINUTE


def test_wait_that_the_plan_itself_ends_ends_then(scripted: Feed) -> None:
    """Conditions are asked as in a run: the second lane starts when the first has moved the price."""
    plan = compiled(
        "phases:\n  - name: p\n    lanes:\n"
        "      a: [{move: {symbol: BTC-USD, by: -10%, over: 10m}}]\n"
        "      b:\n        - wait: {until: change(BTC-USD over 1m) < -0.5%, timeout: 1h}\n"
        "        - move: {symbol: ETH-USD, by: -20%, over: 1m}\n"
    )
    peak = peak_of(rehearsed(plan, scripted("BTC-USD", "ETH-USD")))

    assert peak.symbol == "ETH-USD"
    assert 2 * MINUTE <= peak.at_ns < 5 * MINUTE


def test_every_branch_is_rehearsed_and_the_worst_is_named(scripted: Feed) -> None:
    """A branch that the seed would not take still counts."""
    plan = compiled(
        "steps:\n  - choose:\n"
        "      - {name: mild, weight: 99, steps: [{move: {symbol: BTC-USD, by: -1%, over: 1m}}]}\n"
        "      - {name: wild, weight: 1, steps: [{move: {symbol: BTC-USD, by: -40%, over: 1m}}]}\n"
    )
    done = rehearse_blocking(variants(plan), scripted("BTC-USD"), 1, EFFECTS, CURVES, Pace(SECOND))
    worst = farthest(done)

    assert worst is not None
    assert worst.choices == ("main/1: wild",)
    assert worst.size > Decimal("0.39")


def test_random_paths_are_those_of_the_seed(scripted: Feed) -> None:
    """The same seed strays in the same way, another in another."""
    plan = compiled("steps: [{move: {symbol: BTC-USD, to: 50000, over: 1h, curve: bridge}}]\n")
    first, again = (rehearsed(plan, scripted("BTC-USD"), seed=1).series for _ in range(2))

    assert first == again
    assert rehearsed(plan, scripted("BTC-USD"), seed=2).series != first


def test_step_of_an_iteration_is_found_in_the_playbook(scripted: Feed) -> None:
    """What goes too far in the third round is told with the line it was written in."""
    plan = compiled(
        "steps:\n  - repeat:\n      times: 3\n      steps: [{move: {symbol: BTC-USD, by: -5%, over: 10s}}]\n"
    )
    peak = peak_of(rehearsed(plan, scripted("BTC-USD")))

    assert float(peak.deviation) == pytest.approx(0.95**3 - 1.0, abs=1e-6)
    assert str(peak.place) == "t.yaml:6:16"


def test_rehearsal_for_the_eye_stops_where_it_is_told_to(scripted: Feed) -> None:
    """A plan that repeats something a thousand times is drawn as far as the budget goes, and says so."""
    plan = compiled(
        "steps:\n  - repeat:\n      times: 1000\n      every: 1m\n"
        "      steps: [{move: {symbol: BTC-USD, by: -0.01%, over: 30s}}]\n"
    )
    done = rehearsed(plan, scripted("BTC-USD"), Pace(SECOND, points=16, cycles_most=500))

    assert not done.finished
    assert 0 < done.lasted_ns < 1000 * MINUTE
