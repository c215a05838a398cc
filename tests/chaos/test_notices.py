"""What the board tells: notices, active moves, counts, and when it wants to be called again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mdsim.core.params import Afterwards
from mdsim.core.time import SECOND

if TYPE_CHECKING:
    from tests.chaos.conftest import Stage


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
        """USDC enters two prices, BTC six; each cycle up to the end counts."""
        stage.play("move", symbol="USDC-USD", by="-0.1", over=4, step="a")
        stage.play("move", symbol="BTC-USD", by="-0.1", over=4, curve="step", step="b")
        for at in (1, 2, 3, 4, 5):
            stage.to(at)
        assert {one.path: one.data["ticks_touched"] for one in stage.notices("effect_ended")} == {
            "a": 8,
            "b": 24,
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
        assert counts == {("effect_ended", "a"): 2, ("effect_ended", "b"): 5, ("effect_reverted", "b"): 5}

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
            "ticks_touched": 9,
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
