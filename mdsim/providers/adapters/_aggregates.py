"""What the two aggregators have in common: polling at a pace, volumes in the wrong unit, missing coins."""

from __future__ import annotations

from collections.abc import Collection
from decimal import ROUND_HALF_EVEN, Context, Decimal

from mdsim.providers.adapters._pairs import sound

_VOLUME = Context(prec=12, rounding=ROUND_HALF_EVEN)
SURE_AFTER = 2
"""Answers without a single coin that it takes to believe them: a hiccup looks the same."""


def base_volume(volume: Decimal | None, price: Decimal) -> Decimal | None:
    """A volume told in the quote, in base units at the price told with it; None where none is told."""
    return None if volume is None or not sound(volume) else _VOLUME.divide(volume, price)


class Pace:
    """When to ask: at once, then at an interval, whether or not answers come."""

    def __init__(self, interval_ns: int) -> None:
        self._interval_ns = interval_ns
        self.due_ns: int | None = None

    def start(self, now_ns: int) -> None:
        """Ask at once."""
        self.due_ns = now_ns

    def take(self, now_ns: int) -> bool:
        """Whether to ask now; the next time is an interval from now."""
        if self.due_ns is None or now_ns < self.due_ns:
            return False
        self.due_ns = now_ns + self._interval_ns
        return True


class Presence:
    """Which coins the first good answer lacks: those are unknown there; later ones are only absent."""

    def __init__(self) -> None:
        self._empty = 0
        self._known = False

    def lacking(self, asked: Collection[str], told: Collection[str]) -> list[str]:
        """What to refuse after an answer, in the order asked."""
        if self._known:
            return []
        if not told:
            self._empty += 1
            if self._empty < SURE_AFTER:
                return []
        self._known = True
        return [name for name in asked if name not in told]
