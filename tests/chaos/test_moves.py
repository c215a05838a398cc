"""What moves reach and what they give back: ``to``, ``retrace``, ``restore``, ``then: revert``."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdsim.core.instruments import ALL
from mdsim.core.params import Afterwards
from mdsim.core.time import SECOND

if TYPE_CHECKING:
    from tests.chaos.conftest import Stage, StageMaker

TIGHT = 1e-12
EXAMPLES = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def log_of(change: float) -> float:
    return math.log1p(change)


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


class TestGivingBack:
    """``retrace``, ``restore`` and ``then: revert``."""

    def test_retrace_takes_a_share_off_the_present_offset(self, stage: Stage) -> None:
        """Sixty percent back leaves forty, in log price."""
        stage.play("move", symbol="BTC-USD", by="-0.2")
        stage.play("move", at=10, symbol="BTC-USD", retrace="0.6", over=10, step="back")
        assert stage.to(20).off("BTC-USD") == pytest.approx(0.4 * log_of(-0.2), abs=TIGHT)

    def test_a_weight_scales_what_is_given_back(self, stage: Stage) -> None:
        """ETH gives back half as much of its offset as BTC."""
        stage.play("move", symbols="BTC-USD ETH-USD", by="-0.2", step="fall")
        stage.play("move", at=5, symbols={"BTC-USD": "1", "ETH-USD": "0.5"}, retrace="0.6", step="back")
        assert stage.to(6).off("BTC-USD") == pytest.approx(0.4 * log_of(-0.2), abs=TIGHT)
        assert stage.off("ETH-USD") == pytest.approx(0.7 * log_of(-0.2), abs=TIGHT)

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
        """Each run owns what it moved, and what it is moving."""
        stage.play("move", symbol="BTC-USD", by="-0.1", run="one", step="a")
        stage.play("move", symbol="BTC-USD", by="-0.2", over=10, run="one", step="b")
        stage.play("restore", at=2, run="two", step="c")
        assert stage.to(10).off("BTC-USD") == pytest.approx(log_of(-0.1) + log_of(-0.2), abs=TIGHT)

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
