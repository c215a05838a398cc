"""The last thing a run says: verdict, checks, what prices did, and how to run it again."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mdsim.core.decimals import CONTEXT
from mdsim.core.time import SECOND, format_clock, format_duration, format_utc
from mdsim.run.result import Check, RunResult, SymbolSummary, Verdict

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from mdsim.core.events import Json
    from mdsim.playbook.plan import Plan

_CHECKS_MOST = 40
_STYLES = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.NOT_RUN: "yellow",
    Verdict.ABORTED: "yellow",
    Verdict.ERROR: "red",
}
_ORDER = (Verdict.ERROR, Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.PASSED)


@dataclass(frozen=True, slots=True)
class Played:
    """A run with what only the command line knows.

    Attributes:
        elapsed_ns: wall time it took.
        again: the command that gives the same run.
    """

    file: str
    plan: Plan
    result: RunResult
    elapsed_ns: int
    again: str


def draw(console: Console, played: Played, *, quiet: bool = False) -> None:
    """Write the recap; ``quiet`` keeps the verdict and what speaks against it."""
    from rich.text import Text

    result = played.result
    checks = ranked(result.checks)
    console.print(
        Text.assemble(
            (f" {result.verdict.value.upper()} ", f"bold reverse {_STYLES[result.verdict]}"),
            (f" {played.plan.name}", "bold"),
            f"  {summary(played)}",
        )
    )
    if result.reason:
        console.print(f"  {result.reason}")
    if quiet:
        _draw_checks(console, [check for check in checks if check.verdict is not Verdict.PASSED])
        return
    _draw_checks(console, checks)
    _draw_symbols(console, result.symbols)
    console.print()
    for note in result.notes:
        console.print(f"note    {note}", style="dim", soft_wrap=not console.is_terminal)
    console.print(f"seed    {result.seed}", style="dim")
    if result.digest:  # a market that others share has none of this run alone
        console.print(f"digest  {result.digest}", style="dim", soft_wrap=True)
    console.print(f"again   {played.again}", soft_wrap=True)


def summary(played: Played) -> str:
    """How long it took in both times, and how much was published."""
    result = played.result
    cycles = f"{result.cycles:,} cycles, {result.ticks:,} ticks"
    return f"{format_duration(result.lasted_ns)} of market in {played.elapsed_ns / SECOND:.2f} s: {cycles}"


def ranked(checks: tuple[Check, ...]) -> list[Check]:
    """Failed first, then open, then passed; warnings after what counts; each in order of time."""

    def rank(check: Check) -> tuple[int, bool, int]:
        place = _ORDER.index(check.verdict) if check.verdict in _ORDER else 0
        return place, check.level == "warn", check.at_ns

    return sorted(checks, key=rank)


def _draw_checks(console: Console, checks: list[Check]) -> None:
    from rich.text import Text

    from mdsim.cli.console import unicode

    if not checks:
        return
    signs = ("✓", "✗", "?") if unicode(sys.stdout) else ("ok", "FAIL", "?")
    marks = {Verdict.PASSED: signs[0], Verdict.FAILED: signs[1]}
    rows: list[tuple[Text, Text, Text]] = []
    for check in checks[:_CHECKS_MOST]:
        style = "yellow" if check.level == "warn" else _STYLES[check.verdict]
        what = Text(f"{check.kind} {check.text}")
        if check.level == "warn":
            what.append("  (a warning, it does not count)", "dim")
        details = ", ".join(f"{metric} = {value}" for metric, value in check.seen)
        told = "; ".join(part for part in (check.note, f"saw {details}" if details else "") if part)
        passed = check.verdict is Verdict.PASSED
        if told:
            what.append(f"{'  ' if passed else chr(10)}{told}", "dim")
        if not passed:
            what.append(f"\n{check.place}", style)
        sign = Text(marks.get(check.verdict, signs[2]), style=style)
        rows.append((sign, Text(format_clock(check.at_ns), "dim"), what))
    console.print()
    _print_rows(console, rows)
    if len(checks) > _CHECKS_MOST:
        console.print(f"… and {len(checks) - _CHECKS_MOST} more")


def _print_rows(console: Console, rows: list[tuple[Text, Text, Text]]) -> None:
    """A table that folds on a terminal; in a pipe the same without folds and padding, for grep and diff."""
    from rich.table import Table
    from rich.text import Text

    if console.is_terminal:
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold", ratio=1)
        for row in rows:
            table.add_row(*row)
        console.print(table)
        return
    first, second = (max(row[at].cell_len for row in rows) for at in (0, 1))
    indent = "\n" + " " * (first + second + 4)
    for sign, clock, what in rows:
        line = Text.assemble(
            sign, " " * (first - sign.cell_len + 2), clock, " " * (second - clock.cell_len + 2)
        )
        line.append_text(Text(indent).join(what.split("\n")))
        console.print(line, soft_wrap=True)


def _draw_symbols(console: Console, symbols: tuple[SymbolSummary, ...]) -> None:
    """What prices did; a narrow terminal gets fewer columns, never half a number."""
    if not symbols:
        return
    titles = ("symbol", "first", "low", "at", "high", "at", "last", "change")
    rows = [
        (
            it.symbol,
            f"{it.first:f}",
            f"{it.low:f}",
            format_clock(it.low_at_ns),
            f"{it.high:f}",
            format_clock(it.high_at_ns),
            f"{it.last:f}",
            change(it),
        )
        for it in symbols
    ]
    console.print()
    for left_out in ((), ("at",), ("at", "first"), ("at", "first", "last")):
        shown = [at for at, title in enumerate(titles) if title not in left_out]
        table = _symbol_table([titles[at] for at in shown], [[row[at] for at in shown] for row in rows])
        needed = console.measure(table, options=console.options.update(width=1_000)).maximum
        if needed <= console.width or not console.is_terminal:
            break
    console.print(table, width=needed, crop=console.is_terminal)


def _symbol_table(titles: list[str], rows: list[list[str]]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in titles:
        justify: Literal["left", "right"] = "left" if title == "symbol" else "right"
        table.add_column(title, justify=justify, no_wrap=True, style="dim" if title == "at" else "")
    for row in rows:
        table.add_row(*row)
    return table


def change(it: SymbolSummary) -> str:
    """From first to last in percent, with its sign."""
    percent = CONTEXT.multiply(CONTEXT.subtract(CONTEXT.divide(it.last, it.first), 1), 100)
    return f"{CONTEXT.quantize(percent, CONTEXT.create_decimal('0.01')):+f}%"


def record(played: Played) -> dict[str, Json]:
    """A run for programs."""
    from mdsim.playbook.plan import canonical

    result = played.result
    return {
        "file": played.file,
        "playbook": played.plan.name,
        "params": canonical(dict(played.plan.params)),
        "verdict": result.verdict.value,
        "exit_code": int(result.exit_code),
        "reason": result.reason,
        "seed": result.seed,
        "digest": result.digest,
        "start": format_utc(result.start_ns),
        "start_ns": result.start_ns,
        "lasted_ns": result.lasted_ns,
        "cycles": result.cycles,
        "ticks": result.ticks,
        "checks": [
            {
                "kind": check.kind,
                "path": check.path,
                "place": check.place,
                "text": check.text,
                "verdict": check.verdict.value,
                "level": check.level,
                "at_ns": check.at_ns,
                "seen": dict(check.seen),
                "note": check.note,
            }
            for check in result.checks
        ],
        "symbols": [
            {
                "symbol": it.symbol,
                "first": f"{it.first:f}",
                "last": f"{it.last:f}",
                "low": f"{it.low:f}",
                "low_at_ns": it.low_at_ns,
                "high": f"{it.high:f}",
                "high_at_ns": it.high_at_ns,
            }
            for it in result.symbols
        ],
        "notes": list(result.notes),
        "again": played.again,
    }
