"""A run on a terminal: one live line a lane, finished steps scrolling above."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING

from rich.live import Live
from rich.table import Table
from rich.text import Text

from mdsim.cli.sparkline import ASCII, BLOCKS, Sparkline
from mdsim.cli.watched import watched
from mdsim.cli.words import Line, Narrator
from mdsim.core.events import Entry
from mdsim.core.time import SECOND, format_clock, format_utc

if TYPE_CHECKING:
    from rich.console import Console

    from mdsim.engine.view import View
    from mdsim.playbook.plan import Plan

_REDRAW_EVERY_S = 0.1
_AT_REST = "waits"
_ITERATION = re.compile(r"#\d+")


@dataclass(slots=True)
class _LaneRow:
    """One live line.

    Attributes:
        step, path: summary and path of the present step, or empty: nothing is left to do.
        at_ns: scenario time since when the lane is at it.
    """

    name: str
    step: str = ""
    path: str = ""
    symbol: str = ""
    at_ns: int = 0


class LiveView:
    """Follows a run as an observer; a context manager that gives the terminal back whatever happens.

    It redraws when the run reports progress, at most ten times a second: no thread, no timer.
    """

    def __init__(self, plan: Plan, console: Console, *, plain: bool = False) -> None:
        self._console = console
        self._plain = plain
        self._narrator = Narrator()
        self._watched = watched(plan)
        self._default = plan.symbols[0] if plan.symbols else ""
        self._rows: dict[str, _LaneRow] = {}
        self._phase = ("", "")
        self._sparks: dict[str, Sparkline] = {}
        self._prices: dict[str, str] = {}
        self._now_ns = 0
        self._at_ns = 0
        self._drawn_s = 0.0
        self._columns = 32 if console.width >= 100 else 12 if console.width >= 72 else 0
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.update(Text(""))
        self._live.stop()

    def on_entry(self, entry: Entry) -> None:
        """Move the lanes on, and print what will not change any more."""
        self._follow(entry)
        line = self._narrator.line(entry)
        if line is not None and not line.passing:
            self._print(entry, line.ascii() if self._plain else line)

    def on_progress(self, view: View, now_ns: int, at_ns: int) -> None:
        """Sample the prices on show and redraw."""
        self.on_prices(view.price, now_ns, at_ns)

    def on_prices(self, price_of: Callable[[str], Decimal | None], now_ns: int, at_ns: int) -> None:
        """The same for prices from elsewhere; None for one that is not known yet."""
        self._now_ns, self._at_ns = now_ns, at_ns
        for symbol in dict.fromkeys(row.symbol for row in self._rows.values()):
            price = price_of(symbol) if symbol else None
            if price is not None:
                self._prices[symbol] = f"{price:f}"
                self._spark(symbol).push(float(price))
        now_s = time.monotonic()
        if now_s - self._drawn_s >= _REDRAW_EVERY_S:
            self._drawn_s = now_s
            self._live.update(self.picture(), refresh=True)

    def picture(self) -> Table:
        """The live lines as they stand."""
        table = Table.grid(padding=(0, 2), expand=True)
        table.add_column(no_wrap=True, style="cyan")
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1, min_width=10)
        table.add_column(no_wrap=True, justify="right", style="dim")
        table.add_column(no_wrap=True, justify="right")
        if self._columns:
            table.add_column(no_wrap=True, style="green", min_width=self._columns)
        market = format_utc(_seconds(self._now_ns)) if self._now_ns else ""
        table.add_row(Text(format_clock(_seconds(self._at_ns)), style="bold"), market)
        for row in self._rows.values():
            spark = str(self._sparks.get(row.symbol, ""))
            value = f"{row.symbol} {self._prices.get(row.symbol, '')}" if row.symbol else ""
            since = format_clock(_seconds(self._at_ns - row.at_ns)) if row.step else ""
            path = (spark,) if self._columns else ()
            table.add_row(row.name, row.step or _AT_REST, since, value, *path)
        return table

    def _follow(self, entry: Entry) -> None:
        name = str(entry.data.get("name", ""))
        if entry.kind == "phase_started":
            self._phase = (entry.path, name)
            self._rows = {entry.path: _LaneRow(name, at_ns=entry.at_ns, symbol=self._default)}
        elif entry.kind == "lane_started":
            phase = entry.path.rpartition("/")[0]
            if phase in self._rows and not self._rows[phase].step:
                del self._rows[phase]
            self._rows[entry.path] = _LaneRow(name, at_ns=entry.at_ns, symbol=self._default)
        elif entry.kind == "lane_ended":
            ended = self._rows.pop(entry.path, None)
            if ended is not None and not self._rows:  # the phase may last longer than its lanes
                path, name = self._phase
                self._rows[path] = _LaneRow(name, symbol=ended.symbol)
        elif entry.kind == "step_started":
            row = self._row(entry.path)
            if row is not None:
                row.step, row.at_ns = str(entry.data.get("summary", "")), entry.at_ns
                row.symbol = self._watched.get(_ITERATION.sub("", entry.path), row.symbol)
                row.path = entry.path
        elif entry.kind == "step_ended":
            row = self._row(entry.path)
            if row is not None and row.path == entry.path:
                row.step = ""

    def _row(self, path: str) -> _LaneRow | None:
        while path:
            if path in self._rows:
                return self._rows[path]
            path = path.rpartition("/")[0]
        return next(iter(self._rows.values()), None)

    def _spark(self, symbol: str) -> Sparkline:
        return self._sparks.setdefault(
            symbol, Sparkline(self._columns, signs=ASCII if self._plain else BLOCKS)
        )

    def _print(self, entry: Entry, line: Line) -> None:
        where = f"  {entry.path}" if entry.path and entry.kind != "phase_started" else ""
        self._console.print(
            Text.assemble(
                (f"{format_clock(entry.at_ns)}  ", "dim"),
                (f"{line.mark} {line.text}", line.style),
                (where, "dim"),
            )
        )


def _seconds(duration_ns: int) -> int:
    """Whole seconds: a live line that shows milliseconds only flickers."""
    return duration_ns - duration_ns % SECOND
