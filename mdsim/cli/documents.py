"""From a name on the command line to a playbook's text: a file, the shipped library, or stdin."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mdsim.cli import library
from mdsim.core.errors import UsageError
from mdsim.core.spelling import suggest

if TYPE_CHECKING:
    from mdsim.playbook.loader import Document

STDIN = "-"
_READ_MOST_BYTES = 1 << 20
"""More than the loader takes (256 KiB), so that it can say so; never a whole disk image."""


@dataclass(frozen=True, slots=True)
class Found:
    """A playbook's bytes.

    Attributes:
        file: the name to show and to stamp on places.
        note: what the user should know about where it came from, or an empty string.
    """

    file: str
    raw: bytes
    note: str = ""


def find(name: str) -> Found:
    """Read a playbook; a bare name that is not here is looked up in the shipped library.

    Raises:
        UsageError: there is no such file, or it cannot be read.
    """
    if name == STDIN:
        return Found("<stdin>", sys.stdin.buffer.read(_READ_MOST_BYTES))
    path = Path(name)
    note = ""
    if path.is_dir():
        raise UsageError("MD331", f"{name} is a folder", hint=_inside(path))
    if not path.exists():
        path = _shipped(name)
        shipped = library.shown(path)
        note = f"using {shipped} of the shipped library"
        if name != shipped:
            note = f"{name} is not in this folder: {note}"
    try:
        with path.open("rb") as file:
            return Found(path.name if note else name, file.read(_READ_MOST_BYTES), note)
    except OSError as error:
        raise UsageError("MD331", f"{name} cannot be read: {error.strerror}") from None


def _shipped(name: str) -> Path:
    file = library.find(name)
    if file is not None:
        return file
    shipped = library.playbooks()
    here = [path.as_posix() for path in sorted(Path(name).parent.glob("*.y*ml"))]
    near = suggest(name, [*here, *shipped]) or suggest(f"{name}.yaml", [*here, *shipped])
    hint = f"did you mean {near}?" if near else f"shipped with mdsim: {', '.join(shipped)}"
    raise UsageError("MD330", f"there is no playbook {name}", hint=hint)


def _inside(folder: Path) -> str:
    files = sorted(path.as_posix() for path in folder.glob("*.y*ml"))
    return f"name a file in it, such as {files[0]}" if files else "it holds no playbook"


def load(found: Found) -> Document:
    """Read a playbook's text into data with places; JSON by its file name, everything else is YAML.

    Raises:
        PlaybookError: with every problem found.
    """
    from mdsim.playbook import loader

    read = loader.load_json if found.file.endswith(".json") else loader.load
    return read(found.raw, found.file)
