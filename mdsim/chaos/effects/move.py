"""Move price levels: to a price, by a change, along keyframes, as in a crisis, or part of the way back."""

from __future__ import annotations

import math
from decimal import Decimal

from mdsim.chaos import crises
from mdsim.chaos.arguments import given, shortest_ns
from mdsim.chaos.board import Board
from mdsim.chaos.curves.path import last_at_ns
from mdsim.chaos.effects import _history, _rules, _words
from mdsim.chaos.moves import Along, By, Change, GiveBack, Goal, To
from mdsim.chaos.shapes import HISTORY, LINEAR, PATH, shipped
from mdsim.chaos.targets import Target
from mdsim.core.decimals import log, plain
from mdsim.core.errors import Problem
from mdsim.core.instruments import ASSETS, Catalogue
from mdsim.core.params import Afterwards, Args, CurveSpec, DurationDraw, Keyframe, Kind, Param
from mdsim.core.ports import Activation, EffectType, Tap
from mdsim.core.time import format_duration
from mdsim.core.values import render

GOALS = ("to", "by", "retrace", "path", "history")
OWN_CURVES = (PATH, HISTORY)
"""What comes with a curve of the same name."""
WALK = "walk"
FAR = 100
"""A price this many times off the typical one is taken for a slip."""


def check(args: Args, catalogue: Catalogue) -> list[Problem]:
    """Every problem across the parameters."""
    verb = _verb(args)
    found, problems = _rules.targets(args, catalogue, verb)
    problems += _goal_rules(args)
    if verb == HISTORY:
        return problems + _history.rules(args, _history.recorded(args, found, catalogue), catalogue)
    problems += _history.without(args)
    if verb == "to":
        problems += _price_rules(args, found, catalogue)
    elif verb == PATH:
        problems += _path_rules(args)
    problems += _rules.curve_rules(args if verb != PATH or args.get("over") else _path_timed(args))
    return problems + _company_rules(args, found, verb)


def _goal_rules(args: Args) -> list[Problem]:
    """Exactly one of the goals, or none with a curve that has no target."""
    written = [name for name in GOALS if args.get(name) is not None]
    spec = given(args, "curve", CurveSpec)
    curve = shipped().get(spec.shape) if spec is not None else None
    if len(written) > 1:
        names = " and ".join(f"'{name}'" for name in written)
        message = f"a move does one thing: {names} cannot both be given"
        return [Problem("MD105", message, (written[1],), "keep one, or write two steps", on_key=True)]
    if curve is not None and curve.name == PATH and written != [PATH]:
        help_ = "write path: [{at: 5m, by: -3%}, …]"
        return [Problem("MD107", "the curve path needs keyframes under 'path'", ("curve",), help_)]
    if curve is not None and written == [PATH] and curve.name != PATH:
        help_ = "leave 'curve' out, or write curve: {shape: path, join: smooth}"
        message = f"keyframes are joined by the curve path, not by {curve.name}"
        return [Problem("MD107", message, ("curve",), help_)]
    if curve is not None and (curve.name == HISTORY) != (written == [HISTORY]):
        if written == [HISTORY]:
            message, help_ = f"a recorded crisis goes its own way, not {curve.name}", "leave 'curve' out"
        else:
            message, help_ = "the curve history needs a crisis under 'history'", "write history: 2021-05-19"
        return [Problem("MD107", message, ("curve",), help_)]
    if curve is not None and curve.free and curve.name not in (PATH, HISTORY) and written:
        message = f"the curve {curve.name} has no target, so '{written[0]}' means nothing to it"
        help_ = f"leave '{written[0]}' out, or use the curve bridge, which ends on target"
        return [Problem("MD106", message, ("curve",), help_)]
    if not written and (curve is None or not curve.free):
        message = "a move needs one of 'to', 'by', 'retrace', 'path' or 'history'"
        return [Problem("MD105", message, help="add by: -5%")]
    return []


def _price_rules(args: Args, found: list[Target], catalogue: Catalogue) -> list[Problem]:
    price = given(args, "to", Decimal)
    if price is None:
        return []
    problems = _rules.unweighted(found, "'to' is a price, reached exactly")
    for target in found:
        instrument = catalogue[target.symbol]
        typical = log(ASSETS[instrument.base].typical_usd) - log(ASSETS[instrument.quote].typical_usd)
        if abs(log(price) - typical) > math.log(FAR):
            message = (
                f"{plain(price)} is far from what {target.symbol} trades at, about {math.exp(typical):.6g}"
            )
            problems.append(
                Problem("MD118", message, ("to",), "check the symbol and the price", warning=True)
            )
    return problems


def _path_rules(args: Args) -> list[Problem]:
    frames = _keyframes(args)
    problems = [
        Problem("MD112", "a price cannot fall by 100 % or more", (PATH, at, "by"), "write more than -100%")
        for at, frame in enumerate(frames)
        if frame.by <= -1
    ]
    last_ns = last_at_ns(frames)
    if last_ns == 0:
        message = "the last keyframe must come after the start"
        return [*problems, Problem("MD112", message, (PATH,), "add {at: 5m, by: -3%}")]
    if args.get("over") is not None and shortest_ns(args, "over") < last_ns:
        message = f"over ends before the last keyframe, which is at {format_duration(last_ns)}"
        help_ = f"write over: {format_duration(last_ns)}, or leave it out"
        problems.append(Problem("MD113", message, ("over",), help_))
    return problems


def _company_rules(args: Args, found: list[Target], verb: str) -> list[Problem]:
    """``jitter``, ``correlation`` and ``lag`` need time; the latter two need company."""
    problems: list[Problem] = []
    over_ns = shortest_ns(args, "over") or (last_at_ns(_keyframes(args)) if verb == PATH else 0)
    for name in ("jitter", "correlation", "lag"):
        if args.get(name) is None:
            continue
        if over_ns == 0:
            problems.append(_rules.needs_over(name, f"'{name}'"))
        elif name != "jitter" and verb == PATH:
            message = f"'{name}' does not go with keyframes: every symbol follows the same ones"
            help_ = "write one step with a path for each symbol, in lanes"
            problems.append(Problem("MD111", message, (name,), help_, on_key=True))
        elif name != "jitter" and len(found) < 2:
            message = f"'{name}' is about followers, and only one instrument moves"
            problems.append(Problem("MD110", message, (name,), "name two or more symbols", on_key=True))
    lag_ns = shortest_ns(args, "lag")
    if 0 < over_ns <= lag_ns:
        message = f"lag ({format_duration(lag_ns)}) must be shorter than over ({format_duration(over_ns)})"
        problems.append(Problem("MD109", message, ("lag",), "followers start later and still end on time"))
    return problems


def describe(args: Args) -> str:
    """Such as ``move USDT-USD to 0.988 over 3h, linear, jitter 5bp``."""
    verb = _verb(args)
    words = f"move {_words.symbol_words(args)}"
    if verb == "to":
        words += f" to {render(Kind.PRICE, args['to'])}"
    elif verb == "by":
        words += f" by {render(Kind.CHANGE, args['by'])}"
    elif verb == "retrace":
        words += f" back by {render(Kind.SHARE, args['retrace'])}"
    elif verb == PATH:
        frames = _keyframes(args)
        words += f" through {len(frames)} keyframe{'s' if len(frames) != 1 else ''}"
        args = args if args.get("over") is not None else _path_timed(args)
    elif verb == HISTORY:
        words += _history.words(args)
        args = _history.timed(args)
    words += _words.travel_words(args, verb if verb in OWN_CURVES else LINEAR.shape)
    if args.get("jitter") is not None:
        words += f", jitter {render(Kind.SHARE, args['jitter'])}"
    if args.get("correlation") is not None:
        words += f", correlation {render(Kind.NUMBER, args['correlation'])}"
    if args.get("lag") is not None:
        words += f", lag {render(Kind.DURATION, args['lag'])}"
    if args.get("isolated"):
        words += ", isolated"
    then = given(args, "then", Afterwards)
    return words + (f", then {render(Kind.THEN, then)}" if then and then.revert_ns else "")


def activate(board: Board, activation: Activation) -> None:
    """Put it on the board."""
    args = activation.args
    verb = _verb(args)
    found, _ = _rules.targets(args, board.catalogue, verb)
    if verb == HISTORY:
        found = _history.recorded(args, found, board.catalogue)
    then = given(args, "then", Afterwards)
    correlation = given(args, "correlation", Decimal)
    change = Change(
        effect="move",
        description=describe(args),
        targets=tuple(found),
        goal=_history.goal(args, found, board.catalogue) if verb == HISTORY else _goal(args, verb),
        curve=given(args, "curve", CurveSpec) or (CurveSpec(verb, {}) if verb in OWN_CURVES else LINEAR),
        jitter=float(given(args, "jitter", Decimal) or 0),
        correlation=None if correlation is None else float(correlation),
        lag_ns=given(args, "lag", int) or 0,
        revert_ns=then.revert_ns if then else 0,
    )
    board.start(activation, change)


def lasts(args: Args) -> int | DurationDraw | None:
    """Keyframes and recordings tell how long they take."""
    event = _history.crisis(args)
    return event.length_ns if event is not None else last_at_ns(_keyframes(args)) or None


def _goal(args: Args, verb: str) -> Goal:
    value = given(args, verb, Decimal)
    if verb == "to" and value is not None:
        return To(log(value))
    if verb == "by" and value is not None:
        return By(math.log1p(float(value)))
    if verb == "retrace" and value is not None:
        return GiveBack(float(value))
    return Along(_keyframes(args))


def _verb(args: Args) -> str:
    return next((name for name in GOALS if args.get(name) is not None), WALK)


def _keyframes(args: Args) -> tuple[Keyframe, ...]:
    frames = args.get(PATH)
    return frames if isinstance(frames, tuple) else ()


def _path_timed(args: Args) -> Args:
    return {**args, "over": last_at_ns(_keyframes(args))}


EFFECT = EffectType(
    name="move",
    summary="move price levels: to a price, by a change, along keyframes, as in a crisis, or back",
    tap=Tap.REFERENCE,
    params=(
        Param("symbol", Kind.SYMBOL, "the instrument; BTC-USD moves BTC itself, and its cross rates follow"),
        Param("symbols", Kind.SYMBOLS, "several instruments, or a map to the weight of each"),
        Param("to", Kind.PRICE, "published price, reached exactly at the end of `over`"),
        Param(
            "by",
            Kind.CHANGE,
            "change against the base feed, whose own movement shows through",
            low=Decimal("-0.999"),
            high=Decimal(10),
        ),
        Param(
            "retrace",
            Kind.SHARE,
            "share of the run's present offset that is given back",
            low=Decimal(0),
            high=Decimal(1),
        ),
        Param("path", Kind.KEYFRAMES, "changes against the base feed at given times after the start"),
        Param(
            HISTORY,
            Kind.CHOICE,
            "do what prices did in a recorded crisis, each symbol by the recording of its base asset",
            choices=crises.names(),
        ),
        Param(
            "scale",
            Kind.SHARE,
            "how far the prices of `history` go, as a share of each move in log price; absent: 100%",
            low=Decimal("0.01"),
            high=Decimal(3),
        ),
        Param("over", Kind.DURATION, "how long it takes; absent: at once, or as long as recorded", low=0),
        Param("curve", Kind.CURVE, "how it travels; absent: linear"),
        Param(
            "jitter",
            Kind.SHARE,
            "standard deviation of noise around the way, as a share of the price; 0 at both ends",
            low=Decimal(0),
            high=Decimal("0.05"),
        ),
        Param(
            "correlation",
            Kind.NUMBER,
            "of the other symbols' ways with the first one's; absent: all take the same curve",
            low=Decimal(0),
            high=Decimal(1),
        ),
        Param("lag", Kind.DURATION, "the other symbols start this much later and still end on time", low=0),
        Param(
            "isolated",
            Kind.FLAG,
            "move the named instruments alone: cross rates keep their legs' price",
            default=False,
        ),
        Param(
            "then",
            Kind.THEN,
            "what follows: hold, or give this step's own share back",
            default=Afterwards(),
        ),
    ),
    check=check,
    describe=describe,
    activate=activate,
    lasts=lasts,
)
