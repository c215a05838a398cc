"""``mdsim runs``: what runs on a server, and ending or holding it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mdsim.cli import connection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from mdsim.client import Client
    from mdsim.client.run import Run

Id = Annotated[str, typer.Argument(metavar="ID", help="Scenario id, as 'mdsim runs list' shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Nothing but one JSON document on stdout.")]


def list_(
    url: connection.Server = connection.DEFAULT,
    insecure: connection.Insecure = False,
    ca: connection.Ca = None,
    as_json: AsJson = False,
) -> None:
    """List the runs of a server, with their phase and the time that is left."""

    async def work(client: Client) -> None:
        runs = await client.runs.list()
        if as_json:
            _say_json(runs)
        else:
            _draw_all(runs)

    connection.ask(url, insecure, work, ca)


def show(
    scenario_id: Id,
    url: connection.Server = connection.DEFAULT,
    insecure: connection.Insecure = False,
    ca: connection.Ca = None,
    as_json: AsJson = False,
) -> None:
    """Show one run, running or lately ended."""
    _one(url, insecure, ca, as_json, lambda client: client.runs.get(scenario_id))


def pause(
    scenario_id: Id,
    url: connection.Server = connection.DEFAULT,
    insecure: connection.Insecure = False,
    ca: connection.Ca = None,
) -> None:
    """Stop a playbook's clock; prices flow on, held where the run has put them."""
    _one(url, insecure, ca, False, lambda client: client.runs.pause(scenario_id))


def resume(
    scenario_id: Id,
    url: connection.Server = connection.DEFAULT,
    insecure: connection.Insecure = False,
    ca: connection.Ca = None,
) -> None:
    """Let a playbook go on."""
    _one(url, insecure, ca, False, lambda client: client.runs.resume(scenario_id))


def abort(
    scenario_id: Id,
    url: connection.Server = connection.DEFAULT,
    insecure: connection.Insecure = False,
    ca: connection.Ca = None,
) -> None:
    """End a run and release its effects; one that has ended already is no error."""
    _one(url, insecure, ca, False, lambda client: client.runs.stop(scenario_id))


def stop_all(
    url: connection.Server = connection.DEFAULT,
    insecure: connection.Insecure = False,
    ca: connection.Ca = None,
) -> None:
    """End every run of a server and release all effects."""

    async def work(client: Client) -> None:
        stopped = await client.runs.stop_all()
        typer.echo(
            f"stopped {len(stopped)}" + "".join(f"\n  {run.scenario_id}  {run.playbook}" for run in stopped)
        )

    connection.ask(url, insecure, work, ca)


VERBS: dict[str, tuple[Callable[..., None], str]] = {
    "list": (list_, "What runs."),
    "show": (show, "One run."),
    "pause": (pause, "Stop a playbook's clock."),
    "resume": (resume, "Let it go on."),
    "abort": (abort, "End a run, release its effects."),
    "stop-all": (stop_all, "End every run."),
}


def _one(
    url: str, insecure: bool, ca: Path | None, as_json: bool, get: Callable[[Client], Awaitable[Run]]
) -> None:
    async def work(client: Client) -> None:
        run = await get(client)
        if as_json:
            _say_json(run)
        else:
            _draw(run)

    connection.ask(url, insecure, work, ca)


def _say_json(found: Run | Sequence[Run]) -> None:
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())


def _draw_all(runs: Sequence[Run]) -> None:
    from rich.table import Table

    from mdsim.cli.console import open_console

    if not runs:
        typer.echo("nothing runs")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("id", "playbook", "state", "phase", "at", "left"):
        table.add_column(title, no_wrap=True, justify="right" if title in ("at", "left") else "left")
    for run in runs:
        table.add_row(run.scenario_id, run.playbook, _state(run), run.phase, _at(run), _left(run))
    open_console().print(table)


def _draw(run: Run) -> None:
    from rich.table import Table

    from mdsim.cli.console import open_console
    from mdsim.core.time import format_utc

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    rows = {
        "id": run.scenario_id,
        "playbook": run.playbook,
        "type": run.scenario_type,
        "state": _state(run),
        "reason": run.reason,
        "phase": run.phase,
        "symbols": " ".join(run.symbols),
        "effects": "\n".join(run.effects),
        "started": format_utc(run.started_ns),
        "at": _at(run),
        "ended" if run.state == "ended" else "ends": format_utc(run.ends_ns),
        "warnings": "\n".join(run.warnings),
    }
    for title, text in rows.items():
        if text:
            table.add_row(title, text)
    open_console().print(table)


def _state(run: Run) -> str:
    return f"{run.state}, {run.verdict}" if run.verdict else run.state


def _at(run: Run) -> str:
    from mdsim.core.time import SECOND, format_clock

    return format_clock(run.at_ns - run.at_ns % SECOND)


def _left(run: Run) -> str:
    from mdsim.core.time import SECOND, format_duration

    left_ns = run.time_left_ns or 0
    return format_duration(left_ns - left_ns % SECOND)
