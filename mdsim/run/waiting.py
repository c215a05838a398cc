"""Waiting for the market: for a condition, or for the next cycle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mdsim.core.conditions import remembers
from mdsim.engine.corridor import Engine
from mdsim.engine.view import View
from mdsim.engine.watches import Follower, Test, Watch, compile_condition
from mdsim.playbook.plan import Question
from mdsim.run.clock import Rank, ScenarioClock, Woken


class Waiting:
    """What the tasks of one run wait with."""

    def __init__(self, engine: Engine, view: View, clock: ScenarioClock) -> None:
        self._engine = engine
        self._view = view
        self._clock = clock

    def test(self, question: Question) -> Test:
        """A fresh evaluator of a question, with a memory of its own for ``for``."""
        return compile_condition(question.condition, self._view)

    @contextmanager
    def following(
        self, question: Question | None, order: tuple[int, ...], path: str
    ) -> Iterator[Test | None]:
        """An evaluator (of no question: None) that sees every cycle: ``for`` holds without a break."""
        test = None if question is None else self.test(question)
        if question is None or test is None or not remembers(question.condition):
            yield test
            return
        follower = Follower(self._clock, order, path, self._clock.engine_ns, test)
        self._engine.watch(follower)
        try:
            yield test
        finally:
            self._engine.unwatch(follower)

    async def until(
        self,
        question: Question,
        order: tuple[int, ...],
        path: str,
        until_ns: int | None,
        test: Test | None = None,
    ) -> Woken:
        """Rest until a question holds, at most until a scenario time; which of the two it was."""
        watch = Watch(self._clock, order, path, self._clock.engine_ns, test or self.test(question))
        return await self._rest(watch, until_ns)

    async def next_cycle(self, order: tuple[int, ...], path: str) -> None:
        """Rest until the market has moved once."""
        await self._rest(Watch(self._clock, order, path, self._clock.engine_ns, lambda _now_ns: True), None)

    async def _rest(self, watch: Watch, until_ns: int | None) -> Woken:
        self._engine.watch(watch)
        try:
            return await self._clock.rest(
                watch.order, watch.path, until_ns=until_ns, rank=Rank.DEADLINE, watch=watch
            )
        finally:
            self._engine.unwatch(watch)
