"""Doubles and markets for suites that do not run on trio: each in a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

import trio

T = TypeVar("T")

_START_S = 60.0
_STOP_S = 20.0


@contextmanager
def in_thread(make: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[T]:
    """Run an asynchronous context in a thread while the block runs.

    Faults of a double may be started and stopped, prices set and requests read from any thread.

    Args:
        make: opens it, such as ``lambda: testkit.binance(market)``.

    Raises:
        BaseException: whatever went wrong in the thread.
    """
    ready: queue.Queue[tuple[T, Callable[[], None]]] = queue.Queue()
    failures: list[BaseException] = []

    async def work() -> None:
        stop, token = trio.Event(), trio.lowlevel.current_trio_token()
        async with make() as value:
            ready.put((value, lambda: token.run_sync_soon(stop.set)))
            await stop.wait()

    def run() -> None:
        try:
            trio.run(work)
        except BaseException as error:  # told in the thread that waits
            failures.append(error)

    thread = threading.Thread(target=run, name="mdsim-testkit", daemon=True)
    thread.start()
    waited = 0.0
    while True:
        try:
            value, stop = ready.get(timeout=0.05)
            break
        except queue.Empty:
            waited += 0.05
            if failures:
                raise failures[0] from None
            if waited > _START_S:
                raise TimeoutError(f"it did not start within {_START_S:g} s") from None
    try:
        yield value
    finally:
        if thread.is_alive():
            stop()
        thread.join(_STOP_S)
    if failures:
        raise failures[0]
    if thread.is_alive():
        raise TimeoutError(f"it did not stop within {_STOP_S:g} s")
