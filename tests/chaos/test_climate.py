"""Conditions in force: factors that multiply, ends that leave nothing behind, and what the journal says."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdsim.chaos.climate import Condition
from mdsim.core.errors import InternalError
from mdsim.core.factors import CALM, Factors
from mdsim.core.instruments import ALL
from mdsim.core.ports import Activation
from mdsim.core.seeds import SeedTree
from mdsim.core.time import SECOND

if TYPE_CHECKING:
    from tests.chaos.conftest import Stage, StageMaker

EXAMPLES = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
BTC, ETH = ALL.index["BTC-USD"], ALL.index["ETH-USD"]


class TestFactors:
    """What the microstructure is told."""

    def test_a_calm_board_asks_for_nothing(self, stage: Stage) -> None:
        """Known by identity, so that it costs nothing to see."""
        assert stage.to(1).board.factors is CALM

    def test_a_condition_acts_on_its_instruments_alone(self, stage: Stage) -> None:
        """Everything else stays calm."""
        stage.play("market", symbol="BTC-USD", spread="20", depth="0.1", volume="15", trades="off")
        wanted = Factors.unit(len(ALL))
        wanted.spread[BTC], wanted.depth[BTC], wanted.volume[BTC] = 20.0, 0.1, 15.0
        wanted.trades_off[BTC] = True
        assert stage.board.factors == wanted

    def test_factors_of_conditions_multiply(self, stage: Stage) -> None:
        """Of steps and of runs; the switches add up."""
        stage.play("market", step="a", symbols="BTC-USD ETH-USD", spread="4", depth="0.5")
        stage.play("market", step="b", run="other", symbol="BTC-USD", spread="2.5", trades="off")
        stage.play("market", step="c", symbol="BTC-USD", volume="3", trades="on")
        factors = stage.board.factors
        assert (factors.spread[BTC], factors.spread[ETH]) == (10.0, 4.0)
        assert (factors.depth[BTC], factors.volume[BTC], factors.trades_off[BTC]) == (0.5, 3.0, True)
        stage.board.cut("other", "b", 0)
        assert (stage.board.factors.spread[BTC], stage.board.factors.trades_off[BTC]) == (4.0, False)

    def test_hundreds_of_factors_stay_numbers_that_a_market_can_have(self, stage: Stage) -> None:
        """Each within its own bounds: no infinite book, no size without a logarithm; 0 stays 0."""
        stage.play("market", step="none", symbol="ETH-USD", volume="0")
        for number in range(200):
            stage.play("market", step=f"{number}", symbols="BTC-USD ETH-USD", spread="100", volume="200")
            stage.play("market", step=f"thin {number}", symbol="BTC-USD", depth="0.001")
        factors = stage.board.factors
        assert (factors.spread[BTC], factors.volume[BTC], factors.depth[BTC]) == (1e9, 1e9, 1e-9)
        assert factors.volume[ETH] == 0.0

    @pytest.mark.parametrize("how", ["cut", "release"])
    def test_calm_comes_back_exactly(self, stage: Stage, how: str) -> None:
        """Not nearly: the calm singleton."""
        stage.play("market", symbols="all", spread="3.3", depth="0.7")
        stage.play("halt", step="b", symbol="BTC-USD")
        if how == "cut":
            stage.board.cut("run", "b", SECOND)
            stage.board.cut("run", "step", SECOND)
        else:
            stage.board.release("run")
        assert stage.board.factors is CALM

    def test_what_only_moves_prices_leaves_factors_calm(self, stage: Stage) -> None:
        """Volatility and correlation are seen in the prices."""
        stage.play("market", step="a", symbols="all", volatility="3")
        stage.play("correlate", step="b", symbols="all", to="0.9")
        assert stage.board.factors is CALM

    def test_a_halt_marks_its_instruments(self, stage: Stage) -> None:
        """Those and no others, a cross rate of the asset included only when named."""
        stage.play("halt", symbol="BTC-USD")
        assert [
            symbol for symbol, stop in zip(ALL.symbols, stage.board.factors.halted, strict=True) if stop
        ] == ["BTC-USD"]

    def test_nothing_named_means_everything(self, stage: Stage) -> None:
        """For a market, as for the word 'all'."""
        stage.play("market", spread="2")
        assert stage.board.factors.spread == [2.0] * len(ALL)

    def test_an_instrument_that_is_not_there_is_a_fault_of_ours(self, stages: StageMaker) -> None:
        """The compiler refuses such a playbook."""
        board = stages(ALL.only(("BTC-USD",))).board
        activation = Activation("run", (0,), "step", 0, 0, {}, SeedTree(1).stream)
        with pytest.raises(InternalError) as caught:
            board.put(activation, Condition("halt", "halt ETH-USD", ("ETH-USD",), halted=True))
        assert caught.value.code == "MD930"
        assert board.factors is CALM


class TestNotices:
    """For the journal."""

    def test_start_and_end_tell_what_was_asked_and_touched(self, stage: Stage) -> None:
        """Instruments times cycles while in force."""
        stage.play("market", symbols="BTC-USD ETH-USD", spread="20", lasts=3)
        for at in (1, 2, 3):
            stage.to(at)
        stage.board.cut("run", "step", 3 * SECOND)
        stage.to(4)
        assert [(one.kind, one.run, one.path) for one in stage.told] == [
            ("effect_started", "run", "step"),
            ("effect_ended", "run", "step"),
        ]
        assert stage.told[0].data == {
            "effect": "market",
            "summary": "market BTC-USD, ETH-USD: spread 20x",
            "symbols": ["BTC-USD", "ETH-USD"],
            "for_ns": 3 * SECOND,
        }
        assert stage.told[1].data == {"effect": "market", "reason": "ended", "ticks_touched": 6}

    def test_a_condition_that_saw_no_cycle_touched_nothing(self, stage: Stage) -> None:
        """Then nothing was tested, and the run says so."""
        stage.to(1)
        stage.play("halt", symbol="BTC-USD")
        stage.board.cut("run", "step", SECOND)
        stage.to(2)
        assert stage.notices("effect_ended")[0].data["ticks_touched"] == 0

    def test_volatility_touches_what_follows_its_assets(self, stage: Stage) -> None:
        """Every instrument with BTC in it."""
        stage.play("market", symbol="BTC-USD", volatility="2")
        stage.to(1)
        stage.board.release("run")
        stage.to(2)
        follow = sum("BTC" in (item.base, item.quote) for item in ALL)
        assert stage.notices("effect_ended")[0].data == {
            "effect": "market",
            "reason": "released",
            "ticks_touched": follow,
        }

    def test_a_fade_that_is_released_says_so(self, stage: Stage) -> None:
        """One end, one way back, however it ends."""
        stage.play("market", symbol="BTC-USD", volatility="2")
        stage.to(0)
        stage.usd["BTC"] *= 1.01
        stage.to(1)
        stage.board.cut("run", "step", SECOND)
        stage.board.release("run")
        stage.to(2)
        assert [(one.kind, one.data.get("reason")) for one in stage.told[1:]] == [
            ("effect_ended", "ended"),
            ("effect_reverted", "released"),
        ]

    def test_active_conditions_stand_beside_moves(self, stage: Stage) -> None:
        """Progress where an end is known; what fades out is marked."""
        stage.play("move", step="a", symbol="BTC-USD", by="-0.1", over=10)
        stage.play("market", step="b", symbol="BTC-USD", volatility="2", lasts=20)
        stage.play("halt", step="c", symbol="ETH-USD")
        stage.to(0)
        stage.usd["BTC"] *= 1.01
        active = stage.to(5).board.active()
        assert [(one.path, one.progress, one.reverting) for one in active] == [
            ("a", 0.5, False),
            ("b", 0.25, False),
            ("c", 0.0, False),
        ]
        stage.board.cut("run", "b", 20 * SECOND)
        fading = stage.to(95).board.active()[-1]
        assert (fading.path, fading.symbols, fading.progress, fading.reverting) == ("b", ("BTC",), 0.25, True)

    def test_cutting_twice_ends_once(self, stage: Stage) -> None:
        """A block's end after a ``for`` finds nothing left."""
        stage.play("halt", symbol="BTC-USD")
        stage.to(1)
        stage.board.cut("run", "step", SECOND)
        stage.board.cut("run", "step", 2 * SECOND)
        stage.to(3)
        assert len(stage.notices("effect_ended")) == 1


@dataclass(frozen=True)
class Deed:
    """One thing that is done to a board, some seconds after the last."""

    what: str
    run: str
    after_s: int


deeds = st.lists(
    st.builds(
        Deed,
        st.sampled_from(
            ["spread", "volatility", "correlate", "halt", "by", "to", "basis", "restore", "cut", "release"]
        ),
        st.sampled_from(["one", "two"]),
        st.integers(0, 90),
    ),
    max_size=12,
)


@EXAMPLES
@given(deeds)
def test_whatever_was_done_a_release_gives_the_base_feed_back(stages: StageMaker, plan: list[Deed]) -> None:
    """Every quantity, to the last bit: prices by identity, factors by identity, offsets none."""
    stage, at = stages(), 0
    for number, deed in enumerate(plan):
        for _ in range(deed.after_s):
            at += 1
            stage.usd["BTC"] *= 1.001 if at % 3 else 0.997
            stage.usd["ETH"] *= 1.002 if at % 2 else 0.998
            stage.to(at)
        _do(stage, deed, number, at)
    for run in ("one", "two"):
        stage.board.release(run)
    base = stage.base()
    assert stage.board.compute((at + 1) * SECOND, base) is base
    assert stage.board.factors is CALM
    assert stage.board.active() == ()
    assert stage.board.next_due_ns((at + 1) * SECOND) is None
    assert stage.board.offsets("one") == stage.board.offsets("two") == {}
    stage.told += stage.board.notices()
    starts, ends = ([one.path for one in stage.notices(f"effect_{kind}")] for kind in ("started", "ended"))
    assert sorted(starts) == sorted(ends)


def _do(stage: Stage, deed: Deed, number: int, at: int) -> None:
    match deed.what:
        case "spread":
            stage.play("market", at, run=deed.run, step=f"{number}", spread="20", depth="0.1")
        case "volatility":
            stage.play(
                "market", at, run=deed.run, step=f"{number}", volatility="3", keep_trend=number % 2 == 0
            )
        case "correlate":
            stage.play("correlate", at, run=deed.run, step=f"{number}", symbols="BTC-USD ETH-USD", to="-0.4")
        case "halt":
            stage.play("halt", at, run=deed.run, step=f"{number}", symbol="BTC-USD")
        case "by":
            stage.play("move", at, run=deed.run, step=f"{number}", symbol="BTC-USD", by="-0.1", over=40)
        case "to":
            stage.play("move", at, run=deed.run, step=f"{number}", symbol="BTC-USD-PERP", to="55000", over=40)
        case "basis":
            stage.play(
                "basis",
                at,
                run=deed.run,
                step=f"{number}",
                base="BTC-USD",
                target="BTC-USD-PERP",
                to="-0.03",
                over=40,
            )
        case "restore":
            stage.play("restore", at, run=deed.run, step=f"{number}", over=20)
        case "cut":
            for earlier in range(number):
                stage.board.cut(deed.run, f"{earlier}", at * SECOND)
        case "release":
            stage.board.release(deed.run)


def test_any_two_conditions_can_end_in_any_order(stages: StageMaker) -> None:
    """The one that is left acts as if it had been alone."""
    asked = {"a": ("BTC-USD", "3"), "b": ("BTC-USD", "7"), "c": ("ETH-USD", "0.5")}
    for first, second in itertools.permutations(asked, 2):
        stage = stages()
        for step, (symbol, spread) in asked.items():
            stage.play("market", step=step, symbol=symbol, spread=spread)
        stage.board.cut("run", first, SECOND)
        stage.board.cut("run", second, SECOND)
        alone = stages()
        (left,) = asked.keys() - {first, second}
        alone.play("market", step=left, symbol=asked[left][0], spread=asked[left][1])
        assert stage.board.factors == alone.board.factors
