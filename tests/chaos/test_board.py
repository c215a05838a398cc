"""How offsets compose on the board, one rule of the playbook language at a time."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdsim.chaos.moves import Along, By, Change
from mdsim.chaos.targets import Target
from mdsim.core.errors import InternalError
from mdsim.core.instruments import ALL
from mdsim.core.params import Afterwards, CurveSpec, Value
from mdsim.core.ports import Activation
from mdsim.core.time import SECOND

if TYPE_CHECKING:
    from tests.chaos.conftest import Stage, StageMaker

TIGHT = 1e-12
SPOTS = ("BTC-USD", "ETH-USD", "USDT-USD", "USDC-USD")
EXAMPLES = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def log_of(change: float) -> float:
    return math.log1p(change)


class TestPublishing:
    """Base plus offsets."""

    def test_a_calm_board_hands_the_base_through(self, stage: Stage) -> None:
        """With no offset the very list comes back: no work, no rounding."""
        base = stage.base()
        assert stage.board.compute(SECOND, base) is base

    def test_the_base_list_is_never_written_to(self, stage: Stage) -> None:
        """It belongs to the feed."""
        stage.play("move", symbol="BTC-USD", by="-0.1", over=10)
        base = stage.base()
        before = list(base)
        for at in (5, 10, 15):
            stage.board.compute(at * SECOND, base)
        assert base == before

    def test_moving_an_asset_moves_everything_it_is_in(self, stage: Stage) -> None:
        """As base it adds, as quote it subtracts, and strangers stay."""
        stage.play("move", symbol="BTC-USD", by="-0.1")
        stage.to(1)
        down = log_of(-0.1)
        wanted = {"BTC-USD": down, "BTC-ETH": down, "USDT-BTC": -down, "BTC-USD-PERP": down, "ETH-USD": 0.0}
        assert {symbol: stage.off(symbol) for symbol in wanted} == pytest.approx(wanted, abs=TIGHT)

    def test_an_isolated_move_leaves_cross_rates_alone(self, stage: Stage) -> None:
        """The instrument diverges from its asset, which is how a false price is made."""
        stage.play("move", symbol="BTC-USD", by="-0.1", isolated=True)
        stage.to(1)
        assert stage.off("BTC-USD") == pytest.approx(log_of(-0.1), abs=TIGHT)
        assert [stage.off(symbol) for symbol in ("BTC-ETH", "USDT-BTC", "BTC-USD-PERP")] == [0.0, 0.0, 0.0]

    def test_a_cross_rate_moves_alone(self, stage: Stage) -> None:
        """Its legs do not feel it."""
        stage.play("move", symbol="BTC-ETH", by="+0.02")
        stage.to(1)
        assert stage.off("BTC-ETH") == pytest.approx(log_of(0.02), abs=TIGHT)
        assert (stage.off("BTC-USD"), stage.off("ETH-USD")) == (0.0, 0.0)

    def test_a_command_acts_from_the_first_cycle_after_its_stamp(self, stage: Stage) -> None:
        """Strictly after: order within an instant must not matter."""
        stage.play("move", at=5, symbol="BTC-USD", by="-0.1")
        assert stage.to(5).off("BTC-USD") == 0.0
        assert stage.to(6).off("BTC-USD") == pytest.approx(log_of(-0.1), abs=TIGHT)

    def test_a_start_at_the_instant_of_another_end_waits_too(self, stage: Stage) -> None:
        """The cycle that settles the one does not start the other."""
        stage.play("move", symbol="ETH-USD", by="-0.1", over=5, step="a")
        stage.play("move", at=5, symbol="BTC-USD", by="-0.1", step="b")
        assert stage.to(5).off("BTC-USD") == 0.0
        assert stage.off("ETH-USD") == pytest.approx(log_of(-0.1), abs=TIGHT)

    def test_a_weight_multiplies_the_log_move(self, stage: Stage) -> None:
        """ETH falls by 0.9 to the power of 1.5."""
        stage.play("move", symbols={"BTC-USD": "1", "ETH-USD": "1.5"}, by="-0.1", over=10)
        stage.to(10)
        assert stage.off("ETH-USD") == pytest.approx(1.5 * log_of(-0.1), abs=TIGHT)

    def test_what_the_compiler_should_have_refused_is_our_fault(self, stage: Stage) -> None:
        """An unknown instrument, an unknown curve, a walk without time: an internal error, never silence."""

        def start(symbol: str, shape: str, goal: By | Along) -> None:
            change = Change("move", "…", (Target(symbol, ("BTC",)),), goal, CurveSpec(shape, {}))
            stage.board.start(Activation("run", (0,), "step", 0, 0, {}, stage.streams("step")), change)

        for symbol, shape, goal, code in (
            ("DOGE-USD", "linear", By(0.1), "MD930"),
            ("BTC-USD", "wobbly", By(0.1), "MD931"),
            ("BTC-USD", "random-walk", Along(), "MD932"),
        ):
            with pytest.raises(InternalError) as caught:
                start(symbol, shape, goal)
            assert caught.value.code == code


class TestComposing:
    """Offsets add, whatever their order."""

    @EXAMPLES
    @given(order=st.permutations(range(4)), at=st.floats(0.5, 70.0))
    def test_changes_and_paths_commute(self, stages: StageMaker, order: list[int], at: float) -> None:
        """Whoever comes first in the document, the level is the same."""

        def levels(places: list[int]) -> list[float]:
            stage = stages()
            a, b, c, d = [(place,) for place in places]
            stage.play("move", symbol="BTC-USD", by="-0.1", over=60, order=a, step="a")
            stage.play("move", symbols="BTC-USD ETH-USD", by="0.04", over=30, order=b, step="b")
            stage.play("move", symbol="BTC-USD", path={20: "-0.05", 60: "0.02"}, order=c, step="c")
            stage.play("move", symbol="BTC-ETH", by="0.01", order=d, step="d")
            return stage.to(at / 2).to(at).logs

        assert levels(order) == pytest.approx(levels([0, 1, 2, 3]), abs=TIGHT)

    @EXAMPLES
    @given(
        steps=st.lists(
            st.tuples(
                st.sampled_from(SPOTS),
                st.sampled_from(["to", "by", "retrace"]),
                st.floats(0.3, 0.9),
                st.integers(0, 60),
                st.sampled_from(["linear", "exp", "bridge", "overshoot"]),
            ),
            min_size=1,
            max_size=6,
        )
    )
    def test_cross_rates_stay_free_of_arbitrage(
        self, stages: StageMaker, steps: list[tuple[str, str, float, int, str]]
    ) -> None:
        """After any sequence of moves that are not isolated, every cross is the quotient of its legs."""
        stage = stages()
        for at, (symbol, verb, share, over, shape) in enumerate(steps):
            price = math.exp(stage.base()[ALL.index[symbol]]) * share
            value = {"to": price, "by": share - 1.0, "retrace": share}[verb]
            written: dict[str, Value] = {verb: f"{value:.8f}"}
            stage.play(
                "move",
                at=7 * at,
                symbol=symbol,
                order=(at,),
                step=f"s{at}",
                over=over,
                curve=shape if over else None,
                run="run",
                path=None,
                symbols=None,
                **written,
            )
            stage.usd["BTC"] *= 1.0 + 0.01 * share
            stage.to(7 * at + 3)
            for item in ALL:
                if item.usd_spot or item.perpetual:
                    continue
                legs = stage.log(f"{item.base}-USD") - stage.log(f"{item.quote}-USD")
                assert stage.log(item.symbol) == pytest.approx(legs, abs=1e-9)

    @EXAMPLES
    @given(cycles=st.lists(st.floats(0.1, 99.0), max_size=12))
    def test_cycles_in_between_change_nothing(self, stages: StageMaker, cycles: list[float]) -> None:
        """The interval of the engine has no say in where a level is, or ends."""

        def levels(instants: list[float]) -> list[float]:
            stage = stages()
            stage.play("move", symbol="BTC-USD", by="-0.2", over=50, curve="bridge", step="a")
            stage.play("move", at=20, symbol="BTC-USD", to="50000", over=40, jitter="0.002", step="b")
            stage.play("move", at=30, symbols="all", retrace="0.5", over=20, step="c")
            stage.play("move", at=55, symbol="ETH-USD", by="0.1", then=Afterwards(20 * SECOND), step="d")
            stage.play("restore", at=70, over=29, step="e")
            for at in instants:
                stage.to(at)
            return stage.to(99.5).logs

        assert levels(sorted(cycles)) == pytest.approx(levels([]), abs=TIGHT)


class TestEnding:
    """Cut and release."""

    def test_a_cut_keeps_what_was_last_published(self, stage: Stage) -> None:
        """No jump, now or later; what comes after adds to it."""
        stage.play("move", symbol="USDT-USD", to="0.9", over=10, curve="bridge")
        before = list(stage.to(4).logs)
        stage.board.cut("run", "step", 4 * SECOND)
        assert stage.to(5).logs == pytest.approx(before, abs=TIGHT)
        assert stage.to(20).logs == pytest.approx(before, abs=TIGHT)
        ended = stage.notices("effect_ended")[0]
        assert ended.data["reason"] == "cut"
        kept = ended.data["kept"]
        assert isinstance(kept, dict)
        assert float(str(kept["USDT"])) == pytest.approx(stage.off("USDT-USD"))

    def test_a_cut_leaves_others_alone(self, stage: Stage) -> None:
        """Another step, or the same step of another run."""
        stage.play("move", symbol="BTC-USD", by="-0.2", over=10, step="a")
        stage.play("move", symbol="BTC-USD", by="-0.2", over=10, step="a", run="other")
        stage.to(5)
        stage.board.cut("run", "b", 5 * SECOND)
        stage.board.cut("nobody", "a", 5 * SECOND)
        assert stage.to(10).off("BTC-USD") == pytest.approx(2 * log_of(-0.2), abs=TIGHT)

    def test_a_cut_at_the_moves_own_end_lets_it_finish(self, stage: Stage) -> None:
        """Content that ends exactly at ``for`` is finished, even if the cut is heard before the cycle."""
        stage.play("move", symbol="BTC-USD", to="50000", over=10)
        stage.to(5)
        stage.board.cut("run", "step", 10 * SECOND)
        assert stage.to(10).price("BTC-USD") == Decimal(50_000)

    def test_a_step_cut_before_any_cycle_leaves_nothing(self, stage: Stage) -> None:
        """It is told as started and cut, having touched no tick."""
        stage.play("move", symbol="BTC-USD", by="-0.2", over=10)
        stage.board.cut("run", "step", SECOND)
        assert stage.to(2).logs == stage.base()
        assert [one.kind for one in stage.told] == ["effect_started", "effect_ended"]
        assert stage.told[1].data["ticks_touched"] == 0

    @EXAMPLES
    @given(
        changes=st.lists(st.tuples(st.sampled_from(ALL.symbols), st.floats(-0.5, 0.5)), max_size=5),
        at=st.floats(0.5, 40.0),
    )
    def test_release_leaves_the_base_exactly(
        self, stages: StageMaker, changes: list[tuple[str, float]], at: float
    ) -> None:
        """Waiting, running, reverting or settled: not a bit of float is left behind."""
        stage = stages()
        for place, (symbol, by) in enumerate(changes):
            stage.play(
                "move",
                at=5 * place,
                symbol=symbol,
                by=f"{by:.6f}",
                over=place * 3,
                step=f"s{place}",
                then=Afterwards(7 * SECOND if place % 2 else 0),
            )
        stage.to(at)
        stage.board.release("run")
        base = stage.base()
        assert stage.board.compute(41 * SECOND, base) is base
        assert stage.board.offsets("run") == {}
        assert stage.board.active() == ()
        assert stage.board.next_due_ns(0) is None

    def test_release_of_one_run_leaves_the_other_as_if_alone(self, stage: Stage, stages: StageMaker) -> None:
        """Bit for bit."""
        alone = stages()
        for one in (stage, alone):
            one.play("move", symbol="BTC-USD", by="-0.123", run="kept", step="a")
        stage.play("move", symbol="BTC-USD", by="-0.456", run="gone", step="b")
        stage.to(1)
        stage.board.release("gone")
        assert stage.to(2).logs == alone.to(2).logs

    def test_releasing_twice_or_a_stranger_does_no_harm(self, stage: Stage) -> None:
        """It is idempotent."""
        stage.board.release("nobody")
        stage.board.release("nobody")
        assert stage.to(1).told == []
