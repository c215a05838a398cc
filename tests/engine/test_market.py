"""Publication puts models' floats on the grid, once, and digests all of it."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from mdsim.core.decimals import MOST_STEPS
from mdsim.core.errors import InternalError
from mdsim.core.instruments import ALL
from mdsim.engine.market import Market


def published(*prices: float) -> Market:
    """A market of two instruments after one publication at 7 ns."""
    market = Market(ALL.only(("BTC-USD", "USDT-USD")))
    show(market, 7, *prices)
    return market


def show(market: Market, now_ns: int, *prices: float) -> None:
    """Publish these mids, ten increments to either side of them."""
    logs = [math.log(price) for price in prices]
    mids = market.on_grid(logs)
    market.publish(now_ns, mids, [mid - 10 for mid in mids], [mid + 10 for mid in mids], logs)


def test_a_tick_carries_decimals_on_the_grid() -> None:
    """Price, bid and ask are multiples of the increment, and the stamp is the cycle's."""
    tick = published(60_000.004, 1.0).tick(0)
    assert (tick.symbol, tick.price, tick.bid, tick.ask) == (
        "BTC-USD",
        Decimal("60000.00"),
        Decimal("59999.90"),
        Decimal("60000.10"),
    )
    assert (tick.seq, tick.ts_event_ns, tick.reference) == (1, 7, Decimal("60000.00"))


@pytest.mark.parametrize("wrong", [math.nan, math.inf, 1e6])
def test_a_price_that_is_no_price_is_refused(wrong: float) -> None:
    """NaN, infinity and overflow never leave the gate."""
    market = Market(ALL.only(("BTC-USD",)))
    with pytest.raises(InternalError):
        market.on_grid([wrong])


def test_a_price_past_the_end_of_the_grid_stands_at_its_end() -> None:
    """However far playbooks on top of each other push it: a quote must fit into what keeps it."""
    market = Market(ALL.only(("BTC-USD",)))
    assert market.on_grid([690.0]) == [MOST_STEPS]
    assert market.on_grid([-690.0]) == [1]
    assert MOST_STEPS * 2 < 2**63


def test_the_digest_depends_on_every_tick() -> None:
    """One increment in one instrument changes it; the same ticks give the same."""
    assert published(60_000.0, 1.0).digest() == published(60_000.0, 1.0).digest()
    assert published(60_000.0, 1.0).digest() != published(60_000.01, 1.0).digest()


def test_the_digest_tells_a_halt_from_a_price_that_stands_still() -> None:
    """The same quotes, and yet no tick."""

    def digest(halted: list[bool] | None) -> str:
        market = published(60_000.0, 1.0)
        market.publish(8, market.mids, market.bids, market.asks, [0.0, 0.0], halted)
        return market.digest()

    assert len({digest(None), digest([True, False]), digest([False, True])}) == 3


def test_lows_and_highs_remember_their_time() -> None:
    """The recap tells when the extreme was published."""
    market = published(60_000.0, 1.0)
    for now_ns, price in ((8, 59_000.0), (9, 61_000.0), (10, 60_500.0)):
        show(market, now_ns, price, 1.0)
    assert (market.lows[0], market.low_at_ns[0]) == (5_900_000, 8)
    assert (market.highs[0], market.high_at_ns[0]) == (6_100_000, 9)
