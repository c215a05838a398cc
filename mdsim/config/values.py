"""Values after reading: each with its text and where it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TypeAlias, TypeVar

from mdsim.core.errors import InternalError
from mdsim.core.secret import HIDDEN, Secret
from mdsim.playbook.plan import Place

Path: TypeAlias = tuple[str | int, ...]
Scalar: TypeAlias = str | int | bool | Decimal | Secret


T = TypeVar("T")


class Layer(Enum):
    """What a value may come from; the strongest first."""

    FLAG = "flag"
    ENVIRONMENT = "environment"
    FILE = "file"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one value came from.

    Attributes:
        name: the flag or variable; for a file the variables that its ``${…}`` name, if any.
        place: its line in the file.
    """

    layer: Layer
    name: str = ""
    place: Place | None = None

    def __str__(self) -> str:
        if self.layer is Layer.FILE:
            return f"{self.place}" + (f" ({self.name})" if self.name else "")
        return f"{self.layer.value} {self.name}".rstrip()


@dataclass(frozen=True, slots=True)
class Cell:
    """One value, or a list of them.

    Attributes:
        text: as written, or the sign for what is hidden.
    """

    value: Scalar | tuple[Scalar, ...] | None
    text: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Provenance:
    """One line of ``mdsim config check --show``."""

    path: str
    text: str
    origin: Origin


class Values:
    """Every value of one configuration by path; the tables say which types they have."""

    def __init__(self) -> None:
        self._cells: dict[Path, Cell] = {}
        self._lengths: dict[Path, int] = {}

    def put(self, path: Path, cell: Cell) -> None:
        """Keep a value."""
        self._cells[path] = cell

    def put_list(self, path: Path, length: int) -> None:
        """Keep how many mappings a list holds."""
        self._lengths[path] = length

    def cell(self, *path: str | int) -> Cell | None:
        """The value at a path with its origin, or None when there is none."""
        return self._cells.get(path)

    def length(self, *path: str | int) -> int | None:
        """How many mappings the list at a path holds; None when it is not written."""
        return self._lengths.get(path)

    def text(self, *path: str | int) -> str | None:
        """A text, or None."""
        return self._typed(path, str)

    def number(self, *path: str | int) -> Decimal | None:
        """A Decimal, or None."""
        return self._typed(path, Decimal)

    def count(self, *path: str | int) -> int | None:
        """A whole number or nanoseconds, or None."""
        return self._typed(path, int)

    def flag(self, *path: str | int) -> bool:
        """A flag; every flag has a default."""
        return self.given(self._typed(path, bool), path)

    def secret(self, *path: str | int) -> Secret | None:
        """A secret, or None."""
        return self._typed(path, Secret)

    def texts(self, *path: str | int) -> tuple[str, ...]:
        """A list of texts, empty when it is not written."""
        return tuple(item for item in self._items(path) if isinstance(item, str))

    def secrets(self, *path: str | int) -> tuple[Secret, ...]:
        """A list of secrets, likewise."""
        return tuple(item for item in self._items(path) if isinstance(item, Secret))

    def provenance(self) -> Iterator[Provenance]:
        """Every value with its origin, in the order of reading."""
        for path, cell in self._cells.items():
            yield Provenance(dotted(path), cell.text, cell.origin)

    @staticmethod
    def given(value: T | None, path: Path) -> T:
        """The value of a key that has a default."""
        if value is None:
            raise InternalError("MD937", f"{dotted(path)} has no value and no default")
        return value

    def _typed(self, path: Path, kind: type[T]) -> T | None:
        cell = self._cells.get(path)
        if cell is None or cell.value is None:
            return None
        if not isinstance(cell.value, kind):
            raise InternalError("MD937", f"{dotted(path)} is no {kind.__name__}")
        return cell.value

    def _items(self, path: Path) -> tuple[Scalar, ...]:
        cell = self._cells.get(path)
        return cell.value if cell is not None and isinstance(cell.value, tuple) else ()


def dotted(path: Path) -> str:
    """A path as it is written in messages: ``data_sources.primary[0].url``."""
    found = ""
    for step in path:
        found += f"[{step}]" if isinstance(step, int) else f".{step}" if found else step
    return found


def hidden(value: Scalar, text: str) -> str:
    """The text, or the sign that stands for a secret."""
    return HIDDEN if isinstance(value, Secret) else text
