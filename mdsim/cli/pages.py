"""From a run to the file of its report: where it goes, and that nothing else is overwritten."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mdsim.core.errors import UsageError

if TYPE_CHECKING:
    from mdsim.core.events import Entry
    from mdsim.engine.view import View
    from mdsim.run.series import Series

_SUFFIXES = (".html", ".htm")


class Kept:
    """An observer that keeps every entry of a run, for the page after it."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def on_entry(self, entry: Entry) -> None:
        """Keep it."""
        self.entries.append(entry)

    def on_progress(self, view: View, now_ns: int, at_ns: int) -> None:
        """Time that passes is no event."""


def checked_path(path: Path) -> Path:
    """A path that a report may be written to, found out before a long run rather than after it.

    Raises:
        UsageError: it does not end in .html, or cannot be written.
    """
    if path.suffix.lower() not in _SUFFIXES:
        hint = f"write {path.name}.html" if not path.suffix else f"write {path.stem}.html"
        raise UsageError("MD384", f"a report is a page, and {path} does not end in .html", hint=hint)
    if path.is_dir():
        raise UsageError("MD383", f"{path} is a folder", hint=f"write {path / 'report.html'}")
    if not path.parent.is_dir():
        raise UsageError("MD383", f"there is no folder {path.parent}", hint=f"mkdir -p {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError("MD383", f"cannot write {path}: permission denied", hint="name another file")
    return path


def one_of(path: Path | None, stem: str) -> Path | None:
    """Several playbooks get a page each: ``out.html`` becomes ``out-crash.html``."""
    return None if path is None else path.with_name(f"{path.stem}-{stem}{path.suffix}")


def write(path: Path, entries: list[Entry], series: Series | None, again: str) -> None:
    """Draw a run and write its page, whole or not at all.

    Raises:
        UsageError: the system refuses.
    """
    from mdsim.report.page import Page
    from mdsim.report.story import tell

    text = Page(tell(entries), series, again).html()
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise UsageError("MD383", f"cannot write {path}: {error.strerror}") from None
