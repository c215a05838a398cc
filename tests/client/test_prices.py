"""Prices over mdsim's own HTTP interface."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from mdsim.client import Client
from mdsim.core.errors import NotFoundError
from mdsim.core.time import MINUTE, SECOND, parse_utc

if TYPE_CHECKING:
    from tests.client.conftest import OpenStage

BEGIN_NS = parse_utc("2026-01-04T00:00:00Z")


async def test_every_answer_of_the_market_is_the_struct_it_was_made_of(open_stage: OpenStage) -> None:
    """What the market says and what the client hands out are equal, field by field."""
    async with open_stage() as stage, Client(stage.url) as client:
        market, prices = stage.market, client.prices
        assert await prices.current("BTC-USD") == market.quote("BTC-USD")
        assert await prices.orderbook("BTC-USD", depth=3) == market.book("BTC-USD", 3)
        assert await prices.stats("ETH-USD") == market.stats("ETH-USD")
        both = ("BTC-USD", "ETH-USD")
        assert await prices.correlations(both, "30m") == market.correlations(both, 30 * MINUTE)
        assert (await prices.correlations()).symbols == both
        listed = await prices.symbols()
    assert [(one.symbol, one.state) for one in listed] == [("BTC-USD", "LIVE"), ("ETH-USD", "LIVE")]
    assert listed[0].price_increment == Decimal("0.01")


async def test_history_is_whole_over_several_pages(open_stage: OpenStage) -> None:
    """Every bar and tick of the range once, in order, as the market has them."""
    async with open_stage() as stage, Client(stage.url) as client:
        bars = [
            one
            async for one in client.prices.history(
                "BTC-USD", start_ns=BEGIN_NS, end_ns=BEGIN_NS + 1_200 * MINUTE
            )
        ]
        ticks = [
            one
            async for one in client.prices.ticks("BTC-USD", start_ns=BEGIN_NS, end_ns=BEGIN_NS + 650 * SECOND)
        ]
        assert bars == list(stage.market.bars("BTC-USD", "1m", BEGIN_NS, BEGIN_NS + 1_200 * MINUTE, 9_999))
        assert ticks == list(stage.market.ticks("BTC-USD", BEGIN_NS, BEGIN_NS + 650 * SECOND, 9_999))
    assert (len(bars), len(ticks)) == (1_200, 650)


async def test_an_unknown_instrument_is_told_with_its_neighbours(open_stage: OpenStage) -> None:
    """The server's own hint arrives."""
    async with open_stage() as stage, Client(stage.url) as client:
        with pytest.raises(NotFoundError, match="BTC-USB") as caught:
            await client.prices.current("BTC-USB")
    assert caught.value.code == "MD484"
    assert "BTC-USD" in caught.value.hint
