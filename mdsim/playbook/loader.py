"""Reading a playbook's text: data, marks and limits in one pass over the parser's events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from mdsim.playbook.marks import Marks

Data: TypeAlias = "str | bool | None | list[Data] | dict[str, Data]"


@dataclass(frozen=True, slots=True)
class Document:
    """A playbook as written: every scalar is text, but for plain true, false and null."""

    file: str
    text: str
    data: dict[str, Data]
    marks: Marks


def load(raw: bytes | str, file: str) -> Document:
    """Read a YAML playbook.

    Raises:
        PlaybookError: with every problem found and its place.
    """
    raise NotImplementedError


def load_json(raw: bytes, file: str) -> Document:
    """Read a playbook sent as JSON; numbers stay text, exactly as written.

    Raises:
        PlaybookError: with every problem found and its place.
    """
    raise NotImplementedError
