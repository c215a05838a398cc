"""Instruments that rest on others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mdsim.consensus.settings import ConsensusSettings
from mdsim.core.instruments import ALL
from mdsim.core.sourcing import SourceTerms

MakeHearing = Callable[..., Any]
Make = Callable[..., SourceTerms]


def test_a_pair_that_nobody_quotes_is_the_quotient_of_its_legs(hearing: MakeHearing, terms: Make) -> None:
    """As unsure as both together, in the worse of their states."""
    room = hearing(
        terms("binance", "BTC-USD"),
        terms("kraken", "BTC-USD", "ETH-USD"),
        catalogue=ALL.only(["BTC-USD", "ETH-USD", "BTC-ETH"]),
    )
    room.say("binance", "60000", 0, "BTC-USD")
    room.say("kraken", "60000", 0, "BTC-USD")
    room.say("kraken", "3000", 0, "ETH-USD")
    legs = [room.judge(0, symbol) for symbol in ("BTC-USD", "ETH-USD")]
    judged = room.judge(0, "BTC-ETH")
    assert judged.price == pytest.approx(20.0)
    assert judged.interval_bps == pytest.approx(sum(leg.interval_bps for leg in legs))
    assert judged.confidence == min(leg.confidence for leg in legs)
    assert (judged.state, judged.used, judged.total) == ("SINGLE", 1, 1)
    assert judged.reason == "derived from BTC-USD and ETH-USD; ETH-USD: kraken alone counts"


def test_it_follows_its_legs_in_the_same_judgement_and_stops_with_them(
    hearing: MakeHearing, terms: Make
) -> None:
    """A leg that moves moves it at once; a stale leg leaves the last good price."""
    room = hearing(
        terms("kraken", "BTC-USD", "ETH-USD"), catalogue=ALL.only(["BTC-USD", "ETH-USD", "BTC-ETH"])
    )
    room.say("kraken", "60000", 0, "BTC-USD")
    room.say("kraken", "3000", 0, "ETH-USD")
    room.judge(0)
    room.say("kraken", "3100", 0.1, "ETH-USD")
    assert room.judge(0.1, "BTC-ETH").price == pytest.approx(60_000 / 3_100)
    room.say("kraken", "3200", 6, "ETH-USD")
    stale = room.judge(6, "BTC-ETH")
    assert (stale.state, stale.confidence) == ("STALE", 0.0)
    assert stale.price == pytest.approx(60_000 / 3_100)


def test_legs_stand_in_for_sources_that_fell_silent(hearing: MakeHearing, terms: Make) -> None:
    """BTC-ETH goes on from BTC-USD and ETH-USD."""
    room = hearing(terms("kraken", "BTC-USD", "ETH-USD"), terms("binance", "BTC-ETH"))
    room.say("kraken", "60000", 0, "BTC-USD")
    room.say("kraken", "3000", 0, "ETH-USD")
    room.say("binance", "20.01", 0, "BTC-ETH")
    assert room.judge(0, "BTC-ETH").price == 20.01
    room.say("kraken", "60000", 6, "BTC-USD")
    room.say("kraken", "3000", 6, "ETH-USD")
    assert room.judge(6, "BTC-ETH").price == pytest.approx(20.0)


def test_a_stablecoin_that_nobody_quotes_in_dollars_is_implied(hearing: MakeHearing, terms: Make) -> None:
    """BTC-USD over BTC-USDT; and then neither of those is converted by it."""
    room = hearing(
        terms("binance", "BTC-USDT"),
        terms("kraken", "BTC-USD"),
        catalogue=ALL.only(["BTC-USD", "BTC-USDT", "USDT-USD"]),
    )
    room.say("binance", "20000", 0, "BTC-USDT")
    room.say("kraken", "19000", 0, "BTC-USD")
    assert room.judge(0, "USDT-USD").price == pytest.approx(0.95)
    assert room.judge(0, "BTC-USD").total == 1


def test_a_perpetual_without_sources_is_its_spot_or_nothing(hearing: MakeHearing, terms: Make) -> None:
    """At a basis of zero, with ten bps more of uncertainty; or not priced at all where that is asked for."""
    catalogue = ALL.only(["BTC-USD", "BTC-USD-PERP"])
    for held, price in ((True, 20_000.0), (False, 0.0)):
        settings = ConsensusSettings(perpetual_from_spot=held)
        room = hearing(terms("kraken", "BTC-USD"), settings=settings, catalogue=catalogue)
        room.say("kraken", "20000", 0)
        judged = room.judge(0, "BTC-USD-PERP")
        assert judged.price == price
        if held:
            assert judged.interval_bps == pytest.approx(room.judge(0).interval_bps + 10.0)
