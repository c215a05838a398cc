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


class TestTo:
    """A price is reached exactly, whatever the base does."""

    def test_it_is_met_on_the_grid_while_the_base_moves(self, stage: Stage) -> None:
        """At the end of ``over`` the published price is the price written."""
        stage.play("move", symbol="USDT-USD", to="0.98765", over=60, curve="sigmoid")
        for at in range(1, 61):
            stage.usd["USDT"] = 1.0 + 0.003 * math.sin(at)
            stage.to(at)
        assert stage.price("USDT-USD") == Decimal("0.98765")

    @EXAMPLES
    @given(
        symbol=st.sampled_from(ALL.symbols),
        factor=st.floats(0.05, 3.0),
        drift=st.floats(-0.3, 0.3),
        shape=st.sampled_from(["linear", "exp", "sigmoid", "overshoot", "revert", "bridge", "step"]),
        other=st.sampled_from(ALL.symbols),
    )
    def test_every_instrument_meets_every_price(
        self, stages: StageMaker, symbol: str, factor: float, drift: float, shape: str, other: str
    ) -> None:
        """Also with another move running beside it, noise, and any curve that ends on target."""
        stage = stages()
        increment = stage.catalogue[symbol].price_increment
        wanted = (
            max(round(math.exp(stage.base()[ALL.index[symbol]]) * factor / float(increment)), 1) * increment
        )
        if other != symbol:
            stage.play("move", symbol=other, by="-0.07", over=300, step="other")
        stage.play("move", symbol=symbol, to=str(wanted), over=100, curve=shape, jitter="0.001")
        for at in (1, 30, 77, 100):
            stage.usd["BTC"] = 60_000 * math.exp(drift * at / 100)
            stage.to(at)
        if other == symbol or other not in ("BTC-USD", "ETH-USD", "USDT-USD"):
            assert stage.price(symbol) == wanted
        stage.to(100)
        assert stage.price(symbol) == wanted

    def test_the_level_travels_from_what_is_published_to_the_price(self, stage: Stage) -> None:
        """Half-way in time a line is half-way in log price, the base's own move included."""
        stage.play("move", symbol="BTC-USD", to="30000", over=10)
        stage.usd["BTC"] = 50_000.0
        stage.to(5)
        half = 0.5 * math.log(50_000) + 0.5 * math.log(30_000)
        assert stage.log("BTC-USD") == pytest.approx(half, abs=TIGHT)

    def test_after_its_end_the_price_rides_on_the_base_again(self, stage: Stage) -> None:
        """The offset that it took is kept: one percent more below is one percent more above."""
        stage.play("move", symbol="BTC-USD", to="30000", over=10)
        stage.to(10)
        stage.usd["BTC"] *= 1.01
        stage.to(11)
        assert stage.log("BTC-USD") == pytest.approx(math.log(30_000 * 1.01), abs=TIGHT)

    def test_it_sees_through_its_own_asset(self, stage: Stage) -> None:
        """A perpetual's price is met while its asset is on the way to another."""
        stage.play("move", symbol="BTC-USD-PERP", to="49000", over=10, step="perp", order=(0,))
        stage.play("move", symbol="BTC-USD", to="50000", over=10, step="spot", order=(1,))
        stage.to(4).to(10)
        assert (stage.price("BTC-USD"), stage.price("BTC-USD-PERP")) == (Decimal(50_000), Decimal(49_000))

    def test_a_running_change_gives_way_to_the_price(self, stage: Stage) -> None:
        """``by`` is worked out first; what it goes on to do after the end shows again."""
        stage.play("move", symbol="BTC-USD", by="-0.2", over=20, step="by")
        stage.play("move", symbol="BTC-USD", to="55000", over=10, step="to")
        assert stage.to(10).price("BTC-USD") == Decimal(55_000)
        rest = 0.5 * log_of(-0.2)
        assert stage.to(20).log("BTC-USD") == pytest.approx(math.log(55_000) + rest, abs=TIGHT)

    def test_a_later_change_adds_to_it(self, stage: Stage) -> None:
        """In one instant too: the order of the document decides."""
        stage.play("move", symbol="BTC-USD", to="50000", order=(0,), step="a")
        stage.play("move", symbol="BTC-USD", by="-0.1", order=(1,), step="b")
        assert stage.to(1).price("BTC-USD") == Decimal(45_000)

    def test_a_later_one_freezes_the_earlier_with_a_warning(self, stage: Stage) -> None:
        """The level has no jump, and the journal tells."""
        stage.play("move", symbol="BTC-USD", to="30000", over=100, step="first")
        stage.to(50)
        before = stage.log("BTC-USD")
        stage.play("move", at=50, symbol="BTC-USD", to="60000", over=10, step="second")
        stage.to(50.001)
        assert stage.log("BTC-USD") == pytest.approx(before, abs=1e-3)
        assert stage.to(60).price("BTC-USD") == Decimal(60_000)
        assert stage.to(100).price("BTC-USD") == Decimal(60_000)
        warning = stage.notices("move_replaced")[0]
        assert (warning.path, warning.data["by"], warning.data["progress"]) == ("first", "second", "0.5")
        assert [one.data["reason"] for one in stage.notices("effect_ended")] == ["replaced", "done"]

    def test_only_the_shared_target_is_taken_over(self, stage: Stage) -> None:
        """The other symbols of the earlier step go on to their price."""
        stage.play("move", symbols="USDT-USD USDC-USD", to="0.95", over=10, step="both")
        stage.to(5)
        stage.play("move", at=5, symbol="USDT-USD", to="0.99", over=2, step="one")
        stage.to(7).to(10)
        assert (stage.price("USDT-USD"), stage.price("USDC-USD")) == (Decimal("0.99"), Decimal("0.95"))


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


class TestGivingBack:
    """``retrace``, ``restore`` and ``then: revert``."""

    def test_retrace_takes_a_share_off_the_present_offset(self, stage: Stage) -> None:
        """Sixty percent back leaves forty, in log price."""
        stage.play("move", symbol="BTC-USD", by="-0.2")
        stage.play("move", at=10, symbol="BTC-USD", retrace="0.6", over=10, step="back")
        assert stage.to(20).off("BTC-USD") == pytest.approx(0.4 * log_of(-0.2), abs=TIGHT)

    def test_retrace_of_a_spot_eases_its_own_offset_too(self, stage: Stage) -> None:
        """Both the asset's and the instrument's."""
        stage.play("move", symbol="BTC-USD", by="-0.2", step="a")
        stage.play("move", symbol="BTC-USD", by="-0.1", isolated=True, step="b")
        stage.play("move", at=5, symbol="BTC-USD", retrace="0.5", step="back")
        both = 0.5 * (log_of(-0.2) + log_of(-0.1))
        assert stage.to(6).off("BTC-USD") == pytest.approx(both, abs=TIGHT)

    def test_retrace_reckons_with_what_still_runs(self, stage: Stage) -> None:
        """The share is taken of the running part as it is at the start."""
        stage.play("move", symbol="BTC-USD", by="-0.2", over=20, step="fall")
        stage.play("move", at=10, symbol="BTC-USD", retrace="1", step="back")
        assert stage.to(10.001).off("BTC-USD") == pytest.approx(0.0, abs=1e-3)
        assert stage.to(20).off("BTC-USD") == pytest.approx(0.5 * log_of(-0.2), abs=TIGHT)

    def test_all_means_whatever_has_an_offset(self, stage: Stage) -> None:
        """Stablecoins and instruments of their own included."""
        stage.play("move", symbol="USDT-USD", by="-0.05", step="a")
        stage.play("move", symbol="BTC-USD-PERP", by="-0.02", step="b")
        stage.play("move", at=5, symbols="all", retrace="1", over=5, step="back")
        assert stage.to(10).logs == stage.base()
        told = stage.notices("effect_started")[-1].data["targets"]
        assert isinstance(told, list)
        assert [one["symbol"] for one in told if isinstance(one, dict)] == ["USDT-USD", "BTC-USD-PERP"]

    def test_retracing_nothing_touches_nothing(self, stage: Stage) -> None:
        """A run that has moved nothing has nothing to give back, and its end says so."""
        stage.play("move", symbols="all", retrace="0.5", over=5)
        stage.to(1).to(5)
        assert stage.notices("effect_ended")[0].data["ticks_touched"] == 0

    def test_another_runs_offset_is_not_given_back(self, stage: Stage) -> None:
        """Each run owns what it moved."""
        stage.play("move", symbol="BTC-USD", by="-0.1", run="one", step="a")
        stage.play("restore", at=2, run="two", step="b")
        assert stage.to(3).off("BTC-USD") == pytest.approx(log_of(-0.1), abs=TIGHT)

    def test_restore_ends_running_moves_and_comes_to_the_base(self, stage: Stage) -> None:
        """Nothing is left, not even a rounding."""
        stage.play("move", symbol="BTC-USD", by="-0.3", step="a")
        stage.play("move", symbols="BTC-USD ETH-USD", to="40000", over=100, step="b", curve="bridge")
        stage.play("restore", at=30, over=10, step="back")
        assert stage.to(29).off("ETH-USD") > 0.1
        assert stage.to(40).logs == stage.base()
        assert stage.to(100).logs == stage.base()
        assert [one.data["reason"] for one in stage.notices("effect_ended")] == ["done", "restored", "done"]

    def test_restore_of_some_leaves_the_others_running(self, stage: Stage) -> None:
        """Only the symbols named end."""
        stage.play("move", symbols="BTC-USD ETH-USD", by="-0.2", over=100, step="a")
        stage.play("restore", at=50, symbol="BTC-USD", step="back")
        stage.to(51)
        assert (stage.off("BTC-USD"), stage.off("ETH-USD") < -0.1) == (0.0, True)
        assert stage.to(100).off("ETH-USD") == pytest.approx(log_of(-0.2), abs=TIGHT)

    def test_revert_gives_the_own_share_back_in_a_line(self, stage: Stage) -> None:
        """After its end, over its own time, leaving others' shares alone."""
        stage.play("move", symbol="BTC-USD", by="-0.1", step="stays")
        stage.play("move", symbol="BTC-USD", by="-0.2", over=10, step="a", then=Afterwards(20 * SECOND))
        stays, share = log_of(-0.1), log_of(-0.2)
        assert stage.to(10).off("BTC-USD") == pytest.approx(stays + share, abs=TIGHT)
        assert stage.to(15).off("BTC-USD") == pytest.approx(stays + 0.75 * share, abs=TIGHT)
        assert stage.to(30).off("BTC-USD") == pytest.approx(stays, abs=TIGHT)

    def test_revert_of_a_price_undoes_what_it_took(self, stage: Stage) -> None:
        """The share is the offset at the end of the move, however the base went meanwhile."""
        stage.play("move", symbol="BTC-USD", to="50000", over=10, then=Afterwards(10 * SECOND))
        stage.usd["BTC"] = 58_000.0
        assert stage.to(10).price("BTC-USD") == Decimal(50_000)
        assert stage.to(20).logs == stage.base()

    def test_a_cut_move_never_reverts(self, stage: Stage) -> None:
        """It keeps the offset it reached."""
        stage.play("move", symbol="BTC-USD", by="-0.2", over=10, then=Afterwards(10 * SECOND))
        stage.to(5)
        stage.board.cut("run", "step", 5 * SECOND)
        assert stage.to(30).off("BTC-USD") == pytest.approx(0.5 * log_of(-0.2), abs=TIGHT)

    def test_the_way_back_outlives_its_block(self, stage: Stage) -> None:
        """A cut of its step goes unheard once it reverts."""
        stage.play("move", symbol="BTC-USD", by="-0.2", over=10, then=Afterwards(10 * SECOND))
        stage.to(10).to(12)
        stage.board.cut("run", "step", 12 * SECOND)
        assert stage.to(20).logs == stage.base()


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


class TestTelling:
    """Notices, active moves, counts, and when to be called again."""

    def test_the_next_end_is_due(self, stage: Stage) -> None:
        """Of the move first, then of its way back; before the first cycle too."""
        stage.play("move", symbol="BTC-USD", by="-0.2", over=10, then=Afterwards(20 * SECOND))
        assert stage.board.next_due_ns(0) == 10 * SECOND
        assert stage.to(3).board.next_due_ns(3 * SECOND) == 10 * SECOND
        assert stage.to(10).board.next_due_ns(10 * SECOND) == 30 * SECOND
        assert stage.to(30).board.next_due_ns(30 * SECOND) is None

    def test_ticks_are_counted_by_instrument_and_cycle(self, stage: Stage) -> None:
        """USDC enters one price, BTC five; each cycle up to the end counts."""
        stage.play("move", symbol="USDC-USD", by="-0.1", over=4, step="a")
        stage.play("move", symbol="BTC-USD", by="-0.1", over=4, curve="step", step="b")
        for at in (1, 2, 3, 4, 5):
            stage.to(at)
        assert {one.path: one.data["ticks_touched"] for one in stage.notices("effect_ended")} == {
            "a": 4,
            "b": 20,
        }

    def test_an_instant_move_counts_the_cycle_in_which_it_settles(self, stage: Stage) -> None:
        """Otherwise it would seem to have tested nothing; so does one that reverts."""
        stage.play("move", symbol="USDC-USD", by="-0.1", step="a")
        stage.play("move", symbol="USDT-USD", by="-0.1", step="b", then=Afterwards(2 * SECOND))
        for at in (1, 2, 3):
            stage.to(at)
        counts = {
            (one.kind, one.path): one.data["ticks_touched"] for one in stage.told if "reason" in one.data
        }
        assert counts == {("effect_ended", "a"): 1, ("effect_ended", "b"): 5, ("effect_reverted", "b"): 5}

    def test_a_move_by_nothing_touches_nothing(self, stage: Stage) -> None:
        """Zero percent is allowed and honest."""
        stage.play("move", symbol="BTC-USD", by="0", over=4)
        stage.to(2).to(4)
        assert stage.notices("effect_ended")[0].data["ticks_touched"] == 0

    def test_the_start_tells_what_it_resolved_to(self, stage: Stage) -> None:
        """Targets, where they were, where they go; no float anywhere."""
        stage.play("move", symbol="BTC-USD", by="-0.5", step="a")
        stage.play("move", at=1, symbol="BTC-USD", to="45000", over=10, step="b")
        stage.to(2)
        assert stage.notices("effect_started")[1].data == {
            "effect": "move",
            "summary": "move BTC-USD to 45000 over 10s, linear",
            "over_ns": 10 * SECOND,
            "targets": [{"symbol": "BTC-USD", "on": ["BTC"], "from": "30000", "to": "45000"}],
        }

    def test_the_end_tells_what_is_kept(self, stage: Stage) -> None:
        """By asset or instrument, in log price."""
        stage.play("move", symbols={"BTC-USD": "1", "ETH-USD": "2"}, by="-0.5", over=10)
        stage.to(10)
        assert stage.notices("effect_ended")[0].data == {
            "effect": "move",
            "reason": "done",
            "ticks_touched": 8,
            "kept": {"BTC": "-0.69314718056", "ETH": "-1.38629436112"},
        }

    def test_notices_are_told_once(self, stage: Stage) -> None:
        """The engine drains them every cycle."""
        stage.play("move", symbol="BTC-USD", by="-0.5")
        stage.board.compute(SECOND, stage.base())
        assert [one.kind for one in stage.board.notices()] == ["effect_started", "effect_ended"]
        assert stage.board.notices() == []

    def test_active_moves_tell_how_far_they_are(self, stage: Stage) -> None:
        """For the live view; a way back is marked as such."""
        stage.play("move", symbol="BTC-USD", by="-0.2", over=10, then=Afterwards(20 * SECOND))
        (active,) = stage.to(5).board.active()
        assert (active.symbols, active.progress, active.reverting) == (("BTC-USD",), 0.5, False)
        assert active.description == "move BTC-USD by -20% over 10s, linear, then revert over 20s"
        (active,) = stage.to(25).board.active()
        assert (active.progress, active.reverting) == (0.75, True)
        assert stage.to(30).board.active() == ()
