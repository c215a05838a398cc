"""What happened in one run, numbered, for whoever follows it: from the start, from a number, or live."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec
import trio

from mdsim.core.events import Entry


class RunLog:
    """Keeps a run's entries within bounds; numbers begin with 1 and rise by 1.

    The policy when it is full: the oldest entry but the first is dropped, so that a late follower still
    learns what runs. Followers hold no queue of their own but a number; one that is slower than the log
    is long sees a gap in the numbers, and nobody waits for it.

    Attributes:
        last: number of the newest entry, 0 before the first.
        dropped: how many were.
        size_bytes: of what is kept, as JSON.
        closed: nothing comes after.
    """

    def __init__(self, entries_most: int, bytes_most: int) -> None:
        self.last = 0
        self.dropped = 0
        self.size_bytes = 0
        self.closed = False
        self._entries_most = entries_most
        self._bytes_most = bytes_most
        self._head: Entry | None = None
        self._tail: deque[tuple[Entry, int]] = deque()  # the newest, without the head
        self._news = trio.Event()

    def append(self, entry: Entry) -> None:
        """Take the next entry."""
        self.last += 1
        size = len(msgspec.json.encode(entry))
        self.size_bytes += size
        if self._head is None:
            self._head = entry
        else:
            self._tail.append((entry, size))
            while len(self._tail) > 1 and (
                len(self._tail) >= self._entries_most or self.size_bytes > self._bytes_most
            ):
                self.size_bytes -= self._tail.popleft()[1]
                self.dropped += 1
        self._wake()

    def close(self) -> None:
        """The last entry is in."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = trio.Event()

    async def after(self, number: int) -> tuple[int, Entry] | None:
        """The first entry kept with a number above this one, once there is one; None: there will be none."""
        while (following := self._next(number)) is None and not self.closed:
            await self._news.wait()
        return following

    def _next(self, after: int) -> tuple[int, Entry] | None:
        if after < 1 and self._head is not None:
            return 1, self._head
        if after >= self.last or not self._tail:
            return None
        first = self.last - len(self._tail) + 1
        number = max(after + 1, first)
        return number, self._tail[number - first][0]


class Follower:
    """Iterates over a log from a number on, until its end. A read that is cancelled loses nothing."""

    def __init__(self, log: RunLog, after: int, on_left: Callable[[], None]) -> None:
        self._log = log
        self._number = after
        self._on_left: Callable[[], None] | None = on_left

    def __aiter__(self) -> Follower:
        return self

    async def __anext__(self) -> tuple[int, Entry]:
        following = None if self._on_left is None else await self._log.after(self._number)
        if following is None:
            self._leave()
            raise StopAsyncIteration
        self._number = following[0]
        return following

    async def aclose(self) -> None:
        """Stop to follow."""
        self._leave()

    def __del__(self) -> None:
        self._leave()

    def _leave(self) -> None:
        on_left, self._on_left = self._on_left, None
        if on_left is not None:
            on_left()
