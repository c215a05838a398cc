"""Delivery faults while they are in force: of what a source sends us, or of what we send to clients."""

from __future__ import annotations

from decimal import Decimal

from mdsim.chaos.arguments import given
from mdsim.chaos.board import Board
from mdsim.chaos.effects import _rules, _words
from mdsim.chaos.impairment import shipped
from mdsim.core.decimals import plain
from mdsim.core.errors import Problem
from mdsim.core.impairing import Disturbance
from mdsim.core.instruments import Catalogue
from mdsim.core.params import Args, Kind, Param, Symbols
from mdsim.core.ports import Activation, EffectType, Tap
from mdsim.core.values import render

VERB = "feed"
INTERVALS = ("1m", "5m", "15m", "1h", "4h", "1d")
CHANNELS = ("tick", "depth", "trades", "events", *(f"ohlcv_{interval}" for interval in INTERVALS))
WHERE = ("symbol", "symbols", "channel")
"""Parameters that confine it to some of the messages."""


def check(args: Args, catalogue: Catalogue) -> list[Problem]:
    """Every problem across the parameters."""
    problems = _whom(args)
    if _rules.named(args) is not None:
        problems += _rules.instruments(args, catalogue)[1]
    asked = [one for one in shipped().values() if one.asked(args)]
    if not asked:
        names = ", ".join(shipped())
        problems.append(Problem("MD562", "a feed step asks for no fault", help=f"add one of {names}"))
    for one in shipped().values():
        for param in one.params[1:]:
            if args.get(param.name) is not None and one not in asked:
                message = f"'{param.name}' says more about {one.name}, and there is none"
                help_ = f"add {one.name}, or leave it out"
                problems.append(Problem("MD565", message, (param.name,), help_, on_key=True))
    for one in shipped().values():
        wrong = one.check(args)
        if wrong is not None:
            problems.append(Problem("MD566", wrong[0], (one.name,), wrong[1]))
    for one in asked:
        if one.sources_only and args.get("clients") is not None:
            message = f"{one.name} is a fault of sources; what clients are sent is ours"
            help_ = "write source: NAME instead of clients, or leave it out"
            problems.append(Problem("MD563", message, (one.name,), help_, on_key=True))
        scope = next((name for name in WHERE if args.get(name) is not None), None)
        if scope is not None and not one.changes:
            message = f"{one.name} takes the whole connection down, so it cannot be confined by '{scope}'"
            help_ = f"leave '{scope}' out, or use silence"
            problems.append(Problem("MD564", message, (scope,), help_, on_key=True))
    return problems


def _whom(args: Args) -> list[Problem]:
    if args.get("source") is not None and args.get("clients") is not None:
        message = "'source' and 'clients' cannot both be given"
        return [Problem("MD561", message, ("clients",), "make it two steps", on_key=True)]
    if args.get("source") is None and args.get("clients") is None:
        help_ = "add source: NAME for what a source sends us, or clients: 100% for what we send"
        return [Problem("MD561", "a feed step does not say whose feed", help=help_)]
    return []


def describe(args: Args) -> str:
    """Such as ``feed of 50% of clients, BTC-USD: latency 900ms, loss 15%``."""
    source = given(args, "source", str)
    where = source or f"{plain((given(args, 'clients', Decimal) or Decimal(1)) * 100)}% of clients"
    if _rules.named(args) is not None:
        where += f", {_words.symbol_words(args)}"
    if args.get("channel") is not None:
        where += f", {args['channel']}"
    return f"{VERB} of {where}: {', '.join(_asked_words(args))}"


def _asked_words(args: Args) -> list[str]:
    words = []
    for one in shipped().values():
        if one.asked(args):
            first, *more = [param for param in one.params if args.get(param.name) is not None]
            value = "" if first.kind is Kind.FLAG else f" {render(first.kind, args[first.name])}"
            words.append(" ".join([one.name + value, *(str(args[param.name]) for param in more)]))
    return words


def activate(board: Board, activation: Activation) -> None:
    """Put it in force."""
    args = activation.args
    symbols: frozenset[str] | None = None
    named = _rules.named(args)
    if named is not None and named != Symbols(every=True):
        symbols = frozenset(_rules.instruments(args, board.catalogue)[0])
    disturbance = Disturbance(
        run=activation.run,
        order=activation.order,
        path=activation.path,
        since_ns=activation.ts_ns,
        source=given(args, "source", str),
        share=float(given(args, "clients", Decimal) or 1),
        symbols=symbols,
        channel=given(args, "channel", str),
        args=args,
        rng=activation.rng,
    )
    board.faults.start(disturbance, describe(args), activation.over_ns)


EFFECT = EffectType(
    name=VERB,
    summary="while in force: delivery faults of what a source sends us, or of what we send to clients",
    tap=Tap.FEED,
    params=(
        Param("source", Kind.SOURCE, "the source whose messages are disturbed"),
        Param(
            "clients",
            Kind.SHARE,
            "share of the clients' connections that is disturbed; which ones is drawn once",
            low=Decimal("0.0001"),
            high=Decimal(1),
        ),
        Param("symbol", Kind.SYMBOL, "only messages about this instrument"),
        Param("symbols", Kind.SYMBOLS, "only messages about these instruments; absent: everything"),
        Param("channel", Kind.CHOICE, "only messages of this channel; absent: every one", choices=CHANNELS),
        *(param for one in shipped().values() for param in one.params),
    ),
    check=check,
    describe=describe,
    activate=activate,
    lasting=True,
)
