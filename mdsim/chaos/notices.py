"""What the board tells: notices for the journal, active effects for whoever looks on.

Keys of offsets are told by name: an asset's code or an instrument's symbol.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mdsim.chaos.moves import Again, By, Gap, GiveBack, Leg, Move, To
from mdsim.core.events import Json, Notice


@dataclass(frozen=True, slots=True)
class Active:
    """An effect under way.

    Attributes:
        description: one line, such as ``move USDT-USD to 0.988 over 3h, linear``.
        symbols: the instruments (of what eases back, the assets) that it acts on.
        progress: share of its time that has passed, 0..1; 0 for a condition without a ``for``.
        reverting: it is over and gives its share back.
    """

    run: str
    path: str
    description: str
    symbols: tuple[str, ...]
    progress: float
    reverting: bool = False


def under_way(move: Move, now_ns: int) -> Active:
    """A move, for whoever looks on."""
    description, progress = move.change.description, move.progress(now_ns)
    return Active(move.run, move.path, description, move.symbols, progress, move.reverting)


def number(value: float) -> str:
    """A model's number as text for a journal: 12 significant digits, no minus zero."""
    return format(value + 0.0, ".12g")


def price(log_price: float) -> str:
    """A price from its natural logarithm, as text."""
    return number(math.exp(log_price))


def started(move: Move, names: Sequence[str], levels: Sequence[float]) -> Notice:
    """A move begins: what it resolved to, and from which published log levels (none: it never acted)."""
    goal = move.change.goal
    targets: list[Json] = []
    for at, target in enumerate(move.change.targets):
        told: dict[str, Json] = {"symbol": target.symbol, "on": list(target.keys)}
        if levels:
            told["from"] = price(levels[at])
        if isinstance(goal, To):
            told["to"] = price(goal.log_price)
        elif isinstance(goal, Gap):
            told["base"], told["gap"] = goal.base, number(math.expm1(goal.log_gap))
        elif isinstance(goal, By):
            told["log_move"] = number(goal.log_move * target.beta)
        elif isinstance(goal, Again):
            told["series"] = f"{goal.history} {goal.assets[at]}"
        elif isinstance(goal, GiveBack):
            given = {names[leg.key]: leg.amount for leg in move.legs if leg.symbol == target.symbol}
            if not given:
                continue  # it has no offset to give back
            told["log_moves"] = {name: number(amount) for name, amount in given.items()}
        targets.append(told)
    data: dict[str, Json] = {
        "effect": move.change.effect,
        "summary": move.change.description,
        "over_ns": move.end_ns - move.start_ns,
        "targets": targets,
    }
    return Notice("effect_started", move.run, move.path, data)


def ended(move: Move, names: Sequence[str], reason: str) -> Notice:
    """A move, or its way back, is over.

    ``reason`` is ``done``, ``cut``, ``replaced``, ``restored`` or ``released``.
    """
    kept = dict(move.kept)
    if reason == "done":
        for leg in move.legs:  # about to revert: what it has at its end
            kept[names[leg.key]] = leg.share
    data: dict[str, Json] = {
        "effect": move.change.effect,
        "reason": reason,
        "ticks_touched": move.touched,
        "kept": {name: number(share) for name, share in kept.items()},
    }
    if reason == "done" and move.change.revert_ns and not move.reverting:
        data["reverts_over_ns"] = move.change.revert_ns
    return Notice("effect_reverted" if move.reverting else "effect_ended", move.run, move.path, data)


def taken_over(move: Move, legs: Sequence[Leg], newcomer: Move) -> Notice:
    """A warning: a later move towards a price took some of this one's targets from it."""
    data: dict[str, Json] = {
        "by": newcomer.path,
        "by_run": newcomer.run,
        "symbols": [leg.symbol for leg in legs],
        "progress": number(move.progress(newcomer.start_ns)),
    }
    return Notice("move_replaced", move.run, move.path, data)
