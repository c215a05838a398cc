"""A price's way over a whole plan, drawn with characters."""

from __future__ import annotations

from dataclasses import dataclass

from mdsim.core.decimals import CONTEXT
from mdsim.core.time import format_clock
from mdsim.playbook.limits import percent
from mdsim.run.series import Track

ROWS = 5
_LEAST_MOVE = 2
"""Increments: less than that is rounding, and is not drawn."""


@dataclass(frozen=True, slots=True)
class PathChart:
    """One instrument's chart.

    Attributes:
        title: from where to where, and the farthest between.
        rows: from the top down, each a price label (may be empty) and its cells.
    """

    symbol: str
    title: str
    rows: tuple[tuple[str, str], ...]


def moved(track: Track) -> bool:
    """Whether the plan does anything to this instrument."""
    return any(abs(a - b) >= _LEAST_MOVE for a, b in zip(track.price, track.reference, strict=True))


def chart(track: Track, last_ns: int, columns: int, *, blocks: bool, rows: int = ROWS) -> PathChart:
    """Draw a track from the start of the run to ``last_ns``.

    With ``blocks`` a cell holds two levels (half blocks), otherwise one; the base price at the start is a
    line of dashes where nothing else is drawn.
    """
    spans = _spans(track, last_ns, columns)
    base = track.reference[0]
    low, high = min(base, *track.price), max(base, *track.price)
    levels = rows * 2 if blocks else rows
    scale = (levels - 1) / (high - low) if high > low else 0.0

    def level(steps: int) -> int:
        return round((steps - low) * scale)

    filled = [(level(bottom), level(top)) for bottom, top in spans]
    base_row = level(base) // 2 if blocks else level(base)
    drawn = []
    for row in reversed(range(rows)):
        line = "─" if blocks else "-"
        empty = line if row == base_row else " "
        cells = "".join(_cell(row, bottom, top, empty, blocks=blocks) for bottom, top in filled)
        steps = {base_row: base, rows - 1: high, 0: low}.get(row)
        if row == base_row:
            steps = base
        drawn.append(("" if steps is None else f"{track.decimal(steps):f}", cells.rstrip()))
    return PathChart(track.symbol, _title(track), tuple(drawn))


def _cell(row: int, bottom: int, top: int, empty: str, *, blocks: bool) -> str:
    if not blocks:
        return "#" if bottom <= row <= top else empty
    lower, upper = bottom <= 2 * row <= top, bottom <= 2 * row + 1 <= top
    if lower and upper:
        return "█"
    return "▄" if lower else "▀" if upper else empty


def _spans(track: Track, last_ns: int, columns: int) -> list[tuple[int, int]]:
    """Lowest and highest price of each column's time; what held when it began is part of it."""
    found = []
    at, held = 0, track.price[0]
    for column in range(columns):
        end_ns = last_ns * (column + 1) // columns
        seen = [held]
        while at < len(track.at_ns) and (track.at_ns[at] < end_ns or column == columns - 1):
            held = track.price[at]
            seen.append(held)
            at += 1
        found.append((min(seen), max(seen)))
    return found


def _title(track: Track) -> str:
    deviations = [abs(a - b) / b for a, b in zip(track.price, track.reference, strict=True)]
    at = deviations.index(max(deviations))
    price, base = track.decimal(track.price[at]), track.decimal(track.reference[at])
    away = percent(CONTEXT.subtract(CONTEXT.divide(price, base), 1))
    return (
        f"from {track.decimal(track.price[0]):f}, farthest {price:f} ({away}) "
        f"at {format_clock(track.at_ns[at])}, ends at {track.decimal(track.price[-1]):f}"
    )


def ruler(last_ns: int, columns: int) -> str:
    """Clock offsets below a chart: at its start, its end and as many between as there is room for."""
    line = [" "] * (columns + 12)
    widest = len(format_clock(last_ns // 1_000_000_000 * 1_000_000_000))
    marks = next((marks for marks in (4, 3, 2) if columns // marks >= 2 * widest + 2), 1)
    for mark in range(marks + 1):
        text = format_clock(last_ns * mark // marks // 1_000_000_000 * 1_000_000_000)
        start = max(0, columns * mark // marks - (0 if mark == 0 else len(text)))
        line[start : start + len(text)] = text
    return "".join(line).rstrip()
