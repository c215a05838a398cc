"""A small stage for the board: a base feed that is told its prices, steps as a playbook writes them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

import pytest

from mdsim.chaos.board import Board
from mdsim.chaos.pipeline import ImpairedPipeline
from mdsim.chaos.shapes import shipped
from mdsim.core.amounts import AMOUNTS
from mdsim.core.decimals import from_steps, grid_steps
from mdsim.core.events import Notice
from mdsim.core.impairing import Disturbance, Pipeline
from mdsim.core.instruments import ALL, Catalogue
from mdsim.core.params import Args, CurveSpec, Keyframe, Symbols, Value
from mdsim.core.ports import Activation, EffectType
from mdsim.core.registry import discover
from mdsim.core.seeds import SeedTree
from mdsim.core.time import HOUR, MS, SECOND

USD = {"USD": 1.0, "BTC": 60_000.0, "ETH": 3_000.0, "USDT": 1.0, "USDC": 1.0, "UST": 1.0, "USDE": 1.0}
EFFECTS = discover("mdsim.chaos.effects", "EFFECT", EffectType)


class Stage:
    """A board over a base that a test moves by hand; times in seconds."""

    def __init__(self, catalogue: Catalogue = ALL, seed: int = 1) -> None:
        self.catalogue = catalogue
        self.board = Board(catalogue, shipped())
        self.usd = dict(USD)
        self.seeds = SeedTree(seed)
        self.told: list[Notice] = []
        self.logs: list[float] = self.base()

    def base(self) -> list[float]:
        """The base feed's log mids."""
        return [math.log(self.usd[item.base]) - math.log(self.usd[item.quote]) for item in self.catalogue]

    def play(
        self,
        verb: str,
        at: float = 0.0,
        *,
        run: str = "run",
        step: str = "step",
        order: tuple[int, ...] = (0,),
        curve: str | CurveSpec | None = None,
        symbols: str | dict[str, str] | None = None,
        path: dict[int, str] | None = None,
        lasts: Value = 0,
        **written: Value,
    ) -> None:
        """Check and start a step; numbers that are text become Decimals, ``over`` is in seconds.

        ``path`` is second → change; ``lasts`` is the ``for`` of a condition, which the run would cut.
        """
        effect = EFFECTS[verb]
        kinds = {param.name: param.kind for param in effect.params}
        args: dict[str, Value] = {param.name: param.default for param in effect.params}
        for name, value in written.items():
            if name in ("over", "lag"):
                assert isinstance(value, int)
                args[name] = value * SECOND
            else:
                args[name] = Decimal(value) if isinstance(value, str) and kinds[name] in AMOUNTS else value
        if isinstance(symbols, dict):
            args["symbols"] = Symbols(betas=tuple((k, Decimal(v)) for k, v in symbols.items()), weighted=True)
        elif symbols == "all":
            args["symbols"] = Symbols(every=True)
        elif symbols is not None:
            args["symbols"] = Symbols(betas=tuple((name, Decimal(1)) for name in symbols.split()))
        if path is not None:
            args["path"] = tuple(Keyframe(at_s * SECOND, Decimal(by)) for at_s, by in path.items())
        if curve is not None:
            args["curve"] = spec(curve) if isinstance(curve, str) else curve
        problems = [one for one in effect.check(args, self.catalogue) if not one.warning]
        assert problems == []
        over = args["over"] if args.get("over") is not None else effect.lasts(args)
        assert isinstance(lasts, int)
        over = lasts * SECOND if effect.lasting else over
        assert over is None or isinstance(over, int)
        effect.activate(
            self.board,
            Activation(run, order, step, round(at * SECOND), over or 0, args, self.streams(step)),
        )

    def streams(self, path: str) -> Callable[..., random.Random]:
        """A stream maker as the engine gives one."""
        return lambda *parts: self.seeds.stream("step", path, *parts)

    def to(self, at: float) -> Stage:
        """One cycle at this time."""
        self.logs = self.board.compute(round(at * SECOND), self.base())
        self.told += self.board.notices()
        return self

    def log(self, symbol: str) -> float:
        """Published log mid."""
        return self.logs[self.catalogue.index[symbol]]

    def off(self, symbol: str) -> float:
        """Published against base, in log price."""
        at = self.catalogue.index[symbol]
        return self.logs[at] - self.base()[at]

    def price(self, symbol: str) -> Decimal:
        """What would be published, on the grid."""
        increment = self.catalogue[symbol].price_increment
        return from_steps(grid_steps(math.exp(self.log(symbol)), float(increment)), increment)

    def notices(self, kind: str) -> list[Notice]:
        """Told so far, of one kind."""
        return [one for one in self.told if one.kind == kind]


def spec(shape: str, **args: Value) -> CurveSpec:
    """A curve with defaults filled in, as the compiler gives it."""
    defaults: Args = {param.name: param.default for param in shipped()[shape].params}
    return CurveSpec(shape, {**defaults, **args})


StageMaker = Callable[..., Stage]
CurveMaker = Callable[..., CurveSpec]


@pytest.fixture
def stage() -> Stage:
    """A market of every instrument, calm."""
    return Stage()


@pytest.fixture
def stages() -> StageMaker:
    """Makes further markets: ``stages(catalogue, seed=2)``."""
    return Stage


@pytest.fixture
def curve() -> CurveMaker:
    """Makes curve specs: ``curve("exp", half_life=60 * SECOND)``."""
    return spec


# Delivery faults


@dataclass(frozen=True)
class Note:
    """A message as a test writes it."""

    seq: int
    value: float = 1.0
    symbol: str = "BTC-USD"
    channel: str = "tick"
    ts_ns: int = 0
    damaged: bool = False


class NoteHandling:
    """``Handling`` of notes."""

    def symbol(self, item: Note) -> str:
        return item.symbol

    def channel(self, item: Note) -> str:
        return item.channel

    def seq(self, item: Note) -> int:
        return item.seq

    def corrupt(self, item: Note, rng: random.Random) -> Note:
        return replace(item, damaged=True)

    def repeat(self, last: Note, item: Note) -> Note:
        return replace(item, value=last.value)

    def skip(self, item: Note, by: int) -> Note:
        return replace(item, seq=item.seq + by)

    def scale(self, item: Note, factor: float) -> Note:
        return replace(item, value=item.value * factor)

    def shift(self, item: Note, by_ns: int) -> Note:
        return replace(item, ts_ns=item.ts_ns + by_ns)


class Line:
    """A sender, the pipeline and one receiver, in steps of a tenth of a second."""

    note = Note
    handling = NoteHandling()

    def disturbance(
        self,
        path: str = "steps/1",
        *,
        run: str = "run",
        symbol: str | None = None,
        channel: str | None = None,
        source: str | None = None,
        share: float = 1.0,
        **asked: Value,
    ) -> Disturbance:
        """A ``feed`` step in force from 0 on, with the faults that it asks for."""
        return Disturbance(
            run=run,
            order=(0,),
            path=path,
            since_ns=0,
            source=source,
            share=share,
            symbols=None if symbol is None else frozenset([symbol]),
            channel=channel,
            args=asked,
            rng=partial(SeedTree(7).stream, "step", path),
        )

    def pipeline(self, *disturbances: Disturbance, at: str = "ws-1", **bounds: int) -> ImpairedPipeline[Note]:
        """What stands between, with these in force."""
        return ImpairedPipeline(disturbances, NoteHandling(), at, **bounds)

    def send(self, pipeline: Pipeline[Note], notes: Iterable[Note]) -> list[tuple[int, Note]]:
        """Send a note each 100 ms, from 0 on, and wait for the last: what arrived, each with its time."""
        arrived = []
        now_ns = 0
        for note in notes:
            pipeline.put(note, now_ns)
            arrived += self.arrivals(pipeline, now_ns + 100 * MS)
            now_ns += 100 * MS
        return arrived + self.arrivals(pipeline, now_ns + HOUR)

    def arrivals(self, pipeline: Pipeline[Note], until_ns: int) -> list[tuple[int, Note]]:
        """What leaves before ``until_ns``, each at its own time."""
        arrived = []
        while (due_ns := pipeline.next_due_ns()) is not None and due_ns < until_ns:
            arrived += [(due_ns, note) for note in pipeline.due(due_ns)]
        return arrived


@pytest.fixture
def line() -> Line:
    """A line that can be disturbed."""
    return Line()
