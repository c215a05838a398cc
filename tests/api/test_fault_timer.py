"""The timer of delivery faults, in virtual time."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import trio
import trio.testing

from mdsim.api.fault_timer import FaultTimer
from mdsim.core.events import Tick
from mdsim.core.time import MS
from mdsim.publish.codecs.json_text import CODEC
from mdsim.publish.feeds import Feed
from mdsim.publish.message import Message

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.api.conftest import Faults


async def test_what_waits_leaves_by_a_timer(autojump_clock: trio.testing.MockClock, faults: Faults) -> None:
    """Between two cycles, in the order of its times; asleep while nothing waits."""
    found: list[tuple[float, object]] = []

    class Line:
        name = "ws-1"

        def write(self, messages: Any) -> None:
            found.extend((round(trio.current_time(), 3), message.event.seq) for message, _ in messages)

        def receives(self, _feed: object) -> bool:
            return True

        def disturb(self, fault: Any) -> None:
            self.fault = fault

        def take_down(self, how: str) -> None:
            raise AssertionError(how)

    faults.clock_ns = lambda: round(trio.current_time() * 1_000 * MS)
    timer, line = FaultTimer(faults.disturber, faults.clock_ns), Line()

    def send(number: int) -> None:
        one = Decimal(1)
        event = Tick("BTC-USD", number, 0, one, one, one, one)
        line.fault.deliver(line, [(Message(Feed("tick", "BTC-USD"), event, 0), CODEC)])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(timer.run)
        faults.disturber.join(line, "websocket")
        faults.apply(latency=30 * MS)
        await trio.sleep(10)
        send(1)
        await trio.sleep(0.02)
        send(2)
        await trio.sleep(5)
        send(3)
        await trio.sleep(1)
        nursery.cancel_scope.cancel()

    assert found == [(10.03, 1), (10.05, 2), (15.05, 3)]


async def test_others_get_their_turn_while_a_thousand_readers_are_disturbed(
    autojump_clock: trio.testing.MockClock, faults: Faults
) -> None:
    """A slice of the work at a time, without a wait in between; then the timer sleeps again."""

    class Line:
        def __init__(self, name: str) -> None:
            self.name = name

        def write(self, messages: Any) -> None:
            raise AssertionError(messages)

        def receives(self, _feed: object) -> bool:
            return True

        def disturb(self, fault: Any) -> None:
            self.fault = fault

        def take_down(self, how: str) -> None:
            raise AssertionError(how)

    timer = FaultTimer(faults.disturber, faults.clock_ns)
    turns = 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(timer.run)
        for number in range(1_000):
            faults.disturber.join(Line(f"ws-{number}"), "websocket")
        await trio.testing.wait_all_tasks_blocked()
        faults.apply(latency=30 * MS)
        while faults.disturber.behind:
            turns += 1
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()

    assert turns > 20
    assert trio.current_time() == 0
    assert len(faults.disturber) == 1_000
