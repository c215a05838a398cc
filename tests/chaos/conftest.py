"""A small stage for the board: a base feed that is told its prices, steps as a playbook writes them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from decimal import Decimal

import pytest

from mdsim.chaos.board import Board
from mdsim.chaos.shapes import shipped
from mdsim.core.amounts import AMOUNTS
from mdsim.core.decimals import from_steps, grid_steps
from mdsim.core.events import Notice
from mdsim.core.instruments import ALL, Catalogue
from mdsim.core.params import Args, CurveSpec, Keyframe, Symbols, Value
from mdsim.core.ports import Activation, EffectType
from mdsim.core.registry import discover
from mdsim.core.seeds import SeedTree
from mdsim.core.time import SECOND

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
