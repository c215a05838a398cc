"""The verb ``restore``."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from mdsim.chaos.effects.restore import EFFECT
from mdsim.chaos.shapes import LINEAR
from mdsim.core.instruments import ALL
from mdsim.core.params import Args, CurveSpec, Symbols, Value
from mdsim.core.time import MINUTE

if TYPE_CHECKING:
    from tests.chaos.conftest import Stage


def args(**written: Value) -> Args:
    return {param.name: param.default for param in EFFECT.params} | written


def test_nothing_named_means_everything(stage: Stage) -> None:
    """``restore: {}`` eases whatever has an offset, at once."""
    stage.play("move", symbols="BTC-USD USDT-USD", by="-0.1", step="a")
    stage.play("restore", at=5, step="b")
    assert stage.to(6).logs == stage.base()


def test_it_travels_along_its_curve(stage: Stage) -> None:
    """A line in log price by default."""
    stage.play("move", symbol="BTC-USD", by="-0.2", step="a")
    stage.play("restore", at=10, symbol="BTC-USD", over=10, step="b")
    assert stage.to(15).off("BTC-USD") == pytest.approx(0.5 * math.log(0.8), abs=1e-12)


def test_a_later_move_is_not_undone(stage: Stage) -> None:
    """It ends what runs, not what is to come."""
    stage.play("move", symbol="BTC-USD", by="-0.2", step="a")
    stage.play("restore", at=10, over=10, step="b")
    stage.play("move", at=15, symbol="BTC-USD", by="-0.1", step="c")
    assert stage.to(20).off("BTC-USD") == pytest.approx(math.log(0.9), abs=1e-12)


def test_an_empty_restore_has_no_problem() -> None:
    """Everything has a default."""
    assert EFFECT.check(args(), ALL) == []


def test_its_mistakes_have_places() -> None:
    """A curve without time, one without a target, a weight, both ways of naming."""
    assert [(p.code, p.at) for p in EFFECT.check(args(curve=CurveSpec("exp", {})), ALL)] == [
        ("MD108", ("curve",))
    ]
    walk = args(over=MINUTE, curve=CurveSpec("random-walk", {}))
    assert [(p.code, p.at) for p in EFFECT.check(walk, ALL)] == [("MD106", ("curve",))]
    half = args(symbols=Symbols(betas=(("BTC-USD", Decimal("0.5")),), weighted=True))
    assert [(p.code, p.at) for p in EFFECT.check(half, ALL)] == [("MD104", ("symbols", "BTC-USD"))]
    both = args(symbol="BTC-USD", symbols=Symbols(every=True))
    assert [(p.code, p.at) for p in EFFECT.check(both, ALL)] == [("MD100", ("symbols",))]


def test_it_reads_as_one_line() -> None:
    """For plan and live view."""
    assert EFFECT.describe(args()) == "restore all at once"
    assert EFFECT.describe(args(over=MINUTE, curve=LINEAR)) == "restore all over 1m, linear"
