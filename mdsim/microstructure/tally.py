"""What trades add up to: open, high, low, close, volumes and a count, in exact integers."""

from __future__ import annotations

from mdsim.microstructure.prints import Print


class Tally:
    """A sum over trades that does not depend on the order they come in.

    Attributes:
        opened, closed: ``(ts_ns, trade_id)`` of the earliest and the latest trade: they set open and close.
        open, high, low, close: in price increments.
        volume: in size increments.
        quote_volume: price times size, in increments of both.
    """

    __slots__ = ("close", "closed", "high", "low", "open", "opened", "quote_volume", "trades", "volume")

    def __init__(self, first: Print) -> None:
        price, size = first.price, first.size
        self.opened = self.closed = (first.ts_ns, first.trade_id)
        self.open = self.high = self.low = self.close = price
        self.volume = size
        self.quote_volume = price * size
        self.trades = 1

    def take(self, one: Print) -> None:
        """Add a trade."""
        price, size = one.price, one.size
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        moment = (one.ts_ns, one.trade_id)
        if moment >= self.closed:
            self.closed, self.close = moment, price
        elif moment < self.opened:
            self.opened, self.open = moment, price
        self.volume += size
        self.quote_volume += price * size
        self.trades += 1

    def merge(self, other: Tally) -> None:
        """Add everything that another tally holds."""
        self.high = max(self.high, other.high)
        self.low = min(self.low, other.low)
        if other.closed >= self.closed:
            self.closed, self.close = other.closed, other.close
        if other.opened < self.opened:
            self.opened, self.open = other.opened, other.open
        self.volume += other.volume
        self.quote_volume += other.quote_volume
        self.trades += other.trades

    def copy(self) -> Tally:
        """An independent tally of the same trades."""
        twin = Tally.__new__(Tally)
        for name in Tally.__slots__:
            setattr(twin, name, getattr(self, name))
        return twin


def by_span(trades: list[Print], span_ns: int) -> dict[int, Tally]:
    """A tally per span of time that holds a trade, by the span's start in UTC."""
    tallies: dict[int, Tally] = {}
    for one in trades:
        start_ns = one.ts_ns // span_ns * span_ns
        tally = tallies.get(start_ns)
        if tally is None:
            tallies[start_ns] = Tally(one)
        else:
            tally.take(one)
    return tallies
