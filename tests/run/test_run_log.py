"""The log of a run: numbered, bounded, followed by number."""

from __future__ import annotations

import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.events import Entry
from mdsim.run.run_log import Follower, RunLog


def entry(number: int, text: str = "") -> Entry:
    return Entry("mark", number, "", {"text": text})


async def read(log: RunLog, after: int) -> list[tuple[int, Entry]]:
    return [one async for one in Follower(log, after, lambda: None)]


async def test_the_first_entry_stays_and_the_oldest_others_go() -> None:
    """A late follower learns what runs, and sees the gap in the numbers."""
    log = RunLog(4, 1 << 20)
    for number in range(1, 11):
        log.append(entry(number))
    log.close()
    assert [number for number, _ in await read(log, 0)] == [1, 8, 9, 10]
    assert log.dropped == 6
    assert [number for number, _ in await read(log, 3)] == [8, 9, 10]
    assert await read(log, 10) == []


async def test_bytes_are_bounded_too() -> None:
    """Long entries push out more of the old ones."""
    log = RunLog(1_000, 10_000)
    for number in range(1, 101):
        log.append(entry(number, "x" * 1_000))
    assert log.size_bytes < 12_000
    assert log.last == 100


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.integers(2, 8), st.lists(st.integers(0, 3), max_size=30), st.integers(0, 12))
def test_a_follower_gets_rising_numbers_with_their_own_entries(
    most: int, bursts: list[int], after: int
) -> None:
    """However writing and reading take turns; nothing comes twice, and the last entry always comes."""

    async def run() -> None:
        log, heard = RunLog(most, 1 << 20), list[int]()

        async def listen() -> None:
            async for number, one in Follower(log, after, lambda: None):
                assert one.at_ns == number
                heard.append(number)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            for burst in bursts:
                for _ in range(burst):
                    log.append(entry(log.last + 1))
                await trio.testing.wait_all_tasks_blocked()
            log.close()
        assert heard == sorted(set(heard))
        assert all(number > after for number in heard)
        if log.last > after:
            assert heard[-1] == log.last

    trio.run(run)


async def test_a_read_that_is_cancelled_loses_nothing() -> None:
    """So that a heartbeat may interrupt the wait."""
    log, left = RunLog(10, 1 << 20), list[str]()
    follower = Follower(log, 0, lambda: left.append("left"))
    with trio.move_on_after(0):
        await anext(follower)
    log.append(entry(1))
    assert (await anext(follower))[0] == 1
    log.close()
    assert await anext(follower, None) is None
    await follower.aclose()
    assert left == ["left"]
