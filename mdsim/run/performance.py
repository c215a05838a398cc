"""One plan on one engine: requirements, phases, last questions, and the release of everything it did.

What drives it (a pump), and whether it has the market to itself, is the business of ``runner`` and
``manager``.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import trio

from mdsim import __version__
from mdsim.core.errors import ExitCode
from mdsim.core.events import Json
from mdsim.core.seeds import SeedTree
from mdsim.core.time import format_utc
from mdsim.engine.commands import Command, ReleaseRun
from mdsim.engine.corridor import Engine
from mdsim.engine.view import View
from mdsim.engine.watches import Test, Watch, compile_condition
from mdsim.playbook.plan import Plan, Question, Step, canonical
from mdsim.run.clock import ScenarioClock
from mdsim.run.invariants import Guard
from mdsim.run.ledger import Ledger, Observer
from mdsim.run.result import Check, Verdict
from mdsim.run.scope import Scope
from mdsim.run.tree import Tree
from mdsim.run.waiting import Waiting

FINALLY_S = 10.0
"""How long the steps of ``finally`` may take together, by trio's clock; what takes no time always runs."""

_LAST = (1 << 30,)
"""After every place in a document: the release comes after whatever was cut at the same instant."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and how a plan is performed.

    Attributes:
        run: id of the run, for the board and in its entries' notices.
        view: what its conditions look at; its windows begin with the run.
        keep_effects: leave the market as the playbook left it, instead of releasing everything.
        shared: others use the market too, and somebody can resume the run: ``pause`` waits, and the
            release does not wait for a market that stands still.
        checks_most: answers that are kept; None: all.
    """

    run: str
    engine: Engine
    view: View
    seed: int
    keep_effects: bool = False
    shared: bool = False
    checks_most: int | None = None


class Performance:
    """The moving parts of one run.

    ``perform`` is a task of its own, started with a turn taken for it: ``clock.turns.take()``.

    Attributes:
        clock, ledger: of this run.
        done: ``perform`` has ended.
        verdict: how the run itself ended, or None when the checks tell (``outcome``).
        reason: why, when the checks do not tell.
        aborted_by: the exit code of what ended an aborted run.
        lasted_ns: scenario time from the start to the release.
    """

    def __init__(
        self, plan: Plan, setting: Setting, clock: ScenarioClock, observers: Sequence[Observer]
    ) -> None:
        self.clock = clock
        self.ledger = Ledger(clock, setting.view, observers, checks_most=setting.checks_most)
        self.done = False
        self.verdict: Verdict | None = None
        self.reason = ""
        self.aborted_by = ExitCode.INTERRUPTED
        self.lasted_ns = 0
        self._plan = plan
        self._setting = setting
        self._phases = trio.CancelScope()
        self._tree = Tree(
            run=setting.run,
            engine=setting.engine,
            view=setting.view,
            clock=clock,
            ledger=self.ledger,
            seeds=SeedTree(setting.seed),
            end=self._phases.cancel,
            pausable=setting.shared,
        )

    def announce(self, *, cycle: str, timing: str) -> None:
        """Tell what is about to run, and on what; ``timing`` says which clock."""
        plan, feed = self._plan, self._setting.engine.feed
        file = plan.file.replace("\\", "/").rsplit("/", 1)[-1]
        self.ledger.tell(
            "run_started",
            playbook=plan.name,
            file=file,
            about=plan.about,
            params=canonical(dict(plan.params)),
            plan=canonical(replace(plan, file=file)),
            seed=str(self._setting.seed),
            feed=feed.name,
            notes=list(feed.notes),
            start=format_utc(self.clock.start_ns),
            cycle=cycle,
            clock=timing,
            symbols=list(feed.catalogue.symbols),
            version=__version__,
            python=".".join(platform.python_version_tuple()[:2]),
        )

    def conclude(self, **ending: Json) -> Verdict:
        """Weigh the verdict and tell it; the last entry of every run."""
        verdict = self.verdict or self.ledger.verdict()
        if verdict is Verdict.ABORTED and self.ledger.verdict() is Verdict.FAILED:
            self.reason += ", and a check failed"
        self.verdict = verdict
        self.ledger.tell("run_ended", verdict=verdict.value, reason=self.reason, **ending)
        return verdict

    def abort(self, reason: str, by: ExitCode = ExitCode.INTERRUPTED) -> None:
        """End the run from outside; its effects are released. Too late is no error."""
        self._end(Verdict.ABORTED, reason)
        self.aborted_by = by

    def fail(self, reason: str) -> None:
        """End the run because mdsim broke on it."""
        self._end(Verdict.ERROR, reason)

    def _end(self, verdict: Verdict, reason: str) -> None:
        self.clock.paused = False
        if self.verdict is None:
            self.verdict, self.reason = verdict, reason
            self._phases.cancel()

    async def perform(self) -> None:
        """Run the plan; returns when everything is released, however it ended."""
        try:
            if self._requirements_hold():
                await self._play()
        except trio.Cancelled:
            self.abort("the market stopped")
            await self._finish()
            raise
        finally:
            self.done = True
            self.clock.turns.give()

    async def _play(self) -> None:
        waiting = Waiting(self._setting.engine, self._setting.view, self.clock)
        with ExitStack() as followed:
            asked = [
                (question, followed.enter_context(waiting.following(question, (), "")))
                for question in self._plan.expect
            ]
            await self._play_phases()
            if self.verdict is None:
                for question, test in asked:
                    self._ask(question, test)
        await self._finish()

    def _requirements_hold(self) -> bool:
        unmet = [
            question
            for question in self._plan.requires
            if compile_condition(question.condition, self._setting.view)(self.clock.now_ns) is not True
        ]
        for question in unmet:
            self.ledger.answer("requires", "", question, Verdict.INCONCLUSIVE)
        if unmet:
            self.verdict, self.reason = Verdict.NOT_RUN, "a requirement does not hold"
        return not unmet

    async def _play_phases(self) -> None:
        setting = self._setting
        guard = Guard(setting.engine, setting.view, self.clock, self.ledger, (), "")
        guard.watch(self._plan.always, self._plan.never, None)
        try:
            with self._phases:
                for block in self._plan.phases:
                    await self._tree.block(block)
        finally:
            guard.end()

    def _ask(self, question: Question, test: Test | None) -> None:
        truth = test is not None and test(self.clock.now_ns) is True
        self.ledger.answer("final", "", question, Verdict.PASSED if truth else Verdict.FAILED)

    def _out_of_time(self, step: Step) -> None:
        check = Check(
            kind="timeout",
            path=step.path,
            place=str(step.place),
            text=step.summary,
            verdict=Verdict.FAILED,
            at_ns=self.clock.at_ns,
            note=f"'finally' has {FINALLY_S:g}s of real time in all, and they were over",
        )
        self.ledger.check(check, step.place)

    async def _finish(self) -> None:
        """Run ``finally``, release everything, and let one more cycle show it."""
        setting, clock = self._setting, self.clock
        deadline = trio.current_time() + FINALLY_S
        for step in self._plan.finally_:
            with trio.CancelScope(shield=True, deadline=deadline) as alone:
                await self._tree.step(step, Scope())
            if alone.cancelled_caught:
                self._out_of_time(step)
        self.lasted_ns = clock.at_ns
        if not setting.keep_effects:
            setting.engine.submit(Command(clock.engine_ns, _LAST, setting.run, "", ReleaseRun()))
            self.ledger.tell("release")
        deadline = trio.current_time() + (FINALLY_S if setting.shared else math.inf)
        with trio.CancelScope(shield=True, deadline=deadline):
            watch = Watch(clock, (), "", clock.engine_ns, lambda _now_ns: True)
            setting.engine.watch(watch)
            try:
                await clock.rest((), "", watch=watch)
            finally:
                setting.engine.unwatch(watch)
