"""What a run may ask of the engine: stamped, sortable, and acting strictly after their stamp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from mdsim.core.params import Args
from mdsim.core.seeds import SeedTree


@dataclass(frozen=True, slots=True)
class StartEffect:
    """Activate an effect of the registry.

    Attributes:
        over_ns: how long a level takes; 0 means at once. For an effect in force it is unused.
        seeds: the run's seed tree; the effect draws below ``("step", path)``.
    """

    effect: str
    args: Args
    over_ns: int
    seeds: SeedTree


@dataclass(frozen=True, slots=True)
class CutEffect:
    """The block of an effect ended first: a level keeps what it reached, a condition is released."""


@dataclass(frozen=True, slots=True)
class ReleaseRun:
    """Undo everything that a run has done."""


Action: TypeAlias = StartEffect | CutEffect | ReleaseRun


@dataclass(frozen=True, slots=True)
class Command:
    """One request.

    Attributes:
        ts_ns: the intended time; it acts from the first cycle strictly after.
        order: place in the document; sorts commands of one instant, so arrival does not matter.
        run: id of the run.
        path: runtime path of the step (iterations are numbered: ``pressure/1#2/1``).
    """

    ts_ns: int
    order: tuple[int, ...]
    run: str
    path: str
    action: Action

    @property
    def sort_key(self) -> tuple[int, tuple[int, ...], str, str, str]:
        """Total order among commands, without ties between different requests."""
        return (self.ts_ns, self.order, self.run, self.path, type(self.action).__name__)
