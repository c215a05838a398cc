"""Reading a recording: CSV text, gzipped or not, into checked columns of numbers.

Three layouts, told apart by their header; further columns are not read:

======== ==================================== ==============================================
bars     ``timestamp_ms,open,high,low,close`` stamped with the bar's open, no bar missing
trades   ``timestamp_ms,price``               stamps never fall; several may share one
quotes   ``timestamp_ms,bid,ask``             likewise; the price is the mid
======== ==================================== ==============================================

Whatever cannot be a price is refused with file, line and what to do: a simulator that smooths over a bad
recording tests nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from mdsim.core.errors import DataError
from mdsim.core.spelling import shown
from mdsim.core.time import HOUR, MS, format_duration, format_utc
from mdsim.sources._text import Opener, read_text

_STAMP_MS_MIN = 100_000_000_000  # 1973: fewer digits mean seconds
_STAMP_MS_MAX = 7_258_118_400_000  # 2200: more digits mean microseconds

Ohlc: TypeAlias = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Bars:
    """A gapless series of bars.

    Attributes:
        label: the file, as messages name it.
        rows: open, high, low, close.
    """

    label: str
    first_ns: int
    interval_ns: int
    rows: list[Ohlc]
    notes: tuple[str, ...] = ()

    @property
    def end_ns(self) -> int:
        """When the last bar closes."""
        return self.first_ns + len(self.rows) * self.interval_ns


@dataclass(frozen=True, slots=True)
class Events:
    """Prices at uneven instants: trades, or the mids of quotes."""

    label: str
    times_ns: list[int]
    prices: list[float]
    notes: tuple[str, ...] = ()

    @property
    def first_ns(self) -> int:
        """Instant of the first price."""
        return self.times_ns[0]

    @property
    def end_ns(self) -> int:
        """Instant of the last price."""
        return self.times_ns[-1]


Recording: TypeAlias = Bars | Events


def read(file: Opener, label: str, interval_ns: int | None = None) -> Recording:
    """Read a recording.

    Args:
        file: where the bytes are; gzip is told by its first bytes, not by a name.
        label: the file, as messages shall name it.
        interval_ns: length of a bar where it is known; else the smallest distance of two stamps.

    Raises:
        DataError: ``file:line: what is wrong``, with a hint.
    """
    lines = read_text(file, label).split("\n")
    while len(lines) > 1 and not lines[-1].strip():
        lines.pop()
    header = tuple(name.strip() for name in lines[0].split(","))
    for columns in (("open", "high", "low", "close"), ("price",), ("bid", "ask")):
        if {"timestamp_ms", *columns} <= set(header):
            if len(lines) == 1:
                raise DataError(
                    "MD213", f"{label}:1: the recording has a header and no rows", hint="record it again"
                )
            table = _Table(label, lines, header, ("timestamp_ms", *columns))
            table.refuse_underscores()
            return _bars(table, interval_ns) if len(columns) == 4 else _events(table)
    raise _header_error(label, header)


@dataclass(frozen=True, slots=True)
class _Table:
    """Lines of text with a header; ``wanted`` are the columns to read, the stamp first."""

    label: str
    lines: list[str]
    header: tuple[str, ...]
    wanted: tuple[str, ...]

    @property
    def at(self) -> tuple[int, ...]:
        """Positions of the wanted columns."""
        return tuple(self.header.index(name) for name in self.wanted)

    def error(self, code: str, number: int, what: str, hint: str) -> DataError:
        """An error about the line ``number`` (the header is line 1)."""
        return DataError(code, f"{self.label}:{number}: {what}", hint=hint)

    def refuse_underscores(self) -> None:
        """Python reads ``1_000`` as a number; a recording must not."""
        at = self.at
        for number, line in enumerate(self.lines[1:], 2):
            if "_" in line:
                fields = line.split(",")
                if any("_" in fields[i] for i in at if i < len(fields)):
                    raise self.fault(number)

    def fault(self, number: int) -> DataError:
        """Say what is wrong with a line that did not pass; called for bad lines only."""
        fields = self.lines[number - 1].split(",")
        if len(fields) != len(self.header):
            return self.error(
                "MD215",
                number,
                f"the header names {len(self.header)} columns, this line has {len(fields)}",
                "a line may be cut off: remove it, or record again",
            )
        values: dict[str, float] = {}
        for name, i in zip(self.wanted, self.at, strict=True):
            text = fields[i].strip()
            problem = _number_problem(text, whole=name == "timestamp_ms")
            if problem:
                code, what, hint = problem
                return self.error(code, number, f"{name} {shown(text)} {what}", hint)
            values[name] = float(text)
        if "high" in values:
            o, h, l, c = (values[name] for name in ("open", "high", "low", "close"))  # noqa: E741
            hint = "high must be the highest and low the lowest of the four"
            if h < l:
                return self.error("MD218", number, f"high {h:g} is below low {l:g}", hint)
            name, value = ("open", o) if not l <= o <= h else ("close", c)
            return self.error("MD218", number, f"{name} {value:g} lies outside {l:g}..{h:g}", hint)
        return self.error(
            "MD222",
            number,
            f"bid {values['bid']:g} is above ask {values['ask']:g}",
            "a crossed book has no mid: remove the line, or record again",
        )

    def order_fault(self, number: int, before_ms: int, stamp_ms: int) -> DataError:
        """Say that a stamp does not come after the one before it."""
        what = "repeats the line before" if stamp_ms == before_ms else "goes back in time"
        return self.error(
            "MD220",
            number,
            f"{_utc(stamp_ms)} {what} ({_utc(before_ms)})",
            "sort the recording by time and keep one line for each bar",
        )


def _bars(table: _Table, interval_ns: int | None) -> Bars:
    """Read bars; every number and the whole time line are checked."""
    at_stamp, at_open, at_high, at_low, at_close = table.at
    width, inf = len(table.header), math.inf
    stamps_ms: list[int] = []
    rows: list[Ohlc] = []
    for number, line in enumerate(table.lines[1:], 2):
        fields = line.split(",")
        try:
            stamp_ms = int(fields[at_stamp])
            row = (
                float(fields[at_open]),
                float(fields[at_high]),
                float(fields[at_low]),
                float(fields[at_close]),
            )
        except (ValueError, IndexError):
            raise table.fault(number) from None
        first, high, low, last = row
        # NaN fails every comparison, so this one line also finds it.
        sound = 0.0 < low <= first <= high < inf and low <= last <= high
        if not sound or len(fields) != width or not _STAMP_MS_MIN <= stamp_ms < _STAMP_MS_MAX:
            raise table.fault(number)
        stamps_ms.append(stamp_ms)
        rows.append(row)
    interval_ms = _check_bar_times(table, stamps_ms, interval_ns)
    return Bars(table.label, stamps_ms[0] * MS, interval_ms * MS, rows)


def _check_bar_times(table: _Table, stamps_ms: list[int], interval_ns: int | None) -> int:
    """Interval of the bars in milliseconds; refuses repeats, steps back, gaps and odd distances."""
    steps_ms = [after - before for before, after in pairwise(stamps_ms)]
    for number, step_ms in enumerate(steps_ms, 3):
        if step_ms <= 0:
            raise table.order_fault(number, stamps_ms[number - 3], stamps_ms[number - 2])
    if interval_ns is None and not steps_ms:
        raise table.error(
            "MD224", 2, "one bar alone does not tell its length", "give at least two bars, or dataset.json"
        )
    interval_ms = min(steps_ms) if interval_ns is None else interval_ns // MS
    for number, step_ms in enumerate(steps_ms, 3):
        if step_ms == interval_ms:
            continue
        before, after = _utc(stamps_ms[number - 3]), _utc(stamps_ms[number - 2])
        length = format_duration(interval_ms * MS)
        if step_ms % interval_ms == 0:
            raise table.error(
                "MD221",
                number,
                f"{step_ms // interval_ms - 1} bar(s) of {length} are missing between {before} and {after}",
                "fill the gap from the source, or cut the recording there and replay one part",
            )
        raise table.error(
            "MD221",
            number,
            f"{after} is no whole number of {length} bars after {before}",
            "bars must have one length and stand on one grid",
        )
    return interval_ms


def _events(table: _Table) -> Events:
    """Read trades (one price) or quotes (bid and ask, whose mid is the price)."""
    at_stamp, at_low, at_high = table.at[0], table.at[1], table.at[-1]
    width, inf, single = len(table.header), math.inf, len(table.wanted) == 2
    times_ns: list[int] = []
    prices: list[float] = []
    before_ms, widest_ms, widest_at, gaps = 0, 0, 0, 0
    for number, line in enumerate(table.lines[1:], 2):
        fields = line.split(",")
        try:
            stamp_ms, low, high = int(fields[at_stamp]), float(fields[at_low]), float(fields[at_high])
        except (ValueError, IndexError):
            raise table.fault(number) from None
        if not 0.0 < low <= high < inf or len(fields) != width:
            raise table.fault(number)
        if not _STAMP_MS_MIN <= stamp_ms < _STAMP_MS_MAX:
            raise table.fault(number)
        if stamp_ms < before_ms:
            raise table.order_fault(number, before_ms, stamp_ms)
        if before_ms and (stamp_ms - before_ms) * MS > HOUR:
            gaps += 1
            if stamp_ms - before_ms > widest_ms:
                widest_ms, widest_at = stamp_ms - before_ms, before_ms
        before_ms = stamp_ms
        times_ns.append(stamp_ms * MS)
        prices.append(low if single else 0.5 * (low + high))
    notes: tuple[str, ...] = ()
    if gaps:
        notes = (
            f"{table.label} is silent for over an hour {gaps} time(s), longest for"
            f" {format_duration(widest_ms * MS)} from {_utc(widest_at)}; the last price holds meanwhile",
        )
    return Events(table.label, times_ns, prices, notes)


def _number_problem(text: str, *, whole: bool) -> tuple[str, str, str] | None:
    """Code, complaint and hint about one field, or None when it is a number that can be used."""
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        value = None
    if value is None or "_" in text:
        wanted = "a whole number of milliseconds since 1970" if whole else "a number"
        return "MD216", f"is not {wanted}", f"write {'1722816000000' if whole else 'it like 49000.5'}"
    if whole:
        if value < _STAMP_MS_MIN:
            return "MD219", "is no time in milliseconds", "it looks like seconds: multiply by 1000"
        if value >= _STAMP_MS_MAX:
            return "MD219", "is no time in milliseconds", "it looks finer: divide down to milliseconds"
        return None
    if not math.isfinite(value):
        return "MD216", "is not a finite number", "remove the line, or fill it from the source"
    if value <= 0:
        return "MD217", "is no price: it must be above zero", "remove the line, or record again"
    return None


def _header_error(label: str, header: tuple[str, ...]) -> DataError:
    layouts = "timestamp_ms,open,high,low,close or timestamp_ms,price or timestamp_ms,bid,ask"
    if header[0].lstrip("-").replace(".", "").isdigit():
        return DataError(
            "MD214",
            f"{label}:1: the header is missing: the first line is data",
            hint=f"put the names of the columns on top: {layouts}",
        )
    first = shown(",".join(header))
    hint = f"it must hold {layouts}"
    return DataError("MD214", f"{label}:1: {first} is no header of a recording", hint=hint)


def _utc(stamp_ms: int) -> str:
    return format_utc(stamp_ms * MS)
