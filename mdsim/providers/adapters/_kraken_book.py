"""Kraken's book of ten levels a side, and the checksum that Kraken sends with every change of it.

The sum (Kraken's WebSocket v2 guide) is CRC-32 over the ten best asks, lowest first, then the ten best
bids, highest first; of each level the digits of the price and of the quantity, as printed, without the
point and without zeros in front.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from decimal import Decimal
from zlib import crc32

from mdsim.providers.adapters._kraken_wire import BookLevel
from mdsim.providers.adapters._pairs import sound

SUMMED = 10


def digits(value: Decimal) -> str:
    """The digits that go into the sum.

    >>> digits(Decimal("0.01000000"))
    '1000000'
    """
    return format(value, "f").replace(".", "").lstrip("0")


class Half:
    """One side; prices rise along the list."""

    __slots__ = ("prices", "texts")

    def __init__(self) -> None:
        self.prices: list[Decimal] = []
        self.texts: dict[Decimal, str] = {}

    def set(self, level: BookLevel) -> None:
        """Take in a level.

        Raises:
            ValueError: it has no price or no quantity.
        """
        price, qty = level.price, level.qty
        if not sound(price) or (qty and not sound(qty)):
            raise ValueError("not a level")
        if qty:
            if price not in self.texts:
                self.prices.insert(bisect_left(self.prices, price), price)
            self.texts[price] = digits(price) + digits(qty)
        elif self.texts.pop(price, None) is not None:
            del self.prices[bisect_left(self.prices, price)]

    def drop(self, prices: list[Decimal]) -> None:
        """Levels beyond the depth are not kept up, so they go."""
        for price in prices:
            del self.texts[price]


class KrakenBook:
    """Both sides to a fixed depth."""

    __slots__ = ("_asks", "_bids", "_depth")

    def __init__(self, depth: int = SUMMED) -> None:
        self._depth = depth
        self._bids, self._asks = Half(), Half()

    def apply(self, bids: Iterable[BookLevel], asks: Iterable[BookLevel]) -> None:
        """Set every level that is told, then keep the best of each side.

        Raises:
            ValueError: a level has no price or no quantity; the book is of no use then.
        """
        depth = self._depth
        for level in bids:
            self._bids.set(level)
        for level in asks:
            self._asks.set(level)
        prices = self._bids.prices
        if len(prices) > depth:
            self._bids.drop(prices[:-depth])
            del prices[:-depth]
        prices = self._asks.prices
        if len(prices) > depth:
            self._asks.drop(prices[depth:])
            del prices[depth:]

    def checksum(self) -> int:
        """The sum of the book as it stands."""
        asks, bids = self._asks, self._bids
        texts = [asks.texts[price] for price in asks.prices[:SUMMED]]
        texts += [bids.texts[price] for price in bids.prices[: -SUMMED - 1 : -1]]
        return crc32("".join(texts).encode())

    def top(self) -> tuple[Decimal, Decimal] | None:
        """Best bid and best ask, None while a side is empty."""
        bids, asks = self._bids.prices, self._asks.prices
        return (bids[-1], asks[0]) if bids and asks else None
