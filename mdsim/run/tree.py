"""A plan as a trio task tree: a block is a nursery with a cancel scope, a step a call inside it.

Tasks run one at a time (see ``turns``) and rest only on the scenario clock, so the order of what they
do is the plan's. A cancelled step stamps its ``cut`` with the time its block ended.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import trio

from mdsim.core.events import Json
from mdsim.core.params import DurationDraw
from mdsim.core.seeds import SeedTree
from mdsim.core.time import MS, format_duration
from mdsim.engine.commands import Command, CutEffect, StartEffect
from mdsim.engine.corridor import Engine
from mdsim.engine.view import View
from mdsim.engine.watches import Test
from mdsim.playbook.plan import (
    Block,
    Body,
    ChooseAct,
    Duration,
    EffectAct,
    ExpectAct,
    IfAct,
    Lane,
    LanesAct,
    RepeatAct,
    SayAct,
    Step,
    WaitAct,
)
from mdsim.run.clock import Rank, ScenarioClock, Woken, group
from mdsim.run.invariants import Guard
from mdsim.run.ledger import Ledger
from mdsim.run.result import Check, Verdict
from mdsim.run.scope import Scope
from mdsim.run.tempo import hastened
from mdsim.run.waiting import Waiting


class Tree:
    """Runs blocks and steps of one plan against an engine."""

    def __init__(
        self,
        *,
        run: str,
        engine: Engine,
        view: View,
        clock: ScenarioClock,
        ledger: Ledger,
        seeds: SeedTree,
        end: Callable[[], None],
        pausable: bool = False,
    ) -> None:
        """Take what a run needs.

        Args:
            run: its id.
            engine: the market.
            view: what its conditions look at.
            clock: its time.
            ledger: what is told goes there.
            seeds: of its draws.
            end: ends the phases.
            pausable: somebody can resume it, so that ``pause`` waits.
        """
        self._run = run
        self._engine = engine
        self._pausable = pausable
        self._clock = clock
        self._ledger = ledger
        self._seeds = seeds
        self._end = end
        self._view = view
        self._waiting = Waiting(engine, view, clock)

    # Blocks

    async def block(self, block: Block) -> None:
        """Run a phase: its lanes at once, its invariants meanwhile, until its end."""
        clock, ledger = self._clock, self._ledger
        started_ns = clock.now_ns
        for_text = {} if block.for_ns is None else {"for": format_duration(block.for_ns)}
        ledger.tell("phase_started", block.path, name=block.name, **for_text)
        scope = Scope()
        guard = Guard(self._engine, self._view, clock, ledger, block.order, block.path)
        guard.watch(block.always, block.never, block.reaches)
        span_ns = block.for_ns if block.for_ns is not None else block.timeout_ns
        until_ns = None if span_ns is None else started_ns + span_ns
        finished = cut = True
        try:
            finished = await self._lanes(block.lanes, scope, block.order, block.path, until_ns)
            if block.for_ns is not None and until_ns is not None:
                await clock.rest(block.order, block.path, until_ns=until_ns, rank=Rank.BLOCK_END)
            cut = False
        finally:
            self._release(scope)
            guard.end()
            if cut:
                ledger.tell("phase_ended", block.path, name=block.name, cut=True)
        if not finished and block.for_ns is None:
            self._timed_out(block.path, block, block.name, block.timeout_ns or 0)
        ledger.tell("phase_ended", block.path, name=block.name)

    async def _lanes(
        self, lanes: Sequence[Lane], scope: Scope, order: tuple[int, ...], path: str, until_ns: int | None
    ) -> bool:
        """Run lanes at once; at ``until_ns`` those left are cancelled. True when all ended before."""
        async with group(self._clock) as lanes_group:
            for lane in lanes:
                await lanes_group.start(functools.partial(self._lane, lane, replace(scope)))
            finished = await lanes_group.join(order, path, until_ns, Rank.BLOCK_END)
            lanes_group.cancel()
        return finished

    async def _lane(self, lane: Lane, scope: Scope) -> None:
        path, order = scope.path(lane.path), scope.order(lane.order)
        if lane.name:
            self._ledger.tell("lane_started", path, name=lane.name)
        with self._telling_the_end("lane_ended", order, path, told=bool(lane.name), name=lane.name):
            await self._body(lane.body, scope)

    async def _own_block(self, scope: Scope, content: Callable[[Scope], Awaitable[None]]) -> None:
        """An iteration, a branch or nested lanes: conditions in force end with it."""
        inner = replace(scope, in_force=[])
        try:
            await content(inner)
        finally:
            self._release(inner)
            scope.stamped_ns = max(scope.stamped_ns, inner.stamped_ns)

    def _release(self, scope: Scope) -> None:
        for order, path in reversed(scope.in_force):
            self._submit(scope, order, path, CutEffect())
        scope.in_force.clear()

    # Bodies and steps

    async def _body(self, body: Body, scope: Scope) -> None:
        if not body.scheduled:
            for step in body.steps:
                await self.step(step, scope)
            return
        started_ns = self._clock.now_ns
        async with group(self._clock) as timed:
            for step in body.steps:
                await timed.start(functools.partial(self._at, step, started_ns, replace(scope)))
            if body.steps:
                last = body.steps[-1]
                await timed.join(scope.order(last.order), scope.path(last.path), None, Rank.STEP)

    async def _at(self, step: Step, started_ns: int, scope: Scope) -> None:
        due_ns = started_ns + (step.at_ns or 0)
        await self._clock.rest(scope.order(step.order), scope.path(step.path), until_ns=due_ns)
        await self.step(step, scope)

    async def step(self, step: Step, scope: Scope) -> None:
        """Run one step: its guard, its act, its timeout."""
        path, order = scope.path(step.path), scope.order(step.order)
        if step.when is not None and self._waiting.test(step.when)(self._clock.now_ns) is not True:
            seen = dict(self._view.seen(step.when.condition))
            self._ledger.tell("step_skipped", path, verb=step.verb, when=step.when.text, seen=dict(seen))
            return
        self._ledger.tell("step_started", path, verb=step.verb, summary=step.summary)
        with self._telling_the_end("step_ended", order, path, verb=step.verb):
            if step.timeout_ns is None or isinstance(step.act, WaitAct):
                await self._act(step, scope, order, path)
            else:
                await self._act_in_time(step, scope, order, path, step.timeout_ns)

    @contextmanager
    def _telling_the_end(
        self, kind: str, order: tuple[int, ...], path: str, *, told: bool = True, **data: Json
    ) -> Iterator[None]:
        """Tell when a task is done; one that is cut is unwinding beside others, in no fixed order."""
        cut = True
        try:
            yield
            cut = False
        finally:
            if told and cut:
                self._ledger.tell_unwinding(kind, order, path, cut=True, **data)
            elif told:
                self._ledger.tell(kind, path, **data)

    async def _act_in_time(
        self, step: Step, scope: Scope, order: tuple[int, ...], path: str, timeout_ns: int
    ) -> None:
        until_ns = self._clock.now_ns + timeout_ns
        async with group(self._clock) as alone:
            await alone.start(functools.partial(self._act, step, scope, order, path))
            finished = await alone.join(order, path, until_ns, Rank.DEADLINE)
            alone.cancel()
        if not finished:
            self._timed_out(path, step, step.summary, timeout_ns)

    def _timed_out(self, path: str, what: Step | Block, text: str, timeout_ns: int) -> None:
        self._ledger.check(
            Check(
                kind="timeout",
                path=path,
                place=str(what.place),
                text=text,
                verdict=Verdict.FAILED,
                at_ns=self._clock.at_ns,
                note=f"it took longer than its timeout of {format_duration(timeout_ns)}",
            ),
            what.place,
        )

    async def _act(self, step: Step, scope: Scope, order: tuple[int, ...], path: str) -> None:
        act = step.act
        if isinstance(act, EffectAct):
            await self._effect(step, act, scope, order, path)
        elif isinstance(act, WaitAct):
            await self._wait(act, order, path)
        elif isinstance(act, ExpectAct):
            await self._expect(act, scope, order, path)
        elif isinstance(act, LanesAct):
            lanes = act.lanes

            async def nested(inner: Scope) -> None:
                await self._lanes(lanes, inner, order, path, None)

            await self._own_block(scope, nested)
        elif isinstance(act, RepeatAct):
            await self._repeat(step, act, scope, order, path)
        elif isinstance(act, IfAct):
            truth = self._waiting.test(act.question)(self._clock.now_ns) is True
            self._ledger.tell(
                "branch_taken", path, branch="then" if truth else "else", text=act.question.text
            )
            await self._own_block(scope, functools.partial(self._body, act.then if truth else act.otherwise))
        elif isinstance(act, ChooseAct):
            await self._choose(act, scope, path)
        else:
            await self._say(step, act, path)

    async def _effect(
        self, step: Step, act: EffectAct, scope: Scope, order: tuple[int, ...], path: str
    ) -> None:
        lasts_ns = None if act.lasts is None else self._draw(act.lasts, path, "lasts")
        self._ledger.expect_effect(path, step.place, step.summary)
        speed = self._clock.speed
        start = StartEffect(act.effect, act.args, lasts_ns or 0, self._seeds)
        if speed != 1:  # a move lives on the engine's clock
            start = hastened(start, self._engine.effects, self._engine.curves, speed)
        self._submit(scope, order, path, start)
        if act.lasting and lasts_ns is None:
            scope.in_force.append((order, path))
            return
        if not lasts_ns:
            return
        try:
            await self._clock.rest(order, path, until_ns=self._clock.now_ns + lasts_ns)
        except trio.Cancelled:
            self._submit(scope, order, path, CutEffect())
            raise
        if act.lasting:
            self._submit(scope, order, path, CutEffect())

    async def _wait(self, act: WaitAct, order: tuple[int, ...], path: str) -> None:
        clock = self._clock
        if act.until is None:
            lasts_ns = self._draw(act.lasts or 0, path, "lasts")
            await clock.rest(order, path, until_ns=clock.now_ns + lasts_ns)
            return
        started_ns = clock.now_ns
        until_ns = None if act.timeout_ns is None else started_ns + act.timeout_ns
        woken = await self._waiting.until(act.until, order, path, until_ns)
        waited = format_duration(clock.now_ns - started_ns)
        if woken is Woken.WATCH:
            self._ledger.answer("wait", path, act.until, Verdict.PASSED, note=f"after {waited}")
        elif act.on_timeout == "continue":
            self._ledger.tell("wait_timed_out", path, text=act.until.text, waited=waited)
        else:
            self._ledger.answer("wait", path, act.until, Verdict.FAILED, note=f"not within {waited}")
            await self._end_run("a wait timed out", path)

    async def _expect(self, act: ExpectAct, scope: Scope, order: tuple[int, ...], path: str) -> None:
        clock, question = self._clock, act.question
        started_ns = clock.now_ns
        test = self._waiting.test(question)
        if act.within_ns is None and scope.stamped_ns == started_ns:
            # What this lane has just done acts in the next cycle: look then, not before.
            await self._waiting.next_cycle(order, path)
        elif act.within_ns is not None and test(started_ns) is not True:
            await self._waiting.until(question, order, path, started_ns + act.within_ns, test)
        verdict = Verdict.PASSED if test(clock.now_ns) is True else Verdict.FAILED
        note = ""
        if act.within_ns is not None:
            waited = format_duration(clock.now_ns - started_ns)
            note = f"after {waited}" if verdict is Verdict.PASSED else f"not within {waited}"
        self._ledger.answer("expect", path, question, verdict, note=note)

    async def _repeat(
        self, step: Step, act: RepeatAct, scope: Scope, order: tuple[int, ...], path: str
    ) -> None:
        until_ns = None if act.lasts_ns is None else self._clock.now_ns + act.lasts_ns
        with self._waiting.following(act.until, order, path) as test:
            async with group(self._clock) as alone:
                await alone.start(functools.partial(self._iterations, step, act, test, scope, order, path))
                await alone.join(order, path, until_ns, Rank.BLOCK_END)
                alone.cancel()

    async def _iterations(
        self, step: Step, act: RepeatAct, test: Test | None, scope: Scope, order: tuple[int, ...], path: str
    ) -> None:
        clock, number = self._clock, 0
        while act.times is None or number < act.times:
            if test is not None and test(clock.now_ns) is True:
                return
            number += 1
            started_ns = clock.now_ns
            rename = (path, f"{path}#{number}", step.order, number)
            self._ledger.tell("iteration", path, number=number)
            inner = replace(scope, renames=(*scope.renames, rename))
            await self._own_block(inner, functools.partial(self._body, act.body))
            if act.every is not None and (act.times is None or number < act.times):
                every_ns = self._draw(act.every, rename[1], "every")
                await clock.rest(order, path, until_ns=started_ns + every_ns)
            elif clock.now_ns == started_ns:
                # An iteration that takes no time would never let the market move: one cycle each.
                await self._waiting.next_cycle(order, path)

    async def _choose(self, act: ChooseAct, scope: Scope, path: str) -> None:
        total = sum(branch.weight for branch in act.branches)
        drawn = self._seeds.stream("step", path, "choose").random() * float(total)
        chosen = act.branches[-1]
        for branch in act.branches:
            drawn -= float(branch.weight)
            if drawn < 0:
                chosen = branch
                break
        self._ledger.tell("branch_taken", path, branch=chosen.name)
        await self._own_block(scope, functools.partial(self._body, chosen.body))

    async def _say(self, step: Step, act: SayAct, path: str) -> None:
        if act.verb == "mark":
            self._ledger.tell("mark", path, text=act.text)
        elif act.verb == "pause":
            await self._pause(step, act.text, path)
        elif act.verb == "stop":
            await self._end_run(act.text or "stop", path)
        else:
            check = Check(
                kind="fail",
                path=path,
                place=str(step.place),
                text=act.text or "fail",
                verdict=Verdict.FAILED,
                at_ns=self._clock.at_ns,
            )
            self._ledger.check(check, step.place)
            await self._end_run(act.text or "fail", path)

    async def _pause(self, step: Step, text: str, path: str) -> None:
        """Stop the run's clock until somebody resumes it; it goes on with the cycle after."""
        if not self._pausable:
            self._ledger.tell("warning", path, text="nobody can resume an offline run: pause is passed over")
            return
        self._ledger.tell("paused", path, text=text)
        self._clock.paused = True
        await self._waiting.next_cycle(step.order, path)

    # Helpers

    async def _end_run(self, reason: str, path: str) -> None:
        self._ledger.tell("ending_early", path, reason=reason)
        self._end()
        await trio.lowlevel.checkpoint()

    def _submit(
        self, scope: Scope, order: tuple[int, ...], path: str, action: StartEffect | CutEffect
    ) -> None:
        stamp_ns = self._clock.engine_ns
        scope.stamped_ns = self._clock.now_ns
        self._engine.submit(Command(stamp_ns, order, self._run, path, action))

    def _draw(self, duration: Duration, path: str, use: str) -> int:
        if not isinstance(duration, DurationDraw):
            return duration
        stream = self._seeds.stream("step", path, use)
        return stream.randint(duration.low_ns // MS, duration.high_ns // MS) * MS
