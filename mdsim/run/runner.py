"""One plan on one market, from the first cycle to the verdict."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass

import trio
import trio.testing

from mdsim.core.errors import ExitCode
from mdsim.core.ports import BaseFeed, Curves, Registry
from mdsim.core.seeds import SeedTree
from mdsim.core.time import MS, SECOND, format_duration
from mdsim.engine.corridor import Engine
from mdsim.engine.virtual import VirtualSubscribers
from mdsim.playbook.plan import Plan, Question
from mdsim.run.clock import RealPacer, ScenarioClock, VirtualPacer, wall_ns
from mdsim.run.ledger import Observer
from mdsim.run.performance import Performance, Setting
from mdsim.run.pump import Pump
from mdsim.run.result import RunResult, SymbolSummary
from mdsim.run.series import Sampler

RUN = "run"
"""Id of the only run of an offline engine."""

_CYCLES_MOST = 100_000
_INTERVALS_NS = (100 * MS, 200 * MS, 250 * MS, 500 * MS, SECOND, 2 * SECOND, 5 * SECOND)
_PROGRESS_EVERY_NS = 50 * MS


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How to run.

    Attributes:
        seed: root of the seed tree.
        speed: how many times real time, or None for virtual time.
        keep_effects: leave the market as the playbook left it, instead of releasing everything.
        cycle_ns: the cycle interval; ``choose_cycle_ns`` tells a good one.
    """

    seed: int
    cycle_ns: int
    speed: float | None = None
    keep_effects: bool = False


def choose_cycle_ns(expected_ns: int) -> int:
    """The finest usual interval that keeps a run under about 100,000 cycles, never over 5 s."""
    for interval_ns in _INTERVALS_NS:
        if expected_ns <= interval_ns * _CYCLES_MOST:
            return interval_ns
    return _INTERVALS_NS[-1]


def play_blocking(
    plan: Plan,
    feed: BaseFeed,
    settings: RunSettings,
    effects: Registry,
    curves: Curves,
    observers: Sequence[Observer] = (),
    samplers: Sequence[Sampler] = (),
) -> RunResult:
    """Run a plan in a trio loop of its own: a mock clock in virtual time, the real one otherwise."""
    clock = trio.testing.MockClock(autojump_threshold=0) if settings.speed is None else None
    return trio.run(play, plan, feed, settings, effects, curves, observers, samplers, clock=clock)


async def play(
    plan: Plan,
    feed: BaseFeed,
    settings: RunSettings,
    effects: Registry,
    curves: Curves,
    observers: Sequence[Observer] = (),
    samplers: Sequence[Sampler] = (),
) -> RunResult:
    """Run a plan to its end; SIGINT and SIGTERM abort it, with every effect released.

    Raises:
        UnavailableError: a condition asks for what this market does not measure; nothing was run.
    """
    engine = Engine(feed, effects, curves, seeds=SeedTree(settings.seed))
    pacer = VirtualPacer() if settings.speed is None else RealPacer(feed.start_ns, settings.speed)
    pump = Pump(engine, feed.start_ns, settings.cycle_ns, pacer)
    clients = VirtualSubscribers(engine)
    engine.edges.append(clients)
    pump.after_cycle.append(clients.deliver)
    stage = Stage(plan, settings, pump, observers, samplers)
    stage.announce()
    await pump.step(feed.start_ns)
    return await stage.run()


def questions(plan: Plan) -> tuple[Question, ...]:
    """Every question of a plan, wherever it stands."""
    found: list[Question] = []

    def walk(node: object) -> None:
        if isinstance(node, Question):
            found.append(node)
        elif isinstance(node, tuple):
            for item in node:
                walk(item)
        elif hasattr(node, "__dataclass_fields__"):
            for name in node.__dataclass_fields__:
                walk(getattr(node, name))

    for part in (plan.requires, plan.always, plan.never, plan.phases, plan.expect, plan.finally_):
        walk(part)
    return tuple(found)


class Stage:
    """One plan in the hands of a market: its clock, signals, screens, and the result."""

    def __init__(
        self,
        plan: Plan,
        settings: RunSettings,
        pump: Pump,
        observers: Sequence[Observer] = (),
        samplers: Sequence[Sampler] = (),
    ) -> None:
        """Attach a plan to a pump that has not made a cycle yet.

        Raises:
            UnavailableError: a condition asks for what this market does not measure.
        """
        engine = pump.engine
        for question in questions(plan):
            engine.view.require(question.condition)
        self._settings = settings
        self._engine = engine
        self._feed = engine.feed
        self._pump = pump
        self._observers = observers
        self._samplers = samplers
        self._clock = ScenarioClock(engine.feed.start_ns)
        setting = Setting(RUN, engine, engine.view, settings.seed, settings.keep_effects)
        self._performance = Performance(plan, setting, self._clock, observers)
        self._progress_at_ns = 0
        pump.after_cycle.append(self._on_cycle)
        pump.attach(RUN, self._clock, self._performance.ledger.on_notice)

    def announce(self) -> None:
        """Tell what is about to run: the first entry."""
        settings = self._settings
        self._performance.announce(
            cycle=format_duration(settings.cycle_ns),
            timing="virtual" if settings.speed is None else f"real x{settings.speed:g}",
        )

    async def run(self) -> RunResult:
        """Perform the plan, and drive the pump meanwhile; the market's first cycle has been made."""
        performance, clock = self._performance, self._clock
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._listen)
            clock.turns.take()
            nursery.start_soon(performance.perform)
            await clock.turns.all_at_rest()
            await self._pump.run(lambda: not performance.done)
            nursery.cancel_scope.cancel()
        performance.ledger.settle()
        result = self._conclude()
        self._pump.after_cycle.remove(self._on_cycle)
        self._pump.detach(RUN)
        self._engine.forget(self._clock)
        return result

    def _on_cycle(self, now_ns: int) -> None:
        for sampler in self._samplers:
            sampler.on_cycle(self._engine, self._clock.at_ns)
        if self._engine.market.cycles & 15:
            return
        wall = wall_ns()
        if wall - self._progress_at_ns >= _PROGRESS_EVERY_NS:
            self._progress_at_ns = wall
            for observer in self._observers:
                observer.on_progress(self._engine.view, now_ns, self._clock.at_ns)

    async def _listen(self) -> None:
        """Turn the first signal into an abort; trio allows signals in the main thread only."""
        try:
            receiver = trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM)
            with receiver as signals:
                async for number in signals:
                    if number == signal.SIGINT:
                        self._performance.abort("interrupted", ExitCode.INTERRUPTED)
                    else:
                        self._performance.abort("terminated", ExitCode.TERMINATED)
        except RuntimeError:
            return

    def _conclude(self) -> RunResult:
        market, performance = self._engine.market, self._performance
        verdict = performance.conclude(
            lasted=format_duration(performance.lasted_ns),
            cycles=market.cycles,
            ticks=market.ticks,
            digest=market.digest(),
        )
        return RunResult(
            verdict=verdict,
            checks=tuple(performance.ledger.checks),
            seed=self._settings.seed,
            start_ns=self._feed.start_ns,
            lasted_ns=performance.lasted_ns,
            cycles=market.cycles,
            ticks=market.ticks,
            digest=market.digest(),
            symbols=tuple(self._summary(at) for at in range(len(market.catalogue))),
            notes=self._feed.notes,
            reason=performance.reason,
            aborted_by=performance.aborted_by,
        )

    def _summary(self, at: int) -> SymbolSummary:
        market, start_ns = self._engine.market, self._feed.start_ns
        return SymbolSummary(
            symbol=market.catalogue.instruments[at].symbol,
            first=market.decimal(at, market.first[at]),
            last=market.decimal(at, market.mids[at]),
            low=market.decimal(at, market.lows[at]),
            low_at_ns=market.low_at_ns[at] - start_ns,
            high=market.decimal(at, market.highs[at]),
            high_at_ns=market.high_at_ns[at] - start_ns,
        )
