"""Rolling correlation of log returns between instruments, sampled on a fixed period."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from operator import mul

from mdsim.core.time import format_duration

_STILL = 1e-12
"""A standard deviation of returns below this is rounding: the price stood still."""


@dataclass(frozen=True, slots=True)
class CorrelationMatrix:
    """Pearson correlations over a common window.

    Attributes:
        values: symmetric, 1 on the diagonal, positive semidefinite; 0 beside a price that stood still.
        samples: returns in it.
        window_ns: the time they cover.
    """

    values: tuple[tuple[float, ...], ...]
    samples: int
    window_ns: int


class Correlations:
    """Keeps the returns of the last ``window_ns``, all instruments at the same instants.

    Correlations of one common set of samples are a Gram matrix of unit vectors, so they are positive
    semidefinite by construction, up to rounding of some 1e-15.
    """

    def __init__(self, size: int, *, period_ns: int, window_ns: int) -> None:
        """Start empty.

        Args:
            size: how many instruments.
            period_ns: distance of two samples, such as a second or a minute.
            window_ns: how far back the matrix may reach; at least two periods.

        Raises:
            ValueError: the window holds fewer than two periods.
        """
        if window_ns < 2 * period_ns:
            raise ValueError(f"a window of {format_duration(window_ns)} holds fewer than two periods")
        self.period_ns = period_ns
        self._size = size
        self._returns: deque[tuple[float, ...]] = deque(maxlen=window_ns // period_ns)
        self._last: list[int] = []
        self._period = -1
        self._cache: dict[int, CorrelationMatrix] = {}

    def push(self, now_ns: int, mids: list[int]) -> None:
        """Show the mids in increments; they are sampled at the first call in each period (UTC grid).

        A period that was skipped makes no sample of its own: the return then spans the gap.
        """
        period = now_ns // self.period_ns
        if period == self._period:
            return
        self._period = period
        if self._last:
            log = math.log
            self._returns.append(tuple([log(mid / last) for mid, last in zip(mids, self._last, strict=True)]))
            self._cache.clear()
        self._last = list(mids)

    def matrix(self, window_ns: int | None = None) -> CorrelationMatrix | None:
        """The matrix over the last ``window_ns`` (or all there is); None with fewer than two returns."""
        held = len(self._returns)
        count = held if window_ns is None else min(held, window_ns // self.period_ns)
        if count < 2:
            return None
        if count not in self._cache:
            self._cache[count] = self._matrix(count)
        return self._cache[count]

    def _matrix(self, count: int) -> CorrelationMatrix:
        rows = list(self._returns)[-count:]
        columns = [_unit_vector(column) for column in zip(*rows, strict=True)]
        values = [[0.0] * self._size for _ in range(self._size)]
        for at, first in enumerate(columns):
            values[at][at] = 1.0
            for other in range(at):
                product = math.fsum(map(mul, first, columns[other]))
                values[at][other] = values[other][at] = max(-1.0, min(1.0, product))
        return CorrelationMatrix(tuple(tuple(row) for row in values), count, count * self.period_ns)


def _unit_vector(column: tuple[float, ...]) -> list[float]:
    """The column less its mean, of length 1; zeros when nothing moved."""
    mean = math.fsum(column) / len(column)
    centred = [value - mean for value in column]
    length = math.sqrt(math.fsum(value * value for value in centred))
    if length <= _STILL * math.sqrt(len(column)):
        return [0.0] * len(column)
    return [value / length for value in centred]
