"""``mdsim config``: check what a server would be told, an example to copy, the schema for editors."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mdsim.cli.lint import Format, annotation, record
from mdsim.cli.schema import emit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mdsim.config.findings import Sheet
    from mdsim.config.settings import Settings

_READ_MOST_BYTES = 1 << 20
"""More than a configuration may have, so that it can be said; never a whole disk image."""


def read(name: str) -> bytes:
    """The bytes of a configuration file; ``-`` is stdin.

    Raises:
        UsageError: it cannot be read.
    """
    from mdsim.core.errors import UsageError

    if name == "-":
        return sys.stdin.buffer.read(_READ_MOST_BYTES)
    try:
        with Path(name).open("rb") as file:
            return file.read(_READ_MOST_BYTES)
    except OSError as error:
        hint = "begin with: mdsim config example > config.yaml"
        raise UsageError("MD467", f"{name} cannot be read: {error.strerror}", hint=hint) from None


def check(
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="The configuration; - is stdin, none: environment alone."),
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Every value, and where it comes from; keys stay hidden.")
    ] = False,
    format_: Annotated[
        Format, typer.Option("--format", help="text for people, json for programs, github for annotations.")
    ] = Format.TEXT,
) -> None:
    """Check a configuration in this environment, without starting anything; exit 3 when it is wrong."""
    from mdsim.cli.live_sources import source_specs, unopenable
    from mdsim.config.findings import ConfigError
    from mdsim.config.load import load
    from mdsim.core.errors import ExitCode, UsageError

    raw = None if file is None else read(file)
    settings: Settings | None = None
    try:
        name = "<stdin>" if file == "-" else file or "config.yaml"
        settings = load(raw, os.environ, {}, name, unopenable)
        sheets: Sequence[Sheet] = settings.warnings
    except ConfigError as error:
        sheets = error.sheets
    _tell(sheets, format_)
    if settings is None:
        raise typer.Exit(ExitCode.INVALID)
    try:
        source_specs(settings)
    except UsageError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(ExitCode.INVALID) from None
    if show and format_ is Format.TEXT:
        rows = [(line.path, line.text, str(line.origin)) for line in settings.provenance]
        widths = [max(len(row[at]) for row in rows) for at in (0, 1)]
        for path, text, origin in rows:
            typer.echo(f"{path:<{widths[0]}}  {text:<{min(widths[1], 40)}}  {origin}")


def _tell(sheets: Sequence[Sheet], format_: Format) -> None:
    from mdsim.cli import console

    found = [item for sheet in sheets for item in sheet.diagnostics]
    if format_ is Format.JSON:
        typer.echo(json.dumps([record(item) for item in found], indent=2, ensure_ascii=False))
        return
    if format_ is Format.GITHUB:
        for item in found:
            typer.echo(annotation(item))
        return
    for sheet in sheets:
        typer.echo(sheet.render(color=console.colorful(sys.stdout)) + "\n")
    errors = sum(not item.problem.warning for item in found)
    counted = [(errors, "error"), (len(found) - errors, "warning")]
    words = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in counted if count]
    typer.echo(f"configuration: {', '.join(words) or 'no problems'}")


def schema(
    write: Annotated[Path | None, typer.Option(metavar="PATH", help="Write it to a file.")] = None,
    check: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Exit 1 when the file is not what would be written.")
    ] = None,
) -> None:
    """Print the JSON schema (draft-07) that editors complete configurations with."""
    from mdsim.config import schema as schemas

    emit(schemas.text(), write, check, "mdsim config schema")


def example() -> None:
    """Print a configuration with every key, commented; redirect it to a file and change it."""
    from mdsim.cli import library

    typer.echo(library.example_configuration().read_text("utf-8"), nl=False)


VERBS = {
    "check": (check, "Find every mistake of a configuration."),
    "example": (example, "A configuration with every key, to copy."),
    "schema": (schema, "The JSON schema of configurations, for editors."),
}
