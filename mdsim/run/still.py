"""A market that stands still at another's prices: what a rehearsal plays on."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

from mdsim.core.impairing import Disturbance, Injection
from mdsim.core.instruments import Catalogue
from mdsim.core.ports import BaseFeed
from mdsim.core.sourcing import JudgedFeed, Judgement, SourceTerms


class StillFeed:
    """A base feed whose prices never change; a stand-in for one that has been opened."""

    name = "still"
    end_ns: int | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, feed: BaseFeed, start_ns: int, step_ns: int) -> None:
        """Stand at the present prices of a feed from ``start_ns`` on."""
        self.catalogue: Catalogue = feed.catalogue
        self.start_ns: int = start_ns
        self.step_ns: int = step_ns
        self.log_prices: list[float] = list(feed.log_prices)
        self.updated_ns: list[int] = [start_ns] * len(self.catalogue)

    def advance(self, now_ns: int) -> None:
        """Every price is confirmed."""
        self.updated_ns[:] = [now_ns] * len(self.catalogue)


class StillSources(StillFeed):
    """The same where the feed rests on sources: all of them agree, at every moment."""

    halted: list[bool] | None = None

    def __init__(self, feed: BaseFeed, judged: JudgedFeed, start_ns: int, step_ns: int) -> None:
        super().__init__(feed, start_ns, step_ns)
        self.sources: tuple[SourceTerms, ...] = judged.sources
        self._told = [
            tuple(one.name for one in self.sources if judged.source_updated_ns(at, one.name) is not None)
            for at in range(len(self.catalogue))
        ]

    def judgement(self, at: int) -> Judgement:
        """Full agreement."""
        price, count = exp(self.log_prices[at]), len(self._told[at])
        symbol = self.catalogue.symbols[at]
        return Judgement(symbol, price, price, 0.0, 1.0, count, count, "LIVE", "", self.updated_ns[at])

    def source_updated_ns(self, at: int, source: str) -> int | None:
        """Just now, if the source ever told the instrument."""
        return self.updated_ns[at] if source in self._told[at] else None

    def disturb(self, disturbances: Sequence[Disturbance]) -> None:
        """A rehearsal looks at prices; sources that are disturbed agree all the same."""

    def injections(self) -> Sequence[Injection]:
        """None."""
        return ()


def still_like(feed: BaseFeed, start_ns: int, step_ns: int) -> StillFeed:
    """A still stand-in that measures what the feed measures."""
    if isinstance(feed, JudgedFeed):
        return StillSources(feed, feed, start_ns, step_ns)
    return StillFeed(feed, start_ns, step_ns)
