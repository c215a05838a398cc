"""``mdsim plan``: the timeline of a playbook with clock offsets, as a chart of lanes."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from mdsim.cli.timeline import Row
    from mdsim.playbook.plan import Plan

_BAR_COLUMNS = 28
_NARROW = 76
"""Terminals with fewer columns have no room for four columns side by side."""
_CHART_COLUMNS = 88
_SEED = 1
_POINTS = 128
_CYCLES_MOST = 20_000
"""A rehearsal for the eye: under a second, whatever the plan."""


def plan(
    file: Annotated[str, typer.Argument(help="A playbook; - is stdin.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Give a parameter a value.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(metavar="PHASE", help="Keep these phases alone.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The compiled plan and its timeline.")] = False,
) -> None:
    """Show what a playbook will do, and when, without running it."""
    from mdsim import __version__
    from mdsim.cli import documents, wiring
    from mdsim.cli.timeline import as_json as rows_as_json
    from mdsim.cli.timeline import timeline
    from mdsim.playbook import compiler
    from mdsim.playbook.plan import canonical

    found = documents.find(file)
    compiled = wiring.compile_found(found, wiring.overrides(set_ or []))
    chosen = compiler.only(compiled.plan, only) if only else compiled.plan
    rows = timeline(chosen)
    if as_json:
        shown = {"mdsim": __version__, "plan": canonical(chosen), "timeline": rows_as_json(rows)}
        typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    if found.note:
        typer.echo(found.note)
    draw(chosen, rows)
    draw_prices(chosen)


def draw_prices(shown: Plan) -> None:
    """Rehearse a plan on a market that stands still, and draw what becomes of prices."""
    from mdsim.cli import path_chart, wiring
    from mdsim.cli.console import open_console, unicode
    from mdsim.core.errors import MdsimError
    from mdsim.core.time import format_clock, format_duration
    from mdsim.playbook.variants import Variant, undisturbed
    from mdsim.run.rehearsal import Pace, rehearse_blocking
    from mdsim.run.runner import choose_cycle_ns

    console = open_console()
    whole = not console.is_terminal  # what is read by programs is not wrapped
    console.print()
    cycle_ns = shown.baseline.cycle_ns or choose_cycle_ns(shown.expected_ns)
    pace = Pace(cycle_ns, points=_POINTS, cycles_most=_CYCLES_MOST)
    try:
        feed = wiring.open_feed(shown, _SEED, cycle_ns)
        way = Variant(undisturbed(shown), ())
        done = rehearse_blocking([way], feed, _SEED, wiring.effects(), wiring.curves(), pace)[0]
    except MdsimError as error:
        console.print(f"prices    not drawn: {error.message}", style="dim")
        return
    moved = [track for track in done.series.tracks if track.at_ns and path_chart.moved(track)]
    if not moved:
        console.print("prices    the plan moves none", style="dim")
        return
    for line in (
        f"prices    rehearsed with seed {_SEED} on a market that stands still: the plan alone;",
        "          a wait that only the base feed could end is drawn until its timeout",
    ):
        console.print(line, style="dim", soft_wrap=whole)
    if not done.finished:
        console.print(
            f"          drawn until {format_clock(done.lasted_ns)}, of {format_duration(shown.expected_ns)}"
        )
    blocks = unicode(sys.stdout)
    for track in moved:
        labels = max(len(f"{track.decimal(steps):f}") for steps in (max(track.price), max(track.reference)))
        columns = max(20, min(_CHART_COLUMNS, console.width - labels - 3))
        drawn = path_chart.chart(track, max(done.lasted_ns, 1), columns, blocks=blocks)
        console.print()
        console.print(f"{drawn.symbol}  {drawn.title}", soft_wrap=whole)
        for label, cells in drawn.rows:
            console.print(f"{label:>{labels}}  {cells}", soft_wrap=True, no_wrap=True)
        console.print(
            f"{'':>{labels}}  {path_chart.ruler(done.lasted_ns, columns)}", style="dim", no_wrap=True
        )


def draw(shown: Plan, rows: list[Row]) -> None:
    """Write the head, the chart and the questions of a plan."""
    from rich.text import Text

    from mdsim.cli.console import open_console, unicode
    from mdsim.core.time import format_duration
    from mdsim.playbook.limits import of_playbook

    console = open_console()
    console.print(Text.assemble((shown.name, "bold"), f"  {shown.about}".rstrip()))
    names = max((len(it.name) for it in shown.given), default=0)
    texts = max((len(it.text) for it in shown.given), default=0)
    for at, it in enumerate(shown.given):
        line = f"{it.name:<{names}}  {it.text:<{texts}}  {it.help}".rstrip()
        console.print(f"{'' if at else 'params':<10}{line}", style="dim", soft_wrap=True)
    base = shown.baseline
    console.print(f"baseline  {base.source}" + (f" {base.dataset}" if base.dataset else ""), style="dim")
    console.print(f"lasts     at most {format_duration(shown.expected_ns)}", style="dim")
    if shown.limits:
        own = ", ".join(f"{it.key} {it.text}" for it in of_playbook(shown))
        console.print(f"limits    {own}".replace("limits.", ""), style="dim")
    console.print()
    last_ns = max([shown.expected_ns, *(row.end.low_ns for row in rows), 1])
    console.print(lanes(rows, last_ns, console.width, blocks=unicode(sys.stdout)))
    questions = [
        *(("requires", it.text) for it in shown.requires),
        *(("never" if it.never else "always", it.question.text) for it in (*shown.always, *shown.never)),
        *(("expect", it.text) for it in shown.expect),
        *(("finally", it.summary) for it in shown.finally_),
    ]
    if questions:
        console.print()
    for word, text in questions:
        console.print(f"{word:<8}  {text}")


def lanes(rows: list[Row], last_ns: int, width: int, *, blocks: bool) -> Table:
    """The timeline for a terminal of this width; on a narrow one the end stands below the start."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    narrow = width < _NARROW
    columns = _BAR_COLUMNS // 2 if narrow else _BAR_COLUMNS
    table = Table(box=None, pad_edge=False, show_header=True, header_style="dim")
    table.add_column("start\nend" if narrow else "start", no_wrap=True)
    if not narrow:
        table.add_column("end", no_wrap=True)
    table.add_column("what", overflow="fold", ratio=1)
    table.add_column("when", no_wrap=True, width=columns)
    for row in rows:
        style = {"phase": "bold", "lane": "cyan"}.get(row.kind, "")
        what = Padding(Text(row.label, style=style), (0, 0, 0, (1 if narrow else 2) * row.depth))
        start, end = _clock(row.start.low_ns), _end(row)
        times = (f"{start}\n{end}".rstrip(),) if narrow else (start, end)
        table.add_row(*times, what, bar(row, last_ns, blocks=blocks, columns=columns))
    return table


def _clock(at_ns: int) -> str:
    from mdsim.core.time import format_clock

    return format_clock(at_ns)


def _end(row: Row) -> str:
    if row.end == row.start:
        return ""
    high = row.end.high_ns
    if high is None:
        return "open"
    return ("" if high == row.end.low_ns else "by ") + _clock(high)


def bar(row: Row, last_ns: int, *, blocks: bool, columns: int = _BAR_COLUMNS) -> Text:
    """A row as a bar over the whole run: solid from its start to its earliest end, light to its latest."""
    from rich.text import Text

    def column(at_ns: int) -> int:
        return min(columns, at_ns * columns // last_ns)

    first = min(column(row.start.low_ns), columns - 1)
    sure = max(column(row.end.low_ns), first)
    most = column(last_ns if row.end.high_ns is None else row.end.high_ns)
    full, light, point = ("█", "░", "·") if blocks else ("#", "-", ".")
    drawn = full * (sure - first) + light * max(0, most - max(sure, first))
    style = {"phase": "bold", "lane": "cyan"}.get(row.kind, "green")
    return Text(" " * first + (drawn or point), style=style)
