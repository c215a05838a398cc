"""The market behind all doubles: true prices, one clock, and what each venue makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from mdsim.core.instruments import ALL, Catalogue
from mdsim.core.ports import FeedRequest, FeedType
from mdsim.core.registry import discover
from mdsim.core.seeds import SeedTree
from mdsim.core.time import MS
from mdsim.run.clock import utc_ns
from mdsim.testkit.prices import FeedPrices, Prices, ScriptedPrices

_STEP_NS = 50 * MS


class Market:
    """What several doubles have in common.

    Attributes:
        prices: the truth.
        seeds: of every draw that is not of the prices.
    """

    def __init__(self, prices: Prices, seed: int = 1) -> None:
        self.prices = prices
        self.seeds = SeedTree(seed)

    @classmethod
    def scripted(cls, prices: Mapping[str, str | Decimal] | None = None, seed: int = 1) -> Market:
        """A market that moves when a test says so: ``market.set("BTC", "61000")``.

        Args:
            prices: US dollars by asset; others stand at their typical level.
            seed: of sizes and trades.
        """
        return cls(ScriptedPrices(prices), seed)

    @classmethod
    def synthetic(cls, seed: int = 1, prices: Mapping[str, Decimal] | None = None) -> Market:
        """The synthetic market of ``mdsim serve``, from now on.

        Args:
            seed: of everything.
            prices: levels to start from, US dollars by asset.
        """
        return cls._of_feed("synthetic", seed, prices=prices or {})

    @classmethod
    def recorded(cls, dataset: str, start_ns: int | None = None, seed: int = 1) -> Market:
        """A recording, as if it happened now; past its end its last prices stand.

        Args:
            dataset: its name or path, as ``mdsim list datasets`` gives them.
            start_ns: where in it to begin; None for its beginning.
            seed: of sizes and trades.

        Raises:
            DataError: there is no such recording, or it cannot be read.
        """
        return cls._of_feed("replay", seed, start_ns=start_ns, dataset=dataset)

    @classmethod
    def _of_feed(
        cls,
        name: str,
        seed: int,
        *,
        start_ns: int | None = None,
        prices: Mapping[str, Decimal] | None = None,
        dataset: str | None = None,
    ) -> Market:
        now_ns = utc_ns() // _STEP_NS * _STEP_NS
        spots = Catalogue(replace(item, enabled=True) for item in ALL if item.usd_spot)
        request = FeedRequest(
            catalogue=spots,
            seeds=SeedTree(seed),
            start_ns=now_ns if name == "synthetic" else start_ns,
            step_ns=_STEP_NS,
            prices=prices or {},
            dataset=dataset,
        )
        feed = discover("mdsim.sources", "FEED", FeedType)[name].open(request)
        return cls(FeedPrices(feed, now_ns), seed)

    def now_ns(self) -> int:
        """The time of day."""
        return utc_ns()

    def set(self, asset: str, price: str | Decimal) -> None:
        """Let an asset be worth this from now on, in US dollars.

        Raises:
            TypeError: the prices are those of a feed.
            UsageError: there is no such asset, or that is no price.
        """
        if not isinstance(self.prices, ScriptedPrices):
            raise TypeError("prices of a feed cannot be set: take Market.scripted()")
        self.prices.set(asset, price)

    def mid(self, base: str, quote: str, now_ns: int) -> float:
        """The true price of a pair."""
        quoted = 1.0 if quote == "USD" else self.prices.usd(quote, now_ns)
        return self.prices.usd(base, now_ns) / quoted
