"""``mdsim play``: run playbooks, follow them, and end with a verdict and an exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mdsim.cli import connection, documents, failures, pages, wiring
from mdsim.cli.play_request import Job, Request
from mdsim.core.errors import ExitCode, MdsimError, UsageError

if TYPE_CHECKING:
    from mdsim.cli.recap import Played
    from mdsim.core.events import Json

SEED = 1


def play(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Playbooks, or names of the shipped library; - is stdin."),
    ],
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Give a parameter a value.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Root of every random draw.")] = SEED,
    speed: Annotated[
        float | None,
        typer.Option(metavar="X", help="Real time, X times as fast; without it, virtual time: at once."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="PHASE", help="Run these phases alone (may be repeated).")
    ] = None,
    cycle: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Interval between publications, such as 250ms.")
    ] = None,
    keep_effects: Annotated[
        bool, typer.Option("--keep-effects", help="Leave prices where the playbook left them.")
    ] = False,
    journal: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write everything that happened to DIR/journal.jsonl.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write the run as one page to read.")
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Run on the market of 'mdsim serve' there, instead of one of its own."
        ),
    ] = None,
    insecure: connection.Insecure = False,
    ca: connection.Ca = None,
    overlap: Annotated[
        str | None,
        typer.Option(
            metavar="allow|refuse",
            help="With --server: whether others may run on the same instruments; refuse without it.",
        ),
    ] = None,
    serve: Annotated[
        bool,
        typer.Option(
            "--serve", help="Stream the prices while it plays, as 'mdsim serve' does; in real time."
        ),
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(metavar="N", help="With --serve: HTTP and WebSocket, 8082; 0 takes a free one."),
    ] = None,
    grpc_port: Annotated[
        int | None, typer.Option(metavar="N", help="With --serve: gRPC, 50053; 0 takes a free one.")
    ] = None,
    linger: Annotated[
        bool, typer.Option("--linger", help="With --serve: go on serving after the run, until Ctrl-C.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Nothing but one JSON document on stdout.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only the verdict, and what speaks against it.")
    ] = False,
) -> None:
    """Play playbooks one after another; exit 0 when all pass, otherwise with the worst of their codes."""
    request = Request(
        settings=wiring.overrides(set_ or []),
        seed=seed,
        speed=speed,
        only=tuple(only or ()),
        cycle=cycle,
        keep_effects=keep_effects,
        journal=journal,
        report=None if report is None else pages.checked_path(report),
        style="json" if as_json else "quiet" if quiet else "full",
        server=server,
        insecure=insecure,
        ca=ca,
        overlap=overlap,
        serve=serve,
        port=port,
        grpc_port=grpc_port,
        linger=linger,
    )
    request.check(files)
    if files.count(documents.STDIN) > 1:
        raise UsageError("MD336", "stdin can be read once", hint="write - only once")
    calls = _Calls(request, files)
    for name in files:
        if not calls.play(name):
            break
    calls.finish()


class _Calls:
    """Playbooks one after another, and what became of them."""

    def __init__(self, request: Request, files: list[str]) -> None:
        self._request = request
        self._several = len(files) > 1
        self._codes: list[ExitCode] = []
        self._records: list[Json] = []

    def play(self, name: str) -> bool:
        """Play one; whether the next may follow."""
        request = self._request
        try:
            self._play(name)
        except MdsimError as error:
            if not self._several and request.style != "json":
                raise
            self._codes.append(failures.report(error))
            self._records.append(_refused(name, error))
        return self._codes[-1] not in (ExitCode.INTERRUPTED, ExitCode.TERMINATED)

    def _play(self, name: str) -> None:
        from mdsim.playbook.diagnostics import render

        request = self._request
        found = documents.find(name)
        if found.note and request.style == "full":
            typer.echo(found.note)
        compiled = wiring.compile_found(found, request.settings)
        if compiled.warnings and request.style != "json" and request.server is None:  # a server tells its own
            typer.echo(render(compiled.warnings, found.raw.decode("utf-8-sig")), err=True)
        folder, page = request.journal, request.report
        if self._several:  # each gets one of its own
            stem = "stdin" if name == documents.STDIN else Path(name).stem
            folder, page = folder and folder / stem, pages.one_of(page, stem)
        job = Job(name, found, compiled.plan, request, folder, page, self._tell)
        if request.server is None:
            from mdsim.cli import play_here

            play_here.play(job)
        else:
            from mdsim.cli import play_there

            play_there.play(job)
        if page is not None and request.style == "full":
            typer.echo(f"report  {page}")

    def _tell(self, played: Played) -> None:
        from mdsim.cli import recap
        from mdsim.cli.console import open_console

        style = self._request.style
        self._codes.append(played.result.exit_code)
        if style == "json":
            self._records.append(recap.record(played))
            return
        console = open_console()
        if style == "full":
            console.print()
        recap.draw(console, played, quiet=style == "quiet")

    def finish(self) -> None:
        """The JSON document, and the exit code."""
        if self._request.style == "json":
            from mdsim import __version__

            document = {"mdsim": __version__, "runs": self._records}
            typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
        code = failures.worst(self._codes)
        if code is not ExitCode.PASSED:
            raise typer.Exit(code)


def _refused(name: str, error: MdsimError) -> Json:
    from mdsim.cli.lint import record
    from mdsim.playbook.diagnostics import PlaybookError

    problems: list[Json] = []
    if isinstance(error, PlaybookError):
        problems = [record(item) for item in error.diagnostics]
    return {
        "file": name,
        "verdict": "error",
        "exit_code": int(error.exit_code),
        "code": error.code,
        "reason": error.message,
        "problems": problems,
    }
