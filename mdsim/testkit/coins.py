"""What aggregators call assets, and the averages that they tell: refreshed now and then, not at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from mdsim.core.decimals import rounded
from mdsim.core.keyed import key_of
from mdsim.core.seeds import SeedTree
from mdsim.core.time import SECOND
from mdsim.venues.wander import Wander


@dataclass(frozen=True, slots=True)
class Coin:
    """One coin.

    Attributes:
        gecko: its id at CoinGecko; ``number``: at CoinMarketCap.
        supply: coins there are; volume_usd: traded in 24 hours.
    """

    asset: str
    gecko: str
    number: int
    name: str
    supply: int
    volume_usd: int


COINS = (
    Coin("BTC", "bitcoin", 1, "Bitcoin", 19_900_000, 31_000_000_000),
    Coin("ETH", "ethereum", 1027, "Ethereum", 120_700_000, 18_000_000_000),
    Coin("USDT", "tether", 825, "Tether USDt", 150_000_000_000, 55_000_000_000),
    Coin("USDC", "usd-coin", 3408, "USDC", 60_000_000_000, 9_000_000_000),
    Coin("UST", "terrausd", 7129, "TerraClassicUSD", 9_000_000_000, 40_000_000),
    Coin("USDE", "ethena-usde", 29470, "Ethena USDe", 6_000_000_000, 180_000_000),
)


@dataclass(frozen=True, slots=True)
class Quoted:
    """A coin in one currency.

    Attributes:
        made_ns: when the average was made, on the aggregator's clock.
    """

    price: Decimal
    volume: Decimal
    cap: Decimal
    made_ns: int


class Averages:
    """Prices of every coin, made anew every ``refresh_ns``."""

    def __init__(self, seeds: SeedTree, venue: str, refresh_ns: int) -> None:
        self._refresh_ns = refresh_ns
        self._wanders = {
            coin.asset: Wander(key_of(seeds, "testkit", venue, coin.asset), 1.6e-4, 20 * SECOND)
            for coin in COINS
        }
        self._made: dict[tuple[str, str], tuple[int, Quoted]] = {}

    def quoted(
        self, coin: Coin, currency: str, mid: Callable[[str, str, int], float], now_ns: int, stamp_ns: int
    ) -> Quoted:
        """What is told of a coin now.

        Args:
            coin: which.
            currency: our code of it.
            mid: price of a pair as the aggregator sees it.
            now_ns: the present.
            stamp_ns: what its clock shows.
        """
        key, period = (coin.asset, currency), now_ns // self._refresh_ns
        found = self._made.get(key)
        if found is None or found[0] != period:
            price = mid(coin.asset, currency, now_ns) * math.exp(self._wanders[coin.asset].at(now_ns))
            places = max(0, 6 - math.floor(math.log10(price)))
            dollars = mid(currency, "USD", now_ns) if currency != "USD" else 1.0
            quoted = Quoted(
                rounded(price, places),
                rounded(coin.volume_usd / dollars, 4),
                rounded(price * coin.supply, 4),
                stamp_ns,
            )
            found = self._made[key] = (period, quoted)
        return found[1]
