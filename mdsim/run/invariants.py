"""Invariants of a block: what must always hold, must never come true, or must be reached meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from mdsim.engine.corridor import Engine
from mdsim.engine.view import View
from mdsim.engine.watches import Monitor, ScenarioTime, Test, Watch, compile_condition
from mdsim.playbook.plan import Invariant, Question
from mdsim.run.clock import ScenarioClock
from mdsim.run.ledger import Ledger
from mdsim.run.result import Verdict


class Guard:
    """Watches the invariants of one block, or of the whole run, and answers them when it ends.

    A broken invariant is answered at once, with what was seen then; the run goes on, so that one run
    tells everything.
    """

    def __init__(
        self,
        engine: Engine,
        view: View,
        clock: ScenarioClock,
        ledger: Ledger,
        order: tuple[int, ...],
        path: str,
    ) -> None:
        self._engine = engine
        self._view = view
        self._clock = clock
        self._ledger = ledger
        self._order = order
        self._path = path
        self._monitors: list[tuple[Invariant, Monitor]] = []
        self._reaches: Question | None = None
        self._reached: _Reached | None = None

    def watch(
        self, always: Sequence[Invariant], never: Sequence[Invariant], reaches: Question | None
    ) -> None:
        """Start to look, from the next cycle on."""
        for invariant in (*always, *never):
            self._add(invariant)
        if reaches is not None:
            self._reaches = reaches
            test = compile_condition(reaches.condition, self._view)
            self._reached = _Reached(
                self._clock, self._order, self._path, self._clock.engine_ns, test, self._reach
            )
            self._engine.watch(self._reached)

    def _reach(self, scenario_ns: int) -> None:
        """Answer at once, with what the market shows at that cycle."""
        if self._reaches is not None:
            at_ns = scenario_ns - self._clock.start_ns
            self._ledger.answer("reaches", self._path, self._reaches, Verdict.PASSED, at_ns=at_ns)
            self._reaches = None

    def _add(self, invariant: Invariant) -> None:
        question = invariant.question

        def broken(scenario_ns: int) -> None:
            if invariant.allow == 0:
                self._ledger.answer(
                    "never" if invariant.never else "always",
                    self._path,
                    question,
                    Verdict.FAILED,
                    at_ns=scenario_ns - self._clock.start_ns,
                )

        monitor = Monitor(
            self._clock,
            self._order,
            self._path,
            self._clock.engine_ns,
            compile_condition(question.condition, self._view),
            broken_when=invariant.never,
            on_first=broken,
        )
        self._monitors.append((invariant, monitor))
        self._engine.watch(monitor)

    def end(self) -> None:
        """Stop looking and answer what is still open."""
        for invariant, monitor in self._monitors:
            self._engine.unwatch(monitor)
            self._answer(invariant, monitor)
        self._monitors.clear()
        if self._reached is not None:
            self._engine.unwatch(self._reached)
        if self._reaches is not None:
            note = "it never came true: nothing was tested"
            self._ledger.answer("reaches", self._path, self._reaches, Verdict.INCONCLUSIVE, note=note)

    def _answer(self, invariant: Invariant, monitor: Monitor) -> None:
        kind = "never" if invariant.never else "always"
        looked = monitor.cycles
        if looked in (0, monitor.unknown):
            verdict, note = Verdict.INCONCLUSIVE, "it could never be told"
        elif monitor.broken == 0:
            verdict, note = Verdict.PASSED, f"in {looked} cycles"
        elif Decimal(monitor.broken) <= invariant.allow * looked:
            verdict, note = Verdict.PASSED, f"broken in {monitor.broken} of {looked} cycles, as allowed"
        elif invariant.allow == 0:
            return  # answered when it broke
        else:
            verdict, note = Verdict.FAILED, f"broken in {monitor.broken} of {looked} cycles"
        self._ledger.answer(kind, self._path, invariant.question, verdict, note=note)


class _Reached(Watch):
    """Tells when its condition first comes true; wakes nobody."""

    def __init__(
        self,
        clock: ScenarioTime,
        order: tuple[int, ...],
        path: str,
        since_ns: int,
        test: Test,
        tell: Callable[[int], None],
    ) -> None:
        super().__init__(clock, order, path, since_ns, test)
        self._tell: Callable[[int], None] | None = tell

    def step(self, now_ns: int) -> bool:
        if self._tell is not None and super().step(now_ns):
            self._tell(self.clock.scenario_time(now_ns))
            self._tell = None
        return False
