"""A price's recent past in one line of text."""

from __future__ import annotations

from collections import deque

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-=*#"


class Sparkline:
    """The last values of one series, drawn between their lowest and highest."""

    def __init__(self, columns: int = 32, *, signs: str = BLOCKS) -> None:
        self._values: deque[float] = deque(maxlen=columns)
        self._signs = signs

    def push(self, value: float) -> None:
        """Add the newest value on the right."""
        self._values.append(value)

    def __str__(self) -> str:
        if not self._values:
            return ""
        low, high = min(self._values), max(self._values)
        if low == high:
            return self._signs[0] * len(self._values)
        last = len(self._signs) - 1
        return "".join(self._signs[round((value - low) / (high - low) * last)] for value in self._values)
