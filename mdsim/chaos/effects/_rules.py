"""Rules that effects on levels share: which symbols, and whether curve and time go together."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from mdsim.chaos.arguments import given, shortest_ns
from mdsim.chaos.shapes import STEP, shipped
from mdsim.chaos.targets import Target, resolve
from mdsim.core.errors import Problem
from mdsim.core.instruments import Catalogue
from mdsim.core.params import Args, CurveSpec, Symbols


def named(args: Args) -> Symbols | None:
    """The symbols of ``symbol`` or ``symbols``, whichever is written."""
    symbol = given(args, "symbol", str)
    if symbol is not None:
        return Symbols(betas=((symbol, Decimal(1)),))
    return given(args, "symbols", Symbols)


def targets(args: Args, catalogue: Catalogue, verb: str) -> tuple[list[Target], list[Problem]]:
    """What the symbols stand for, with problems placed below the verb."""
    symbols = named(args)
    if symbols is None:
        help_ = "add symbol: BTC-USD, or symbols: [BTC-USD, ETH-USD]"
        return [], [Problem("MD100", "no instrument is named", help=help_)]
    key = "symbols" if args.get("symbol") is None else "symbol"
    problems: list[Problem] = []
    if key == "symbol" and args.get("symbols") is not None:
        message = "'symbol' and 'symbols' cannot both be given"
        problems.append(Problem("MD100", message, ("symbols",), "keep one of them", on_key=True))
    isolated = given(args, "isolated", bool) or False
    found, wrong = resolve(symbols, catalogue, isolated=isolated, verb=verb)
    # A map's problem is about its key; anything else is about the whole value.
    problems += [replace(one, at=(key, *one.at), on_key=bool(one.at)) for one in wrong]
    if not found and not wrong and symbols.every:
        message = "'all' covers nothing here: no non-stable asset quoted in USD is switched on"
        problems.append(Problem("MD103", message, (key,), "name the symbols"))
    return found, problems


def curve_rules(args: Args) -> list[Problem]:
    """A curve needs time to show, and its arguments must fit into that time."""
    spec = given(args, "curve", CurveSpec)
    if spec is None or spec.shape == STEP or spec.shape not in shipped():
        return []
    over_ns = shortest_ns(args, "over") - shortest_ns(args, "lag")
    if args.get("over") is None or shortest_ns(args, "over") == 0:
        return [needs_over("curve", f"the curve {spec.shape}")]
    broken = shipped()[spec.shape].check({**spec.args, "over": over_ns})
    return [Problem("MD114", broken, ("curve",))] if broken else []


def needs_over(key: str, what: str) -> Problem:
    """The problem of a thing that means nothing in a move that takes no time."""
    return Problem(
        "MD108", f"{what} needs 'over': the move takes no time", (key,), "add over: 5m", on_key=True
    )


def unweighted(found: list[Target], why: str) -> list[Problem]:
    """A problem for every weight, where weights mean nothing."""
    return [
        Problem(
            "MD104",
            f"{target.symbol} cannot have the weight {target.beta:g}: {why}",
            ("symbols", target.symbol),
            "leave the weight out, or move 'by' a change",
        )
        for target in found
        if target.beta != 1.0
    ]


def instruments(
    args: Args, catalogue: Catalogue, *, default: tuple[str, ...] = ()
) -> tuple[tuple[str, ...], list[Problem]]:
    """The instruments that a condition in force names, each once, with problems placed below the verb.

    ``all`` means every instrument of the market; ``default`` is what naming none means.
    """
    symbols = named(args)
    if symbols is None:
        if default:
            return default, []
        help_ = "add symbol: BTC-USD, symbols: [BTC-USD, ETH-USD], or symbols: all"
        return (), [Problem("MD100", "no instrument is named", help=help_)]
    problems: list[Problem] = []
    if args.get("symbol") is not None and args.get("symbols") is not None:
        message = "'symbol' and 'symbols' cannot both be given"
        problems.append(Problem("MD100", message, ("symbols",), "keep one of them", on_key=True))
    if symbols.every:
        return catalogue.symbols, problems
    problems += [
        Problem(
            "MD122",
            f"{symbol} cannot have a weight: a condition holds for it or does not",
            ("symbols", symbol),
            "write a list: symbols: [BTC-USD, ETH-USD]",
        )
        for symbol, weight in symbols.betas
        if weight != 1
    ]
    return tuple(dict.fromkeys(name for name in symbols.names if name in catalogue)), problems
