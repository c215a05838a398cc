"""A market in real time that plays a plan of its own, and may go on afterwards."""

from __future__ import annotations

from collections.abc import Sequence

import trio

from mdsim.core.ports import BaseFeed, Curves, Registry
from mdsim.core.seeds import SeedTree
from mdsim.engine.tape import TapeSettings
from mdsim.playbook.plan import Plan
from mdsim.run.clock import RealPacer
from mdsim.run.ledger import Observer
from mdsim.run.live import LiveMarket
from mdsim.run.result import RunResult
from mdsim.run.runner import RunSettings, Stage
from mdsim.run.series import Sampler


class StagedMarket(LiveMarket):
    """A live market on the base feed of a plan, at its own time and speed.

    The plan starts with ``begin`` rather than with the market, so that its server can first say where it is.
    Its cycles are those of ``runner.play``; so are ticks and journal, as long as nobody else acts on it.

    Attributes:
        result: of the plan, once ``played`` is set.
    """

    def __init__(
        self,
        plan: Plan,
        feed: BaseFeed,
        settings: RunSettings,
        effects: Registry,
        curves: Curves,
        observers: Sequence[Observer] = (),
        samplers: Sequence[Sampler] = (),
        tape: TapeSettings | None = None,
    ) -> None:
        """Put it together.

        Raises:
            UnavailableError: a condition asks for what this market does not measure.
        """
        seeds = SeedTree(settings.seed)
        super().__init__(feed, effects, curves, seeds=seeds, interval_ns=settings.cycle_ns, tape=tape)
        self._speed = settings.speed or 1.0
        self._stage = Stage(plan, settings, self.pump, observers, samplers)
        self._begun = trio.Event()
        self.played = trio.Event()
        self.result: RunResult | None = None

    def begin(self) -> None:
        """Let the plan start."""
        self._begun.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Publish until ``stop``, and play the plan first; started once the first prices are out."""
        start_ns = self.engine.feed.start_ns
        await self.pump.step(start_ns)
        task_status.started()
        await self._begun.wait()
        self._pacer = RealPacer(start_ns, self._speed)
        self._stage.announce()
        self.result = await self._stage.run()
        self.played.set()
        await self.pump.run(lambda: not self._stopping)
