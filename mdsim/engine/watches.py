"""Conditions against a market: compiled once, evaluated at the end of each cycle, three-valued."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

from mdsim.core.conditions import All, Compare, Condition, Flag, Metric, Not, ProbeField, Within
from mdsim.core.params import Kind
from mdsim.engine.view import Reader, View

Truth: TypeAlias = bool | None
Test: TypeAlias = Callable[[int], Truth]
"""``test(now_ns)``: true, false, or None for unknown; ``for`` makes it remember."""

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


class ScenarioTime(Protocol):
    """What a watch must know of its run's clock."""

    paused: bool

    def scenario_time(self, engine_ns: int) -> int:
        """What the run's clock shows at an engine time."""


class Watch:
    """Waits for a condition to come true; reported once, then gone.

    Attributes:
        order, path: who waits; several that fire in one cycle are reported in this order.
        since_ns: it looks from the first cycle strictly after.
    """

    def __init__(
        self, clock: ScenarioTime, order: tuple[int, ...], path: str, since_ns: int, test: Test
    ) -> None:
        self.clock = clock
        self.order = order
        self.path = path
        self.since_ns = since_ns
        self.test = test

    def step(self, now_ns: int) -> bool:
        """Look at a new cycle; True when the one who waits must be woken."""
        return self.test(self.clock.scenario_time(now_ns)) is True

    @property
    def once(self) -> bool:
        """Leaves the engine when it fires."""
        return True


class Monitor(Watch):
    """Watches an invariant for as long as its block runs; it counts and never wakes anybody.

    Attributes:
        cycles, broken, unknown: cycles looked at, of those broken, of those without an answer.
    """

    def __init__(
        self,
        clock: ScenarioTime,
        order: tuple[int, ...],
        path: str,
        since_ns: int,
        test: Test,
        *,
        broken_when: bool,
        on_first: Callable[[int], None],
    ) -> None:
        super().__init__(clock, order, path, since_ns, test)
        self.cycles = self.broken = self.unknown = 0
        self._broken_when = broken_when
        self._on_first = on_first

    def step(self, now_ns: int) -> bool:
        """Count one cycle; the first that breaks the invariant is told at once."""
        scenario_ns = self.clock.scenario_time(now_ns)
        truth = self.test(scenario_ns)
        self.cycles += 1
        if truth is None:
            self.unknown += 1
        elif truth is self._broken_when:
            self.broken += 1
            if self.broken == 1:
                self._on_first(scenario_ns)
        return False

    @property
    def once(self) -> bool:
        """Stays until its block ends."""
        return False


class Follower(Watch):
    """Keeps a condition's memory of ``for`` up to date for whoever asks later; it never wakes anybody."""

    def step(self, now_ns: int) -> bool:
        """Look at a new cycle."""
        super().step(now_ns)
        return False

    @property
    def once(self) -> bool:
        """Stays until it is taken away."""
        return False


def compile_condition(condition: Condition, view: View) -> Test:
    """A fresh evaluator (with its own memory for ``for``) of a condition.

    Raises:
        UnavailableError: the view does not measure what it asks for.
    """
    if isinstance(condition, Not):
        inner = compile_condition(condition.term, view)

        def negate(now_ns: int) -> Truth:
            truth = inner(now_ns)
            return None if truth is None else not truth

        return negate
    if isinstance(condition, Compare | Within | Flag):
        return _hold(_term(condition, view), condition.for_ns)
    terms = [compile_condition(term, view) for term in condition.terms]
    decisive = not isinstance(condition, All)

    def combine(now_ns: int) -> Truth:
        # Every term is evaluated every time: one that counts its `for` must not miss a cycle.
        truths = [term(now_ns) for term in terms]
        if decisive in truths:
            return decisive
        return None if None in truths else not decisive

    return combine


def _hold(test: Test, for_ns: int) -> Test:
    if for_ns == 0:
        return test
    since_ns: int | None = None
    broken = False  # how the stretch of truth began: after a break, or with the first look

    def held(now_ns: int) -> Truth:
        nonlocal since_ns, broken
        truth = test(now_ns)
        if truth is not True:
            since_ns, broken = None, truth is False
            return truth
        if since_ns is None:
            since_ns = now_ns
        if now_ns - since_ns >= for_ns:
            return True
        return False if broken else None  # too short a history is unknown

    return held


def _term(condition: Compare | Within | Flag, view: View) -> Test:
    read = view.reader(condition.subject)
    if isinstance(condition, Flag):
        return _flag(read)
    if isinstance(condition, Within):
        low, high = _bound(condition.subject, condition.low), _bound(condition.subject, condition.high)

        def within(_now_ns: int) -> Truth:
            value = read()
            return None if value is None else low <= value <= high  # type: ignore[operator]  # typed by kind

        return within
    compare, bound = _OPERATORS[condition.op], _bound(condition.subject, condition.value)

    def holds(_now_ns: int) -> Truth:
        value = read()
        return None if value is None else compare(value, bound)

    return holds


def _flag(read: Reader) -> Test:
    def flag(_now_ns: int) -> Truth:
        value = read()
        return None if value is None else bool(value)

    return flag


def _bound(subject: Metric | ProbeField, value: Decimal | str | bool) -> Decimal | float | str | bool:
    """Prices and durations compare exactly; ratios are floats already, so their bound is one too."""
    exact = isinstance(subject, Metric) and subject.kind in (Kind.PRICE, Kind.DURATION)
    return float(value) if isinstance(value, Decimal) and not exact else value
