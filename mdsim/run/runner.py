"""One plan on one market, from the first cycle to the verdict."""

from __future__ import annotations

import platform
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace

import trio
import trio.testing

from mdsim import __version__
from mdsim.core.errors import ExitCode
from mdsim.core.ports import BaseFeed, Curves, Registry
from mdsim.core.seeds import SeedTree
from mdsim.core.time import MS, SECOND, format_duration, format_utc
from mdsim.engine.commands import Command, ReleaseRun
from mdsim.engine.corridor import Engine
from mdsim.engine.watches import Watch, compile_condition
from mdsim.playbook.plan import Plan, Question, canonical
from mdsim.run.clock import Pacer, RealPacer, ScenarioClock, VirtualPacer, wall_ns
from mdsim.run.invariants import Guard
from mdsim.run.ledger import Ledger, Observer
from mdsim.run.pump import Pump
from mdsim.run.result import RunResult, SymbolSummary, Verdict
from mdsim.run.scope import Scope
from mdsim.run.series import Sampler
from mdsim.run.tree import Tree

RUN = "run"
"""Id of the only run of an offline engine."""

_CYCLES_MOST = 100_000
_INTERVALS_NS = (100 * MS, 200 * MS, 250 * MS, 500 * MS, SECOND, 2 * SECOND, 5 * SECOND)
_PROGRESS_EVERY_NS = 50 * MS
_FINALLY_S = 10.0
_LAST = (1 << 30,)
"""After every place in a document: the release comes after whatever was cut at the same instant."""


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
    for question in questions(plan):
        engine.view.require(question.condition)
    performance = _Performance(plan, feed, settings, engine, observers, samplers)
    return await performance.run()


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


class _Performance:
    """The moving parts of one run."""

    def __init__(
        self,
        plan: Plan,
        feed: BaseFeed,
        settings: RunSettings,
        engine: Engine,
        observers: Sequence[Observer],
        samplers: Sequence[Sampler],
    ) -> None:
        self._plan = plan
        self._feed = feed
        self._settings = settings
        self._engine = engine
        self._observers = observers
        self._samplers = samplers
        self._clock = ScenarioClock(feed.start_ns)
        self._ledger = Ledger(self._clock, engine.view, observers)
        self._phases = trio.CancelScope()
        self._tree = Tree(
            run=RUN,
            engine=engine,
            clock=self._clock,
            ledger=self._ledger,
            seeds=SeedTree(settings.seed),
            end=self._phases.cancel,
        )
        self._done = False
        self._verdict: Verdict | None = None
        self._reason = ""
        self._aborted_by = ExitCode.INTERRUPTED
        self._progress_at_ns = 0
        self._lasted_ns = 0

    async def run(self) -> RunResult:
        """Start the market, the pump and the plan; return when all have ended."""
        settings, start_ns = self._settings, self._feed.start_ns
        pacer: Pacer = VirtualPacer() if settings.speed is None else RealPacer(start_ns, settings.speed)
        pump = Pump(self._engine, start_ns, settings.cycle_ns, pacer)
        pump.on_cycle = self._on_cycle
        pump.attach(RUN, self._clock, self._ledger.on_notice)
        self._announce()
        await pump.step(start_ns)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._listen)
            self._clock.turns.take()
            nursery.start_soon(self._perform)
            await self._clock.turns.all_at_rest()
            await pump.run(lambda: not self._done)
            nursery.cancel_scope.cancel()
        self._ledger.settle()
        return self._conclude()

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
                    interrupted = number == signal.SIGINT
                    self._aborted_by = ExitCode.INTERRUPTED if interrupted else ExitCode.TERMINATED
                    self._abort("interrupted" if interrupted else "terminated")
        except RuntimeError:
            return

    def _abort(self, reason: str) -> None:
        if self._verdict is None:
            self._verdict = Verdict.ABORTED
            self._reason = reason
            self._phases.cancel()

    async def _perform(self) -> None:
        try:
            if not self._requirements_hold():
                return
            await self._play_phases()
            if self._verdict is None:
                for question in self._plan.expect:
                    self._ask("final", question)
            await self._finish()
        finally:
            self._done = True
            self._clock.turns.give()

    def _requirements_hold(self) -> bool:
        unmet = [
            question
            for question in self._plan.requires
            if compile_condition(question.condition, self._engine.view)(self._clock.now_ns) is not True
        ]
        for question in unmet:
            self._ledger.answer("requires", "", question, Verdict.INCONCLUSIVE)
        if unmet:
            self._verdict, self._reason = Verdict.NOT_RUN, "a requirement does not hold"
        return not unmet

    async def _play_phases(self) -> None:
        guard = Guard(self._engine, self._clock, self._ledger, (), "")
        guard.watch(self._plan.always, self._plan.never, None)
        with self._phases:
            for block in self._plan.phases:
                await self._tree.block(block)
        guard.end()

    def _ask(self, kind: str, question: Question) -> None:
        truth = compile_condition(question.condition, self._engine.view)(self._clock.now_ns)
        self._ledger.answer(kind, "", question, Verdict.PASSED if truth is True else Verdict.FAILED)

    async def _finish(self) -> None:
        """Run ``finally``, release everything, and let one more cycle show it."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + _FINALLY_S):
            for step in self._plan.finally_:
                await self._tree.step(step, Scope())
        self._lasted_ns = self._clock.at_ns
        if not self._settings.keep_effects:
            self._engine.submit(Command(self._clock.engine_ns, _LAST, RUN, "", ReleaseRun()))
            self._ledger.tell("release")
        with trio.CancelScope(shield=True):
            watch = Watch(self._clock, (), "", self._clock.engine_ns, lambda _now_ns: True)
            self._engine.watch(watch)
            await self._clock.rest((), "", watch=watch)

    def _announce(self) -> None:
        plan, feed, settings = self._plan, self._feed, self._settings
        file = plan.file.replace("\\", "/").rsplit("/", 1)[-1]
        self._ledger.tell(
            "run_started",
            playbook=plan.name,
            file=file,
            about=plan.about,
            params=canonical(dict(plan.params)),
            plan=canonical(replace(plan, file=file)),
            seed=str(settings.seed),
            feed=feed.name,
            notes=list(feed.notes),
            start=format_utc(feed.start_ns),
            cycle=format_duration(settings.cycle_ns),
            clock="virtual" if settings.speed is None else f"real x{settings.speed:g}",
            symbols=list(feed.catalogue.symbols),
            version=__version__,
            python=".".join(platform.python_version_tuple()[:2]),
        )

    def _conclude(self) -> RunResult:
        market = self._engine.market
        verdict = self._verdict or self._ledger.verdict()
        if verdict is Verdict.ABORTED and self._ledger.verdict() is Verdict.FAILED:
            self._reason += ", and a check had failed before"
        result = RunResult(
            verdict=verdict,
            checks=tuple(self._ledger.checks),
            seed=self._settings.seed,
            start_ns=self._feed.start_ns,
            lasted_ns=self._lasted_ns,
            cycles=market.cycles,
            ticks=market.ticks,
            digest=market.digest(),
            symbols=tuple(self._summary(at) for at in range(len(market.catalogue))),
            notes=self._feed.notes,
            reason=self._reason,
            aborted_by=self._aborted_by,
        )
        self._ledger.tell(
            "run_ended",
            verdict=verdict.value,
            reason=self._reason,
            lasted=format_duration(result.lasted_ns),
            cycles=result.cycles,
            ticks=result.ticks,
            digest=result.digest,
        )
        return result

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
