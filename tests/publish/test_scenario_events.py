"""What consumers of prices are told of a run."""

from __future__ import annotations

import pytest

from mdsim.core.events import Entry, Json
from mdsim.core.serving import RunInfo
from mdsim.publish.event_desk import EventDesk
from mdsim.publish.feeds import EVERYWHERE
from mdsim.publish.scenario_events import ScenarioEvents


def info(*symbols: str) -> RunInfo:
    """A run that touches these instruments."""
    return RunInfo("scn-1", "price_shock", "shock", "running", "", symbols, (), 0, 0, 0, "", "", None)


@pytest.fixture
def desk() -> EventDesk:
    return EventDesk()


def test_an_effect_concerns_the_instruments_that_it_acts_on(desk: EventDesk) -> None:
    """Its end and its way back are told to the same readers, although their entries name nobody."""
    follow = ScenarioEvents(desk, info("BTC-USD", "ETH-USD"), lambda: 7)
    started: dict[str, Json] = {
        "effect": "move",
        "summary": "move ETH-USD",
        "targets": [{"symbol": "ETH-USD"}],
    }
    follow.on_entry(Entry("effect_started", 1, "p/1", started))
    follow.on_entry(
        Entry("effect_ended", 2, "p/1", {"effect": "move", "reason": "done", "reverts_over_ns": 5})
    )
    follow.on_entry(Entry("effect_reverted", 7, "p/1", {"effect": "move", "reason": "done"}))
    told = desk.take()
    assert [one.symbol for one in told] == ["ETH-USD"] * 3
    assert told[0].data == {
        "kind": "effect_started",
        "scenario_id": "scn-1",
        "scenario_type": "price_shock",
        "symbols": ["ETH-USD"],
        "at_ns": 1,
        "path": "p/1",
        "effect": "move",
        "summary": "move ETH-USD",
    }
    assert told[0].ts_event_ns == 7


def test_the_run_itself_concerns_all_that_it_touches(desk: EventDesk) -> None:
    """A run that touches nobody by name is news of the whole market."""
    ScenarioEvents(desk, info("BTC-USD", "ETH-USD"), lambda: 0).on_entry(Entry("run_started", 0, "", {}))
    ScenarioEvents(desk, info(), lambda: 0).on_entry(Entry("run_started", 0, "", {}))
    assert [one.symbol for one in desk.take()] == ["BTC-USD", "ETH-USD", EVERYWHERE]


def test_what_only_an_author_wants_to_know_is_not_told(desk: EventDesk) -> None:
    """Steps, lanes, checks and the plan stay in the journal."""
    follow = ScenarioEvents(desk, info("BTC-USD"), lambda: 0)
    for kind in ("step_started", "lane_ended", "check", "iteration"):
        follow.on_entry(Entry(kind, 0, "p/1", {"plan": {}}))
    follow.on_entry(Entry("run_started", 0, "", {"playbook": "shock", "plan": {"phases": []}}))
    (told,) = desk.take()
    assert "plan" not in told.data
    assert told.data["playbook"] == "shock"
