"""``mdsim lint``: every problem of every playbook, before anything runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mdsim.core.events import Json
    from mdsim.playbook.diagnostics import Diagnostic


class Format(StrEnum):
    """How problems are written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def lint(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Playbooks; - is stdin.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Give a parameter a value.")
    ] = None,
    format_: Annotated[
        Format, typer.Option("--format", help="text for people, json for programs, github for annotations.")
    ] = Format.TEXT,
) -> None:
    """Check playbooks completely, without running them; exit 3 when one cannot run."""
    from mdsim.cli import console, documents, failures, wiring
    from mdsim.core.errors import ExitCode, UsageError
    from mdsim.playbook.diagnostics import PlaybookError, render

    settings = wiring.overrides(set_ or [])
    records: list[Json] = []
    worst = [ExitCode.PASSED]
    for name in files:
        try:
            found = documents.find(name)
        except UsageError as error:  # one name that is wrong must not hide what the other files hold
            sys.stdout.flush()
            worst.append(failures.report(error))
            continue
        if found.note and format_ is Format.TEXT:
            typer.echo(found.note)
        try:
            diagnostics: Sequence[Diagnostic] = wiring.compile_found(found, settings).warnings
            text = found.raw.decode("utf-8-sig")
        except PlaybookError as error:
            diagnostics, text = error.diagnostics, error.text
        errors = sum(not item.problem.warning for item in diagnostics)
        if errors:
            worst.append(ExitCode.INVALID)
        if format_ is Format.TEXT:
            if diagnostics:
                typer.echo(render(diagnostics, text, color=console.colorful(sys.stdout)).rstrip() + "\n")
            typer.echo(f"{found.file}: {_count(errors, len(diagnostics) - errors)}")
        elif format_ is Format.GITHUB:
            for item in diagnostics:
                typer.echo(annotation(item))
        else:
            records.extend(record(item) for item in diagnostics)
    if format_ is Format.JSON:
        typer.echo(json.dumps(records, indent=2, ensure_ascii=False))
    raise typer.Exit(failures.worst(worst))


def _count(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return "no problems"
    counted = [(errors, "error"), (warnings, "warning")]
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counted if count)


def record(item: Diagnostic) -> Json:
    """A diagnostic for programs."""
    return {
        "file": item.place.file,
        "line": item.place.line,
        "column": item.place.column,
        "length": item.length,
        "severity": "warning" if item.problem.warning else "error",
        "code": item.problem.code,
        "message": item.problem.message,
        "help": item.problem.help,
    }


def annotation(item: Diagnostic) -> str:
    """A diagnostic as a GitHub workflow command; a playbook's text cannot smuggle in a second one."""
    level = "warning" if item.problem.warning else "error"
    message = item.problem.message + (f" ({item.problem.help})" if item.problem.help else "")
    fields = {
        "file": item.place.file,
        "line": str(item.place.line),
        "col": str(item.place.column),
        "endColumn": str(item.place.column + item.length),
        "title": item.problem.code,
    }
    shown = ",".join(f"{key}={_escape(value, ',:')}" for key, value in fields.items())
    return f"::{level} {shown}::{_escape(message)}"


def _escape(text: str, more: str = "") -> str:
    for sign in "%\r\n" + more:
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text
