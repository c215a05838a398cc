"""A synthetic market: endless, needs nothing, lifelike enough to test against; the default base feed."""

from __future__ import annotations

from mdsim.core.instruments import Catalogue
from mdsim.core.ports import FeedRequest, FeedType
from mdsim.core.time import parse_utc
from mdsim.sources._market import SyntheticMarket
from mdsim.sources._request import check_prices, check_step, no_dataset

START_NS = parse_utc("2026-01-05T00:00:00Z")
"""Where it starts when nothing is asked for: a Monday, fixed, so that a run can be repeated."""


class SyntheticFeed:
    """``BaseFeed`` over ``SyntheticMarket``: instruments out of assets, bases and pair terms."""

    name = "synthetic"
    end_ns: int | None = None

    def __init__(self, request: FeedRequest) -> None:
        self.catalogue: Catalogue = request.catalogue
        self.start_ns: int = START_NS if request.start_ns is None else request.start_ns
        self.step_ns: int = request.step_ns
        self.notes: tuple[str, ...] = ()
        items = self.catalogue.instruments
        self._market = SyntheticMarket(
            request.seeds,
            self.start_ns,
            self.step_ns,
            assets=[asset.code for asset in self.catalogue.assets],
            terms=[item for item in items if not item.usd_spot],
            prices=request.prices,
        )
        slots = self._market.slots
        # An instrument that stands for its asset has no term of its own: it takes slot 0, which is 0.
        self._legs = [(slots[i.base], slots[i.quote], slots.get(i.symbol, 0)) for i in items]
        self._steps = 0
        self.log_prices: list[float] = []
        self.updated_ns: list[int] = []
        self._publish()

    def advance(self, now_ns: int) -> None:
        """Step up to ``now_ns``; between two steps nothing changes."""
        steps = (now_ns - self.start_ns) // self.step_ns - self._steps
        if steps > 0:
            self._market.advance(steps)
            self._steps += steps
            self._publish()

    def _publish(self) -> None:
        values = self._market.values
        self.log_prices[:] = [values[base] - values[quote] + values[own] for base, quote, own in self._legs]
        self.updated_ns[:] = [self.start_ns + self._steps * self.step_ns] * len(self._legs)


def open_feed(request: FeedRequest) -> SyntheticFeed:
    """Open it at its first price.

    Raises:
        UsageError: a step or a start price makes no sense, or a dataset is given.
    """
    check_step(request)
    check_prices(request)
    no_dataset(request, "synthetic")
    return SyntheticFeed(request)


FEED = FeedType(
    name="synthetic",
    summary="an endless made-up market with lifelike volatility, tails, jumps and correlations",
    open=open_feed,
)
