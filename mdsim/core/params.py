"""Typed parameters: what a verb, a curve or a playbook may be given, and the values they become.

A kind names a text form of the playbook language and one Python type:

========== ============================================= =============================
kind       written as                                    value
========== ============================================= =============================
duration   ``90s 1h30m`` or a seeded draw ``30s..2m``    ``int`` ns or ``DurationDraw``
change     ``-12% +50bp 0%``                             ``Decimal`` fraction (-0.12)
share      ``15%`` or ``5bp``                            ``Decimal`` fraction (0.15)
factor     ``20x``                                       ``Decimal`` (20)
scale      ``20x``, or a share such as ``10%``           ``Decimal`` (20, 0.1)
rate       ``5/s``                                       ``Decimal`` per second (5)
price      ``0.92``                                      ``Decimal``
number     ``0.85``                                      ``Decimal``
count      ``4``                                         ``int``
flag       ``true false``                                ``bool``
text       any text                                      ``str``
choice     one of ``choices``                            ``str``
symbol     ``BTC-USD``                                   ``str``
symbols    one, a list, a glob, ``all``, symbol → beta   ``Symbols``
curve      ``exp`` or ``{shape: exp, half_life: 3m}``    ``CurveSpec``
keyframes  ``[{at: 5m, by: -3%}, …]``                    ``tuple[Keyframe, ...]``
then       ``hold`` or ``revert over 60s``               ``Afterwards``
source     a source's name                               ``str``
url        ``http://…``                                  ``str``
========== ============================================= =============================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TypeAlias


class Kind(Enum):
    """The kinds of the table above."""

    DURATION = "duration"
    CHANGE = "change"
    SHARE = "share"
    FACTOR = "factor"
    SCALE = "scale"
    RATE = "rate"
    PRICE = "price"
    NUMBER = "number"
    COUNT = "count"
    FLAG = "flag"
    TEXT = "text"
    CHOICE = "choice"
    SYMBOL = "symbol"
    SYMBOLS = "symbols"
    CURVE = "curve"
    KEYFRAMES = "keyframes"
    THEN = "then"
    SOURCE = "source"
    URL = "url"


@dataclass(frozen=True, slots=True)
class DurationDraw:
    """A duration drawn once per use, uniform in whole milliseconds."""

    low_ns: int
    high_ns: int


@dataclass(frozen=True, slots=True)
class Symbols:
    """Which instruments a step names.

    Attributes:
        every: the word ``all`` was written; what it covers is the effect's rule.
        betas: symbol and weight in the order written; empty when ``every``.
        weighted: the weights were written (a map), rather than 1 each.
    """

    every: bool = False
    betas: tuple[tuple[str, Decimal], ...] = ()
    weighted: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The symbols without their weights."""
        return tuple(symbol for symbol, _ in self.betas)


@dataclass(frozen=True, slots=True)
class CurveSpec:
    """A curve's shape and its typed arguments (defaults filled in)."""

    shape: str
    args: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Keyframe:
    """One point of a path: the change against the base feed that holds ``at_ns`` after the start."""

    at_ns: int
    by: Decimal


@dataclass(frozen=True, slots=True)
class Afterwards:
    """What follows a move: hold (``revert_ns`` 0) or give its own share back over ``revert_ns``."""

    revert_ns: int = 0


Value: TypeAlias = (
    int | bool | str | Decimal | DurationDraw | Symbols | CurveSpec | tuple[Keyframe, ...] | Afterwards | None
)
Args: TypeAlias = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a verb, a curve or a playbook.

    Attributes:
        default: the value (already typed) when nothing is written; None means "absent".
        low, high: inclusive bounds in the unit of the value (ns for durations), or None.
        choices: the words allowed, for ``Kind.CHOICE``.
    """

    name: str
    kind: Kind
    help: str
    default: Value = None
    required: bool = False
    low: int | Decimal | None = None
    high: int | Decimal | None = None
    choices: tuple[str, ...] = ()
