"""A room with scripted sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

import pytest

from mdsim.consensus.room import Consensus
from mdsim.consensus.settings import ConsensusSettings
from mdsim.core.instruments import ALL, Catalogue
from mdsim.core.sourcing import Judgement, Report, SourceTerms
from mdsim.core.time import SECOND


def terms(name: str, *symbols: str, aggregator: bool = False, kind: str = "stream") -> SourceTerms:
    """A source that is stale after five seconds, a polled one after ninety."""
    age_ns = 90 * SECOND if kind == "poll" else 5 * SECOND
    return SourceTerms(name, kind, "exchange_feeds", 1, aggregator, age_ns, symbols)


class Hearing:
    """A room, and words to drive it: seconds for time, text for prices."""

    def __init__(
        self,
        sources: Iterable[SourceTerms],
        settings: ConsensusSettings | None = None,
        catalogue: Catalogue | None = None,
    ) -> None:
        self.terms = list(sources)
        told = [symbol for source in self.terms for symbol in source.symbols]
        self.catalogue = catalogue or ALL.only(told)
        self.room = Consensus(self.catalogue, self.terms, settings)
        self.symbol = told[0]

    def say(
        self,
        source: str,
        price: str | None,
        at_s: float,
        symbol: str = "",
        *,
        bid: str | None = None,
        ask: str | None = None,
        seq: int = 0,
        event_s: float = 0.0,
        volume: str | None = None,
    ) -> None:
        """One report."""
        sides = [None if side is None else Decimal(side) for side in (bid, ask, price, volume)]
        event_ns, recv_ns = round(event_s * SECOND), round(at_s * SECOND)
        self.room.take(Report(source, symbol or self.symbol, event_ns, recv_ns, seq, *sides))

    def judge(self, at_s: float, symbol: str = "") -> Judgement:
        """Agree, and look at one instrument."""
        self.room.judge(round(at_s * SECOND))
        return self.room.judgement(self.catalogue.index[symbol or self.symbol])

    def all_say(self, prices: Mapping[str, str], at_s: float) -> Judgement:
        """One report of each source, then agree."""
        for source, price in prices.items():
            self.say(source, price, at_s)
        return self.judge(at_s)

    def reasons(self) -> list[tuple[str, str]]:
        """Source and reason of the rejections since the last call."""
        return [(rejection.source, rejection.reason) for rejection in self.room.rejections()]


MakeHearing = Callable[..., Hearing]


@pytest.fixture
def hearing() -> MakeHearing:
    """Makes a room; names alone are exchanges that report BTC-USD."""

    def make(
        *sources: str | SourceTerms,
        settings: ConsensusSettings | None = None,
        catalogue: Catalogue | None = None,
    ) -> Hearing:
        made = [terms(one, "BTC-USD") if isinstance(one, str) else one for one in sources]
        return Hearing(made, settings, catalogue)

    return make


@pytest.fixture(name="terms")
def make_terms() -> Callable[..., SourceTerms]:
    """Makes what is known of a source."""
    return terms
