"""What prices did during a run on somebody else's market, as far as a reader of its stream has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from mdsim.client.prices import Listing
from mdsim.core.decimals import CONTEXT
from mdsim.core.events import Tick
from mdsim.run.result import SymbolSummary
from mdsim.run.series import VERSION, Points, Series, Track


@dataclass
class _Range:
    """First, last and outermost price of an instrument, and when they were."""

    first: Decimal
    last: Decimal
    low: Decimal
    low_at_ns: int
    high: Decimal
    high_at_ns: int

    def take(self, price: Decimal, at_ns: int) -> None:
        self.last = price
        if price < self.low:
            self.low, self.low_at_ns = price, at_ns
        elif price > self.high:
            self.high, self.high_at_ns = price, at_ns


class SharedPrices:
    """Collects ticks; gives the recap's table and the points of a series.

    Attributes:
        skipped: ticks that the server left out because we read too slowly; lows and highs may lie in them.
        ended: why the stream ended before the run, empty while it goes on.
    """

    def __init__(self) -> None:
        self.skipped = 0
        self.ended = ""
        self._grids: list[tuple[str, Decimal]] = []
        self._places: dict[str, int] = {}
        self._points = Points(0)
        self._ranges: dict[str, _Range] = {}

    def listen_to(self, listings: Sequence[Listing], symbols: Sequence[str]) -> None:
        """Take down the grids of the instruments that will be followed, in the server's order."""
        self._grids = [(one.symbol, one.price_increment) for one in listings if one.symbol in symbols]
        self._places = {symbol: at for at, (symbol, _) in enumerate(self._grids)}
        self._points = Points(len(self._grids))

    def take(self, tick: Tick, at_ns: int) -> None:
        """Take a price in; ``at_ns`` is the scenario time since the start."""
        place = self._places.get(tick.symbol)
        if place is None:
            return
        seen = self._ranges.get(tick.symbol)
        if seen is None:
            price = tick.price
            self._ranges[tick.symbol] = _Range(price, price, price, at_ns, price, at_ns)
        else:
            seen.take(tick.price, at_ns)
        grid = self._grids[place][1]
        mid, reference, bid, ask = (
            int(CONTEXT.divide(price, grid)) for price in (tick.price, tick.reference, tick.bid, tick.ask)
        )
        self._points.add(place, (at_ns, mid, reference, bid, ask, 0))

    def summaries(self) -> tuple[SymbolSummary, ...]:
        """Every instrument that was seen."""
        return tuple(
            SymbolSummary(
                symbol=symbol,
                first=seen.first,
                last=seen.last,
                low=seen.low,
                low_at_ns=seen.low_at_ns,
                high=seen.high,
                high_at_ns=seen.high_at_ns,
            )
            for symbol, _ in self._grids
            if (seen := self._ranges.get(symbol)) is not None
        )

    def series(self) -> Series:
        """The telling points; a shared market has no digest of one run."""
        tracks = [
            Track(symbol, f"{grid:f}", *self._points.columns(at)[:5])
            for at, (symbol, grid) in enumerate(self._grids)
            if symbol in self._ranges
        ]
        return Series(VERSION, "", tracks)

    def notes(self) -> tuple[str, ...]:
        """What a reader of the table must know."""
        found = []
        if self._ranges:
            found.append("prices are those that this reader saw on the server's stream")
        if self.skipped:
            found.append(f"{self.skipped} of them were left out, because it read too slowly")
        if self.ended:
            found.append(f"the stream of prices ended before the run: {self.ended}")
        return tuple(found)
