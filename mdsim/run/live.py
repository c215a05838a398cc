"""A market in real time: engine, tape and pump, and whoever is fed by them once a cycle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import trio

from mdsim.core.ports import BaseFeed, Curves, Registry
from mdsim.core.seeds import SeedTree
from mdsim.core.serving import Published
from mdsim.core.spreads import SpreadParameters
from mdsim.engine.corridor import Engine
from mdsim.engine.tape import Tape, TapeSettings
from mdsim.run.clock import RealPacer, utc_ns, wall_ns
from mdsim.run.pump import Pump

Sink = Callable[[Sequence[Published]], None]
"""Takes what one cycle published; synchronous, and quick: the pump waits for it."""


class LiveMarket:
    """One market that goes on until it is stopped.

    Attributes:
        sinks: called in order after every cycle, with everything it published.
        began_ns, based_ns, cycled_ns: wall clock when the present cycle began, knew its base prices, and had
            its published prices, for whoever measures it.
    """

    def __init__(
        self,
        feed: BaseFeed,
        effects: Registry,
        curves: Curves,
        *,
        seeds: SeedTree,
        interval_ns: int,
        tape: TapeSettings | None = None,
        spreads: Mapping[str, SpreadParameters] | None = None,
    ) -> None:
        self.engine = Engine(feed, effects, curves, seeds=seeds, spreads=spreads)
        self.tape = Tape(self.engine, tape)
        self.sinks: list[Sink] = []
        self._start_ns = feed.start_ns
        self._interval_ns = interval_ns
        self._stopping = False
        self.began_ns = self.based_ns = self.cycled_ns = wall_ns()
        self.engine.on_base = self._on_base
        self._pacer = RealPacer(feed.start_ns, 1.0, utc_ns() - feed.start_ns)
        self.pump = Pump(self.engine, feed.start_ns, interval_ns, self)
        self.pump.on_cycle = self._on_cycle

    async def until(self, engine_ns: int) -> None:
        """Pace the pump, and note when the cycle begins."""
        await self._pacer.until(engine_ns)
        self.began_ns = wall_ns()

    @property
    def lag_s(self) -> float:
        """How far the wall is past the last cycle's own time, whatever day the market thinks it is."""
        return max(0.0, self._pacer.late_s(self.pump.now_ns))

    def _on_base(self) -> None:
        self.based_ns = wall_ns()

    def _on_cycle(self, _now_ns: int) -> None:
        self.cycled_ns = wall_ns()
        published = self.tape.record()
        for sink in self.sinks:
            sink(published)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Publish until ``stop``; started once the first prices are out."""
        await self.pump.step(self._start_ns)
        task_status.started()
        await self.pump.run(lambda: not self._stopping)

    def stop(self) -> None:
        """Let the present cycle be the last."""
        self._stopping = True
