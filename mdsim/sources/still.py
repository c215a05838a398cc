"""A market that stands still: what a playbook does is all that happens, to the last digit."""

from __future__ import annotations

from mdsim.core.decimals import log
from mdsim.core.instruments import ASSETS, Catalogue
from mdsim.core.ports import FeedRequest, FeedType
from mdsim.sources._request import check_prices, check_step, no_dataset
from mdsim.sources.synthetic import START_NS


class StillFeed:
    """``BaseFeed`` of constant prices: cross rates agree with their legs, a perpetual with its asset."""

    name = "still"
    end_ns: int | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, request: FeedRequest) -> None:
        self.catalogue: Catalogue = request.catalogue
        self.start_ns: int = START_NS if request.start_ns is None else request.start_ns
        self.step_ns: int = request.step_ns
        levels = {code: log(request.prices.get(code, asset.typical_usd)) for code, asset in ASSETS.items()}
        self.log_prices: list[float] = [levels[item.base] - levels[item.quote] for item in self.catalogue]
        self.updated_ns: list[int] = [self.start_ns] * len(self.catalogue)

    def advance(self, now_ns: int) -> None:
        """Confirm every price on the grid; none changes."""
        steps = (now_ns - self.start_ns) // self.step_ns
        self.updated_ns[:] = [self.start_ns + steps * self.step_ns] * len(self.updated_ns)


def open_feed(request: FeedRequest) -> StillFeed:
    """Open it at its prices.

    Raises:
        UsageError: a step or a start price makes no sense, or a dataset is given.
    """
    check_step(request)
    check_prices(request)
    no_dataset(request, "still")
    return StillFeed(request)


FEED = FeedType(
    name="still",
    summary="prices that never change, so that what a playbook does is all that happens",
    open=open_feed,
)
