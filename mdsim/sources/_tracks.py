"""Playing a recording on a feed's grid: one instant after another, always forwards."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from typing import Protocol

from mdsim.core.instruments import ASSETS, AssetKind
from mdsim.core.seeds import SeedTree
from mdsim.sources._recording import Bars, Events, Ohlc

BAR_STEPS_MIN = 4
"""Instants that a bar needs so that its open, low, high and close are all published."""
TOGETHER = 0.9
"""Correlation of two coins' noise inside a bar; returns were measured at .67 to .87, 1 s to 1 min."""
_ALONE = math.sqrt(1.0 - TOGETHER * TOGETHER)


class Track(Protocol):
    """The log price of one recording.

    Attributes:
        log: natural log of the price at the last grid instant.
        updated_ns: when that price came about.
    """

    log: float
    updated_ns: int

    def advance(self, to_ns: int) -> None:
        """Play every grid instant up to ``to_ns``."""


class BarTrack:
    """A path through bars that shows every open, high, low and close.

    Inside a bar with m grid instants the path touches: the open at the first instant, the close at the
    last, and between them low then high when the bar closes at or above its open, else high then low (the
    order that needs the shorter way), at drawn instants. A bar with fewer than four instants shows what
    fits: with three the open, the extreme that lies farther outside open and close, and the close; with two
    the open and the close; with one the open. Between two touches runs a Brownian bridge with the volatility
    of the bar's range (Parkinson 1980: ``sigma² = ln(high / low)² / (4 ln 2)``), reflected at low and high,
    so that it never leaves them.

    Each bar draws from streams of its own, named by the base asset and the open time. So where a run starts
    changes nothing as long as the grid falls on the same instants, and two recordings of one asset (spot
    and perpetual, or in two currencies) take like paths: their difference is not blurred by the bridges,
    except where one bar rises and the other falls.

    Coins move together inside a bar, too: they share the instants of their extremes and ``TOGETHER`` of the
    bridge's noise, drawn step by step from a stream of the market.
    """

    def __init__(self, bars: Bars, asset: str, seeds: SeedTree, start_ns: int, step_ns: int) -> None:
        self._bars, self._asset, self._seeds = bars, asset, seeds
        self._step_ns = step_ns
        self._touches: list[tuple[int, float]] = []
        self._left = self._position = 0
        self._market: Callable[[], float] | None = None
        self._target = self._sigma = self._low = self._high = 0.0
        self.log = 0.0
        self.updated_ns = start_ns
        self._enter(start_ns)

    def advance(self, to_ns: int) -> None:
        """Play every grid instant up to ``to_ns``."""
        while (to := self.updated_ns + self._step_ns) <= to_ns:
            if to >= self._bar_end_ns:
                self._enter(to)
            else:
                self._walk(1)
            self.updated_ns = to

    def _enter(self, now_ns: int) -> None:
        """Start the bar that holds ``now_ns``, and walk in it up to there."""
        bars, step_ns = self._bars, self._step_ns
        index = (now_ns - bars.first_ns) // bars.interval_ns
        if index >= len(bars.rows):  # the very end: the last close holds
            self.log = math.log(bars.rows[-1][3])
            self._bar_end_ns = now_ns + step_ns
            return
        open_ns = bars.first_ns + index * bars.interval_ns
        position = (now_ns - open_ns) // step_ns
        first_ns = now_ns - position * step_ns
        count = (open_ns + bars.interval_ns - 1 - first_ns) // step_ns + 1
        own = self._seeds.stream("replay", self._asset, str(open_ns))
        self._gauss, self._market = own.gauss, None
        if ASSETS[self._asset].kind is AssetKind.CRYPTO:
            market = self._seeds.stream("replay", "market", str(open_ns))
            places = market.random(), market.random()
            self._market = market.gauss
        else:
            places = own.random(), own.random()
        row = bars.rows[index]
        self._low, self._high = math.log(row[2]), math.log(row[1])
        self._sigma = (self._high - self._low) / math.sqrt(4.0 * math.log(2.0) * count)
        self._touches = touches(row, count, *places)
        self._touches.reverse()
        _, self.log = self._touches.pop()
        self._aim(0)
        self._bar_end_ns = open_ns + bars.interval_ns
        self._walk(position)

    def _aim(self, position: int) -> None:
        """Take the next touch as the target; after the last there is no further instant in the bar."""
        if self._touches:
            at, self._target = self._touches.pop()
            self._left, self._position = at - position, at

    def _walk(self, steps: int) -> None:
        """Bridge on by some instants inside the bar."""
        low, high, market = self._low, self._high, self._market
        for _ in range(steps):
            left = self._left
            common = 0.0 if market is None else market()  # one a step, so that every coin hears the same
            if left == 1:
                self.log = self._target
                self._aim(self._position)
                continue
            log = self.log
            noise = self._gauss()
            if market is not None:
                noise = TOGETHER * common + _ALONE * noise
            log += (self._target - log) / left + self._sigma * math.sqrt((left - 1) / left) * noise
            if log < low:
                log = min(2.0 * low - log, high)
            elif log > high:
                log = max(2.0 * high - log, low)
            self.log = log
            self._left = left - 1


class EventTrack:
    """The last trade, or the last mid, at each grid instant."""

    def __init__(self, events: Events, start_ns: int, step_ns: int) -> None:
        self._events = events
        self._start_ns, self._step_ns = start_ns, step_ns
        self._index = 0
        self.log = 0.0
        self.updated_ns = 0
        self.advance(start_ns)

    def advance(self, to_ns: int) -> None:
        """Play every grid instant up to ``to_ns``."""
        events = self._events
        grid_ns = to_ns - (to_ns - self._start_ns) % self._step_ns
        self._index = bisect_right(events.times_ns, grid_ns, lo=self._index) or 1
        self.log = math.log(events.prices[self._index - 1])
        self.updated_ns = events.times_ns[self._index - 1]


def touches(row: Ohlc, count: int, first_draw: float, second_draw: float) -> list[tuple[int, float]]:
    """Where a bar's path must be: position among its ``count`` instants and log price, in order.

    Args:
        row: open, high, low, close.
        count: grid instants in the bar, at least one.
        first_draw: uniform in 0..1; with the other it places the extremes.
        second_draw: likewise.
    """
    opened, high, low, closed = row
    path = [(0, opened)]
    if count >= BAR_STEPS_MIN:
        inner = count - 2
        one = int(first_draw * inner)
        other = int(second_draw * (inner - 1))
        other += other >= one  # two different instants, every pair equally likely
        near, far = (low, high) if closed >= opened else (high, low)
        if near != opened:
            path.append((1 + min(one, other), near))
        if far != closed:
            path.append((1 + max(one, other), far))
    elif count == BAR_STEPS_MIN - 1:
        above, below = high / max(opened, closed), min(opened, closed) / low
        path.append((1, high if above > below else low))
    if count > 1:
        path.append((count - 1, closed))
    return [(position, math.log(price)) for position, price in path]
