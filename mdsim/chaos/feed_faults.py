"""Delivery faults in force: who asked for what, since when, and what has come of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mdsim.chaos.injected import Tally
from mdsim.chaos.notices import Active
from mdsim.core.events import Json, Notice
from mdsim.core.impairing import Disturbance, Injection
from mdsim.core.time import MINUTE, SECOND

SIZE_MOST = 20_000
"""Runs of numbers that one step gathers; past it they are told before their time."""


@dataclass(slots=True)
class _InForce:
    disturbance: Disturbance
    description: str
    over_ns: int
    tally: Tally = field(default_factory=Tally)
    told_ns: int = 0


class FeedFaults:
    """The delivery faults of one market; edges act on them, and tell here what they did.

    Attributes:
        disturbances: in force, in the order of their start; another tuple after every change, and only then.
        tell: takes notices, also of edges that have something to tell.
    """

    def __init__(self, tell: Callable[[Notice], None]) -> None:
        """``tell`` takes notices."""
        self.disturbances: tuple[Disturbance, ...] = ()
        self._in_force: dict[tuple[str, str], _InForce] = {}
        self.tell = tell

    # What is in force

    def start(self, disturbance: Disturbance, description: str, over_ns: int) -> None:
        """Put one in force, from the next cycle on."""
        one = _InForce(disturbance, description, over_ns, told_ns=disturbance.since_ns)
        self._in_force[disturbance.run, disturbance.path] = one
        data: dict[str, Json] = {"effect": "feed", "summary": description, "on": _whom(disturbance)}
        if disturbance.symbols is not None:
            data["symbols"] = [*sorted(disturbance.symbols)]
        if over_ns:
            data["for_ns"] = over_ns
        self.tell(Notice("effect_started", disturbance.run, disturbance.path, data))
        self._set()

    def cut(self, run: str, path: str) -> None:
        """End one; one that is not in force is no error."""
        one = self._in_force.pop((run, path), None)
        if one is not None:
            self._end(one, "ended")

    def release(self, run: str) -> None:
        """End everything of a run."""
        for key in [key for key in self._in_force if key[0] == run]:
            self._end(self._in_force.pop(key), "released")

    def active(self, now_ns: int) -> tuple[Active, ...]:
        """What is in force, for whoever looks on."""
        return tuple(
            Active(
                one.disturbance.run,
                one.disturbance.path,
                one.description,
                () if one.disturbance.symbols is None else tuple(sorted(one.disturbance.symbols)),
                _progress(now_ns - one.disturbance.since_ns, one.over_ns),
            )
            for one in self._in_force.values()
        )

    # What it did

    def injected(self, injections: Sequence[Injection], now_ns: int) -> None:
        """Take what an edge did; told at whole seconds, later ones more rarely, or when the step ends."""
        for done in injections:
            one = self._in_force.get((done.run, done.path))
            if one is not None:
                one.tally.add(done)
            else:  # an edge of another thread, a moment late
                late = Tally()
                late.add(done)
                self._tell_of(done.run, done.path, "connection", late)
        for one in self._in_force.values():
            every_ns = _every_ns(now_ns - one.disturbance.since_ns)
            if now_ns - one.told_ns >= every_ns or one.tally.size > SIZE_MOST:
                one.told_ns = now_ns
                self._tell_done(one)

    def _end(self, one: _InForce, reason: str) -> None:
        self._tell_done(one)
        about = one.disturbance
        faults: dict[str, Json] = dict(sorted(one.tally.total.items()))
        summary: dict[str, Json] = {"effect": "feed", "faults": faults}
        if about.source is None:
            summary["connections"] = len(one.tally.reached)
        self.tell(Notice("feed_ended", about.run, about.path, summary))
        data: dict[str, Json] = {"effect": "feed", "reason": reason, "ticks_touched": one.tally.count}
        self.tell(Notice("effect_ended", about.run, about.path, data))
        self._set()

    def _tell_done(self, one: _InForce) -> None:
        about = one.disturbance
        self._tell_of(about.run, about.path, "connection" if about.source is None else "source", one.tally)

    def _tell_of(self, run: str, path: str, kind: str, tally: Tally) -> None:
        for data in tally.take(kind):
            self.tell(Notice("injected", run, path, data))

    def _set(self) -> None:
        self.disturbances = tuple(one.disturbance for one in self._in_force.values())


def _whom(disturbance: Disturbance) -> str:
    return disturbance.source or "clients"


def _every_ns(age_ns: int) -> int:
    """How often a step of this age is told, so that a day of faults does not drown a journal."""
    if age_ns <= MINUTE:
        return SECOND
    return 10 * SECOND if age_ns <= 10 * MINUTE else MINUTE


def _progress(since_ns: int, span_ns: int) -> float:
    return min(1.0, max(0.0, since_ns / span_ns)) if span_ns else 0.0
