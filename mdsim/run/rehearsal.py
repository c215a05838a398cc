"""A rehearsal: the plan played on a market that stands still, so that what moves is the plan alone.

It tells what a plan will do to prices before anybody sees them: for ``mdsim plan``, and for the limits.
The base feed is flat at its first prices; random paths are drawn from the run's own seed, so that they
are the ones the run will take. What depends on the base feed's own movement cannot be known beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import trio

from mdsim.core.decimals import CONTEXT
from mdsim.core.events import Entry, Json
from mdsim.core.ports import BaseFeed, Curves, Registry
from mdsim.core.seeds import SeedTree
from mdsim.engine.corridor import Engine
from mdsim.engine.market import Market
from mdsim.engine.view import View
from mdsim.playbook.limits import Peak
from mdsim.playbook.plan import Plan, Step
from mdsim.playbook.variants import Variant, step_places
from mdsim.run.clock import ScenarioClock, VirtualPacer
from mdsim.run.ledger import Ledger
from mdsim.run.pump import Pump
from mdsim.run.series import Recorder, Series
from mdsim.run.still import still_like
from mdsim.run.tree import Tree

RUN = "rehearsal"

_GRID_POINTS = 256
"""Regular cycles over the whole plan; moves add their own."""
_WATCH_POINTS = 2048
"""Cycles over the whole plan while a step waits for a condition."""
_TIE = 2e-5
"""How much farther a price must go to be named though it only follows: two increments may be rounding."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How closely a rehearsal looks.

    Attributes:
        cycle_ns: never closer than this: the cycle interval of the run itself.
        points: publications a move, at most.
        cycles_most: it stops here, unfinished; None: it goes to the end.
    """

    cycle_ns: int
    points: int = 1024
    cycles_most: int | None = None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a plan did on a still market.

    Attributes:
        peak: the farthest that any price went from its base, or None when nothing moved.
        finished: it came to the plan's end.
        lasted_ns: scenario time it covered.
        touched: the instruments that its effects acted on by name, in catalogue order.
        cycles: how many it took.
    """

    series: Series
    peak: Peak | None
    finished: bool
    lasted_ns: int
    touched: tuple[str, ...] = ()
    cycles: int = 0


class _StillEngine(Engine):
    """An engine that asks for cycles where a plan does something: in moves, and while it waits."""

    def __init__(
        self, feed: BaseFeed, effects: Registry, curves: Curves, pace: Pace, expected_ns: int
    ) -> None:
        super().__init__(feed, effects, curves)
        self._pace = pace
        self._watching_ns = max(expected_ns // _WATCH_POINTS, pace.cycle_ns)
        self.moving: dict[str, int] = {}  # path of a step -> length of its move, in ns

    def next_due_ns(self, now_ns: int) -> int | None:
        """The next end of a move, or the next look at what is under way."""
        steps = [max(length // self._pace.points, self._pace.cycle_ns) for length in self.moving.values()]
        if self._watches:
            steps.append(self._watching_ns)
        if self._pending:  # a move begins: see it from its start, for it may be short
            steps.append(self._pace.cycle_ns)
        due = [] if not steps else [now_ns + min(steps)]
        end_ns = super().next_due_ns(now_ns)
        return min(due if end_ns is None else [*due, end_ns], default=None)


class _Follower:
    """Follows a rehearsal as its observer and sampler; remembers who moved what, and the peak."""

    def __init__(self, engine: _StillEngine) -> None:
        self._engine = engine
        self._symbols: dict[str, tuple[str, ...]] = {}  # path -> what the step moves
        self._started: dict[str, int] = {}  # path -> number of its start
        self._share = 0.0
        self.touched: dict[str, None] = {}
        self.peak: tuple[int, int, int, int, str] | None = None  # at_ns, instrument, mid, reference, path

    def on_entry(self, entry: Entry) -> None:
        """Keep the book of moves under way."""
        data, path = entry.data, entry.path
        if entry.kind == "effect_started":
            self.touched.update(dict.fromkeys(_names(data)))
        if entry.kind == "effect_started" and "targets" in data:  # a condition in force moves nothing
            targets = data["targets"]
            self._symbols[path] = tuple(
                str(target.get("symbol"))
                for target in (targets if isinstance(targets, list) else [])
                if isinstance(target, dict)
            )
            self._started[path] = len(self._started)
            self._moves_for(path, data.get("over_ns"))
        elif entry.kind == "effect_ended":
            self._moves_for(path, data.get("reverts_over_ns"))
        elif entry.kind == "effect_reverted":
            self._moves_for(path, None)

    def _moves_for(self, path: str, length_ns: object) -> None:
        if isinstance(length_ns, int) and length_ns > 0:
            self._engine.moving[path] = length_ns
        else:
            self._engine.moving.pop(path, None)

    def on_progress(self, view: View, now_ns: int, at_ns: int) -> None:
        """Wall time says nothing here."""

    def on_cycle(self, market: Market, at_ns: int) -> None:
        """Look for a price farther from its base than any before; what is named comes before what follows."""
        mids, references, items = market.mids, market.references(), market.catalogue.instruments
        for at in sorted(range(len(items)), key=lambda at: items[at].symbol not in self.touched):
            symbol, mid, reference = items[at].symbol, mids[at], references[at]
            named = symbol in self.touched
            share = abs(mid - reference) / (reference if named else max(mid, reference))
            if share > self._share + (0.0 if named else _TIE):
                self._share = share
                self.peak = (at_ns, at, mid, reference, self._mover(symbol))

    def _mover(self, symbol: str) -> str:
        """The step that moves an instrument now: the last started that names it, or the last of all.

        A cross rate is moved by whoever moves its legs; between moves it is the one before.
        """

        def rank(path: str) -> tuple[bool, bool, int]:
            moving = path in self._engine.moving
            return moving, symbol in self._symbols[path], self._started[path]

        return max(self._started, key=rank, default="")


def rehearse_blocking(
    variants: Sequence[Variant], feed: BaseFeed, seed: int, effects: Registry, curves: Curves, pace: Pace
) -> list[Rehearsal]:
    """Rehearse every way of a plan in a trio loop of its own."""
    return trio.run(rehearse_all, variants, feed, seed, effects, curves, pace)


async def rehearse_all(
    variants: Sequence[Variant], feed: BaseFeed, seed: int, effects: Registry, curves: Curves, pace: Pace
) -> list[Rehearsal]:
    """Rehearse every way of a plan, one after another; ``feed`` is only asked for its first prices.

    Raises:
        UnavailableError: a step waits for what a market does not measure.
    """
    return [await rehearse(variant, feed, seed, effects, curves, pace) for variant in variants]


async def rehearse(
    variant: Variant, feed: BaseFeed, seed: int, effects: Registry, curves: Curves, pace: Pace
) -> Rehearsal:
    """Play one way of a plan on a still market."""
    plan = variant.plan
    # Long steps: spread and depth need not be followed closely where only prices are asked for.
    still = still_like(feed, feed.start_ns, max(feed.step_ns, plan.expected_ns // _WATCH_POINTS))
    engine = _StillEngine(still, effects, curves, pace, plan.expected_ns)
    follower, recorder = _Follower(engine), Recorder()
    clock = ScenarioClock(still.start_ns)
    ledger = Ledger(clock, engine.view, [follower])
    phases = trio.CancelScope()
    tree = Tree(
        run=RUN,
        engine=engine,
        view=engine.view,
        clock=clock,
        ledger=ledger,
        seeds=SeedTree(seed),
        end=phases.cancel,
    )
    grid_ns = max(plan.expected_ns // _GRID_POINTS, pace.cycle_ns)
    pump = Pump(engine, still.start_ns, grid_ns, VirtualPacer())

    def on_cycle(_now_ns: int) -> None:
        follower.on_cycle(engine.market, clock.at_ns)
        recorder.on_cycle(engine, clock.at_ns)

    pump.on_cycle = on_cycle
    pump.attach(RUN, clock, ledger.on_notice)
    done = False

    async def perform() -> None:
        nonlocal done
        try:
            with phases:
                for block in plan.phases:
                    await tree.block(block)
            done = True
        finally:
            clock.turns.give()

    def goes_on() -> bool:
        return not done and (pace.cycles_most is None or engine.market.cycles < pace.cycles_most)

    await pump.step(still.start_ns)
    async with trio.open_nursery() as nursery:
        clock.turns.take()
        nursery.start_soon(perform)
        await clock.turns.all_at_rest()
        await pump.run(goes_on)
        finished = done
        nursery.cancel_scope.cancel()
    if finished:
        await pump.step(pump.now_ns + 1)  # what a last step does at once acts only now
    touched = tuple(symbol for symbol in still.catalogue.symbols if symbol in follower.touched)
    peak = (
        None if follower.peak is None else _peak(plan, engine.market, follower.peak, variant.choices, touched)
    )
    return Rehearsal(recorder.series(), peak, finished, clock.at_ns, touched, engine.market.cycles)


def _names(data: Mapping[str, Json]) -> Iterator[str]:
    """The instruments that an effect says it acts on: a move its targets, a condition its symbols."""
    targets, symbols = data.get("targets"), data.get("symbols")
    for target in targets if isinstance(targets, list) else []:
        if isinstance(target, dict):
            yield str(target.get("symbol"))
    yield from map(str, symbols if isinstance(symbols, list) else [])


def _peak(
    plan: Plan,
    market: Market,
    found: tuple[int, int, int, int, str],
    choices: tuple[str, ...],
    touched: tuple[str, ...],
) -> Peak:
    at_ns, at, mid, reference, path = found
    symbol = market.catalogue.instruments[at].symbol
    base = Decimal(reference)
    step: Step | None = step_places(plan).get(_written(path))
    return Peak(
        symbol=symbol,
        deviation=CONTEXT.subtract(CONTEXT.divide(Decimal(mid), base), 1),
        rounding=CONTEXT.divide(Decimal(1), base),
        at_ns=at_ns,
        step=path if step is None else step.summary,
        place=None if step is None else step.place,
        choices=choices,
        follows=symbol not in touched,
    )


def _written(path: str) -> str:
    """The path in the plan of a step in an iteration: ``pressure/1#2/1`` is written ``pressure/1/1``."""
    return "/".join(part.partition("#")[0] for part in path.split("/"))


def farthest(rehearsals: Sequence[Rehearsal]) -> Peak | None:
    """The largest peak of all ways; of equals the first."""
    peaks = [one.peak for one in rehearsals if one.peak is not None]
    return max(peaks, key=lambda peak: peak.size, default=None)
