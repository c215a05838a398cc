"""Words of the configuration's tables: keys and groups, and how each is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from mdsim.core.params import Kind


class Form(Enum):
    """Texts that only a configuration holds."""

    BIND = "bind"
    """An address to listen on: an IP address or a host name."""
    PATH = "path"
    """A file or folder."""
    HTTP = "http"
    """An ``http`` or ``https`` address without a password."""
    STREAM = "stream"
    """The same, or ``ws`` or ``wss``."""
    NAME = "name"
    """A name of letters, digits, ``-``, ``_`` and ``.``."""
    ASSET = "asset"
    """The code of an asset."""
    SECRET = "secret"  # noqa: S105 the name of a form
    """A key or token."""


@dataclass(frozen=True, slots=True)
class Key:
    """One value.

    Attributes:
        form: how it is written.
        help: what it does, one sentence without its full stop.
        default: as it would be written, or None when there is none.
        absent: what holds without a value and without a default, for the reference.
        low, high: inclusive bounds, in the unit of the value (ns for durations).
        many: a list of such values.
        env: variables that set it, the first one set counts.
        flag: option of the command line that sets it.
    """

    name: str
    form: Kind | Form
    help: str
    default: str | None = None
    absent: str = ""
    low: int | Decimal | None = None
    high: int | Decimal | None = None
    choices: tuple[str, ...] = ()
    many: bool = False
    required: bool = False
    env: tuple[str, ...] = ()
    flag: str = ""

    @property
    def secret(self) -> bool:
        """Whether the value must never be shown."""
        return self.form is Form.SECRET


@dataclass(frozen=True, slots=True)
class Group:
    """A mapping of keys, or (``many``) a list of such mappings."""

    name: str
    help: str
    items: tuple[Item, ...]
    many: bool = False

    def get(self, name: str) -> Item | None:
        """The key or group of that name."""
        return next((item for item in self.items if item.name == name), None)


Item: TypeAlias = Key | Group


def walk(group: Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Item]]:
    """Every item below a group with its path, in the order of the tables; ``[]`` follows a list's name."""
    for item in group.items:
        here = (*path, item.name + ("[]" if isinstance(item, Group) and item.many else ""))
        yield here, item
        if isinstance(item, Group):
            yield from walk(item, here)
