"""The journal: append-only JSON lines in canonical text, without wall time, absolute path or random id.

Beside it stands a sidecar, ``run.json``, with what differs between two equal runs (wall times,
machine, command line).
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from mdsim.core.errors import DataError, UsageError
from mdsim.core.events import Entry, Json
from mdsim.core.time import format_clock
from mdsim.engine.view import View

_ENCODER = msgspec.json.Encoder(order="sorted")

JOURNAL = "journal.jsonl"
SIDECAR = "run.json"

_WHERE = "name a folder that 'mdsim play --journal' has written, or the journal.jsonl in it"


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


def read(path: Path) -> list[Entry]:
    """The entries of a journal; a last line without its end (the writer was killed) is left out.

    Raises:
        UsageError: the file cannot be read.
        DataError: a line of it is no entry.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise UsageError("MD380", f"cannot read {path}: {error.strerror}", hint=_WHERE) from None
    found = [_entry(path, number, text) for number, text in enumerate(lines[:-1], start=1) if text]
    if not found or found[0].kind != "run_started":
        raise DataError("MD381", f"{path}:1: no journal begins like this", hint=_WHERE)
    return found


def _entry(path: Path, number: int, text: bytes) -> Entry:
    try:
        fields = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        kind = msgspec.json.decode(fields.pop("entry"), type=str)
        at_ns = msgspec.json.decode(fields.pop("at_ns"), type=int)
        where = msgspec.json.decode(fields.pop("path"), type=str)
        fields.pop("at", None)
        data: dict[str, Json] = {key: _decoded(raw) for key, raw in fields.items()}
    except (KeyError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        told = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise DataError("MD381", f"{path}:{number}: this line is no entry: {told}", hint=_WHERE) from None
    return Entry(kind, at_ns, where, data)


def _decoded(raw: msgspec.Raw) -> Json:
    value: Json = msgspec.json.decode(raw)
    return value


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
            if not folder.is_dir():
                hint = "name a folder with --journal; it need not exist yet"
                raise UsageError(
                    "MD262", f"cannot write a journal to {folder}: it is a file", hint=hint
                ) from None
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
