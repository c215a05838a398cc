"""``mdsim report``: draw a run from its journal, today's or last year's."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mdsim.cli import pages
from mdsim.core.errors import DataError, UsageError

if TYPE_CHECKING:
    from mdsim.core.events import Entry
    from mdsim.run.series import Series

PAGE = "report.html"


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A journal's folder, or its journal.jsonl.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE.html", help="Where to; beside the journal otherwise."),
    ] = None,
) -> None:
    """Draw a finished run as one page that needs no network: prices, timeline, checks, how to repeat it."""
    from mdsim.run import journal

    path = run / journal.JOURNAL if run.is_dir() else run
    if not path.is_file():
        hint = "name a folder that 'mdsim play --journal' has written, or the journal.jsonl in it"
        raise UsageError("MD380", f"there is no journal at {run}", hint=hint)
    target = pages.checked_path(path.parent / PAGE if out is None else out)
    entries = journal.read(path)
    pages.write(target, entries, _prices(path.parent, entries), _again(path.parent, entries))
    typer.echo(f"wrote {target}")


def _prices(folder: Path, entries: list[Entry]) -> Series | None:
    """The series beside a journal, if there is one; one of another run is an error."""
    from mdsim.run import series

    path = folder / series.SERIES
    if not path.is_file():
        return None
    found = series.read(path)
    digest = entries[-1].data.get("digest", "")
    if digest and found.digest != digest:
        message = f"{path} is not of the run that {folder} tells of: their digests differ"
        raise DataError("MD382", message, hint="draw them in the folder that 'mdsim play --journal' wrote")
    return found


def _again(folder: Path, entries: list[Entry]) -> str:
    """The command that gives the same run: from the sidecar, or put together from what the journal says."""
    import msgspec

    from mdsim.run.journal import SIDECAR

    try:
        told = msgspec.json.decode((folder / SIDECAR).read_bytes(), type=dict[str, msgspec.Raw])
        return msgspec.json.decode(told["again"], type=str)
    except (OSError, KeyError, msgspec.MsgspecError, UnicodeDecodeError):
        head = entries[0].data
        words = ["mdsim", "play", str(head.get("file")), "--seed", str(head.get("seed"))]
        command = shlex.join([*words, "--cycle", str(head.get("cycle"))])
        return f"{command}  # with the parameters below" if head.get("params") else command
