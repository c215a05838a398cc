"""The state of a market while it is in force: spread, depth, volume, volatility, and whether it trades."""

from __future__ import annotations

from decimal import Decimal

from mdsim.chaos.arguments import given
from mdsim.chaos.board import Board
from mdsim.chaos.climate import Condition
from mdsim.chaos.effects import _rules, _words
from mdsim.chaos.layers import Swing
from mdsim.core.errors import Problem
from mdsim.core.instruments import Catalogue
from mdsim.core.params import Args, Kind, Param
from mdsim.core.ports import Activation, EffectType, Tap
from mdsim.core.values import render

VERB = "market"
FACTORS = ("spread", "depth", "volume", "volatility")
ASKS = (*FACTORS, "trades")
RANDOM_WALK, MEAN_REVERTING = "random-walk", "mean-reverting"
ON, OFF = "on", "off"


def check(args: Args, catalogue: Catalogue) -> list[Problem]:
    """Every problem across the parameters."""
    _, problems = _rules.instruments(args, catalogue, default=catalogue.symbols)
    if all(args.get(name) is None for name in ASKS):
        names = ", ".join(f"'{name}'" for name in ASKS)
        problems.append(Problem("MD120", f"a market step needs one of {names}", help="add spread: 10x"))
    if args.get("volatility") is None:
        for name in ("keep_trend", "pattern"):
            if args.get(name):
                message = f"'{name}' says how volatility acts, and none is given"
                help_ = "add volatility: 3x, or leave it out"
                problems.append(Problem("MD121", message, (name,), help_, on_key=True))
    return problems


def describe(args: Args) -> str:
    """Such as ``market BTC-USD: spread 20x, depth 0.1x, trades off``."""
    asked = [f"{name} {render(Kind.SCALE, args[name])}" for name in FACTORS if args.get(name) is not None]
    if args.get("keep_trend"):
        asked.append("keep trend")
    if args.get("pattern"):
        asked.append(str(args["pattern"]))
    if args.get("trades"):
        asked.append(f"trades {args['trades']}")
    return f"{VERB} {_words.symbol_words(args)}: {', '.join(asked)}"


def activate(board: Board, activation: Activation) -> None:
    """Put it in force."""
    args = activation.args
    symbols, _ = _rules.instruments(args, board.catalogue, default=board.catalogue.symbols)
    volatility = given(args, "volatility", Decimal)
    swing = None
    if volatility is not None:
        swing = Swing(
            factor=float(volatility),
            keep_trend=given(args, "keep_trend", bool) or False,
            reverting=args.get("pattern") == MEAN_REVERTING,
        )
    condition = Condition(
        effect=VERB,
        description=describe(args),
        symbols=symbols,
        spread=_factor(args, "spread"),
        depth=_factor(args, "depth"),
        volume=_factor(args, "volume"),
        trades_off=args.get("trades") == OFF,
        sound=swing,
    )
    board.put(activation, condition)


def _factor(args: Args, name: str) -> float:
    value = given(args, name, Decimal)
    return 1.0 if value is None else float(value)


EFFECT = EffectType(
    name=VERB,
    summary="while in force: wider spread, thinner book, more trades, more or less volatility, no trades",
    tap=Tap.REFERENCE,
    params=(
        Param("symbol", Kind.SYMBOL, "the instrument"),
        Param("symbols", Kind.SYMBOLS, "the instruments; absent: all"),
        Param(
            "spread",
            Kind.SCALE,
            "times the quoted spread",
            low=Decimal("0.05"),
            high=Decimal(10_000),
        ),
        Param(
            "depth",
            Kind.SCALE,
            "times the size of every order in the book",
            low=Decimal("0.0001"),
            high=Decimal(1_000),
        ),
        Param("volume", Kind.SCALE, "times the rate of trades", low=Decimal(0), high=Decimal(200)),
        Param(
            "volatility",
            Kind.SCALE,
            "times the base feed's own movement; 0x freezes it",
            low=Decimal(0),
            high=Decimal(100),
        ),
        Param(
            "keep_trend",
            Kind.FLAG,
            "leave the trend alone: only what strays from it is scaled",
            default=False,
        ),
        Param(
            "pattern",
            Kind.CHOICE,
            "random-walk: levels wander; mean-reverting: they are drawn back; absent: random-walk",
            choices=(RANDOM_WALK, MEAN_REVERTING),
        ),
        Param("trades", Kind.CHOICE, "off: nothing trades", choices=(ON, OFF)),
    ),
    check=check,
    describe=describe,
    activate=activate,
    lasting=True,
)
