"""Typed values and their text: ``-12%``, ``1h30m``, ``20x``, exactly and both ways."""

from __future__ import annotations

from decimal import Decimal

from mdsim.core.params import Kind, Value


class ValueProblem(ValueError):
    """A text that is no value of its kind.

    Attributes:
        message: what is wrong, without a full stop.
        help: what to write instead.
        code: ``MD02x``.
    """

    def __init__(self, code: str, message: str, help: str = "") -> None:  # noqa: A002 the word of Problem
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help


def parse(
    kind: Kind,
    text: str,
    *,
    choices: tuple[str, ...] = (),
    low: int | Decimal | None = None,
    high: int | Decimal | None = None,
) -> Value:
    """Read a text as a value of a scalar kind.

    Raises:
        ValueProblem: the text is no such value, or lies outside ``low``..``high``.
    """
    raise NotImplementedError


def render(kind: Kind, value: Value) -> str:
    """Canonical text of a value: ``parse(kind, render(kind, value)) == value``."""
    raise NotImplementedError
