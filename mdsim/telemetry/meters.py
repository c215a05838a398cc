"""What hot paths hold in their hands: plain numbers to add to, without labels, locks or look-ups."""

from __future__ import annotations

from bisect import bisect_left

WINDOW = 512
"""Values that the quantiles of a summary look back on: at 10 Hz the last 51 s."""


class Tally:
    """A count that only grows: ``tally.value += 1``."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class Level:
    """A number that goes up and down: ``level.value = 3.5``."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0


class Window:
    """The last values of a measurement for quantiles, and the sum and count of all."""

    __slots__ = ("_kept", "count", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self._kept: list[float] = []

    def add(self, value: float) -> None:
        """Take a measurement in."""
        if self.count < WINDOW:
            self._kept.append(value)
        else:
            self._kept[self.count % WINDOW] = value
        self.count += 1
        self.total += value

    def quantiles(self, *shares: float) -> tuple[float, ...]:
        """The values that these shares of the window do not exceed (nearest rank); nan without any."""
        ordered = sorted(self._kept)
        if not ordered:
            return (float("nan"),) * len(shares)
        last = len(ordered) - 1
        return tuple(ordered[min(last, max(0, -int(-share * len(ordered) // 1) - 1))] for share in shares)


class Buckets:
    """A distribution in fixed buckets; ``counts`` holds one more than there are bounds."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Take a measurement in; a bound belongs to its bucket."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value
