"""Ease offsets back to the base feed: the run's moves on these symbols end, what they left goes to 0."""

from __future__ import annotations

from mdsim.chaos.arguments import given
from mdsim.chaos.board import Board
from mdsim.chaos.effects import _rules, _words
from mdsim.chaos.moves import Change, GiveBack
from mdsim.chaos.shapes import LINEAR, shipped
from mdsim.core.errors import Problem
from mdsim.core.instruments import Catalogue
from mdsim.core.params import Args, CurveSpec, Kind, Param, Symbols
from mdsim.core.ports import Activation, EffectType, Tap

VERB = "restore"


def check(args: Args, catalogue: Catalogue) -> list[Problem]:
    """Every problem across the parameters."""
    found, problems = _rules.targets(_with_default(args), catalogue, VERB)
    problems += _rules.unweighted(found, "restore takes the whole offset off")
    spec = given(args, "curve", CurveSpec)
    if spec is not None and spec.shape in shipped() and shipped()[spec.shape].free:
        message = f"the curve {spec.shape} has no target, so nothing would be restored"
        problems.append(Problem("MD106", message, ("curve",), "use linear, exp or bridge"))
        return problems
    return problems + _rules.curve_rules(args)


def describe(args: Args) -> str:
    """Such as ``restore all over 30m, linear``."""
    return f"restore {_words.symbol_words(args)}{_words.travel_words(args, LINEAR.shape)}"


def activate(board: Board, activation: Activation) -> None:
    """Put it on the board."""
    args = activation.args
    found, _ = _rules.targets(_with_default(args), board.catalogue, VERB)
    change = Change(
        effect=VERB,
        description=describe(args),
        targets=tuple(found),
        goal=GiveBack(1.0, ends=True),
        curve=given(args, "curve", CurveSpec) or LINEAR,
    )
    board.start(activation, change)


def _with_default(args: Args) -> Args:
    """Nothing named means everything."""
    return {**args, "symbols": Symbols(every=True)} if _rules.named(args) is None else args


EFFECT = EffectType(
    name=VERB,
    summary="ease offsets back to the base feed",
    tap=Tap.REFERENCE,
    params=(
        Param("symbol", Kind.SYMBOL, "the instrument"),
        Param("symbols", Kind.SYMBOLS, "the instruments; absent: whatever has an offset"),
        Param("over", Kind.DURATION, "how long it takes; absent: at once", low=0),
        Param("curve", Kind.CURVE, "how it travels; absent: linear"),
    ),
    check=check,
    describe=describe,
    activate=activate,
)
