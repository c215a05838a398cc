"""The last 24 hours of one instrument, in a bounded number of minute buckets."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mdsim.core.decimals import CONTEXT
from mdsim.core.time import DAY, MINUTE
from mdsim.microstructure.prints import Print
from mdsim.microstructure.tally import Tally, by_span


@dataclass(frozen=True, slots=True)
class DayStats:
    """What happened in the window, in increments.

    Attributes:
        start_ns, end_ns: the window; it begins on a whole minute, at most 24 h and a minute before its end.
        open, last: first and last traded price.
        change: last less open, in price increments.
    """

    start_ns: int
    end_ns: int
    open: int
    high: int
    low: int
    last: int
    volume: int
    quote_volume: int
    trades: int

    @property
    def change(self) -> int:
        """``last - open``, in price increments."""
        return self.last - self.open

    @property
    def change_share(self) -> Decimal:
        """``last / open - 1``, rounded under ``CONTEXT``."""
        return CONTEXT.divide(Decimal(self.change), Decimal(self.open))


class Stats24h:
    """Rolling sums by minute: at most 1,441 buckets, however many trades there are."""

    def __init__(self) -> None:
        self._minutes: dict[int, Tally] = {}
        self._from_ns = 0
        self._volume = 0

    def add(self, trades: list[Print]) -> None:
        """Take trades, in any order, late ones too; one that has left the window is ignored."""
        for start_ns, tally in by_span(trades, MINUTE).items():
            if start_ns < self._from_ns:
                continue
            self._volume += tally.volume
            there = self._minutes.get(start_ns)
            if there is not None:
                there.merge(tally)
            else:
                self._minutes[start_ns] = tally

    def volume(self, now_ns: int) -> int:
        """What was traded in the window that ends at ``now_ns``, in size increments.

        Every tick carries it, so it is a sum that goes along; ``now`` looks at every minute of the day.
        """
        self._forget(now_ns)
        return self._volume

    def _forget(self, now_ns: int) -> None:
        from_ns = (now_ns - DAY) // MINUTE * MINUTE
        if from_ns > self._from_ns:
            self._from_ns = from_ns
            for start_ns in [start for start in self._minutes if start < from_ns]:
                self._volume -= self._minutes.pop(start_ns).volume

    def now(self, now_ns: int) -> DayStats | None:
        """The window that ends at ``now_ns`` (never earlier than before); None without a trade in it."""
        self._forget(now_ns)
        if not self._minutes:
            return None
        tallies = list(self._minutes.values())
        first = min(tallies, key=lambda tally: tally.opened)
        last = max(tallies, key=lambda tally: tally.closed)
        return DayStats(
            start_ns=(now_ns - DAY) // MINUTE * MINUTE,
            end_ns=now_ns,
            open=first.open,
            high=max(tally.high for tally in tallies),
            low=min(tally.low for tally in tallies),
            last=last.close,
            volume=self._volume,
            quote_volume=sum(tally.quote_volume for tally in tallies),
            trades=sum(tally.trades for tally in tallies),
        )
