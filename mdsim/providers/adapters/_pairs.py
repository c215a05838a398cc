"""One instrument of ours at a venue that may quote it the other way round."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mdsim.core.decimals import CONTEXT

LEAST, MOST = Decimal("1e-18"), Decimal("1e18")
"""No price of any instrument lies outside; what does is a broken number."""


def sound(price: Decimal) -> bool:
    """Whether a number can be a price at all: finite, above zero, of a size that arithmetic can take."""
    return price.is_finite() and LEAST <= price <= MOST


def inverse(price: Decimal) -> Decimal:
    """1 / price, to 34 digits."""
    return CONTEXT.divide(Decimal(1), price)


@dataclass(frozen=True, slots=True)
class Pair:
    """Our symbol and the venue's.

    Attributes:
        inverted: the venue's price is the inverse of ours: our USDT-BTC is its BTCUSDT.
    """

    symbol: str
    listed: str
    inverted: bool

    def quote(self, bid: Decimal, ask: Decimal) -> tuple[Decimal, Decimal]:
        """Our bid and ask; inverting swaps the two."""
        return (inverse(ask), inverse(bid)) if self.inverted else (bid, ask)

    def price(self, price: Decimal) -> Decimal:
        """Our price."""
        return inverse(price) if self.inverted else price

    def volume(self, base: Decimal | None, quote: Decimal | None) -> Decimal | None:
        """Our base volume: the venue's quote volume where it is inverted."""
        return quote if self.inverted else base
