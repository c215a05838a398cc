"""``mdsim schema``: the JSON schema of playbooks, generated from the verbs and curves that there are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def schema(
    write: Annotated[Path | None, typer.Option(metavar="PATH", help="Write it to a file.")] = None,
    check: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Exit 1 when the file is not what would be written.")
    ] = None,
) -> None:
    """Print the JSON schema (draft-07) that editors complete playbooks with."""
    from mdsim.cli import wiring
    from mdsim.playbook import schema as schemas

    emit(schemas.text(wiring.effects(), wiring.curves()), write, check, "mdsim schema")


def emit(text: str, write: Path | None, check: Path | None, command: str) -> None:
    """Print a generated text, write it, or say whether a file still holds it (exit 1 when not).

    Raises:
        UsageError: the file cannot be written.
    """
    from mdsim.core.errors import ExitCode, UsageError

    if write is None and check is None:
        typer.echo(text, nl=False)
    if write is not None:
        try:
            write.parent.mkdir(parents=True, exist_ok=True)
            write.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise UsageError("MD333", f"{write} cannot be written: {error.strerror}") from None
        typer.echo(f"wrote {write}")
    if check is not None:
        there = check.read_text("utf-8") if check.is_file() else ""
        if there != text:
            typer.echo(f"{check} is not up to date: run {command} --write {check}", err=True)
            raise typer.Exit(ExitCode.FAILED)
        typer.echo(f"{check} is up to date")
