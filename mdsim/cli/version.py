"""``mdsim version``: what is needed to get the same run again elsewhere."""

from __future__ import annotations

import platform

import typer

from mdsim import __version__


def version() -> None:
    """Show the version, and the Python and platform that the promise of identical runs depends on."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    typer.echo(f"mdsim {__version__} ({python}, {platform.system()} {platform.machine()})")


def eager(wanted: bool) -> None:
    """Answer ``mdsim --version`` before anything else is looked at."""
    if wanted:
        version()
        raise typer.Exit
