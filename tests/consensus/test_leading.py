"""Where aggregators alone price an instrument, the one that leads speaks and the others stand by."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from mdsim.consensus.room import Consensus
from mdsim.consensus.settings import ConsensusSettings
from mdsim.core.instruments import ALL
from mdsim.core.sourcing import Judgement, Report, SourceTerms
from mdsim.core.time import SECOND

GECKO = SourceTerms("coingecko", "poll", "primary", 2, True, 90 * SECOND, ("BTC-USD",))
CAP = SourceTerms("coinmarketcap", "poll", "secondary", 1, True, 90 * SECOND, ("BTC-USD",))


class Room:
    """Two aggregators, the second choice named first, and a failover that a test steers."""

    def __init__(self, settings: ConsensusSettings | None = None) -> None:
        self.lead = ""
        self.room = Consensus(ALL.only(["BTC-USD"]), (CAP, GECKO), settings, lambda _symbol: self.lead)

    def say(self, at_s: int, **prices: str) -> Judgement:
        """Reports, then the judgement."""
        for source, price in prices.items():
            last = Decimal(price)
            self.room.take(Report(source, "BTC-USD", 0, at_s * SECOND, 0, None, None, last, None))
        self.room.judge(at_s * SECOND)
        return self.room.judgement(0)


@pytest.fixture
def room() -> Callable[..., Room]:
    """Makes a room."""
    return Room


@pytest.mark.parametrize("method", ["robust", "two_sigma"])
def test_the_primary_speaks_and_the_secondary_stands_by(room: Callable[..., Room], method: str) -> None:
    """Not their middle; the distance between them is told as uncertainty."""
    market = room(ConsensusSettings(method=method))
    judged = market.say(0, coingecko="60000", coinmarketcap="60120")
    assert (judged.price, judged.state, judged.used) == (60_000.0, "SINGLE", 1)
    assert judged.interval_bps == pytest.approx(20.0, abs=0.1)
    behind = market.room.standing("coinmarketcap", "BTC-USD")
    assert behind is not None
    assert (behind.state, behind.reason) == ("ok", "aggregator")
    assert behind.detail == "stands by behind coingecko"


def test_when_the_primary_goes_stale_the_secondary_speaks(room: Callable[..., Room]) -> None:
    """And gives way when the primary tells a price again."""
    market = room()
    market.say(0, coingecko="60000", coinmarketcap="60120")
    assert market.say(80, coinmarketcap="60130").price == 60_000.0
    assert market.say(91).price == 60_130.0
    assert market.say(95, coingecko="60100").price == 60_100.0


def test_the_failover_s_lead_goes_before_tier_and_priority(room: Callable[..., Room]) -> None:
    """A primary that flaps does not flap the price: the failover says when it leads again."""
    market = room()
    market.say(0, coingecko="60000", coinmarketcap="60120")
    market.lead = "coinmarketcap"
    assert market.say(1).price == 60_120.0
    market.lead = "coingecko"
    assert market.say(2).price == 60_000.0


def test_a_lead_that_does_not_pass_the_gates_does_not_speak(room: Callable[..., Room]) -> None:
    """A slipped decimal point of the one that leads: the other one is believed."""
    market = room()
    market.lead = "coingecko"
    market.say(0, coingecko="60000", coinmarketcap="60120")
    judged = market.say(1, coingecko="600", coinmarketcap="60130")
    assert (judged.price, judged.state, judged.used) == (60_130.0, "SPLIT", 1)
    slipped = market.room.standing("coingecko", "BTC-USD")
    assert slipped is not None
    assert (slipped.state, slipped.reason) == ("quarantined", "decimals")
