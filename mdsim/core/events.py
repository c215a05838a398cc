"""What is published: frozen events, Decimals as text in JSON, integer nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

import msgspec


class Tick(msgspec.Struct, frozen=True, gc=False, tag="tick"):
    """One published market-data update of one instrument.

    Attributes:
        seq: per symbol, +1 each.
        ts_event_ns: when it happened, in market time.
        price: the published mid, on the instrument's grid.
        bid, ask: best quotes; ``bid < ask`` always, and ``bid <= price <= ask``.
        reference: the base feed's price before any effect, on the same grid.
    """

    symbol: str
    seq: int
    ts_event_ns: int
    price: Decimal
    bid: Decimal
    ask: Decimal
    reference: Decimal


Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"
"""What a journal may hold: JSON without floats."""


class Entry(msgspec.Struct, frozen=True):
    """One thing that happened in a run: a line of the journal, an event for whoever watches.

    Attributes:
        kind: such as ``run_started``, ``step_started``, ``effect_ended``, ``check``.
        at_ns: scenario time since the start of the run.
        path: the block or step it belongs to, ``""`` for the run itself.
        data: further fields; text, integers, flags, lists and objects, never a float.
    """

    kind: str
    at_ns: int
    path: str
    data: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Notice:
    """News of an effect, from the board to whoever keeps the journal.

    Attributes:
        kind: ``effect_started``, ``effect_ended``, ``effect_reverted`` or ``move_replaced``.
        data: numbers as text, except counts.
    """

    kind: str
    run: str
    path: str
    data: dict[str, Json]
