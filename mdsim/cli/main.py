"""The command ``mdsim``: a table of verbs.

A verb's module imports at its top only what its options need; the rest is imported inside the verb,
so that ``mdsim --help`` stays under 0.3 s (a test measures what is loaded).
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import TextIO

import typer

from mdsim.cli import (
    config,
    explain,
    init,
    lint,
    listing,
    plan,
    play,
    record,
    report,
    runs,
    schema,
    serve,
    version,
    watch,
)
from mdsim.cli.failures import guarded, interrupted

app = typer.Typer(
    name="mdsim",
    help="Play market crises, written as YAML playbooks, on a price stream.",
    epilog="Start with: mdsim play crash.yaml · then: mdsim init, mdsim lint, mdsim plan",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

VERBS: dict[str, tuple[Callable[..., None], str]] = {
    "play": (play.play, "Run playbooks and judge them."),
    "plan": (plan.plan, "Show the timeline, without running it."),
    "report": (report.report, "Draw a finished run as a page."),
    "serve": (serve.serve, "Serve live prices over HTTP, WebSocket and gRPC."),
    "record": (record.record, "Write down what providers send, to replay it."),
    "watch": (watch.watch, "Show live prices of a server."),
    "lint": (lint.lint, "Find every mistake, without running it."),
    "list": (listing.list_, "What a playbook may name."),
    "init": (init.init, "Write a first playbook to change."),
    "explain": (explain.explain, "What an error code means."),
    "schema": (schema.schema, "The JSON schema, for editors."),
    "version": (version.version, "Which mdsim this is."),
}

for name, (verb, brief) in VERBS.items():
    app.command(name, short_help=brief)(guarded(verb))

configuration = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
for name, (verb, brief) in config.VERBS.items():
    configuration.command(name, short_help=brief)(guarded(verb))
app.add_typer(
    configuration, name="config", help="What a server is told.", short_help="Check what a server is told."
)

hosted = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
for name, (verb, brief) in runs.VERBS.items():
    hosted.command(name, short_help=brief)(guarded(verb))
app.add_typer(
    hosted,
    name="runs",
    help="The playbooks that run on a server.",
    short_help="What runs on a server; end it.",
)


@app.callback()
def start(
    show_version: bool = typer.Option(
        False, "--version", help="Show the version and exit.", callback=version.eager, is_eager=True
    ),
) -> None:
    """Play market crises, written as YAML playbooks, on a price stream."""
    del show_version


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")


def main() -> None:
    """Run the command line and leave with its exit code."""
    # Python leaves out a stream whose descriptor is closed (`>&-`); what is said then goes nowhere.
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that cannot show a sign gets a mark for it
            stream.reconfigure(errors="replace")
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(interrupted())
