"""One asyncio loop in one thread, for gRPC: the only thread boundary of the server.

Nothing on the island may touch the market or the runs. It asks, and trio answers on its own thread:
``ask`` for what is answered at once, ``ask_task`` for what takes a while, ``follow`` for a stream. The
other way, ``post`` hands a call to the loop. Calls arrive in the order in which they were posted.

Every way across is bounded: at most ``most_asks`` questions are under way (more are refused), a followed
stream has at most ``FOLLOW_ROOM`` items on their way (its source waits), and whoever posts bounds what he
posts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any, TypeVar

import trio

from mdsim.core.errors import MdsimError

FOLLOW_ROOM = 64
"""Items of one followed stream that may be on their way to the island."""

T = TypeVar("T")


class BusyError(MdsimError):
    """More is asked at once than the server takes on."""


class StoppingError(MdsimError):
    """The server stops, and answers nothing any more."""


def stopping() -> StoppingError:
    """The refusal of everything that comes or is still open while the server stops."""
    return StoppingError("MD433", "the server is stopping", hint="connect again when it is back")


class AsyncioIsland:
    """The loop, seen from both sides; made by ``open_island``.

    Attributes:
        asked: questions under way.
        refused: questions that were one too many.
    """

    def __init__(self, answers: trio.Nursery, most_asks: int) -> None:
        self.asked = 0
        self.refused = 0
        self._most_asks = most_asks
        self._answers = answers
        self._ending = False
        self._token = trio.lowlevel.current_trio_token()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._followed: dict[asyncio.Queue[Any], None] = {}

    # Called from trio

    def post(self, call: Callable[..., object], *args: object) -> None:
        """Let the loop call something soon; forgotten once the loop has ended."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(call, *args)

    async def perform(self, work: Callable[[], Coroutine[object, object, T]]) -> T:
        """Run a coroutine on the loop and wait for what it returns or raises.

        Cancelling the wait cancels the coroutine.
        """
        assert self._loop is not None, "the island has sunk"
        done = trio.Event()
        future = asyncio.run_coroutine_threadsafe(work(), self._loop)
        future.add_done_callback(lambda _future: self._token.run_sync_soon(done.set))
        try:
            await done.wait()
        except trio.Cancelled:
            future.cancel()
            raise
        return future.result()

    async def _live(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        limiter = trio.CapacityLimiter(1)
        await trio.to_thread.run_sync(asyncio.run, self._main(task_status.started), limiter=limiter)

    def _sink(self) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)

    # Called from the island

    async def ask(self, question: Callable[[], T]) -> T:
        """What a function answers on trio's thread; it must not wait.

        Raises:
            BusyError: too much is asked already.
        """
        future: Future[T] = Future()

        def answer() -> None:
            if future.set_running_or_notify_cancel():
                _settle(future, question)

        with self._asking():
            self._token.run_sync_soon(answer)
            return await asyncio.wrap_future(future)

    async def ask_task(self, question: Callable[[], Awaitable[T]]) -> T:
        """What a coroutine answers in a trio task; when the asker is cancelled, so is the task.

        Raises:
            BusyError: too much is asked already.
            StoppingError: the server stopped first.
        """
        future: Future[T] = Future()
        scope = trio.CancelScope()

        async def answer() -> None:
            try:
                with scope:
                    future.set_result(await question())
            except trio.Cancelled:
                raise
            except BaseException as error:  # noqa: BLE001, RUF100 - it is the asker's
                future.set_exception(error)
            finally:
                if not future.done():
                    future.set_exception(stopping())

        with self._asking():
            self._token.run_sync_soon(self._answers.start_soon, answer)
            try:
                return await asyncio.wrap_future(future)
            except asyncio.CancelledError:
                self._token.run_sync_soon(scope.cancel)
                raise

    async def follow(self, source: Callable[[], AsyncIterator[T]]) -> AsyncGenerator[T, None]:
        """The items of a trio iterator; it waits while many are on their way.

        Raises:
            StoppingError: the server stopped before the source ended.
        """
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[Any] = (
            asyncio.Queue()
        )  # items (T,), then an error or None; bounded by the room
        room = trio.Semaphore(FOLLOW_ROOM)
        scope = trio.CancelScope()

        async def feed() -> None:
            end: BaseException | None = stopping()
            try:
                with scope:
                    async with _closing(source()) as items:
                        async for item in items:
                            await room.acquire()
                            loop.call_soon_threadsafe(arrived.put_nowait, (item,))
                    end = None
            except trio.Cancelled:
                raise
            except BaseException as error:  # noqa: BLE001, RUF100 - it is the asker's
                end = error
            finally:
                self.post(arrived.put_nowait, end)

        self._token.run_sync_soon(self._answers.start_soon, feed)
        self._followed[arrived] = None
        if self._ending:
            arrived.put_nowait(stopping())
        try:
            while isinstance(item := await arrived.get(), tuple):
                yield item[0]
                self._token.run_sync_soon(room.release)
            if item is not None:
                raise item
        finally:
            del self._followed[arrived]
            self._token.run_sync_soon(scope.cancel)

    def end_followed(self) -> None:
        """End every followed stream, and all that would be, with the refusal of a server that stops."""
        self._ending = True
        for arrived in self._followed:
            arrived.put_nowait(stopping())

    def tell(self, call: Callable[..., object], *args: object) -> None:
        """Let trio's thread call something soon; it must not raise."""
        self._token.run_sync_soon(call, *args)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        if self.asked >= self._most_asks:
            self.refused += 1
            raise BusyError(
                "MD431",
                f"{self._most_asks} calls are under way, and that is all this server takes on at once",
                hint="ask again in a moment",
            )
        self.asked += 1
        try:
            yield
        finally:
            self.asked -= 1

    async def _main(self, ready: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._token.run_sync_soon(ready)
        try:
            await self._stop.wait()
        finally:
            self._loop = None


def _settle(future: Future[T], question: Callable[[], T]) -> None:
    try:
        future.set_result(question())
    except BaseException as error:  # noqa: BLE001, RUF100 - it is the asker's, and nothing may raise here
        future.set_exception(error)


@asynccontextmanager
async def _closing(items: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    if isinstance(items, AsyncGenerator):
        async with aclosing(items):
            yield items
    else:
        yield items


async def _answering(left: trio.Event, *, task_status: trio.TaskStatus[trio.Nursery]) -> None:
    with trio.CancelScope(shield=True):
        async with trio.open_nursery() as answers:
            task_status.started(answers)
            await left.wait()
            answers.cancel_scope.cancel()


@asynccontextmanager
async def open_island(most_asks: int) -> AsyncIterator[AsyncioIsland]:
    """Start the thread; leaving the block ends the loop, and what it still asks.

    Until then answers go on, even when the block is cancelled: who leaves it says how long. An error of the
    block leaves as it is, in no group.
    """
    failure: Exception | None = None
    async with trio.open_nursery() as nursery:
        left = trio.Event()
        answers: trio.Nursery = await nursery.start(_answering, left)
        island = AsyncioIsland(answers, most_asks)
        await nursery.start(island._live)
        try:
            yield island
        except Exception as error:  # noqa: BLE001, RUF100 - it is raised again below
            failure = error
        finally:
            left.set()
            island._sink()
    if failure is not None:
        raise failure
