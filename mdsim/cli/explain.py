"""``mdsim explain MD012``: the long form of an error code."""

from __future__ import annotations

from typing import Annotated

import typer


def explain(
    code: Annotated[
        str | None, typer.Argument(help="A code such as MD012; without one, all are listed.")
    ] = None,
) -> None:
    """Say what an error code means, with an example that gets it and the cure."""
    from mdsim.core.codes import CODES
    from mdsim.core.errors import UsageError
    from mdsim.core.spelling import suggest

    if code is None:
        for known, entry in CODES.items():
            typer.echo(f"{known}  {entry.title}")
        return
    asked = code.strip().strip("[]").upper()
    asked = asked if asked.startswith("MD") else f"MD{asked.zfill(3)}"
    if asked not in CODES:
        near = suggest(asked, CODES)
        hint = f"did you mean {near}? " if near else ""
        raise UsageError(
            "MD334", f"{code} is not a code of mdsim", hint=f"{hint}'mdsim explain' lists them all"
        )
    entry = CODES[asked]
    typer.echo(f"{asked}: {entry.title}\n\n{entry.text}")
    for label, example in (("wrong", entry.wrong), ("right", entry.right)):
        if example:
            typer.echo(
                f"\n{label}:\n" + "\n".join(f"    {line}" for line in example.rstrip("\n").split("\n"))
            )
