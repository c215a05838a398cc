"""The journal: append-only JSON lines in canonical text, without wall time, absolute path or random id.

Beside it stands a sidecar, ``run.json``, with what differs between two equal runs (wall times,
machine, command line).
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from mdsim.core.errors import UsageError
from mdsim.core.events import Entry, Json
from mdsim.core.time import format_clock
from mdsim.engine.view import View

_ENCODER = msgspec.json.Encoder(order="sorted")

JOURNAL = "journal.jsonl"
SIDECAR = "run.json"


def line(entry: Entry) -> bytes:
    """Canonical text of an entry, keys sorted, with its newline."""
    fields: dict[str, Json] = {
        **entry.data,
        "entry": entry.kind,
        "at_ns": entry.at_ns,
        "at": format_clock(entry.at_ns),
        "path": entry.path,
    }
    return _ENCODER.encode(fields) + b"\n"


class Journal:
    """Writes a run's entries to ``journal.jsonl`` in a folder, one flushed line each.

    Raises:
        UsageError: the folder cannot be written, or holds a journal already.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / JOURNAL).open("xb")
        except FileExistsError:
            raise UsageError(
                "MD261",
                f"{folder / JOURNAL} exists already; a journal is never overwritten",
                hint="name another folder with --journal, or remove the old one",
            ) from None
        except OSError as error:
            raise UsageError("MD262", f"cannot write a journal to {folder}: {error.strerror}") from error

    def on_entry(self, entry: Entry) -> None:
        """Append one line."""
        self._file.write(line(entry))
        self._file.flush()

    def on_progress(self, view: View, now_ns: int, at_ns: int) -> None:
        """Time passing leaves no trace."""

    def close(self, sidecar: dict[str, Json]) -> None:
        """Close the journal and write what is not part of it."""
        self._file.close()
        text = msgspec.json.format(_ENCODER.encode(sidecar), indent=2) + b"\n"
        (self._folder / SIDECAR).write_bytes(text)
