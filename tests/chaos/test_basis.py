"""A gap between two instruments follows the one that stays, and is met exactly."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from mdsim.core.instruments import ALL
from mdsim.core.time import SECOND

if TYPE_CHECKING:
    from tests.chaos.conftest import Stage

PERP, SPOT = "BTC-USD-PERP", "BTC-USD"


def gap(stage: Stage, target: str = PERP, base: str = SPOT) -> float:
    return math.expm1(stage.log(target) - stage.log(base))


def test_the_gap_is_met_exactly_at_the_end(stage: Stage) -> None:
    """Whatever the base does meanwhile; before, a share of the way in log price."""
    stage.play("basis", base=SPOT, target=PERP, to="-0.03", over=100)
    for at in range(101):
        stage.usd["BTC"] = 60_000.0 + 40.0 * at
        stage.to(at)
        if at == 50:
            assert gap(stage) == pytest.approx(math.sqrt(0.97) - 1.0, abs=1e-12)
    assert gap(stage) == pytest.approx(-0.03, abs=1e-12)
    assert stage.off(SPOT) == 0.0


def test_afterwards_the_offset_stays(stage: Stage) -> None:
    """The target rides on its own base feed again, the gap on top of it."""
    stage.play("basis", base=SPOT, target=PERP, to="+0.02", over=10)
    stage.to(10)
    kept = stage.to(11).off(PERP)
    stage.usd["BTC"] *= 1.1
    assert stage.to(12).off(PERP) == kept == pytest.approx(math.log(1.02))
    assert stage.notices("effect_ended")[0].data["kept"] == {PERP: "0.0198026272962"}


def test_a_base_that_is_moved_is_followed(stage: Stage) -> None:
    """The gap is worked out after every other move, those to a price included."""
    stage.play("move", step="a", symbol=SPOT, to="50000", over=100)
    stage.play("basis", step="b", base=SPOT, target=PERP, to="-0.01", over=50)
    stage.to(1)
    assert gap(stage.to(50)) == pytest.approx(-0.01, abs=1e-12)
    stage.to(100)
    assert stage.price(SPOT) == Decimal("50000.00")


def test_a_move_beside_it_gives_way_and_shows_afterwards(stage: Stage) -> None:
    """As beside a move to a price."""
    stage.play("move", step="a", symbol=PERP, by="-0.1", over=100)
    stage.play("basis", step="b", base=SPOT, target=PERP, to="+0.01", over=50)
    stage.to(1)
    assert gap(stage.to(50)) == pytest.approx(0.01, abs=1e-12)
    assert gap(stage.to(100)) == pytest.approx(1.01 * math.sqrt(0.9) - 1.0, abs=1e-9)


@pytest.mark.parametrize("later", ["basis", "move"])
def test_of_two_targets_the_later_wins(stage: Stage, later: str) -> None:
    """A gap and a price on one instrument cannot both be met."""
    steps = {
        "basis": lambda at, step: stage.play(
            "basis", at, step=step, base=SPOT, target=PERP, to="-0.02", over=50
        ),
        "move": lambda at, step: stage.play("move", at, step=step, symbol=PERP, to="61000", over=50),
    }
    (first,) = steps.keys() - {later}
    steps[first](0, "first")
    steps[later](10, "later")
    for at in (1, 11, 60, 61):
        stage.to(at)
    (told,) = stage.notices("move_replaced")
    assert (told.path, told.data["by"], told.data["symbols"]) == ("first", "later", [PERP])
    if later == "basis":
        assert gap(stage) == pytest.approx(-0.02, abs=1e-12)
    else:
        assert stage.price(PERP) == Decimal(61_000)


def test_a_spot_that_is_the_target_moves_alone(stage: Stage) -> None:
    """Its asset and cross rates stay, so the gap is one between venues."""
    stage.play("basis", base="BTC-USDT", target=SPOT, to="+0.05", over=10)
    stage.to(10)
    assert gap(stage, SPOT, "BTC-USDT") == pytest.approx(0.05, abs=1e-12)
    assert [stage.off(symbol) for symbol in ("BTC-ETH", PERP, "BTC-USDT")] == [0.0] * 3


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_gap_upon_a_gap_is_met_too(stage: Stage, order: tuple[int, int]) -> None:
    """In whichever order they are started: the one below is worked out first."""
    pairs = [(PERP, SPOT), ("BTC-USDT", PERP)]
    for place, number in enumerate(order):
        target, base = pairs[number]
        stage.play("basis", step=f"{number}", order=(place,), base=base, target=target, to="-0.02", over=40)
    stage.to(1)
    stage.to(40)
    assert gap(stage, PERP, SPOT) == pytest.approx(-0.02, abs=1e-12)
    assert gap(stage, "BTC-USDT", PERP) == pytest.approx(-0.02, abs=1e-12)


def test_gaps_in_a_circle_come_to_an_end(stage: Stage) -> None:
    """Neither can be met, and nothing hangs or breaks."""
    for step, base, target in (("a", SPOT, PERP), ("b", PERP, SPOT)):
        stage.play("basis", step=step, base=base, target=target, to="-0.02", over=40)
    for at in (1, 20, 40, 41):
        assert math.isfinite(stage.to(at).log(PERP))


def test_a_gap_at_once_is_there_in_the_next_cycle(stage: Stage) -> None:
    """And 0% closes it."""
    stage.play("basis", step="a", base=SPOT, target=PERP, to="-0.5")
    assert gap(stage.to(1)) == pytest.approx(-0.5, abs=1e-12)
    stage.play("basis", 1, step="b", base=SPOT, target=PERP, to="0")
    assert gap(stage.to(2)) == pytest.approx(0.0, abs=1e-12)


def test_a_gap_that_is_cut_keeps_what_it_has(stage: Stage) -> None:
    """Like any level."""
    stage.play("basis", base=SPOT, target=PERP, to="-0.04", over=100)
    stage.to(1)
    reached = stage.to(50).off(PERP)
    stage.board.cut("run", "step", 50 * SECOND)
    assert stage.to(80).off(PERP) == pytest.approx(reached, abs=1e-12)


def test_the_journal_tells_base_and_gap(stage: Stage) -> None:
    """As resolved, with the level that it starts from."""
    stage.play("basis", base=SPOT, target=PERP, to="-0.03", over=10)
    stage.to(1)
    (told,) = stage.notices("effect_started")
    assert told.data == {
        "effect": "basis",
        "summary": "basis BTC-USD-PERP to -3% from BTC-USD over 10s, linear",
        "over_ns": 10 * SECOND,
        "targets": [{"symbol": PERP, "on": [PERP], "from": "60000", "base": SPOT, "gap": "-0.03"}],
    }
    assert PERP in ALL
