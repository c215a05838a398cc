"""Rolling windows over what was published: bounded by their duration, exact, cheap per cycle."""

from __future__ import annotations

import math
from collections import deque

_RECOMPUTE_EVERY = 4096


class PastWindow:
    """The value a fixed duration ago."""

    def __init__(self, over_ns: int) -> None:
        self.over_ns = over_ns
        self._points: deque[tuple[int, int]] = deque()

    def push(self, now_ns: int, value: int) -> None:
        """Add the newest value; forget what is older than needed."""
        points = self._points
        points.append((now_ns, value))
        edge_ns = now_ns - self.over_ns
        while len(points) > 1 and points[1][0] <= edge_ns:
            points.popleft()

    def ago(self) -> int | None:
        """The last value at least ``over_ns`` old, or None while the history is too short."""
        if not self._points or self._points[0][0] > self._points[-1][0] - self.over_ns:
            return None
        return self._points[0][1]


class HighWindow:
    """The highest value of the last ``over_ns`` (a monotonic queue: amortised constant work)."""

    def __init__(self, over_ns: int) -> None:
        self.over_ns = over_ns
        self._started_ns: int | None = None
        self._now_ns = 0
        self._points: deque[tuple[int, int]] = deque()

    def push(self, now_ns: int, value: int) -> None:
        """Add the newest value."""
        if self._started_ns is None:
            self._started_ns = now_ns
        self._now_ns = now_ns
        points = self._points
        while points and points[-1][1] <= value:
            points.pop()
        points.append((now_ns, value))
        edge_ns = now_ns - self.over_ns
        while points[0][0] < edge_ns:
            points.popleft()

    def high(self) -> int | None:
        """The highest value, or None before the first; a young window covers what there is."""
        return self._points[0][1] if self._points else None


class SumWindow:
    """The sum over the last ``over_ns``; exact, because it adds whole numbers."""

    def __init__(self, over_ns: int) -> None:
        self.over_ns = over_ns
        self._started_ns: int | None = None
        self._now_ns = 0
        self._sum = 0
        self._points: deque[tuple[int, int]] = deque()

    def push(self, now_ns: int, amount: int) -> None:
        """Add what came since the last push."""
        if self._started_ns is None:
            self._started_ns = now_ns
        self._now_ns = now_ns
        if amount:
            self._sum += amount
            self._points.append((now_ns, amount))
        edge_ns = now_ns - self.over_ns
        while self._points and self._points[0][0] <= edge_ns:
            self._sum -= self._points.popleft()[1]

    def total(self) -> int | None:
        """The sum, or None while the history is shorter than the window."""
        if self._started_ns is None or self._now_ns - self._started_ns < self.over_ns:
            return None
        return self._sum


class CorrelationWindow:
    """Pearson correlation of the cycle-to-cycle log returns of two instruments over ``over_ns``.

    Sums are kept up to date and recomputed now and then, so that rounding does not pile up.
    """

    def __init__(self, over_ns: int) -> None:
        self.over_ns = over_ns
        self._last: tuple[int, int] | None = None
        self._started_ns = 0
        self._now_ns = 0
        self._points: deque[tuple[int, float, float]] = deque()
        self._sums = [0.0] * 5
        self._until_recompute = _RECOMPUTE_EVERY

    def push(self, now_ns: int, first: int, second: int) -> None:
        """Add the newest mids, in increments."""
        self._now_ns = now_ns
        if self._last is None:
            self._started_ns = now_ns
        else:
            x = math.log(first / self._last[0])
            y = math.log(second / self._last[1])
            self._points.append((now_ns, x, y))
            self._add(x, y, 1.0)
        self._last = (first, second)
        edge_ns = now_ns - self.over_ns
        while self._points and self._points[0][0] <= edge_ns:
            _, x, y = self._points.popleft()
            self._add(x, y, -1.0)
        self._until_recompute -= 1
        if self._until_recompute == 0:
            self._until_recompute = _RECOMPUTE_EVERY
            self._sums = [0.0] * 5
            for _, x, y in self._points:
                self._add(x, y, 1.0)

    def _add(self, x: float, y: float, sign: float) -> None:
        sums = self._sums
        sums[0] += sign * x
        sums[1] += sign * y
        sums[2] += sign * x * x
        sums[3] += sign * y * y
        sums[4] += sign * x * y

    def value(self) -> float | None:
        """-1..1, or None while the history is shorter than the window or an instrument stood still."""
        count = len(self._points)
        if count < 3 or self._now_ns - self._started_ns < self.over_ns:
            return None
        sum_x, sum_y, sum_xx, sum_yy, sum_xy = self._sums
        var_x = sum_xx - sum_x * sum_x / count
        var_y = sum_yy - sum_y * sum_y / count
        if var_x <= 1e-18 * count or var_y <= 1e-18 * count:
            return None
        return max(-1.0, min(1.0, (sum_xy - sum_x * sum_y / count) / math.sqrt(var_x * var_y)))


class Extremes:
    """Smallest, largest, mean, count and 99th percentile of a metric over a run."""

    def __init__(self) -> None:
        self._values: list[float] = []

    def push(self, value: float) -> None:
        """Add one cycle's value."""
        self._values.append(value)

    def summary(self, which: str) -> float | None:
        """``min max mean p99 count``; None when nothing was measured (but count is 0)."""
        values = self._values
        if which == "count":
            return float(len(values))
        if not values:
            return None
        if which == "min":
            return min(values)
        if which == "max":
            return max(values)
        if which == "mean":
            return math.fsum(values) / len(values)
        return sorted(values)[max(0, math.ceil(0.99 * len(values)) - 1)]
