"""Clocks: the scenario clock that a run's tasks wait on, and the pacers that tie it to real time.

The only module that names trio's clock or the machine's.
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import Enum, IntEnum
from fractions import Fraction
from types import TracebackType
from typing import Protocol

import trio

from mdsim.core.time import SECOND
from mdsim.engine.watches import Watch
from mdsim.run.turns import Turns

ONE = Fraction(1)


class Rank(IntEnum):
    """Who goes first at one instant: steps, then deadlines of conditions, then ends of blocks."""

    STEP = 0
    DEADLINE = 1
    BLOCK_END = 2


class Woken(Enum):
    """What ended a rest."""

    TIME = "time"
    WATCH = "watch"


class Sleeper:
    """One resting task; woken once, by time or by its watch."""

    def __init__(self, order: tuple[int, ...], path: str) -> None:
        self.order = order
        self.path = path
        self.task: trio.lowlevel.Task | None = trio.lowlevel.current_task()
        self.woken = Woken.TIME


class ScenarioClock:
    """The time of one run: it stops when the run is paused, and moves only while all its tasks rest.

    Attributes:
        start_ns, now_ns: scenario time of the start (the market's then) and of now.
        shift_ns: length of all pauses so far, in engine time.
        speed: how fast scenario time runs against the engine's; exact, so that a time goes both ways.
    """

    def __init__(self, start_ns: int, speed: Fraction = ONE) -> None:
        self.start_ns = start_ns
        self.now_ns = start_ns
        self.shift_ns = 0
        self.speed = speed
        self.paused = False
        self.turns = Turns()
        self._engine_ns = start_ns
        self._heap: list[tuple[int, Rank, tuple[int, ...], str, int, Sleeper]] = []
        self._count = 0
        self._watched: dict[Watch, Sleeper] = {}

    @property
    def at_ns(self) -> int:
        """Scenario time since the start."""
        return self.now_ns - self.start_ns

    @property
    def engine_ns(self) -> int:
        """Now, as the engine counts."""
        return self.engine_time(self.now_ns)

    def engine_time(self, scenario_ns: int) -> int:
        """The first engine time at which the scenario has come to a time."""
        if self.speed == 1:
            return scenario_ns + self.shift_ns
        return self.start_ns + self.shift_ns + math.ceil((scenario_ns - self.start_ns) / self.speed)

    def scenario_time(self, engine_ns: int) -> int:
        """What the scenario's clock shows at an engine time that is not before its last pause."""
        if self.speed == 1:
            return engine_ns - self.shift_ns
        return self.start_ns + math.floor((engine_ns - self.shift_ns - self.start_ns) * self.speed)

    def tick(self, engine_ns: int) -> None:
        """Engine time has come to ``engine_ns``; a paused clock stays where it is."""
        if self.paused:
            self.shift_ns += engine_ns - self._engine_ns
        else:
            self.now_ns = self.scenario_time(engine_ns)
        self._engine_ns = engine_ns

    def next_ns(self) -> int | None:
        """Engine time of the next entry, or None: nobody waits for a time, or the run is paused."""
        heap = self._heap
        while heap and heap[0][-1].task is None:
            heapq.heappop(heap)
        return self.engine_time(heap[0][0]) if heap and not self.paused else None

    async def rest(
        self,
        order: tuple[int, ...],
        path: str,
        *,
        until_ns: int | None = None,
        rank: Rank = Rank.STEP,
        watch: Watch | None = None,
        started: Callable[[Sleeper], None] = lambda _sleeper: None,
    ) -> Woken:
        """Give the turn away until a scenario time, a watch that fires, or whoever holds the sleeper.

        A time that is not in the future ends the rest at once, unless something else is waited for.
        """
        if until_ns is not None and until_ns <= self.now_ns and watch is None:
            await trio.lowlevel.checkpoint_if_cancelled()
            return Woken.TIME
        sleeper = Sleeper(order, path)
        if until_ns is not None:
            self._count += 1
            heapq.heappush(self._heap, (until_ns, rank, order, path, self._count, sleeper))
        if watch is not None:
            self._watched[watch] = sleeper
        started(sleeper)

        def abort(_raise_cancel: object) -> trio.lowlevel.Abort:
            sleeper.task = None
            self.turns.take()
            return trio.lowlevel.Abort.SUCCEEDED

        self.turns.give()
        try:
            await trio.lowlevel.wait_task_rescheduled(abort)
        finally:
            if watch is not None:
                self._watched.pop(watch, None)
        return sleeper.woken

    def wake(self, sleeper: Sleeper, why: Woken = Woken.TIME) -> bool:
        """Hand a resting task its turn; False when it was woken already."""
        task, sleeper.task = sleeper.task, None
        if task is None:
            return False
        sleeper.woken = why
        self.turns.take()
        trio.lowlevel.reschedule(task)
        return True

    async def wake_watcher(self, watch: Watch) -> None:
        """Wake who waits for a watch, and let it come to rest."""
        sleeper = self._watched.get(watch)
        if sleeper is not None and self.wake(sleeper, Woken.WATCH):
            await self.turns.all_at_rest()

    async def advance(self, engine_ns: int) -> None:
        """Move to a time and wake everything due, in order, each at rest before the next."""
        while (due_ns := self.next_ns()) is not None and due_ns <= engine_ns:
            entry = heapq.heappop(self._heap)
            if self.speed != 1:
                self.now_ns = entry[0]  # a cycle is a whole engine ns, and may lie up to ``speed`` ns behind
            if self.wake(entry[-1]):
                await self.turns.all_at_rest()

    def off_turn(self) -> OffTurn:
        """A context for waiting on the outside world (I/O): the run's time goes on meanwhile."""
        return OffTurn(self.turns)


class OffTurn:
    """Gives the turn on entry and takes it again on exit, cancelled or not."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def __enter__(self) -> None:
        self._turns.give()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._turns.take()


class Group:
    """A nursery whose children start one by one, and whose parent can wait for them or for a time."""

    def __init__(self, clock: ScenarioClock, nursery: trio.Nursery) -> None:
        self._clock = clock
        self._nursery = nursery
        self._left = 0
        self._parent: Sleeper | None = None

    async def start(self, child: Callable[[], Awaitable[None]]) -> None:
        """Start a child and let it (and all it starts) come to rest before the next."""
        self._left += 1
        self._clock.turns.take()
        self._nursery.start_soon(self._run, child)
        await self._clock.turns.rest_of_others()

    async def _run(self, child: Callable[[], Awaitable[None]]) -> None:
        try:
            await child()
        finally:
            self._left -= 1
            if self._left == 0 and self._parent is not None:
                self._clock.wake(self._parent)
            self._clock.turns.give()

    async def join(self, order: tuple[int, ...], path: str, until_ns: int | None, rank: Rank) -> bool:
        """Wait until every child has ended, at most until a time; True when all have."""
        if self._left:

            def remember(sleeper: Sleeper) -> None:
                self._parent = sleeper

            await self._clock.rest(order, path, until_ns=until_ns, rank=rank, started=remember)
        return self._left == 0

    def cancel(self) -> None:
        """End every child that is left; leaving the group waits for them."""
        self._nursery.cancel_scope.cancel()


@asynccontextmanager
async def group(clock: ScenarioClock) -> AsyncIterator[Group]:
    """Open a group; leaving it waits for its children, on the parent's turn."""
    async with trio.open_nursery() as nursery:
        yield Group(clock, nursery)


class Pacer(Protocol):
    """Ties engine time to the wall."""

    async def until(self, engine_ns: int) -> None:
        """Return when it is time for a cycle; must let other tasks run at least every 50 ms of wall time."""


_YIELD_EVERY_NS = 50_000_000


def wall_ns() -> int:
    """A monotonic wall clock, for pacing and for screens; nothing observable may depend on it."""
    return time.perf_counter_ns()


def utc_ns() -> int:
    """The machine's idea of UTC: where a live market starts, and the stamp of what a server sends."""
    return time.time_ns()


class Steady:
    """Time of day that never falls: UTC once, and from then on the machine's monotonic clock."""

    def __init__(self, utc_now_ns: int) -> None:
        """Begin at a time of day."""
        self._ahead_ns = utc_now_ns - wall_ns()

    def __call__(self) -> int:
        """Nanoseconds UTC."""
        return wall_ns() + self._ahead_ns


class VirtualPacer:
    """As fast as it goes: cycles follow each other, with a breath for others every 50 ms."""

    def __init__(self) -> None:
        self._next_yield_ns = wall_ns() + _YIELD_EVERY_NS
        self._calls = 0

    async def until(self, _engine_ns: int) -> None:
        """Breathe now and then."""
        self._calls += 1
        if self._calls & 31 == 0 and wall_ns() >= self._next_yield_ns:
            await trio.lowlevel.checkpoint()
            self._next_yield_ns = wall_ns() + _YIELD_EVERY_NS


class RealPacer:
    """Real time, or ``speed`` times as fast.

    A late cycle is not skipped: time catches up, so that a plan's order and stamps hold.
    """

    def __init__(self, start_ns: int, speed: float, late_ns: int = 0) -> None:
        self._start_ns = start_ns
        self._speed = speed
        # A live market starts at a full interval of UTC, which has begun already: it is late by that much.
        self._start_s = trio.current_time() - late_ns / SECOND
        self._breathed_ns = wall_ns()

    def late_s(self, engine_ns: int) -> float:
        """How far the wall is past ``engine_ns``, in seconds of the wall; negative before it."""
        return trio.current_time() - self._due_s(engine_ns)

    def _due_s(self, engine_ns: int) -> float:
        return self._start_s + (engine_ns - self._start_ns) / SECOND / self._speed

    async def until(self, engine_ns: int) -> None:
        """Sleep until the wall has come to ``engine_ns``."""
        due_s = self._due_s(engine_ns)
        if due_s > trio.current_time():
            await trio.sleep_until(due_s)
        elif wall_ns() - self._breathed_ns < _YIELD_EVERY_NS:
            return
        else:
            await trio.lowlevel.checkpoint()
        self._breathed_ns = wall_ns()
