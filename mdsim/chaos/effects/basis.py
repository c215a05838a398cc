"""Move the gap between two instruments of one asset: the target goes where the base is, plus the gap."""

from __future__ import annotations

import math
from decimal import Decimal

from mdsim.chaos.arguments import given
from mdsim.chaos.board import Board
from mdsim.chaos.effects import _rules, _words
from mdsim.chaos.moves import Change, Gap
from mdsim.chaos.shapes import LINEAR, shipped
from mdsim.chaos.targets import Target
from mdsim.core.errors import Problem
from mdsim.core.instruments import ASSETS, AssetKind, Catalogue
from mdsim.core.params import Args, CurveSpec, Kind, Param
from mdsim.core.ports import Activation, EffectType, Tap
from mdsim.core.values import render

VERB = "basis"


def check(args: Args, catalogue: Catalogue) -> list[Problem]:
    """Every problem across the parameters."""
    base, target = given(args, "base", str), given(args, "target", str)
    problems: list[Problem] = []
    if base is not None and target is not None and base in catalogue and target in catalogue:
        problems += _pair_rules(base, target, catalogue)
    spec = given(args, "curve", CurveSpec)
    if spec is not None and spec.shape in shipped() and shipped()[spec.shape].free:
        message = f"the curve {spec.shape} has no target, so the gap would not be reached"
        return [*problems, Problem("MD106", message, ("curve",), "use linear, exp or bridge")]
    return problems + _rules.curve_rules(args)


def _pair_rules(base: str, target: str, catalogue: Catalogue) -> list[Problem]:
    one, other = catalogue[base], catalogue[target]
    if base == target:
        message = f"{base} has no gap to itself"
        return [Problem("MD150", message, ("target",), "name another instrument of the asset")]
    if one.base != other.base:
        message = f"{target} is a price of {other.base}, and {base} one of {one.base}"
        return [Problem("MD151", message, ("target",), f"name two instruments of {one.base}")]
    if one.quote != other.quote and not (_dollar(one.quote) and _dollar(other.quote)):
        message = f"{target} is quoted in {other.quote}, and {base} in {one.quote}: their ratio is no gap"
        return [
            Problem("MD152", message, ("target",), "name two with one quote, or with dollars and stablecoins")
        ]
    return []


def _dollar(code: str) -> bool:
    return ASSETS[code].kind is not AssetKind.CRYPTO


def describe(args: Args) -> str:
    """Such as ``basis BTC-USD-PERP to -3% from BTC-USD over 5m, sigmoid``."""
    gap = render(Kind.CHANGE, args["to"])
    return f"{VERB} {args['target']} to {gap} from {args['base']}{_words.travel_words(args, LINEAR.shape)}"


def activate(board: Board, activation: Activation) -> None:
    """Put it on the board."""
    args = activation.args
    base, target = given(args, "base", str) or "", given(args, "target", str) or ""
    change = Change(
        effect=VERB,
        description=describe(args),
        targets=(Target(target, (target,)),),
        goal=Gap(base, math.log1p(float(given(args, "to", Decimal) or 0))),
        curve=given(args, "curve", CurveSpec) or LINEAR,
    )
    board.start(activation, change)


EFFECT = EffectType(
    name=VERB,
    summary="move the gap between two instruments of one asset, such as spot and perpetual",
    tap=Tap.REFERENCE,
    params=(
        Param("base", Kind.SYMBOL, "the instrument that stays", required=True),
        Param("target", Kind.SYMBOL, "the instrument that moves, alone", required=True),
        Param(
            "to",
            Kind.CHANGE,
            "published target / published base - 1, reached exactly at the end of `over`",
            required=True,
            low=Decimal("-0.9"),
            high=Decimal(10),
        ),
        Param("over", Kind.DURATION, "how long it takes; absent: at once", low=0),
        Param("curve", Kind.CURVE, "how it travels; absent: linear"),
    ),
    check=check,
    describe=describe,
    activate=activate,
)
