"""The market that stands still."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from mdsim.core.errors import UsageError
from mdsim.core.ports import FeedRequest
from mdsim.core.time import DAY, SECOND
from mdsim.sources.still import FEED

Requester = Callable[..., FeedRequest]


def test_prices_never_change_and_are_never_stale(request_for: Requester) -> None:
    """Each step confirms them."""
    feed = FEED.open(request_for(BTC="42849.78"))
    before = list(feed.log_prices)
    assert math.exp(before[feed.catalogue.index["BTC-USD"]]) == pytest.approx(42849.78)
    feed.advance(feed.start_ns + DAY)
    assert feed.log_prices == before
    assert feed.updated_ns == [feed.start_ns + DAY] * len(feed.catalogue)
    feed.advance(feed.start_ns + DAY + SECOND // 2)
    assert feed.updated_ns == [feed.start_ns + DAY] * len(feed.catalogue)


def test_cross_rates_and_the_perpetual_agree_with_their_legs(request_for: Requester) -> None:
    """Nothing can be gained by going round."""
    feed = FEED.open(request_for())
    level = dict(zip(feed.catalogue.symbols, feed.log_prices, strict=True))
    assert level["BTC-ETH"] == level["BTC-USD"] - level["ETH-USD"]
    assert level["USDT-BTC"] == level["USDT-USD"] - level["BTC-USD"]
    assert level["BTC-USD-PERP"] == level["BTC-USD"]


def test_the_seed_has_no_say(request_for: Requester) -> None:
    """There is nothing to draw."""
    assert FEED.open(request_for(seed=1)).log_prices == FEED.open(request_for(seed=2)).log_prices


@pytest.mark.parametrize("wrong", [{"dataset": "2024-08-05"}, {"PEAR": "1"}, {"step_ns": 0}], ids=str)
def test_what_makes_no_sense_is_refused(request_for: Requester, wrong: dict[str, object]) -> None:
    """As by every feed."""
    with pytest.raises(UsageError):
        FEED.open(request_for(**wrong))
