"""``mdsim plan``: the timeline of a playbook with clock offsets, as a chart of lanes."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.text import Text

    from mdsim.cli.timeline import Row
    from mdsim.playbook.plan import Plan

_BAR_COLUMNS = 28


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


def draw(shown: Plan, rows: list[Row]) -> None:
    """Write the head, the chart and the questions of a plan."""
    from rich.table import Table
    from rich.text import Text

    from mdsim.cli.console import open_console, unicode
    from mdsim.core.time import format_duration
    from mdsim.playbook.plan import canonical

    console = open_console()
    console.print(Text.assemble((shown.name, "bold"), f"  {shown.about}".rstrip()))
    if shown.params:
        values = ", ".join(
            f"{name}={json.dumps(canonical(value)).strip(chr(34))}" for name, value in shown.params
        )
        console.print(f"params    {values}", style="dim")
    base = shown.baseline
    console.print(f"baseline  {base.source}" + (f" {base.dataset}" if base.dataset else ""), style="dim")
    console.print(f"lasts     at most {format_duration(shown.expected_ns)}", style="dim")
    console.print()
    last_ns = max([shown.expected_ns, *(row.end.low_ns for row in rows), 1])
    table = Table(box=None, pad_edge=False, show_header=True, header_style="dim")
    table.add_column("start", no_wrap=True)
    table.add_column("end", no_wrap=True)
    table.add_column("what", overflow="fold", ratio=1)
    table.add_column("when", no_wrap=True, width=_BAR_COLUMNS)
    blocks = unicode(sys.stdout)
    for row in rows:
        style = {"phase": "bold", "lane": "cyan"}.get(row.kind, "")
        what = Text("  " * row.depth + row.label, style=style)
        table.add_row(_clock(row.start.low_ns), str(_end(row)), what, bar(row, last_ns, blocks=blocks))
    console.print(table)
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
