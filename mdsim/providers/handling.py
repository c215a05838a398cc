"""What a delivery fault may do to a raw message: all providers send JSON with the same few names in it.

A message is read only while something disturbs its source. Numbers keep their digits, because a checksum
over them must break for the right reason. What is no JSON passes as it is.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from urllib.parse import parse_qs, urlsplit

import msgspec

from mdsim.core.decimals import CONTEXT, plain
from mdsim.core.instruments import Instrument
from mdsim.core.time import DAY, MS, SECOND
from mdsim.providers.wire import ANSWER, Heard

Tree = dict[str, "Tree"] | list["Tree"] | str | int | float | bool | Decimal | None
Change = Callable[[Tree], Tree]

PRICES = (
    "p",
    "b",
    "a",
    "c",
    "price",
    "best_bid",
    "best_ask",
    "bid",
    "ask",
    "last",
    "usd",
    "bids",
    "asks",
    "changes",
)
"""Names of prices, or of levels that begin with one (after a side, where there is one)."""
NUMBERS = ("u", "U", "t", "sequence", "lastUpdateId", "trade_id", "last_trade_id")
TIMES = ("E", "T", "time", "timestamp", "ts", "last_updated", "last_updated_at")
SYMBOLS = ("s", "product_id", "symbol")
SEVERAL = "*"
"""Stands for the instruments of one answer: a fault that is confined to a symbol does not take it."""
DEPTH = ("depthUpdate", "l2update", "snapshot", "book")
TRADES = ("trade", "match", "last_match")
KINDS = ("e", "channel", "type")
_DIGITS = 12
_UNREADABLE = (ValueError, RecursionError)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class WireHandling:
    """``Handling`` of what one source sends."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._ours: dict[str, str] = {}
        known = [item for item in instruments if not item.perpetual]
        for item in known:
            self._ours[item.base + item.quote] = item.symbol
        for item in known:  # a pair that is read the other way round, unless it is read straight as well
            self._ours.setdefault(item.quote + item.base, item.symbol)
        self._read: tuple[Heard | None, Tree] = (None, None)

    def symbol(self, item: Heard) -> str:
        """Our instrument; ``*`` for an answer about several, empty for what tells no price of any."""
        if item.kind == ANSWER:
            if not self.channel(item):
                return ""
            asked = parse_qs(urlsplit(item.path).query)
            named = [self._our(value) for name in SYMBOLS for value in asked.get(name, ())]
            return next(filter(None, named), SEVERAL)
        names = _found(self._tree(item), SYMBOLS)
        return next((self._our(name) for name in names if isinstance(name, str)), "")

    def _our(self, name: str) -> str:
        return self._ours.get(name.upper().replace("-", "").replace("/", ""), "")

    def channel(self, item: Heard) -> str:
        """``depth``, ``trades``, or ``tick`` for whatever else tells a price."""
        tree = self._tree(item)
        kinds = tuple(_found(tree, KINDS))
        if any(kind in kinds for kind in DEPTH):
            return "depth"
        if any(kind in kinds for kind in TRADES):
            return "trades"
        return "tick" if next(_found(tree, PRICES), None) is not None else ""

    def seq(self, item: Heard) -> int:
        return next((number for number in _found(self._tree(item), NUMBERS) if isinstance(number, int)), 0)

    def corrupt(self, item: Heard, rng: random.Random) -> Heard:
        """Cut it off somewhere, or spoil one of its characters."""
        raw = item.raw
        if not raw:
            return item
        at = rng.randrange(len(raw))
        if rng.random() < 0.5:
            return msgspec.structs.replace(item, raw=raw[:at])
        if isinstance(raw, str):
            return msgspec.structs.replace(item, raw=f"{raw[:at]}\x00{raw[at + 1 :]}")
        return msgspec.structs.replace(item, raw=raw[:at] + b"\x00" + raw[at + 1 :])

    def repeat(self, last: Heard, item: Heard) -> Heard:
        """The older message with the numbers and times of the newer one."""
        here, fresh = self._tree(item), {}
        for name in (*NUMBERS, *TIMES):
            value = next(_found(here, (name,)), None)
            if value is not None:
                fresh[name] = _always(value)
        tree = _changed(self._tree(last), fresh)
        return item if tree is None else self._written(item, tree)

    def skip(self, item: Heard, by: int) -> Heard:
        def moved(value: Tree) -> Tree:
            return value + by if isinstance(value, int) and not isinstance(value, bool) else value

        return self._with(item, NUMBERS, moved)

    def scale(self, item: Heard, factor: float) -> Heard:
        times = Decimal(repr(factor))  # 1.05 as it is written, not as a float holds it
        return self._with(item, PRICES, lambda value: _scaled(value, times))

    def shift(self, item: Heard, by_ns: int) -> Heard:
        return self._with(item, TIMES, lambda value: _shifted(value, by_ns))

    def _with(self, item: Heard, names: Iterable[str], change: Change) -> Heard:
        tree = self._tree(item)
        return item if tree is None else self._written(item, _changed(tree, dict.fromkeys(names, change)))

    def _tree(self, item: Heard) -> Tree:
        """The message read, None when it cannot be; the newest is remembered."""
        known, tree = self._read
        if known is not item:
            try:
                tree = json.loads(item.raw, parse_float=Decimal)
            except _UNREADABLE:
                tree = None
            self._read = (item, tree)
        return tree

    def _written(self, item: Heard, tree: Tree) -> Heard:
        try:
            body = _ENCODER.encode(tree)
        except (*_UNREADABLE, OverflowError):
            return item
        return msgspec.structs.replace(item, raw=body.decode() if isinstance(item.raw, str) else body)


def _always(value: Tree) -> Change:
    return lambda _old: value


def _found(tree: Tree, names: Iterable[str]) -> Iterator[Tree]:
    """Values under these names, those further out first."""
    level = [tree]
    while level:
        inner: list[Tree] = []
        for node in level:
            if isinstance(node, dict):
                yield from (node[name] for name in names if name in node)
                inner += node.values()
            elif isinstance(node, list):
                inner += node
        level = inner


def _changed(tree: Tree, changes: dict[str, Change]) -> Tree:
    """A copy with the values under some names changed."""
    if isinstance(tree, dict):
        return {
            name: changes[name](value) if name in changes else _changed(value, changes)
            for name, value in tree.items()
        }
    if isinstance(tree, list):
        return [_changed(value, changes) for value in tree]
    return tree


def _scaled(value: Tree, times: Decimal) -> Tree:
    """A price times a factor, as it was written: text stays text; of levels the price alone."""
    if isinstance(value, dict):
        return {name: _scaled(it, times) if name in PRICES else it for name, it in value.items()}
    if isinstance(value, list):
        if value and isinstance(value[0], dict | list):
            return [_scaled(level, times) for level in value]
        at = next((at for at, it in enumerate(value) if _number(it) is not None), None)
        return [_scaled(it, times) if here == at else it for here, it in enumerate(value)]
    number = _number(value)
    if number is None:
        return value
    scaled = plain(Decimal(f"{CONTEXT.multiply(number, times):.{_DIGITS}f}"))
    return scaled if isinstance(value, str) else Decimal(scaled)


def _number(value: Tree) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 30 else None


def _shifted(value: Tree, by_ns: int) -> Tree:
    """A time moved: a number in s, ms, µs or ns by its size, or a text of RFC 3339."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        unit_ns = next((unit for unit in (SECOND, MS, 1_000, 1) if value * unit < 300 * 365 * DAY), 1)
        return value + by_ns // unit_ns
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value).astimezone(UTC)
            moved = at + timedelta(microseconds=by_ns // 1_000)
        except (ValueError, OverflowError):
            return value
        return moved.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value
