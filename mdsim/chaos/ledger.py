"""The ledger of settled offsets: which run holds how much on which key, and what they come to."""

from __future__ import annotations


class Ledger:
    """Log offsets by run and key, with their totals.

    Attributes:
        totals: one float a key, summed over runs, and one more that stays 0 (the offset of USD). A list
            that is changed in place: copy it before adding to it.
    """

    def __init__(self, keys: int) -> None:
        self.totals = [0.0] * (keys + 1)
        self._keys = keys
        self._by_run: dict[str, list[float]] = {}

    def add(self, run: str, key: int, offset: float) -> None:
        """Let a run hold this much more."""
        self._by_run.setdefault(run, [0.0] * self._keys)[key] += offset
        self._total(key)

    def of(self, run: str) -> list[float]:
        """What a run holds, by key; a list of the caller's own."""
        held = self._by_run.get(run)
        return held.copy() if held else [0.0] * self._keys

    def release(self, run: str) -> None:
        """Forget a run."""
        if self._by_run.pop(run, None) is not None:
            for key in range(self._keys):
                self._total(key)

    def _total(self, key: int) -> None:
        # Summed afresh, never subtracted from: what a run leaves behind must be exactly 0.
        self.totals[key] = sum((held[key] for held in self._by_run.values()), 0.0)
