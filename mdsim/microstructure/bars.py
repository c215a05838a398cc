"""Bars of one instrument: 1m 5m 15m 1h 4h 1d on UTC boundaries, published once, corrected when needed.

- A span without a trade makes a bar of the previous close with zero volume; before the first trade there
  is none.
- A bar is published as soon as all trades up to its end are known to be in, and at most ``lag_ns`` after
  its end in any case.
- A trade that comes after that corrects the bar, and every empty bar after it that took its close: they
  are published again with ``revision`` one higher. A trade older than ``correct_ns`` at its arrival is
  refused and counted in ``refused``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mdsim.core.time import DAY, HOUR, MINUTE, SECOND
from mdsim.microstructure.prints import Print
from mdsim.microstructure.tally import Tally, by_span

INTERVALS: dict[str, int] = {
    "1m": MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "1h": HOUR,
    "4h": 4 * HOUR,
    "1d": DAY,
}
"""Name -> length in ns; each starts at a multiple of its length since 1970-01-01T00:00Z."""

_NEVER = 1 << 63


@dataclass(frozen=True, slots=True)
class Bar:
    """One published bar, in increments.

    Attributes:
        revision: 0 at first, one higher with each correction.
    """

    interval: str
    start_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    quote_volume: int
    trades: int
    revision: int = 0

    @property
    def figures(self) -> tuple[int, ...]:
        """What trades decide, without the revision."""
        return (self.open, self.high, self.low, self.close, self.volume, self.quote_volume, self.trades)


def _made(interval: str, start_ns: int, tally: Tally | None, close: int) -> Bar:
    if tally is None:
        return Bar(interval, start_ns, close, close, close, close, 0, 0, 0)
    return Bar(
        interval,
        start_ns,
        tally.open,
        tally.high,
        tally.low,
        tally.close,
        tally.volume,
        tally.quote_volume,
        tally.trades,
    )


class _Series:
    """Bars of one interval: the tallies of the spans that may still change, and what was published."""

    def __init__(self, name: str, span_ns: int) -> None:
        self.name = name
        self.span_ns = span_ns
        self._tallies: dict[int, Tally] = {}
        self._published: dict[int, Bar] = {}
        self._close_before = 0  # close of the last span that was forgotten
        self._next_ns = _NEVER  # start of the first span not yet published
        self._dirty_ns = _NEVER  # start of the first published span that has changed

    def merge(self, minute_ns: int, tally: Tally) -> None:
        """Take the trades of a minute."""
        start_ns = minute_ns // self.span_ns * self.span_ns
        there = self._tallies.get(start_ns)
        if there is None:
            self._tallies[start_ns] = tally.copy()
        else:
            there.merge(tally)
        if self._next_ns == _NEVER or (start_ns < self._next_ns and not self._published):
            self._next_ns = start_ns
        elif start_ns < self._next_ns:
            self._dirty_ns = min(self._dirty_ns, start_ns)

    def publish(self, due_ns: int) -> list[Bar]:
        """Bars whose end is at or before ``due_ns`` and that are new or have changed, by time."""
        if self._next_ns == _NEVER:
            return []
        span_ns, start_ns, made = self.span_ns, min(self._dirty_ns, self._next_ns), []
        before = self._published.get(start_ns - span_ns)
        close = before.close if before else self._close_before
        while start_ns < self._next_ns or start_ns + span_ns <= due_ns:
            bar = _made(self.name, start_ns, self._tallies.get(start_ns), close)
            known = self._published.get(start_ns)
            if known is None or known.figures != bar.figures:
                bar = bar if known is None else replace(bar, revision=known.revision + 1)
                self._published[start_ns] = bar
                made.append(bar)
            close = bar.close
            start_ns += span_ns
        self._next_ns, self._dirty_ns = start_ns, _NEVER
        return made

    def forget(self, before_ns: int) -> None:
        """Let go of published bars that end at or before an instant: nothing can change them any more."""
        past = [start_ns for start_ns in self._published if start_ns + self.span_ns <= before_ns]
        for start_ns in sorted(past):
            self._close_before = self._published.pop(start_ns).close
            self._tallies.pop(start_ns, None)


class Bars:
    """All intervals of one instrument.

    Attributes:
        refused: trades that came too late to be taken.
    """

    def __init__(
        self,
        intervals: Iterable[str] = INTERVALS,
        *,
        lag_ns: int = 5 * SECOND,
        correct_ns: int = 15 * MINUTE,
    ) -> None:
        """Start without a trade.

        Args:
            intervals: names out of ``INTERVALS``.
            lag_ns: longest wait for late trades after a bar's end.
            correct_ns: oldest trade that is taken, against the latest ``now_ns`` seen.
        """
        self.refused = 0
        self._series = [_Series(name, INTERVALS[name]) for name in intervals]
        self._lag_ns = lag_ns
        self._correct_ns = correct_ns
        self._oldest_ns = 0

    def add(self, trades: list[Print]) -> None:
        """Take trades, in any order; each once."""
        taken = [one for one in trades if one.ts_ns >= self._oldest_ns]
        self.refused += len(trades) - len(taken)
        for minute_ns, tally in by_span(taken, MINUTE).items():
            for series in self._series:
                series.merge(minute_ns, tally)

    def publish(self, now_ns: int, complete_ns: int = 0) -> list[Bar]:
        """New bars and corrections; shorter intervals first, each by time.

        Args:
            now_ns: the present; never earlier than before.
            complete_ns: every trade before this instant has been added, as far as is known.
        """
        due_ns = max(complete_ns, now_ns - self._lag_ns)
        made = [bar for series in self._series for bar in series.publish(due_ns)]
        oldest_ns = now_ns - self._correct_ns
        if oldest_ns // MINUTE > self._oldest_ns // MINUTE:
            for series in self._series:
                series.forget(oldest_ns)
        self._oldest_ns = max(self._oldest_ns, oldest_ns)
        return made
