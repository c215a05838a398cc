"""Bounds of the runs of a server, and what is counted of them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RunLimits:
    """Bounds of a server's runs.

    Attributes:
        at_once: runs that run; past it a start is refused (MD353).
        waiting: starts that wait for their compilation; past it likewise.
        entries, entries_bytes: of one run that are kept; past them the oldest but the first is dropped.
        ended: runs kept after their end; past it the one that ended first is forgotten.
        ended_bytes: of their entries together, likewise.
        followers: event streams at once; past it a new one is refused (MD359).
        rehearsal_cycles: that all ways of one plan may take together; past it, it is refused (MD355).
    """

    at_once: int = 32
    waiting: int = 16
    entries: int = 5_000
    entries_bytes: int = 4 << 20
    ended: int = 64
    ended_bytes: int = 32 << 20
    followers: int = 256
    rehearsal_cycles: int = 60_000


@dataclass(slots=True)
class RunCounters:
    """Totals since the start.

    Attributes:
        refused: starts that did not become a run, for whatever reason.
        repeated: starts answered with the run of their idempotency key.
        verdicts: ended runs by verdict.
        entries_dropped: entries that fell out of a run's log.
        broken: runs that met an error of ours.
    """

    started: int = 0
    refused: int = 0
    repeated: int = 0
    entries_dropped: int = 0
    broken: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
