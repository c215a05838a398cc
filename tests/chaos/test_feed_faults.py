"""Delivery faults in force: what the journal is told of them, and that nothing is left at their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.chaos.feed_faults import SIZE_MOST, FeedFaults
from mdsim.chaos.injected import UNTOLD, Runs, Tally
from mdsim.core.events import Notice
from mdsim.core.impairing import Disturbance, Injection
from mdsim.core.time import HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    from tests.chaos.conftest import Line


class Desk:
    """Faults, and what they told."""

    def __init__(self) -> None:
        self.told: list[Notice] = []
        self.faults = FeedFaults(self.told.append)

    def kinds(self) -> list[str]:
        kinds = [one.kind for one in self.told]
        self.told.clear()
        return kinds


@pytest.fixture
def desk() -> Desk:
    """Nothing in force."""
    return Desk()


def injection(
    by: Disturbance, seq: int = 1, *, fault: str = "loss", at: str = "ws-1", amount: int = 0, at_ns: int = 0
) -> Injection:
    """One thing that was done to a tick of BTC-USD."""
    return Injection(by.run, by.path, fault, at, "BTC-USD", "tick", seq, at_ns, amount)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.integers(1, 12), max_size=30))
def test_runs_say_every_number_once_and_in_order(numbers: list[int]) -> None:
    """What is read back is what was put in."""
    runs = Runs()
    for number in numbers:
        runs.add(number)
    read: list[int] = []
    for part in str(runs).split():
        low, _, high = part.partition("-")
        read += range(int(low), int(high or low) + 1)
    assert read == numbers


def test_a_step_is_told_when_it_starts_and_ends_with_what_it_did(desk: Desk, line: Line) -> None:
    """Every message, then the sums, then the end that counts them."""
    one = line.disturbance(symbol="BTC-USD")
    desk.faults.start(one, "feed of 100% of clients: loss 5%", MINUTE)
    (begun,) = desk.told
    assert begun.data == {
        "effect": "feed",
        "summary": "feed of 100% of clients: loss 5%",
        "on": "clients",
        "symbols": ["BTC-USD"],
        "for_ns": MINUTE,
    }
    desk.faults.injected([injection(one, seq) for seq in (1, 2, 3, 7)], 1)
    desk.told.clear()
    desk.faults.cut("run", one.path)
    assert [(notice.kind, notice.data) for notice in desk.told] == [
        (
            "injected",
            {
                "fault": "loss",
                "connection": "ws-1",
                "count": 4,
                "messages": [{"symbol": "BTC-USD", "channel": "tick", "count": 4, "seqs": "1-3 7"}],
            },
        ),
        ("feed_ended", {"effect": "feed", "faults": {"loss": 4}, "connections": 1}),
        ("effect_ended", {"effect": "feed", "reason": "ended", "ticks_touched": 4}),
    ]


def test_a_step_that_reached_nobody_ends_with_nothing_touched(desk: Desk, line: Line) -> None:
    """So that the run is inconclusive."""
    one = line.disturbance(source="binance")
    desk.faults.start(one, "", 0)
    desk.faults.release("run")
    assert desk.told[-1].data["ticks_touched"] == 0
    assert desk.told[-2].data == {"effect": "feed", "faults": {}}


def test_releasing_a_run_leaves_the_others_in_force(desk: Desk, line: Line) -> None:
    """And only a change makes another tuple."""
    one, other = line.disturbance("a"), line.disturbance("b", run="other")
    desk.faults.start(one, "", 0)
    desk.faults.start(other, "", 0)
    before = desk.faults.disturbances
    assert list(before) == [one, other]
    desk.faults.injected([], HOUR)
    desk.faults.cut("run", "nowhere")
    assert desk.faults.disturbances is before
    desk.faults.release("run")
    assert list(desk.faults.disturbances) == [other]
    assert [active.run for active in desk.faults.active(0)] == ["other"]


def test_lines_come_a_second_apart_and_later_more_rarely(desk: Desk, line: Line) -> None:
    """60 in the first minute, 54 in the nine after it, then one a minute."""
    one = line.disturbance()
    desk.faults.start(one, "", 0)
    desk.kinds()
    told_at = []
    for tenth in range(20 * 600):
        now_ns = tenth * SECOND // 10
        desk.faults.injected([injection(one, tenth + 1)], now_ns)
        told_at += [now_ns for _ in desk.kinds()]
    assert [at_ns // SECOND for at_ns in told_at if at_ns <= MINUTE] == list(range(1, 61))
    assert sum(MINUTE < at_ns <= 10 * MINUTE for at_ns in told_at) == 54
    assert sum(10 * MINUTE < at_ns <= 20 * MINUTE for at_ns in told_at) == 9


def test_many_scattered_numbers_are_told_before_their_time(desk: Desk, line: Line) -> None:
    """Memory does not wait for the second."""
    one = line.disturbance()
    desk.faults.start(one, "", 0)
    desk.kinds()
    desk.faults.injected([injection(one, seq * 2) for seq in range(1, SIZE_MOST + 2)], 1)
    assert desk.kinds() == ["injected"]


def test_what_an_edge_tells_too_late_is_in_the_journal_all_the_same(desk: Desk, line: Line) -> None:
    """Under the step that did it."""
    one = line.disturbance("gone")
    desk.faults.injected([injection(one, 5)], 1)
    assert [(notice.kind, notice.path) for notice in desk.told] == [("injected", "gone")]


def test_delays_are_told_with_their_least_and_most(line: Line) -> None:
    """In nanoseconds."""
    tally = Tally()
    for seq, amount in ((1, 30), (2, 10), (3, 20)):
        tally.add(injection(line.disturbance(), seq, fault="jitter", amount=amount))
    (told,) = tally.take("connection")
    assert told["messages"] == [
        {"symbol": "BTC-USD", "channel": "tick", "count": 3, "seqs": "1-3", "least_ns": 10, "most_ns": 30}
    ]
    assert tally.take("connection") == []
    assert tally.count == 3


def test_what_found_no_room_counts_as_many_as_it_was(line: Line) -> None:
    """Its amount is its number."""
    tally = Tally()
    by = line.disturbance()
    tally.add(Injection(by.run, by.path, UNTOLD, "ws-1", "", "", 0, 0, 400))
    assert tally.take("connection") == [
        {"fault": "untold", "connection": "ws-1", "count": 400, "messages": []}
    ]
    assert tally.total == {"untold": 400}
