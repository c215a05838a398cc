"""What happened in one run, numbered, for whoever follows it: from the start, from a number, or live."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator

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

    async def follow(self, after: int) -> AsyncGenerator[tuple[int, Entry], None]:
        """Entries with a number above ``after`` as they come, until the last."""
        while True:
            following = self._next(after)
            if following is not None:
                after = following[0]
                yield following
            elif self.closed:
                return
            else:
                await self._news.wait()

    def _next(self, after: int) -> tuple[int, Entry] | None:
        if after < 1 and self._head is not None:
            return 1, self._head
        if after >= self.last or not self._tail:
            return None
        first = self.last - len(self._tail) + 1
        number = max(after + 1, first)
        return number, self._tail[number - first][0]
