"""One line for people: how a level step reads in a plan and in the live view."""

from __future__ import annotations

from decimal import Decimal

from mdsim.chaos.arguments import given
from mdsim.chaos.effects._rules import named
from mdsim.chaos.shapes import shipped
from mdsim.core.decimals import plain
from mdsim.core.params import Args, CurveSpec, Kind
from mdsim.core.values import render


def symbol_words(args: Args) -> str:
    """``BTC-USD, ETH-USD ×1.25``, or ``all``."""
    symbols = named(args)
    if symbols is None or symbols.every:
        return "all"
    one = Decimal(1)
    return ", ".join(name if beta == one else f"{name} ×{plain(beta)}" for name, beta in symbols.betas)


def curve_words(spec: CurveSpec) -> str:
    """``exp``, or ``exp (half_life 3m)`` with the arguments that differ from their defaults."""
    curve = shipped().get(spec.shape)
    if curve is None:
        return spec.shape
    written = [
        f"{param.name} {render(param.kind, spec.args[param.name])}"
        for param in curve.params
        if spec.args.get(param.name) not in (None, param.default)
    ]
    return f"{spec.shape} ({', '.join(written)})" if written else spec.shape


def travel_words(args: Args, default: str) -> str:
    """`` over 3h, linear``, or `` at once``; the curve named ``default`` is what an absent one means."""
    over = args.get("over")
    if over is None or over == 0:
        return " at once"
    spec = given(args, "curve", CurveSpec)
    return f" over {render(Kind.DURATION, over)}, {curve_words(spec) if spec else default}"
