"""The door of the room: what it tells beside prices, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from mdsim.consensus.outbox import ALERTS_MOST, REJECTIONS_MOST, Outbox
from mdsim.consensus.settings import Bounds, ConsensusSettings
from mdsim.core.instruments import ALL
from mdsim.core.sourcing import Report, SourceTerms
from mdsim.core.time import SECOND

MakeHearing = Callable[..., Any]
Make = Callable[..., SourceTerms]


def test_a_source_that_nobody_announced_is_refused(hearing: MakeHearing) -> None:
    """With a rejection and a count, not an error."""
    room = hearing("kraken")
    room.say("bitstamp", "60000", 0)
    room.say("kraken", "1", 0, "DOGE-USD")
    assert room.reasons() == [("bitstamp", "unknown"), ("kraken", "unknown")]
    assert room.room.unknown == 2


def test_a_refused_report_is_told_with_its_reason(hearing: MakeHearing) -> None:
    """To the log by a rejection, to people by the standing."""
    settings = ConsensusSettings(bounds={"BTC-USD": Bounds(min_price=1_000.0)})
    room = hearing("kraken", settings=settings)
    room.say("kraken", "999", 0)
    room.judge(0)
    assert [(it.reason, it.detail) for it in room.room.rejections()] == [
        ("bounds", "999 is under min_price 1000")
    ]
    standing = room.room.standing("kraken", "BTC-USD")
    assert (standing.state, standing.reason) == ("rejected", "bounds")
    assert (standing.received, standing.refused, standing.price) == (1, 1, None)
    assert room.room.rejections() == []


def test_standing_tells_how_a_source_stands(hearing: MakeHearing) -> None:
    """Price, signed deviation, age and counts; None for what a source cannot price."""
    room = hearing("binance", "coinbase", "kraken")
    room.all_say({"binance": "60000", "coinbase": "60000", "kraken": "60006"}, 0)
    room.judge(2)
    standing = room.room.standing("kraken", "BTC-USD")
    assert (standing.state, standing.reason, standing.price) == ("ok", "", 60_006.0)
    assert standing.deviation_bps == pytest.approx(1.0, abs=1e-3)
    assert (standing.age_ns, standing.received, standing.counted) == (2 * SECOND, 1, 2)
    assert room.room.standing("kraken", "ETH-USD") is None
    assert room.room.standing("bitstamp", "BTC-USD") is None


def test_when_a_source_last_told_counts_conversions(hearing: MakeHearing, terms: Make) -> None:
    """Receipt of what can price the instrument; None for never and for who cannot."""
    room = hearing(
        terms("binance", "BTC-USDT"),
        terms("kraken", "USDT-USD"),
        catalogue=ALL.only(["BTC-USD", "BTC-USDT", "USDT-USD"]),
    )
    at = room.catalogue.index["BTC-USD"]
    assert room.room.source_updated_ns(at, "binance") is None
    room.say("binance", "60000", 3, "BTC-USDT")
    assert room.room.source_updated_ns(at, "binance") == 3 * SECOND
    assert room.room.source_updated_ns(at, "kraken") is None


def test_silence_of_half_a_minute_is_told_once_and_so_is_the_return(hearing: MakeHearing) -> None:
    """Also of a source that never spoke."""
    room = hearing("coinbase", "kraken")
    for at_s in range(65):
        if at_s < 10 or at_s > 60:
            room.say("kraken", "60000", at_s)
        room.judge(at_s)
    told = [
        (event.at_ns // SECOND, event.data["source"], event.data["state"])
        for event in room.room.events()
        if event.event == "source_stale"
    ]
    assert told == [(31, "coinbase", "stale"), (40, "kraken", "stale"), (61, "kraken", "back")]


def test_a_depeg_is_told_globally_and_by_venue(hearing: MakeHearing, terms: Make) -> None:
    """One venue at .65 is that venue's affair; when all follow it is everybody's."""
    sources = [terms(name, "USDT-USD") for name in ("binance", "coinbase", "kraken")]
    room = hearing(*sources)
    for at_s in range(200):
        others = "1" if at_s < 100 else "0.985"
        room.all_say({"binance": "0.65", "coinbase": others, "kraken": others}, at_s)
    told = [
        (event.at_ns // SECOND, event.data["scope"], event.data["state"])
        for event in room.room.events()
        if event.event == "depeg_alert"
    ]
    assert told == [
        (60, "venue binance", "STRESSED"),
        (160, "global", "STRESSED"),
        (160, "venue coinbase", "STRESSED"),
        (160, "venue kraken", "STRESSED"),
    ]
    states = {peg.source: (peg.state, round(peg.deviation_bps)) for peg in room.room.pegs()}
    assert states[""] == ("STRESSED", -151)
    assert states["binance"] == ("STRESSED", -4308)


def test_what_nobody_takes_is_bounded_and_counted() -> None:
    """The oldest are kept: they tell how it began."""
    outbox = Outbox()
    for number in range(REJECTIONS_MOST + 10):
        outbox.reject("kraken", "BTC-USD", number, "outlier", "")
        outbox.alert("anomaly", "BTC-USD", number, {})
    assert (outbox.rejections_dropped, outbox.alerts_dropped) == (10, REJECTIONS_MOST + 10 - ALERTS_MOST)
    assert outbox.rejections()[0].at_ns == outbox.alerts()[0].at_ns == 0
    assert (len(outbox.rejections()), len(outbox.alerts())) == (0, 0)


def test_an_instrument_is_judged_again_only_when_something_of_it_changed(
    hearing: MakeHearing, terms: Make
) -> None:
    """Within a second the judgement is the same object unless it, or what it rests on, had a report."""
    room = hearing(
        terms("kraken", "BTC-USD", "ETH-USD"), catalogue=ALL.only(["BTC-USD", "ETH-USD", "BTC-ETH"])
    )
    for symbol, price in (("BTC-USD", "60000"), ("ETH-USD", "3000")):
        room.say("kraken", price, 0, symbol)
    symbols = ("BTC-USD", "ETH-USD", "BTC-ETH")
    before = [room.judge(0.1, symbol) for symbol in symbols]
    room.say("kraken", "60001", 0.2, "BTC-USD")
    after = [room.judge(0.2, symbol) for symbol in symbols]
    assert [old is new for old, new in zip(before, after, strict=True)] == [False, True, False]


def test_the_instant_of_a_stale_vote_is_met_without_a_report(hearing: MakeHearing) -> None:
    """Not a second later: the room knows when the next vote runs out."""
    room = hearing("coinbase", "kraken")
    room.say("coinbase", "60000", 0.25)
    room.say("kraken", "60010", 0.75)
    states = [(at_s, room.judge(at_s).state) for at_s in (5.2, 5.3, 5.7, 5.8)]
    assert states == [(5.2, "LIVE"), (5.3, "SINGLE"), (5.7, "SINGLE"), (5.8, "STALE")]


def test_reports_carry_decimals_and_judgements_floats() -> None:
    """The seam of the engine: what the room answers can be put into a logarithm."""
    from mdsim.consensus import Consensus

    terms = (SourceTerms("kraken", "stream", "exchange_feeds", 1, False, SECOND, ("BTC-USD",)),)
    room = Consensus(ALL.only(["BTC-USD"]), terms)
    room.take(Report("kraken", "BTC-USD", 0, 0, 0, Decimal("1.0"), Decimal("1.1"), None, None))
    room.judge(0)
    assert room.judgement(0).price == pytest.approx(1.05)
