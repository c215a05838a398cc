"""The prices of the last minute, with their lowest and highest always at hand."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from mdsim.core.time import SECOND

SAMPLE_NS = SECOND
"""The window holds the lowest and the highest price of each of these, so it is bounded by its length."""


class PriceWindow:
    """Lowest and highest price by second, of as many seconds as are asked for.

    Both extremes cost a step each on average: a price that a later one undercuts (or tops) can never be the
    extreme again and is forgotten at once (a monotonic queue).
    """

    def __init__(self, length_ns: int) -> None:
        """Make an empty window that reaches ``length_ns`` back."""
        self._length_ns = length_ns
        self._buckets: deque[tuple[int, float, float]] = deque()
        self._lows: deque[tuple[int, float]] = deque()  # rising
        self._highs: deque[tuple[int, float]] = deque()  # falling

    def __iter__(self) -> Iterator[float]:
        """The low and the high of every second, oldest first."""
        for _, low, high in self._buckets:
            yield low
            yield high

    @property
    def empty(self) -> bool:
        """Whether nothing is remembered; there are no extremes then."""
        return not self._buckets

    @property
    def lowest(self) -> float:
        """The lowest price; the window must not be empty."""
        return self._lows[0][1]

    @property
    def highest(self) -> float:
        """The highest price; the window must not be empty."""
        return self._highs[0][1]

    def add(self, price: float, now_ns: int) -> None:
        """Remember a price; instants never fall."""
        bucket_ns = now_ns - now_ns % SAMPLE_NS
        buckets, lows, highs = self._buckets, self._lows, self._highs
        if buckets and buckets[-1][0] == bucket_ns:
            _, low, high = buckets[-1]
            if low <= price <= high:
                return
            buckets[-1] = (bucket_ns, min(low, price), max(high, price))
        else:
            buckets.append((bucket_ns, price, price))
        while lows and lows[-1][1] >= price:
            lows.pop()
        if not lows or lows[-1][0] != bucket_ns:
            lows.append((bucket_ns, price))
        while highs and highs[-1][1] <= price:
            highs.pop()
        if not highs or highs[-1][0] != bucket_ns:
            highs.append((bucket_ns, price))

    def forget(self, now_ns: int) -> None:
        """Drop the seconds that began longer ago than the window is long."""
        oldest_ns = now_ns - self._length_ns
        if not self._buckets or self._buckets[0][0] >= oldest_ns:
            return  # an extreme is never older than the oldest second
        for queue in (self._buckets, self._lows, self._highs):
            while queue and queue[0][0] < oldest_ns:
                queue.popleft()

    def clear(self) -> None:
        """Forget everything."""
        self._buckets.clear()
        self._lows.clear()
        self._highs.clear()
