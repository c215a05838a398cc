"""The one thread boundary: order, answers, errors, cancellation and bounds on the way across."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
import trio
import trio.testing

from mdsim.api.asyncio_island import FOLLOW_ROOM, AsyncioIsland, BusyError, StoppingError, open_island


@pytest.fixture(autouse=True)
async def _in_time() -> AsyncIterator[None]:
    with trio.fail_after(20):
        yield


async def test_a_question_is_answered_on_the_thread_of_trio() -> None:
    """The loop lives in a thread of its own; what it asks runs on ours."""
    async with open_island(4) as island:

        async def work() -> tuple[int, int]:
            return threading.get_ident(), await island.ask(threading.get_ident)

        there, here = await island.perform(work)

    assert here == threading.get_ident() != there


async def test_an_error_of_an_answer_goes_to_who_asked() -> None:
    """Neither thread is harmed by it."""

    def broken() -> None:
        raise ZeroDivisionError("no")

    async def broken_later() -> None:
        await trio.lowlevel.checkpoint()
        broken()

    async with open_island(4) as island:

        async def work() -> list[str]:
            found = []
            for asking in (island.ask(broken), island.ask_task(broken_later)):
                try:
                    await asking
                except ZeroDivisionError as error:
                    found.append(str(error))
            return found

        assert await island.perform(work) == ["no", "no"]
        assert island.asked == 0


async def test_an_error_of_the_work_goes_to_who_waits_for_it() -> None:
    """What the loop's side raises is raised on ours."""

    async def work() -> None:
        raise ZeroDivisionError("no")

    async with open_island(4) as island:
        with pytest.raises(ZeroDivisionError, match="no"):
            await island.perform(work)


async def test_calls_arrive_in_the_order_in_which_they_were_posted() -> None:
    """An answer that posts something first has it handled before anything posted later."""
    heard: list[int] = []
    async with open_island(4) as island:
        for number in range(500):
            island.post(heard.append, number)

        async def work() -> None:
            await island.ask(lambda: island.post(heard.append, 500))

        await island.perform(work)
        island.post(heard.append, 501)

    assert heard == list(range(502))


async def test_a_task_is_cancelled_with_its_asker() -> None:
    """A caller that goes away leaves no work behind."""
    begun, cancelled = trio.Event(), trio.Event()

    async def answer() -> None:
        begun.set()
        try:
            await trio.sleep_forever()
        finally:
            cancelled.set()

    async with open_island(4) as island, trio.open_nursery() as nursery:
        nursery.start_soon(island.perform, lambda: island.ask_task(answer))
        await begun.wait()
        nursery.cancel_scope.cancel()
        with trio.CancelScope(shield=True):
            await cancelled.wait()
            while island.asked:
                await trio.lowlevel.checkpoint()


async def test_one_question_too_many_is_refused() -> None:
    """The bound counts questions of both kinds, and is free again once one is answered."""
    begun, go_on = trio.Event(), trio.Event()

    async def answer() -> int:
        begun.set()
        await go_on.wait()
        return 7

    async with open_island(1) as island, trio.open_nursery() as nursery:
        answers: list[int] = []

        async def first() -> None:
            answers.append(await island.perform(lambda: island.ask_task(answer)))

        nursery.start_soon(first)
        await begun.wait()
        with pytest.raises(BusyError, match="1 calls are under way"):
            await island.perform(lambda: island.ask(lambda: 1))
        go_on.set()
        while not answers:
            await trio.lowlevel.checkpoint()
        assert await island.perform(lambda: island.ask(lambda: 1)) == 1

    assert (answers, island.refused) == ([7], 1)


class Source:
    """A trio iterator that counts, and tells when it is closed."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.told = 0
        self.closed = trio.Event()

    async def items(self) -> AsyncIterator[int]:
        try:
            while self.told < self.most:
                await trio.lowlevel.checkpoint()
                self.told += 1
                yield self.told
        finally:
            self.closed.set()


async def collect(island: AsyncioIsland, source: Source) -> list[int]:
    async def work() -> list[int]:
        return [item async for item in island.follow(source.items)]

    return await island.perform(work)


async def test_a_stream_is_followed_to_its_end() -> None:
    """Every item once, in order, and the source is closed."""
    source = Source(10 * FOLLOW_ROOM)
    async with open_island(4) as island:
        assert await collect(island, source) == list(range(1, 10 * FOLLOW_ROOM + 1))
        await source.closed.wait()


async def test_a_source_waits_for_a_reader_that_takes_nothing() -> None:
    """No more than the room is on its way, however much the source has."""
    source = Source(10 * FOLLOW_ROOM)
    begun, go_on = asyncio.Event(), asyncio.Event()
    async with open_island(4) as island, trio.open_nursery() as nursery:

        async def work() -> None:
            items = island.follow(source.items)
            await anext(items)
            begun.set()
            await go_on.wait()
            await items.aclose()

        nursery.start_soon(island.perform, work)
        while source.told < FOLLOW_ROOM + 1:
            await trio.lowlevel.checkpoint()
        await trio.testing.wait_all_tasks_blocked()
        assert source.told == FOLLOW_ROOM + 1  # the last one waits for room
        assert not source.closed.is_set()
        island.post(go_on.set)
        await source.closed.wait()


async def test_an_error_of_a_source_goes_to_who_follows() -> None:
    """After the items that came before it."""

    async def source() -> AsyncIterator[int]:
        yield 1
        raise ZeroDivisionError("no")

    async with open_island(4) as island:

        async def work() -> None:
            items = island.follow(source)
            assert await anext(items) == 1
            await anext(items)

        with pytest.raises(ZeroDivisionError, match="no"):
            await island.perform(work)


async def test_answers_go_on_while_the_block_is_cancelled() -> None:
    """Whoever leaves the block decides for how long; the question under way is answered."""
    begun, go_on = trio.Event(), trio.Event()
    heard: list[int] = []

    async def answer() -> int:
        begun.set()
        await go_on.wait()
        return 7

    with trio.CancelScope() as scope:
        async with open_island(4) as island, trio.open_nursery() as nursery:

            async def work() -> None:
                with trio.CancelScope(shield=True):
                    heard.append(await island.perform(lambda: island.ask_task(answer)))

            nursery.start_soon(work)
            await begun.wait()
            scope.cancel()
            go_on.set()

    assert heard == [7]


async def test_followed_streams_are_told_when_the_server_stops() -> None:
    """They end with the server's refusal, not in silence."""

    ended: list[bool] = []

    async def endless() -> AsyncIterator[int]:
        yield 1
        await trio.sleep_forever()

    async with open_island(4) as island:

        async def work() -> None:
            items = island.follow(endless)
            if not ended:
                await anext(items)
                island.end_followed()
                ended.append(True)
            await anext(items)

        for _ in range(2):  # the second is followed when it is too late already
            with pytest.raises(StoppingError):
                await island.perform(work)


async def test_what_is_posted_after_the_end_is_forgotten() -> None:
    """The pump may publish while the server goes down."""
    async with open_island(1) as island:
        pass
    heard: list[int] = []
    island.post(heard.append, 1)
    assert not heard
