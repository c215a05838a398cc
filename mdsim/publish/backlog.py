"""Work that is done in its order and a slice at a time, so that nobody waits for all of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

Job = Callable[[], None]

SLICE = 100
"""Work done in one go, where 1 is about a message for one reader: a millisecond or two."""


class Backlog:
    """Jobs that wait for their slice.

    ``do`` works at once while the slice has room, so little work never waits. Whoever keeps the time calls
    ``work`` as long as something is left; ``finish`` is for those who need all of it done now.
    """

    def __init__(self, on_more: Callable[[], None], slice_size: int = SLICE) -> None:
        """``on_more`` is called when something begins to wait."""
        self._on_more = on_more
        self._slice = slice_size
        self._room = slice_size
        self._jobs: deque[tuple[int, Job]] = deque()

    def __len__(self) -> int:
        """Jobs that wait."""
        return len(self._jobs)

    def begin(self) -> None:
        """Begin a new slice."""
        self._room = self._slice

    def do(self, size: int, job: Job) -> None:
        """Do a job now, or behind those that wait."""
        if self._jobs or self._room <= 0:
            self._jobs.append((size, job))
            if len(self._jobs) == 1:
                self._on_more()
        else:
            self._room -= size
            job()

    def work(self) -> None:
        """Begin a new slice and do what fits in, one job at least."""
        self.begin()
        while self._jobs and self._room > 0:
            size, job = self._jobs.popleft()
            self._room -= size
            job()

    def finish(self) -> None:
        """Do all that waits."""
        while self._jobs:
            self._jobs.popleft()[1]()
