"""What is asked of a feed, checked before anything is opened."""

from __future__ import annotations

from mdsim.core.errors import UsageError
from mdsim.core.instruments import ASSETS
from mdsim.core.ports import FeedRequest
from mdsim.core.spelling import suggest
from mdsim.core.time import HOUR, MS, format_duration

STEP_NS_MIN = MS
STEP_NS_MAX = HOUR


def check_step(request: FeedRequest) -> None:
    """Refuse a grid that is finer than a millisecond or coarser than an hour."""
    if not STEP_NS_MIN <= request.step_ns <= STEP_NS_MAX:
        raise UsageError(
            "MD200",
            f"a base feed cannot step every {format_duration(request.step_ns)}",
            hint=f"choose {format_duration(STEP_NS_MIN)} to {format_duration(STEP_NS_MAX)}",
        )


def check_prices(request: FeedRequest) -> None:
    """Refuse start prices of unknown assets, of USD itself, and prices that are none."""
    for code, price in request.prices.items():
        if code not in ASSETS or code == "USD":
            known = [name for name in ASSETS if name != "USD"]
            word = code.removesuffix("-USD")
            near = word if word in known else suggest(word, known)
            hint = f"did you mean {near}?" if near else f"known assets: {', '.join(known)}"
            if word == "USD":
                hint = "a dollar is always worth one dollar: leave it out"
            raise UsageError("MD201", f"{code!r} is no asset that can have a start price in USD", hint=hint)
        if not (price.is_finite() and price > 0):
            raise UsageError(
                "MD202", f"the start price of {code} is {price}", hint="write a price above zero"
            )


def no_dataset(request: FeedRequest, feed: str) -> None:
    """Refuse a dataset where nothing would read it."""
    if request.dataset is not None:
        raise UsageError(
            "MD203",
            f"the {feed} feed reads no dataset, but {request.dataset!r} is given",
            hint="write 'source: replay' to play the dataset, or leave the dataset out",
        )
