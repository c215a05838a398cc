"""Books that are to be asked for anew: at once the first time, then with a pause between two."""

from __future__ import annotations


class Resyncs:
    """Names of books, and when each is asked for again.

    A venue that sends nothing but broken messages must not be asked for a whole book each time.
    """

    def __init__(self, pause_ns: int) -> None:
        self._pause_ns = pause_ns
        self._asked: dict[str, int] = {}
        self._due: dict[str, int] = {}

    def want(self, name: str, now_ns: int) -> None:
        """A book is of no use any more."""
        if name not in self._due:
            last_ns = self._asked.get(name)
            self._due[name] = now_ns if last_ns is None else max(now_ns, last_ns + self._pause_ns)

    def forget(self, name: str) -> None:
        """It is not subscribed any more."""
        self._due.pop(name, None)

    def due_ns(self) -> int | None:
        """When the next is to be asked for."""
        return min(self._due.values(), default=None)

    def take(self, now_ns: int) -> list[str]:
        """What to ask for now, in the order in which it fell due."""
        due = sorted((at, name) for name, at in self._due.items() if at <= now_ns)
        for _, name in due:
            del self._due[name]
            self._asked[name] = now_ns
        return [name for _, name in due]
