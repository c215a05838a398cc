"""Parameters of a playbook: their values in this run, and putting them where ``$name`` stands.

``$name`` and ``$(name)-USD`` are replaced after the file is read, once: a value is never looked through
for further names. ``$$`` stands for one dollar sign, and a dollar sign that no name follows for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mdsim.core import values
from mdsim.core.params import Kind, Param, Value

_REFERENCE = re.compile(r"\$(?:(\$)|\(([^()]*)\)|([A-Za-z_][A-Za-z0-9_]*)|(\())")

_SCALARS = frozenset(Kind) - {Kind.SCALE, Kind.SYMBOLS, Kind.CURVE, Kind.KEYFRAMES, Kind.THEN}
_FITS: dict[Kind, frozenset[Kind]] = {
    Kind.TEXT: _SCALARS,
    Kind.NUMBER: frozenset({Kind.NUMBER, Kind.COUNT}),
    Kind.SCALE: frozenset({Kind.FACTOR, Kind.SHARE}),
    Kind.SYMBOLS: frozenset({Kind.SYMBOL, Kind.SYMBOLS}),
    Kind.CHOICE: frozenset({Kind.CHOICE, Kind.TEXT}),
    Kind.CURVE: frozenset({Kind.CHOICE, Kind.TEXT}),
    Kind.THEN: frozenset({Kind.CHOICE, Kind.TEXT}),
}


def fits(param: Kind, place: Kind) -> bool:
    """Whether a parameter of one kind may stand alone where another kind is taken."""
    return param in _FITS.get(place, {place})


@dataclass(frozen=True, slots=True)
class Parameter:
    """A declared parameter.

    Attributes:
        value: its value in this run, or None when that is missing or wrong (and already reported).
        at: path of its declaration in the document.
    """

    param: Param
    value: Value
    at: tuple[str | int, ...]

    @property
    def text(self) -> str:
        """The value as it would be written."""
        return "" if self.value is None else values.render(self.param.kind, self.value)


@dataclass(frozen=True, slots=True)
class Unfilled:
    """A reference that could not be replaced.

    Attributes:
        name: the name it gives, or None when a closing bracket is missing.
        offset, length: where it stands in the text as written.
    """

    name: str | None
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with its references replaced.

    Attributes:
        whole: the parameter, when the text is that one reference and nothing else.
        unfilled: references to names that do not exist.
        broken: a parameter named here has no usable value, which was reported where it is declared.
        spans: ``(start, end, written_start, written_end)`` of each replacement, in order.
    """

    text: str
    whole: Parameter | None = None
    unfilled: tuple[Unfilled, ...] = ()
    broken: bool = False
    spans: tuple[tuple[int, int, int, int], ...] = ()

    def written(self, offset: int, length: int) -> tuple[int, int]:
        """Where a part of the replaced text stands in the text as written; a replacement counts whole."""
        start, end = self._back(offset, last=False), self._back(offset + length, last=True)
        return start, max(end - start, 0)

    def _back(self, at: int, *, last: bool) -> int:
        shift = 0
        for start, end, written_start, written_end in self.spans:
            if at < start or (last and at == start):
                break
            if at < end or (last and at == end):
                return written_end if last else written_start
            shift = written_end - end
        return at + shift


class Parameters:
    """The parameters of one run, with a note of which were used."""

    def __init__(self, declared: Iterable[Parameter] = ()) -> None:
        self._declared = {item.param.name: item for item in declared}
        self._used: dict[str, None] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Every name, in the order declared."""
        return tuple(self._declared)

    @property
    def unused(self) -> tuple[Parameter, ...]:
        """Parameters with a value that nothing referred to so far."""
        items = self._declared.items()
        return tuple(item for name, item in items if name not in self._used and item.value is not None)

    @property
    def all(self) -> tuple[Parameter, ...]:
        """Every parameter, in the order declared."""
        return tuple(self._declared.values())

    @property
    def values(self) -> tuple[tuple[str, Value], ...]:
        """Name and value, in the order declared."""
        return tuple((name, item.value) for name, item in self._declared.items())

    def fill(self, text: str) -> Filled:
        """Replace every reference in ``text``."""
        if "$" not in text:
            return Filled(text)
        parts: list[str] = []
        spans: list[tuple[int, int, int, int]] = []
        unfilled: list[Unfilled] = []
        broken, done, length = False, 0, 0
        whole: Parameter | None = None
        for match in _REFERENCE.finditer(text):
            start, end = match.span()
            parts.append(text[done:start])
            length += start - done
            done = end
            new = "$" if match[1] else ""
            if match[4]:
                unfilled.append(Unfilled(None, start, end - start))
            elif not match[1]:
                name = match[2] if match[3] is None else match[3]
                item = self._declared.get(name)
                if item is None:
                    unfilled.append(Unfilled(name, start, end - start))
                else:
                    self._used[name] = None
                    broken = broken or item.value is None
                    new = item.text
                    whole = item if (start, end) == (0, len(text)) else None
            spans.append((length, length + len(new), start, end))
            parts.append(new)
            length += len(new)
        parts.append(text[done:])
        return Filled("".join(parts), whole, tuple(unfilled), broken, tuple(spans))
