"""How long the way back of each move takes, as its playbook plans it.

A move comes back by its own ``then: revert``, or by the first ``restore`` of its instrument that follows it
in the document. Where the plan leaves that to a choice, nobody knows it at the start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from mdsim.core.events import Json

Node: TypeAlias = "dict[str, Json]"

_UNKNOWN = -1
_DEEP_MOST = 60
"""Blocks in blocks of a plan; a playbook may be 40 deep."""


def recoveries(plan: Json) -> dict[str, int | None]:
    """Path of each move of a canonical plan → ns of its way back; 0: there is none, None: it is a choice."""
    found: dict[str, int | None] = {}
    _visit(list(_steps(plan, _DEEP_MOST)), [], found)
    return found


def _steps(node: Json, deep: int) -> Iterator[Node]:
    """The outermost steps below a node, in the order of the document."""
    if deep <= 0:
        return
    if isinstance(node, list):
        for item in node:
            yield from _steps(item, deep - 1)
    elif isinstance(node, dict):
        if node.get("is") == "Step":
            yield node
        else:
            for value in node.values():
                yield from _steps(value, deep - 1)


def _ways(step: Node) -> list[list[Node]]:
    """What a step holds: the steps of each way it may go; weights of 0 are no way."""
    act = step.get("act")
    if not isinstance(act, dict):
        return []
    branches = act.get("branches")
    if isinstance(branches, list):
        bodies: list[Json] = [one for one in branches if isinstance(one, dict) and one.get("weight") != "0"]
    elif "otherwise" in act:
        bodies = [act.get("then"), act.get("otherwise")]
    else:
        bodies = [act.get("body"), act.get("lanes")]
        return [[one for body in bodies for one in _steps(body, _DEEP_MOST)]]
    return [list(_steps(body, _DEEP_MOST)) for body in bodies]


def _visit(steps: Sequence[Node], after: Sequence[Node], found: dict[str, int | None]) -> None:
    for at, step in enumerate(steps):
        rest = [*steps[at + 1 :], *after]
        act, path = step.get("act"), step.get("path")
        args = act.get("args") if isinstance(act, dict) else None
        if isinstance(act, dict) and isinstance(args, dict) and isinstance(path, str):
            if act.get("effect") == "move":
                own_ns = _own(args)
                back_ns = own_ns or _search(rest, _named(args))
                found[path] = None if back_ns == _UNKNOWN else back_ns or 0
            continue
        for way in _ways(step):
            _visit(way, rest, found)


def _search(steps: Sequence[Node], symbols: Sequence[str]) -> int | None:
    """Duration of the first restore of an instrument; None: there is none."""
    for step in steps:
        act = step.get("act")
        args = act.get("args") if isinstance(act, dict) else None
        if isinstance(act, dict) and isinstance(args, dict):
            if act.get("effect") == "restore" and _meets(args, symbols):
                lasts = act.get("lasts")
                return lasts if isinstance(lasts, int) else _UNKNOWN
            continue
        told = {_search(way, symbols): None for way in _ways(step)}
        if len(told) > 1:
            return _UNKNOWN
        for back_ns in told:
            if back_ns is not None:
                return back_ns
    return None


def _own(args: Mapping[str, Json]) -> int:
    then = args.get("then")
    reverts = then.get("revert_ns") if isinstance(then, dict) else None
    return reverts if isinstance(reverts, int) else 0


def _named(args: Mapping[str, Json]) -> tuple[str, ...]:
    """The instruments of a step; empty for all of them."""
    symbol, symbols = args.get("symbol"), args.get("symbols")
    found = [symbol] if isinstance(symbol, str) else []
    betas = symbols.get("betas") if isinstance(symbols, dict) else None
    firsts = [pair[0] for pair in betas if isinstance(pair, list) and pair] if isinstance(betas, list) else []
    return (*found, *(name for name in firsts if isinstance(name, str)))


def _meets(args: Mapping[str, Json], symbols: Sequence[str]) -> bool:
    named = _named(args)
    return not named or not symbols or any(symbol in named for symbol in symbols)
