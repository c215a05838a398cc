"""What the doubles' market is worth: prices that a test sets, or those of a base feed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

from mdsim.core.errors import UsageError
from mdsim.core.instruments import ASSETS
from mdsim.core.ports import BaseFeed
from mdsim.core.spelling import shown


class Prices(Protocol):
    """The true worth of every asset; what every double is a view of."""

    def usd(self, asset: str, now_ns: int) -> float:
        """US dollars of one unit at an instant; instants never fall."""


class ScriptedPrices:
    """Prices that stand until somebody sets them; what is not named stands at its typical level."""

    def __init__(self, prices: Mapping[str, str | Decimal] | None = None) -> None:
        """Take US dollars by asset, as text or Decimal.

        Raises:
            UsageError: an asset is unknown or its price is none.
        """
        self._usd = {code: float(asset.typical_usd) for code, asset in ASSETS.items()}
        for code, price in (prices or {}).items():
            self.set(code, price)

    def set(self, asset: str, price: str | Decimal) -> None:
        """Let an asset be worth this from now on.

        Raises:
            UsageError: the asset is unknown or the price is none.
        """
        if asset not in self._usd:
            hint = f"there are {', '.join(self._usd)}"
            raise UsageError("MD640", f"the testkit knows no asset {shown(asset)}", hint=hint)
        try:
            value = float(price)
        except ValueError:
            value = math.nan
        if not 0.0 < value < math.inf:
            raise UsageError("MD640", f"{shown(str(price))} is no price of {asset}", hint='write "65000.50"')
        self._usd[asset] = value

    def usd(self, asset: str, now_ns: int) -> float:
        """As it was set last."""
        del now_ns
        return self._usd[asset]


class FeedPrices:
    """Prices of a base feed: the synthetic market, or a recording that is moved to the present."""

    def __init__(self, feed: BaseFeed, begin_ns: int) -> None:
        """Take an opened feed; its start is put at ``begin_ns``."""
        self._feed = feed
        self._shift_ns = feed.start_ns - begin_ns
        self._newest_ns = feed.start_ns
        self._index = {item.base: at for at, item in enumerate(feed.catalogue) if item.usd_spot}

    def usd(self, asset: str, now_ns: int) -> float:
        """Of the feed, which holds its last price once it has ended; what it lacks is typical."""
        at = self._index.get(asset)
        if at is None:
            return float(ASSETS[asset].typical_usd)
        ts_ns = now_ns + self._shift_ns
        if self._feed.end_ns is not None:
            ts_ns = min(ts_ns, self._feed.end_ns)
        if ts_ns > self._newest_ns:
            self._newest_ns = ts_ns
            self._feed.advance(ts_ns)
        return math.exp(self._feed.log_prices[at])
