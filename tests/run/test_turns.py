"""Tasks of a run work one after another, whatever order the scheduler likes."""

from __future__ import annotations

from fractions import Fraction

import trio
import trio.testing

from mdsim.run.clock import Rank, ScenarioClock, Woken, group
from mdsim.run.turns import Turns


async def drive(clock: ScenarioClock, times: list[int]) -> None:
    """A pump without a market: move the clock and wake what is due."""
    for now_ns in times:
        await clock.advance(now_ns)


async def test_children_start_one_by_one_in_the_order_written() -> None:
    """trio starts tasks in random order; a group never lets it choose."""
    for _ in range(30):
        clock = ScenarioClock(0)
        seen: list[str] = []

        async def child(name: str, clock: ScenarioClock = clock, seen: list[str] = seen) -> None:
            seen.append(f"{name} starts")
            await clock.rest((0,), name, until_ns=10)
            seen.append(f"{name} goes on")

        async def parent(clock: ScenarioClock = clock) -> None:
            async with group(clock) as lanes:
                for name in "abc":
                    await lanes.start(lambda name=name: child(name))  # type: ignore[misc]  # bound default
                assert await lanes.join((0,), "parent", None, Rank.BLOCK_END)
            clock.turns.give()

        clock.turns.take()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(parent)
            await clock.turns.all_at_rest()
            await drive(clock, [10])
        assert seen == [f"{name} starts" for name in "abc"] + [f"{name} goes on" for name in "abc"]
        assert clock.turns.working == 0


async def test_steps_go_before_deadlines_and_deadlines_before_ends_of_blocks() -> None:
    """Entries of one instant wake by rank, then by place in the document."""
    clock, seen = ScenarioClock(0), []

    async def sleeper(rank: Rank, order: int) -> None:
        await clock.rest((order,), f"{order}", until_ns=5, rank=rank)
        seen.append((rank, order))
        clock.turns.give()

    async with trio.open_nursery() as nursery:
        for rank, order in ((Rank.BLOCK_END, 1), (Rank.STEP, 3), (Rank.DEADLINE, 2), (Rank.STEP, 1)):
            clock.turns.take()
            nursery.start_soon(sleeper, rank, order)
        await clock.turns.all_at_rest()
        await drive(clock, [4, 5])
    assert seen == [(Rank.STEP, 1), (Rank.STEP, 3), (Rank.DEADLINE, 2), (Rank.BLOCK_END, 1)]


async def test_a_group_cut_at_its_time_cancels_who_is_left_and_keeps_the_count() -> None:
    """The canceller goes on only after every child has unwound."""
    clock, seen = ScenarioClock(0), []

    async def child() -> None:
        try:
            await clock.rest((1,), "child", until_ns=100)
        finally:
            seen.append("child unwound")

    async def parent() -> None:
        async with group(clock) as lanes:
            for _ in range(3):
                await lanes.start(child)
            assert not await lanes.join((0,), "parent", 5, Rank.BLOCK_END)
            lanes.cancel()
        seen.append("parent goes on")
        clock.turns.give()

    clock.turns.take()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(parent)
        await clock.turns.all_at_rest()
        await drive(clock, [5])
    assert seen == ["child unwound"] * 3 + ["parent goes on"]
    assert clock.turns.working == 0
    assert clock.next_ns() is None


async def test_a_paused_clock_wakes_nobody_and_goes_on_where_it_was() -> None:
    """The pause is shifted into engine time; scenario time never notices."""
    clock = ScenarioClock(0)

    async def sleeper() -> None:
        assert await clock.rest((0,), "sleeper", until_ns=10) is Woken.TIME
        assert clock.now_ns == 10
        clock.turns.give()

    clock.turns.take()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sleeper)
        await clock.turns.all_at_rest()
        clock.paused = True
        assert clock.next_ns() is None
        clock.tick(7)
        assert (clock.now_ns, clock.engine_ns) == (0, 7)
        clock.paused = False
        assert clock.next_ns() == 17
        clock.tick(17)
        await clock.advance(17)


async def test_a_hastened_clock_wakes_at_exact_scenario_times() -> None:
    """At 60 times the market's pace a whole engine time lies behind; what is told is the time planned."""
    clock, seen = ScenarioClock(0, Fraction(60)), []

    async def sleeper() -> None:
        for until_ns in (70, 130):
            await clock.rest((0,), "sleeper", until_ns=until_ns)
            seen.append((clock.now_ns, clock.engine_ns))
        clock.turns.give()

    clock.turns.take()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sleeper)
        await clock.turns.all_at_rest()
        while (due_ns := clock.next_ns()) is not None:
            clock.tick(due_ns)
            await clock.advance(due_ns)
    assert seen == [(70, 2), (130, 3)]


async def test_an_onlooker_is_not_woken_while_a_task_waits_for_its_child() -> None:
    """A pump that comes to wait while a parent waits already is told only when the parent rests too."""
    turns, seen = Turns(), []
    go = trio.Event()

    async def child() -> None:
        await go.wait()
        seen.append("child")
        turns.give()

    async def parent() -> None:
        turns.take()
        nursery.start_soon(child)
        await turns.rest_of_others()
        seen.append("parent")
        turns.give()

    async def pump() -> None:
        await turns.all_at_rest()
        seen.append("pump")

    turns.take()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(parent)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(pump)
        await trio.testing.wait_all_tasks_blocked()
        go.set()
    assert seen == ["child", "parent", "pump"]


async def test_waiting_outside_does_not_hold_the_clock() -> None:
    """A task that waits for the world has given its turn away, and takes it again."""
    clock = ScenarioClock(0)
    clock.turns.take()
    with clock.off_turn():
        assert clock.turns.working == 0
    assert clock.turns.working == 1


async def test_rest_of_others_returns_at_once_when_nobody_else_works() -> None:
    """The one who asks gets its turn back."""
    turns = Turns()
    turns.take()
    await turns.rest_of_others()
    assert turns.working == 1
