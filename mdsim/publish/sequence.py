"""Sequence numbers: whether what is published counts up by one in each feed, as it is promised."""

from __future__ import annotations

from mdsim.publish.feeds import Feed


class Sequences:
    """Watches the numbers of every feed.

    The market numbers its messages; the hub passes the numbers on unchanged, so that REST, gRPC and
    WebSocket speak of the same message. A hole would be a fault of ours, so it is counted.

    Attributes:
        holes: numbers that did not follow on the one before.
    """

    def __init__(self) -> None:
        self.holes = 0
        self._last: dict[Feed, int] = {}

    def note(self, feed: Feed, seq: int) -> bool:
        """Take a number in; whether it follows on the last (the first of a feed always does)."""
        before = self._last.get(feed)
        self._last[feed] = seq
        follows = before is None or seq == before + 1
        if not follows:
            self.holes += 1
        return follows
