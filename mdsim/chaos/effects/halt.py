"""Stop the publication of instruments while it is in force: the last quote stands and grows old."""

from __future__ import annotations

from mdsim.chaos.board import Board
from mdsim.chaos.climate import Condition
from mdsim.chaos.effects import _rules, _words
from mdsim.core.errors import Problem
from mdsim.core.instruments import Catalogue
from mdsim.core.params import Args, Kind, Param
from mdsim.core.ports import Activation, EffectType, Tap

VERB = "halt"


def check(args: Args, catalogue: Catalogue) -> list[Problem]:
    """Every problem across the parameters."""
    return _rules.instruments(args, catalogue)[1]


def describe(args: Args) -> str:
    """Such as ``halt BTC-USD``."""
    return f"{VERB} {_words.symbol_words(args)}"


def activate(board: Board, activation: Activation) -> None:
    """Put it in force."""
    symbols, _ = _rules.instruments(activation.args, board.catalogue)
    board.put(activation, Condition(VERB, describe(activation.args), symbols, halted=True))


EFFECT = EffectType(
    name=VERB,
    summary="while in force: no ticks and no trades, the state is HALTED, the last quote grows old",
    tap=Tap.REFERENCE,
    params=(
        Param("symbol", Kind.SYMBOL, "the instrument"),
        Param("symbols", Kind.SYMBOLS, "the instruments"),
    ),
    check=check,
    describe=describe,
    activate=activate,
    lasting=True,
)
