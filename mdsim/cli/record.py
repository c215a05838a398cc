"""``mdsim record``: write down what providers send, to play it again."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from mdsim.cli import config
from mdsim.cli.console import animated
from mdsim.cli.spans import span_ns
from mdsim.core.errors import UsageError


def record(
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="A new file; one that ends in .gz is packed.")
    ],
    file: Annotated[
        str | None,
        typer.Option("--config", metavar="FILE", help="The configuration with the sources; - is stdin."),
    ] = None,
    for_: Annotated[
        str | None,
        typer.Option("--for", metavar="DURATION", help="How long, such as 10m; without it, until Ctrl-C."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only what was lost, and the end.")] = False,
) -> None:
    """Record everything the configured sources send, raw, until Ctrl-C; replay it with serve --replay."""
    import trio

    from mdsim.cli.live_sources import source_specs, unopenable
    from mdsim.cli.recording import Recorder
    from mdsim.config.load import load
    from mdsim.core.time import DAY, SECOND

    for_ns = None if for_ is None else span_ns("--for", for_, SECOND, 365 * DAY)
    raw = config.read(file) if file else None
    settings = load(raw, os.environ, {}, file or "config.yaml", unopenable)
    for sheet in settings.warnings:
        typer.echo(sheet.render(), err=True)
    specs = source_specs(settings)
    if not specs:
        raise UsageError(
            "MD657",
            "there is nothing to record: no source is configured, or all are off",
            hint="name a configuration with data_sources; 'mdsim config check --show' tells which are on",
        )
    if out.exists():
        raise UsageError(
            "MD659",
            f"{out} is there already, and a recording is never written over",
            hint="name another file",
        )
    recorder = Recorder(settings, out, None if quiet else sys.stdout, redraw=animated(sys.stdout))
    trio.run(recorder.run, for_ns)
