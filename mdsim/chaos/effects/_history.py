"""Rules of a move along a recorded crisis: which series there are, and what does not go with one."""

from __future__ import annotations

from decimal import Decimal

from mdsim.chaos import crises
from mdsim.chaos.arguments import given, shortest_ns
from mdsim.chaos.crises import Crisis
from mdsim.chaos.moves import Again
from mdsim.chaos.shapes import HISTORY
from mdsim.chaos.targets import Target
from mdsim.core.errors import Problem
from mdsim.core.instruments import Catalogue
from mdsim.core.params import Args, Kind, Symbols
from mdsim.core.time import format_duration
from mdsim.core.values import render

WHOLE = Decimal(1)


def crisis(args: Args) -> Crisis | None:
    """The crisis that is named, if there is one of that name."""
    name = given(args, HISTORY, str)
    return crises.load(name) if name in crises.names() and name is not None else None


def recorded(args: Args, found: list[Target], catalogue: Catalogue) -> list[Target]:
    """The targets; of ``all``, those whose asset was recorded."""
    event, symbols = crisis(args), given(args, "symbols", Symbols)
    if event is None or symbols is None or not symbols.every:
        return found
    return [target for target in found if catalogue[target.symbol].base in event.series]


def rules(args: Args, found: list[Target], catalogue: Catalogue) -> list[Problem]:
    """Every target needs a series, and every series some time."""
    event = crisis(args)
    if event is None:
        help_ = "there are " + ", ".join(crises.names())
        return [Problem("MD146", "there is no such crisis", (HISTORY,), help_)]
    problems: list[Problem] = []
    key = "symbols" if args.get("symbol") is None else "symbol"
    series = ", ".join(event.series)
    for target in found:
        base = catalogue[target.symbol].base
        if base not in event.series:
            message = f"{base} was not recorded on {event.name}, so {target.symbol} has nothing to follow"
            at: tuple[str | int, ...] = (key, target.symbol) if _weighted(args) else (key,)
            help_ = f"recorded: {series}; move {target.symbol} in a step of its own"
            problems.append(Problem("MD146", message, at, help_, on_key=_weighted(args)))
    if not found and (symbols := given(args, "symbols", Symbols)) is not None and symbols.every:
        message = f"'all' covers nothing that was recorded on {event.name}"
        problems.append(Problem("MD146", message, (key,), f"name the symbols; recorded: {series}"))
    if args.get("over") is not None and shortest_ns(args, "over") == 0:
        message = "a recorded crisis takes time"
        help_ = f"leave it out: the recording takes {format_duration(event.length_ns)}"
        problems.append(Problem("MD147", message, ("over",), help_))
    for name in ("correlation", "lag"):
        if args.get(name) is not None:
            message = f"'{name}' does not go with 'history': each symbol follows its own recording"
            problems.append(Problem("MD147", message, (name,), "leave it out", on_key=True))
    return problems


def without(args: Args) -> list[Problem]:
    """``scale`` means nothing without a history."""
    if args.get("scale") is None:
        return []
    message, help_ = "'scale' needs 'history'", "move 'by' a change, or add a history"
    return [Problem("MD148", message, ("scale",), help_, on_key=True)]


def goal(args: Args, found: list[Target], catalogue: Catalogue) -> Again:
    """What the board is asked for."""
    return Again(
        history=given(args, HISTORY, str) or "",
        assets=tuple(catalogue[target.symbol].base for target in found),
        scale=_scale(args),
    )


def timed(args: Args) -> Args:
    """The arguments with the recorded length, where no other is written."""
    event = crisis(args)
    if event is None or args.get("over") is not None:
        return args
    return {**args, "over": event.length_ns}


def words(args: Args) -> str:
    """Such as `` as on 2021-05-19``, or with ``scale``: ``, 50% as far``."""
    scale = _scale(args)
    far = "" if scale == WHOLE else f", {render(Kind.SHARE, scale)} as far"
    return f" as on {given(args, HISTORY, str)}{far}"


def _scale(args: Args) -> Decimal:
    scale = given(args, "scale", Decimal)
    return WHOLE if scale is None else scale


def _weighted(args: Args) -> bool:
    symbols = given(args, "symbols", Symbols)
    return symbols is not None and symbols.weighted
