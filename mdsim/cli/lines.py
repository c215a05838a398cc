"""A run as a log: one line an event, with the time since the start and the time of the market."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mdsim.cli.words import Narrator
from mdsim.core.events import Entry
from mdsim.core.time import format_clock, format_utc, parse_utc

if TYPE_CHECKING:
    from mdsim.engine.view import View


class Lines:
    """Writes every entry as one line; for pipes, files and CI."""

    def __init__(self, write: Callable[[str], None], *, plain: bool = False) -> None:
        self._write = write
        self._plain = plain
        self._narrator = Narrator()
        self._start_ns = 0

    def on_entry(self, entry: Entry) -> None:
        """Write one line."""
        start = entry.data.get("start")
        if entry.kind == "run_started" and isinstance(start, str):
            self._start_ns = parse_utc(start)
        line = self._narrator.line(entry)
        if line is None:
            return
        line = line.ascii() if self._plain else line
        where = f"[{entry.path}] " if entry.path else ""
        market = format_utc(self._start_ns + entry.at_ns)
        self._write(f"{format_clock(entry.at_ns)}  {market}  {line.mark} {where}{line.text}")

    def on_progress(self, view: View, now_ns: int, at_ns: int) -> None:
        """Time that passes is no event."""
