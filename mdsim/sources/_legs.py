"""From recorded pairs to assets: which levels a recording tells, and which must be made up.

A recording of BTC-USDT says ``log BTC - log USDT``, both in USD. When one side is known the other follows;
when neither is, a leg is made up, a stablecoin if there is one, and the recorded pair itself stays exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mdsim.core.instruments import ASSETS, AssetKind
from mdsim.sources._datasets import Item


@dataclass(frozen=True, slots=True)
class Rule:
    """``level of asset = level of other + sign x recorded log (- made-up basis, for a perpetual)``."""

    asset: str
    other: str
    sign: int
    item: Item


@dataclass(frozen=True, slots=True)
class Legs:
    """How every asset gets its level.

    Attributes:
        made_up: codes of the assets that no recording tells, sorted.
        rules: in an order in which each needs only what is known before it.
    """

    made_up: tuple[str, ...]
    rules: tuple[Rule, ...]


def derive(items: Sequence[Item], assets: Iterable[str]) -> Legs:
    """Work out the levels of ``assets`` and of every asset that ``items`` name.

    Spot recordings come before perpetuals: a perpetual tells its asset only where no spot pair does.
    """
    known = {"USD"}
    made_up: list[str] = []
    rules: list[Rule] = []
    waiting = [item for item in items if not item.perpetual]
    while waiting:
        ready = next((item for item in waiting if item.base in known or item.quote in known), None)
        if ready is None:
            made_up.append(_invented(waiting))
            known.add(made_up[-1])
            continue
        waiting.remove(ready)
        if ready.base not in known:
            rules.append(Rule(ready.base, ready.quote, 1, ready))
            known.add(ready.base)
        elif ready.quote not in known:
            rules.append(Rule(ready.quote, ready.base, -1, ready))
            known.add(ready.quote)
    for item in items:
        if item.perpetual and item.base not in known:
            if item.quote not in known:
                made_up.append(item.quote)
            rules.append(Rule(item.base, item.quote, 1, item))
            known |= {item.base, item.quote}
    named = {code for item in items for code in (item.base, item.quote)} | set(assets)
    return Legs(tuple(sorted([*made_up, *(named - known)])), tuple(rules))


def _invented(waiting: Sequence[Item]) -> str:
    """The leg to make up when both legs of every recording are unknown: best one that has a peg."""
    legs = [code for item in waiting for code in (item.quote, item.base)]
    return next((code for code in legs if ASSETS[code].kind is AssetKind.STABLE), legs[0])
