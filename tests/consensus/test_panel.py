"""From votes to a judgement: states, aggregators, smoothing, halts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mdsim.consensus.settings import Bounds, ConsensusSettings
from mdsim.core.sourcing import SourceTerms
from mdsim.core.time import SECOND

MakeHearing = Callable[..., Any]
Make = Callable[..., SourceTerms]
THREE = ("binance", "coinbase", "kraken")


def test_three_that_agree_are_live_and_sure(hearing: MakeHearing) -> None:
    """Used, total, confidence near one, the newest receipt, and no reason."""
    room = hearing(*THREE)
    judged = room.all_say({"binance": "60000", "coinbase": "60003", "kraken": "60006"}, 2)
    assert (judged.price, judged.smoothed) == (60_003.0, 60_003.0)
    assert (judged.used, judged.total, judged.state, judged.reason) == (3, 3, "LIVE", "")
    assert judged.confidence > 0.9
    assert judged.updated_ns == 2 * SECOND


def test_before_the_first_report_there_is_no_price(hearing: MakeHearing) -> None:
    """STALE at 0.0, never updated."""
    judged = hearing(*THREE).judge(0)
    assert (judged.price, judged.state, judged.updated_ns, judged.confidence) == (0.0, "STALE", -1, 0.0)


def test_a_lone_source_passes_with_a_low_score_and_says_so(hearing: MakeHearing) -> None:
    """A third of the confidence that a quorum of three would have."""
    room = hearing(*THREE)
    judged = room.all_say({"kraken": "60000"}, 0)
    assert (judged.state, judged.used, judged.total) == ("SINGLE", 1, 3)
    assert judged.reason == "kraken alone counts (binance: silent, coinbase: silent)"
    assert 0.25 < judged.confidence < 1 / 3


def test_two_that_agree_are_live_at_their_middle(hearing: MakeHearing) -> None:
    """Whatever they weigh; less sure than three."""
    room = hearing("coinbase", "kraken")
    room.say("coinbase", "60000", 0, volume="9000")
    room.say("kraken", "60010", 0, volume="1")
    judged = room.judge(0)
    assert (judged.price, judged.state) == (60_005.0, "LIVE")
    assert 0.3 < judged.confidence < 0.7


def test_two_that_disagree_are_split_at_the_side_of_the_past(hearing: MakeHearing) -> None:
    """The jump is not believed, the price is flagged, the interval reaches to the other."""
    room = hearing("coinbase", "kraken")
    room.all_say({"coinbase": "60000", "kraken": "60000"}, 0)
    judged = room.all_say({"coinbase": "60000", "kraken": "57000"}, 0.25)
    assert (judged.price, judged.state, judged.used) == (60_000.0, "SPLIT", 1)
    assert judged.interval_bps > 500
    assert judged.confidence < 0.05
    assert "coinbase 60000, kraken 57000" in judged.reason


def test_two_that_part_slowly_are_split_at_their_middle(hearing: MakeHearing) -> None:
    """The past is as far from one as from the other, so it decides nothing."""
    room = hearing("coinbase", "kraken")
    for step in range(30):
        judged = room.all_say(
            {"coinbase": str(60_000 + 12 * step), "kraken": str(60_000 - 12 * step)}, step / 4
        )
    assert (judged.price, judged.state, judged.used) == (60_000.0, "SPLIT", 2)


def test_two_that_disagree_from_the_start_give_no_price(hearing: MakeHearing) -> None:
    """Ten per cent apart and nothing to decide by; two per cent apart they have a middle."""
    room = hearing("coinbase", "kraken")
    judged = room.all_say({"coinbase": "60000", "kraken": "66000"}, 0)
    assert (judged.price, judged.state) == (0.0, "STALE")
    assert judged.reason == "coinbase: split, kraken: split"
    assert room.all_say({"coinbase": "60000", "kraken": "61200"}, 1).price == 60_600.0


def test_an_aggregator_decides_between_two_but_has_no_vote(hearing: MakeHearing, terms: Make) -> None:
    """From the first report on."""
    room = hearing("coinbase", "kraken", terms("coingecko", "BTC-USD", aggregator=True, kind="poll"))
    judged = room.all_say({"coinbase": "60000", "kraken": "66000", "coingecko": "65900"}, 0)
    assert (judged.price, judged.state, judged.used, judged.total) == (66_000.0, "SPLIT", 1, 3)
    standing = room.room.standing("coingecko", "BTC-USD")
    assert (standing.state, standing.reason) == ("ok", "aggregator")


def test_aggregators_stand_in_when_every_exchange_is_silent(hearing: MakeHearing, terms: Make) -> None:
    """However many they are, they count as one group; an exchange that returns takes over."""
    gecko, cap = (
        terms(name, "BTC-USD", aggregator=True, kind="poll") for name in ("coingecko", "coinmarketcap")
    )
    room = hearing("kraken", gecko, cap)
    room.all_say({"kraken": "60000", "coingecko": "60100", "coinmarketcap": "60200"}, 0)
    judged = room.judge(6)
    assert (judged.price, judged.state, judged.used) == (60_100.0, "SINGLE", 1)
    assert "coingecko stands in for the exchanges" in judged.reason
    assert room.all_say({"kraken": "60050"}, 7).price == 60_050.0


def test_aggregators_that_contradict_halve_the_confidence(hearing: MakeHearing, terms: Make) -> None:
    """The price stays with the exchanges."""
    room = hearing(*THREE, terms("coingecko", "BTC-USD", aggregator=True, kind="poll"))
    said = dict.fromkeys(THREE, "60000")
    agreed = room.all_say({**said, "coingecko": "60010"}, 0)
    doubted = room.all_say({**said, "coingecko": "63000"}, 1)
    assert (doubted.price, doubted.state) == (60_000.0, "LIVE")
    assert doubted.confidence == pytest.approx(agreed.confidence / 2)


def test_a_silent_market_keeps_the_last_good_price_and_is_stale(hearing: MakeHearing) -> None:
    """Exactly when the last vote runs out, and says who is silent."""
    room = hearing("coinbase", "kraken")
    room.all_say({"coinbase": "60000", "kraken": "60010"}, 0)
    assert room.judge(5).state == "LIVE"
    stale = room.judge(5.000000001)
    assert (stale.price, stale.state, stale.confidence, stale.used) == (60_005.0, "STALE", 0.0, 0)
    assert stale.reason == "coinbase: stale, kraken: stale"


def test_confidence_fades_with_age(hearing: MakeHearing) -> None:
    """Full for a third of the permitted age, then less every second."""
    room = hearing(*THREE)
    room.all_say(dict.fromkeys(THREE, "60000"), 0)
    sure = [room.judge(at_s).confidence for at_s in range(6)]
    assert sure[0] == sure[1] > sure[2] > sure[3] > sure[4] > sure[5] == 0.0


def test_a_move_past_the_breaker_is_not_published(hearing: MakeHearing) -> None:
    """HALTED with the last good price and the reason; the instrument's own threshold holds."""
    settings = ConsensusSettings(bounds={"BTC-USD": Bounds(breaker=0.10)})
    room = hearing(*THREE, settings=settings)
    room.all_say(dict.fromkeys(THREE, "60000"), 0)
    judged = room.all_say(dict.fromkeys(THREE, "53000"), 1)
    assert (judged.price, judged.state, judged.confidence) == (60_000.0, "HALTED", 0.0)
    assert judged.reason == "circuit breaker: -11.7 % within 60 s (60000 to 53000), limit 10 %"
    for step in range(2, 32):
        judged = room.all_say(dict.fromkeys(THREE, "53000"), step)
    assert (judged.price, judged.state) == (53_000.0, "LIVE")
    events = [(event.event, event.data["state"]) for event in room.room.events()]
    assert events == [("circuit_breaker", "open"), ("circuit_breaker", "closed")]


def test_what_is_halted_and_then_silent_stays_halted(hearing: MakeHearing) -> None:
    """And tells both."""
    room = hearing(*THREE)
    room.all_say(dict.fromkeys(THREE, "60000"), 0)
    room.all_say(dict.fromkeys(THREE, "30000"), 1)
    judged = room.judge(10)
    assert (judged.price, judged.state) == (60_000.0, "HALTED")
    assert "and now binance: stale" in judged.reason


def test_smoothing_is_published_beside_the_price_and_comes_before_the_breaker(hearing: MakeHearing) -> None:
    """A spike that smoothing hides does not trip it, and the raw price is told as it is."""
    settings = ConsensusSettings(smoothing_ns=10 * SECOND)
    room = hearing(*THREE, settings=settings)
    room.all_say(dict.fromkeys(THREE, "60000"), 0)
    spike = room.all_say(dict.fromkeys(THREE, "40000"), 1)
    assert (spike.price, spike.state) == (40_000.0, "LIVE")
    assert spike.smoothed == pytest.approx(60_000.0)
    back = room.all_say(dict.fromkeys(THREE, "60000"), 2)
    assert 57_000.0 < back.smoothed < 60_000.0


def test_two_sigma_is_the_literal_rule(hearing: MakeHearing) -> None:
    """Three sources, one 5 % off: the mean moves by 167 bps, and nothing is rejected."""
    room = hearing(*THREE, settings=ConsensusSettings("two_sigma"))
    judged = room.all_say({"binance": "60000", "coinbase": "60000", "kraken": "63000"}, 0)
    assert judged.price == pytest.approx(61_000.0)
    assert room.reasons() == []
    six = hearing("a", "b", "c", "d", "e", "f", settings=ConsensusSettings("two_sigma"))
    judged = six.all_say({**dict.fromkeys("abcde", "60000"), "f": "63000"}, 0)
    assert (judged.price, six.reasons()) == (60_000.0, [("f", "outlier")])


def test_priority_divides_the_weight(hearing: MakeHearing, terms: Make) -> None:
    """Under the literal rule it shows in full: weights 1, 1 and 1/2 of three equal volumes."""
    second = SourceTerms("second", "stream", "secondary", 2, False, 5 * SECOND, ("BTC-USD",))
    room = hearing("a", "b", second, settings=ConsensusSettings("two_sigma"))
    assert room.all_say({"a": "100", "b": "100", "second": "105"}, 0).price == pytest.approx(101.0)


def test_settings_that_make_no_sense_are_refused() -> None:
    """At once, by name."""
    with pytest.raises(ValueError, match="median"):
        ConsensusSettings("median")
    with pytest.raises(ValueError, match="quorum"):
        ConsensusSettings(quorum=0)
