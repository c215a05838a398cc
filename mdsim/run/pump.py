"""The pump: turns time into cycles and cycles into wake-ups, for every run on one engine."""

from __future__ import annotations

from collections.abc import Callable

from mdsim.core.events import Notice
from mdsim.engine.corridor import Engine
from mdsim.run.clock import Pacer, ScenarioClock


class Pump:
    """Runs cycles on a regular grid, and between its points wherever a run or a move needs one.

    Attributes:
        now_ns: engine time of the last cycle.
        interval_ns: of the regular grid.
        on_cycle: told of every cycle, before anybody is woken.
        after_cycle: likewise, in order, after ``on_cycle``.
    """

    def __init__(self, engine: Engine, start_ns: int, interval_ns: int, pacer: Pacer) -> None:
        self.engine = engine
        self.now_ns = start_ns
        self.interval_ns = interval_ns
        self._grid_ns = start_ns
        self._pacer = pacer
        self._clocks: dict[str, ScenarioClock] = {}
        self._on_notice: dict[str, Callable[[Notice], None]] = {}
        self.on_cycle: Callable[[int], None] = lambda _now_ns: None
        self.after_cycle: list[Callable[[int], None]] = []

    def attach(self, run: str, clock: ScenarioClock, on_notice: Callable[[Notice], None]) -> None:
        """Drive a run's clock and tell it what its effects do."""
        self._clocks[run] = clock
        self._on_notice[run] = on_notice

    def detach(self, run: str) -> None:
        """Forget a run."""
        del self._clocks[run]
        del self._on_notice[run]

    async def run(self, goes_on: Callable[[], bool]) -> None:
        """Cycle until ``goes_on`` says no, asked after every cycle and its wake-ups."""
        while goes_on():
            now_ns = self._next_ns()
            await self._pacer.until(now_ns)
            await self.step(now_ns)

    async def step(self, now_ns: int) -> None:
        """One cycle at a time of its own, then everyone it wakes, each at rest before the next."""
        before_ns, self.now_ns = self.now_ns, now_ns
        if now_ns >= self._grid_ns:
            self._grid_ns += self.interval_ns * ((now_ns - self._grid_ns) // self.interval_ns + 1)
        while any(clock.turns.working for clock in self._clocks.values()):
            # Whoever was started or cancelled from outside while the pump breathed must rest first.
            for clock in list(self._clocks.values()):
                await clock.turns.all_at_rest()
        for run, clock in self._clocks.items():
            if clock.paused:
                self.engine.hold(run, now_ns - before_ns)
            clock.tick(now_ns)
        outcome = self.engine.cycle(now_ns)
        for notice in outcome.notices:
            if notice.run in self._on_notice:
                self._on_notice[notice.run](notice)
        self.on_cycle(now_ns)
        for look in self.after_cycle:
            look(now_ns)
        clocks = list(self._clocks.values())
        for watch in outcome.fired:
            for clock in clocks:
                if watch.clock is clock:
                    await clock.wake_watcher(watch)
        for clock in clocks:
            await clock.advance(now_ns)

    def _next_ns(self) -> int:
        next_ns = self._grid_ns
        due_ns = self.engine.next_due_ns(self.now_ns)
        if due_ns is not None and due_ns < next_ns:
            next_ns = due_ns
        for clock in self._clocks.values():
            entry_ns = clock.next_ns()
            if entry_ns is not None and entry_ns < next_ns:
                next_ns = entry_ns
        return max(next_ns, self.now_ns + 1) if self.engine.market.cycles else next_ns
