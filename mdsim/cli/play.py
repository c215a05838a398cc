"""``mdsim play``: run playbooks, follow them, and end with a verdict and an exit code."""

from __future__ import annotations

import json
import shlex
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mdsim.cli import connection, documents, failures, pages, wiring
from mdsim.core.errors import ExitCode, MdsimError, UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from mdsim.cli.recap import Played
    from mdsim.core.events import Json
    from mdsim.playbook.plan import Plan
    from mdsim.run.journal import Journal
    from mdsim.run.ledger import Observer
    from mdsim.run.result import RunResult
    from mdsim.run.runner import RunSettings

SEED = 1
_SPEED_MOST = 1_000_000.0


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
    as_json: Annotated[bool, typer.Option("--json", help="Nothing but one JSON document on stdout.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only the verdict, and what speaks against it.")
    ] = False,
) -> None:
    """Play playbooks one after another; exit 0 when all pass, otherwise with the worst of their codes."""
    request = Request(
        settings=wiring.overrides(set_ or []),
        seed=seed,
        speed=_checked_speed(speed),
        only=tuple(only or ()),
        cycle=cycle,
        cycle_ns=_checked_cycle(cycle),
        keep_effects=keep_effects,
        journal=journal,
        report=None if report is None else pages.checked_path(report),
        style="json" if as_json else "quiet" if quiet else "full",
        server=server,
        insecure=insecure,
    )
    _check_server(request)
    if files.count(documents.STDIN) > 1:
        raise UsageError("MD336", "stdin can be read once", hint="write - only once")
    codes: list[ExitCode] = []
    records: list[Json] = []
    for name in files:
        several = len(files) > 1
        folder = _journal_folder(journal, name, several=several)
        page = pages.one_of(request.report, _stem(name)) if several else request.report
        try:
            played = _play_one(name, request, folder, page)
        except MdsimError as error:
            if len(files) == 1 and not as_json:
                raise
            codes.append(failures.report(error))
            records.append(_refused(name, error))
            continue
        codes.append(played.result.exit_code)
        records.append(_told(played, request.style))
        if page is not None and request.style == "full":
            typer.echo(f"report  {page}")
        if played.result.exit_code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED):
            break
    if as_json:
        from mdsim import __version__

        typer.echo(json.dumps({"mdsim": __version__, "runs": records}, indent=2, ensure_ascii=False))
    code = failures.worst(codes)
    if code is not ExitCode.PASSED:
        raise typer.Exit(code)


@dataclass(frozen=True, slots=True)
class Request:
    """The options of one call, checked.

    Attributes:
        cycle: as written, to be repeated in the command that runs it again.
        style: ``full``, ``quiet`` or ``json``.
        server: address of the server to run on, None to run here.
    """

    settings: dict[str, str]
    seed: int
    speed: float | None
    only: tuple[str, ...]
    cycle: str | None
    cycle_ns: int | None
    keep_effects: bool
    journal: Path | None
    report: Path | None
    style: str
    server: str | None = None
    insecure: bool = False

    def again(self, name: str) -> str:
        """The command that gives the same run."""
        words = ["mdsim", "play", name, "--seed", str(self.seed)]
        for key, value in self.settings.items():
            words += ["--set", f"{key}={value}"]
        for phase in self.only:
            words += ["--only", phase]
        words += ["--cycle", self.cycle] if self.cycle else []
        words += ["--keep-effects"] if self.keep_effects else []
        words += ["--server", self.server] if self.server else []
        words += ["--speed", f"{self.speed:g}"] if self.server and self.speed else []
        return shlex.join(words)


def _play_one(name: str, request: Request, folder: Path | None, page: Path | None) -> Played:
    from mdsim.cli import ceilings
    from mdsim.cli.recap import Played
    from mdsim.playbook import compiler
    from mdsim.playbook.diagnostics import render
    from mdsim.run import runner, series
    from mdsim.run.clock import wall_ns

    found = documents.find(name)
    if found.note and request.style == "full":
        typer.echo(found.note)
    compiled = wiring.compile_found(found, request.settings)
    if compiled.warnings and request.style != "json" and request.server is None:  # a server tells its own
        text = found.raw.decode("utf-8-sig")
        typer.echo(render(compiled.warnings, text), err=True)
    if request.server is not None:
        return _play_there(found, compiled.plan, request, folder, page)
    plan = compiler.only(compiled.plan, request.only) if request.only else compiled.plan
    cycle_ns = request.cycle_ns or plan.baseline.cycle_ns or runner.choose_cycle_ns(plan.expected_ns)
    feed = wiring.open_feed(plan, request.seed, cycle_ns)
    settings = runner.RunSettings(
        seed=request.seed, cycle_ns=cycle_ns, speed=request.speed, keep_effects=request.keep_effects
    )
    for warning in ceilings.checked(plan, feed, request.seed, cycle_ns):
        if request.style != "json":
            typer.echo(warning, err=True)
    book = _open_journal(folder)
    kept = None if page is None else pages.Kept()
    recorder = series.Recorder() if folder is not None or page is not None else None
    screen, follow = _observer(plan, request)
    observers: list[Observer] = [*screen, *(one for one in (book, kept) if one is not None)]
    again = request.again(name)
    started_ns = wall_ns()
    try:
        with follow:
            result = runner.play_blocking(
                plan,
                feed,
                settings,
                wiring.effects(),
                wiring.curves(),
                observers,
                [] if recorder is None else [recorder],
            )
    finally:
        elapsed_ns = wall_ns() - started_ns
        if book is not None:
            book.close(_sidecar(settings, elapsed_ns, again))
        if folder is not None and recorder is not None:
            series.write(recorder.series(), folder)
    if page is not None and kept is not None and recorder is not None:
        pages.write(page, kept.entries, recorder.series(), again)
    return Played(found.file, plan, result, elapsed_ns, again)


def _play_there(
    found: documents.Found, plan: Plan, request: Request, folder: Path | None, page: Path | None
) -> Played:
    """The same on a server: compiled here first, so that mistakes are shown with their lines."""
    import trio

    from mdsim.cli import remote
    from mdsim.cli.live import LiveView
    from mdsim.cli.recap import Played
    from mdsim.run.clock import wall_ns
    from mdsim.run.runner import RunSettings

    assert request.server is not None
    speed = request.speed or 1.0
    order = remote.Order(
        found.raw.decode("utf-8-sig"), dict(request.settings), request.seed, speed, plan.symbols
    )
    client = connection.connect(request.server, insecure=request.insecure)
    book = _open_journal(folder)
    kept = None if page is None else pages.Kept()
    screen, follow = _observer(plan, request)
    observers: list[Observer] = [*screen, *(one for one in (book, kept) if one is not None)]
    live = next((one for one in screen if isinstance(one, LiveView)), None)
    again = request.again(found.file)
    started_ns = wall_ns()

    async def main() -> RunResult:
        async with client:
            return await remote.play(client, order, observers, live)

    try:
        with follow:
            result = trio.run(main)
    finally:
        elapsed_ns = wall_ns() - started_ns
        if book is not None:
            book.close(_sidecar(RunSettings(request.seed, 0, speed), elapsed_ns, again))
    if page is not None and kept is not None:
        pages.write(page, kept.entries, None, again)
    return Played(found.file, plan, result, elapsed_ns, again)


def _observer(plan: Plan, request: Request) -> tuple[list[Observer], AbstractContextManager[object]]:
    """Who shows the run, and what must be closed after it."""
    from mdsim.cli import console

    if request.style != "full":
        return [], nullcontext()
    plain = not console.unicode(sys.stdout)
    if console.animated(sys.stdout):
        from mdsim.cli.live import LiveView

        live = LiveView(plan, console.open_console(), plain=plain)
        return [live], live
    from mdsim.cli.lines import Lines

    return [Lines(console.say, plain=plain)], nullcontext()


def _told(played: Played, style: str) -> Json:
    from mdsim.cli import recap
    from mdsim.cli.console import open_console

    if style == "json":
        return recap.record(played)
    console = open_console()
    if style == "full":
        console.print()
    recap.draw(console, played, quiet=style == "quiet")
    return None


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


def _open_journal(folder: Path | None) -> Journal | None:
    from mdsim.run.journal import Journal

    return None if folder is None else Journal(folder)


def _journal_folder(journal: Path | None, name: str, *, several: bool) -> Path | None:
    """Several playbooks get a folder each."""
    if journal is None or not several:
        return journal
    return journal / _stem(name)


def _stem(name: str) -> str:
    return "stdin" if name == documents.STDIN else Path(name).stem


def _sidecar(settings: RunSettings, elapsed_ns: int, again: str) -> dict[str, Json]:
    import platform
    from datetime import UTC, datetime

    return {
        "command": shlex.join(["mdsim", *sys.argv[1:]]),
        "again": again,
        "ended_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "elapsed_ms": elapsed_ns // 1_000_000,
        "cycle_ns": settings.cycle_ns,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def _check_server(request: Request) -> None:
    """Some options are about a market of one's own."""
    given = {"--only": request.only, "--cycle": request.cycle, "--keep-effects": request.keep_effects}
    wrong = [name for name, value in given.items() if value]
    if request.server is not None and wrong:
        raise UsageError(
            "MD336",
            f"{wrong[0]} does not go together with --server",
            hint="the server's market goes on by itself, for others too",
        )


def _checked_speed(speed: float | None) -> float | None:
    if speed is not None and not 0.001 <= speed <= _SPEED_MOST:  # NaN fails both
        raise UsageError(
            "MD336", f"--speed {speed:g} is out of bounds", hint="1 is real time, 60 makes an hour a minute"
        )
    return speed


def _checked_cycle(cycle: str | None) -> int | None:
    from mdsim.core import values
    from mdsim.core.params import DurationDraw, Kind
    from mdsim.core.time import DAY, MS

    if cycle is None:
        return None
    try:
        cycle_ns = values.parse(Kind.DURATION, cycle, low=MS, high=DAY)
    except values.ValueProblem as problem:
        raise UsageError("MD336", f"--cycle {problem.message}", hint=problem.help) from None
    if isinstance(cycle_ns, DurationDraw) or not isinstance(cycle_ns, int):
        raise UsageError("MD336", f"--cycle {cycle} is not one duration", hint="write one, such as 250ms")
    return cycle_ns
