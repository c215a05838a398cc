"""A bounded history of published quotes: five integers a tick, oldest forgotten first."""

from __future__ import annotations

from array import array
from collections.abc import Iterator


class QuoteRing:
    """The last ``size`` ticks of one instrument, in increments; 40 bytes each.

    The policy when it is full: the oldest tick makes room.
    """

    FIELDS = 5

    def __init__(self, size: int) -> None:
        self.size = size
        self._values = array("q", bytes(8 * self.FIELDS * size))
        self._count = 0

    def __len__(self) -> int:
        return min(self._count, self.size)

    def push(self, ts_ns: int, mid: int, bid: int, ask: int, reference: int) -> None:
        """Add the newest tick; times never fall."""
        at = self._count % self.size * self.FIELDS
        values = self._values
        values[at] = ts_ns
        values[at + 1] = mid
        values[at + 2] = bid
        values[at + 3] = ask
        values[at + 4] = reference
        self._count += 1

    def between(
        self, start_ns: int, end_ns: int, limit: int
    ) -> Iterator[tuple[int, int, int, int, int, int]]:
        """``(seq, ts, mid, bid, ask, reference)`` with ``start_ns <= ts < end_ns``, oldest first.

        ``seq`` counts from 1 at the first tick ever pushed.
        """
        first = max(0, self._count - self.size)
        low, high = first, self._count
        while low < high:
            middle = (low + high) // 2
            if self._values[middle % self.size * self.FIELDS] < start_ns:
                low = middle + 1
            else:
                high = middle
        for number in range(low, min(self._count, low + limit)):
            at = number % self.size * self.FIELDS
            ts_ns, mid, bid, ask, reference = self._values[at : at + self.FIELDS]
            if ts_ns >= end_ns:
                return
            yield number + 1, ts_ns, mid, bid, ask, reference
