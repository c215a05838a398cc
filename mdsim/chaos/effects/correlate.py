"""Correlation of assets while it is in force: raised for a crash, broken for a divergence."""

from __future__ import annotations

from decimal import Decimal

from mdsim.chaos.arguments import given, shortest_ns
from mdsim.chaos.board import Board
from mdsim.chaos.climate import Condition
from mdsim.chaos.correlation import ASSETS_MOST
from mdsim.chaos.effects import _rules, _words
from mdsim.chaos.layers import Tie
from mdsim.chaos.targets import covered
from mdsim.core.decimals import plain
from mdsim.core.errors import Problem
from mdsim.core.instruments import Catalogue
from mdsim.core.params import Args, Kind, Param
from mdsim.core.ports import Activation, EffectType, Tap
from mdsim.core.time import format_duration
from mdsim.core.values import render

VERB = "correlate"


def check(args: Args, catalogue: Catalogue) -> list[Problem]:
    """Every problem across the parameters."""
    symbols, problems = _symbols(args, catalogue)
    crosses = [symbol for symbol in symbols if not catalogue[symbol].usd_spot]
    for symbol in crosses:
        message = f"{symbol} has no movement of its own to correlate: it follows its legs"
        problems.append(
            Problem("MD124", message, ("symbols",), "name assets, quoted in USD: BTC-USD, ETH-USD")
        )
    if not problems and len(symbols) < 2:
        covers = f"only {symbols[0]} is named" if symbols else "'all' covers no non-stable asset here"
        message = f"a correlation needs two assets, and {covers}"
        problems.append(Problem("MD123", message, ("symbols",), "write symbols: [BTC-USD, ETH-USD]"))
    if len(symbols) > ASSETS_MOST:
        message = f"{len(symbols)} assets are more than the {ASSETS_MOST} that can be correlated in one step"
        problems.append(Problem("MD125", message, ("symbols",), "name fewer"))
    if not problems:
        problems += _reach_rules(args, len(symbols))
    over_ns, for_ns = shortest_ns(args, "over"), shortest_ns(args, "for")
    if for_ns and over_ns > for_ns:
        message = f"over ({format_duration(over_ns)}) is longer than for ({format_duration(for_ns)})"
        problems.append(Problem("MD127", message, ("over",), "it would end before it is reached"))
    return problems


def _reach_rules(args: Args, size: int) -> list[Problem]:
    """Many assets cannot all go against each other: of n, ``-1 / (n - 1)`` is the least."""
    to = given(args, "to", Decimal)
    if to is None or to * (size - 1) >= -1:
        return []
    least = f"{-1 / (size - 1):.3g}"
    message = f"{size} assets cannot all be correlated by {plain(to)}: {least} is the least, and is used"
    return [Problem("MD126", message, ("to",), f"write {least}, or name two assets", warning=True)]


def describe(args: Args) -> str:
    """Such as ``correlate BTC-USD, ETH-USD to 0.95 over 5m``."""
    over = args.get("over")
    way = f" over {render(Kind.DURATION, over)}" if over else ""
    return f"{VERB} {_words.symbol_words(args)} to {render(Kind.NUMBER, args['to'])}{way}"


def activate(board: Board, activation: Activation) -> None:
    """Put it in force."""
    args = activation.args
    symbols, _ = _symbols(args, board.catalogue)
    tie = Tie(float(given(args, "to", Decimal) or 0), given(args, "over", int) or 0)
    board.put(activation, Condition(VERB, describe(args), symbols, sound=tie))


def _symbols(args: Args, catalogue: Catalogue) -> tuple[tuple[str, ...], list[Problem]]:
    """What is named; ``all`` means the non-stable assets, as in a move."""
    symbols = _rules.named(args)
    if symbols is not None and symbols.every:
        return covered(catalogue, "by"), []
    return _rules.instruments(args, catalogue)


EFFECT = EffectType(
    name=VERB,
    summary="while in force: the correlation of assets' movements, towards a number from -1 to 1",
    tap=Tap.REFERENCE,
    params=(
        Param("symbols", Kind.SYMBOLS, "two or more assets, by their price in USD", required=True),
        Param(
            "to",
            Kind.NUMBER,
            "correlation of every pair; the first to hear of news keeps its movement, the others adapt",
            required=True,
            low=Decimal(-1),
            high=Decimal(1),
        ),
        Param("over", Kind.DURATION, "how long it takes to get there; absent: at once", low=0),
    ),
    check=check,
    describe=describe,
    activate=activate,
    lasting=True,
)
