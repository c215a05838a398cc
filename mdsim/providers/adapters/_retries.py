"""When to ask again for what did not come: doubling delays, in the session's own time."""

from __future__ import annotations

from mdsim.core.time import SECOND

FIRST_NS, MOST_NS = SECOND, 60 * SECOND


class Retries:
    """Failed requests by tag. No jitter: connections have it, and the quota spaces requests anyway."""

    def __init__(self) -> None:
        self._attempts: dict[str, int] = {}
        self._due: dict[str, int] = {}

    def failed(self, tag: str, now_ns: int) -> None:
        """Ask again after 1 s, 2 s, 4 s … 60 s."""
        attempt = self._attempts.get(tag, 0)
        self._attempts[tag] = attempt + 1
        self._due[tag] = now_ns + min(MOST_NS, FIRST_NS << min(attempt, 6))

    def done(self, tag: str) -> None:
        """It came, or is not wanted any more: the next failure begins at 1 s."""
        self._attempts.pop(tag, None)
        self._due.pop(tag, None)

    def due_ns(self) -> int | None:
        """When the next is to be asked again."""
        return min(self._due.values(), default=None)

    def take(self, now_ns: int) -> list[str]:
        """Tags to ask again now, in the order in which they fell due."""
        due = sorted((at, tag) for tag, at in self._due.items() if at <= now_ns)
        for _, tag in due:
            del self._due[tag]
        return [tag for _, tag in due]
