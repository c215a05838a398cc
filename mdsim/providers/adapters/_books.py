"""A local order book: levels by price, sorted as they stand, best first at the end that is cheap to read."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from decimal import Decimal

Level = tuple[Decimal, Decimal]


class Side:
    """One side of a book; prices rise along the list, whichever side it is."""

    __slots__ = ("_prices", "_sizes")

    def __init__(self) -> None:
        self._prices: list[Decimal] = []
        self._sizes: dict[Decimal, Decimal] = {}

    def __len__(self) -> int:
        return len(self._prices)

    def set(self, price: Decimal, size: Decimal) -> None:
        """The size that stands at a price now; zero takes the level away, if there was one."""
        if size:
            if price not in self._sizes:
                self._prices.insert(bisect_left(self._prices, price), price)
            self._sizes[price] = size
        elif self._sizes.pop(price, None) is not None:
            del self._prices[bisect_left(self._prices, price)]

    def lowest(self) -> Level | None:
        """The level of the lowest price, None for an empty side."""
        return (self._prices[0], self._sizes[self._prices[0]]) if self._prices else None

    def highest(self) -> Level | None:
        """The level of the highest price, None for an empty side."""
        return (self._prices[-1], self._sizes[self._prices[-1]]) if self._prices else None


class Book:
    """Both sides; sizes are absolute, in base units."""

    __slots__ = ("asks", "bids")

    def __init__(self, bids: Iterable[Level] = (), asks: Iterable[Level] = ()) -> None:
        self.bids, self.asks = Side(), Side()
        self.apply(bids, asks)

    def apply(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Set every level that is told."""
        for price, size in bids:
            self.bids.set(price, size)
        for price, size in asks:
            self.asks.set(price, size)

    def top(self) -> tuple[Level, Level] | None:
        """Best bid and best ask, None while a side is empty."""
        bid, ask = self.bids.highest(), self.asks.lowest()
        return None if bid is None or ask is None else (bid, ask)
