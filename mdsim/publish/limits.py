"""Bounds of the hub, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HubLimits:
    """How much the hub lets a reader ask and wait for.

    Attributes:
        subscribers_per_symbol: readers of one instrument, all its channels together
            (``publication.max_subscribers_per_symbol``).
        push_bytes: most bytes sent to a line at once, so the most that a full line keeps of what was begun.
    """

    subscribers_per_symbol: int = 5_000
    push_bytes: int = 65_536
