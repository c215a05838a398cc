"""The rooms of an update."""

from __future__ import annotations

from mdsim.telemetry.update_trace import Cycle

CYCLE = Cycle(began_ns=100, based_ns=130, cycled_ns=170, sent_ns=200)


def test_a_price_that_is_made_needs_no_agreement() -> None:
    """Ingest is its making."""
    assert CYCLE.stages(None) == [("ingest", 100, 130), ("chaos", 130, 170), ("publish", 170, 200)]


def test_a_price_of_sources_waits_for_the_cycle_and_is_agreed_on() -> None:
    """Ingest lasts from its receipt to the cycle; a clock that is ahead makes no negative time."""
    assert CYCLE.stages(60)[:2] == [("ingest", 60, 100), ("consensus", 100, 130)]
    assert CYCLE.stages(115)[0] == ("ingest", 100, 100)
