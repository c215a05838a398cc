"""Gates that need peers: outliers, decimals, frozen prices, cross rates, quarantine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mdsim.core.instruments import ALL
from mdsim.core.sourcing import SourceTerms

MakeHearing = Callable[..., Any]
Make = Callable[..., SourceTerms]
THREE = ("binance", "coinbase", "kraken")


def test_a_lone_mover_is_quarantined_at_once_and_told_once(hearing: MakeHearing) -> None:
    """One rejection and one anomaly, however long it lasts."""
    room = hearing(*THREE)
    room.all_say(dict.fromkeys(THREE, "60000"), 0)
    for step in range(1, 20):
        judged = room.all_say({"binance": "60000", "coinbase": "60003", "kraken": "66600"}, step / 4)
        assert 60_000.0 <= judged.price <= 60_003.0
    assert room.reasons() == [("kraken", "outlier")]
    assert [(event.event, event.data["state"]) for event in room.room.events()] == [
        ("anomaly", "quarantined")
    ]
    standing = room.room.standing("kraken", "BTC-USD")
    assert (standing.state, standing.reason, standing.expelled) == ("quarantined", "outlier", 1)
    assert standing.deviation_bps == pytest.approx(1043.35, abs=0.5)


def test_a_crash_that_most_take_part_in_is_accepted_at_once(hearing: MakeHearing) -> None:
    """Two of three lose 15 % in one step: the price goes with them, and the one that stayed waits."""
    room = hearing(*THREE)
    room.all_say(dict.fromkeys(THREE, "60000"), 0)
    judged = room.all_say({"binance": "51000", "coinbase": "51010", "kraken": "60000"}, 0.25)
    assert (judged.price, judged.state) == (51_005.0, "LIVE")
    assert room.reasons() == [("kraken", "outlier")]


def test_movers_that_leave_one_after_another_win_when_they_are_most(hearing: MakeHearing) -> None:
    """The first to move is a lone mover; when the second follows, both count, without a dwell."""
    room = hearing(*THREE)
    room.all_say(dict.fromkeys(THREE, "60000"), 0)
    first = room.all_say({"binance": "51000", "coinbase": "60000", "kraken": "60000"}, 0.25)
    second = room.all_say({"binance": "51000", "coinbase": "51000", "kraken": "60000"}, 0.5)
    assert (first.price, second.price, second.used) == (60_000.0, 51_000.0, 2)


def test_the_way_back_is_half_of_the_limit_for_five_seconds(hearing: MakeHearing) -> None:
    """A source that only just came under the limit stays out; so does one that comes and goes."""
    room = hearing(*THREE)

    def used(price: str, at_s: float) -> int:
        judged = room.all_say({"binance": "60000", "coinbase": "60000", "kraken": price}, at_s)
        return int(judged.used)

    assert used("66000", 0) == 2
    assert [used("60240", at_s) for at_s in range(1, 12)] == [2] * 11, "40 bps away, half of the limit is 26"
    assert [used("60100", at_s) for at_s in range(12, 16)] == [2] * 4
    assert used("66000", 16) == 2
    assert [used("60100", at_s) for at_s in range(17, 24)] == [2] * 5 + [3] * 2


@pytest.mark.parametrize("price", ["6000.3", "600010", "0.0006", "60001000"])
def test_a_slipped_decimal_point_is_named(hearing: MakeHearing, price: str) -> None:
    """A factor near a power of ten, up or down."""
    room = hearing(*THREE)
    room.all_say({"binance": "60000", "coinbase": "60001", "kraken": price}, 0)
    assert room.reasons() == [("kraken", "decimals")]


def test_a_lone_source_with_a_slipped_decimal_point_is_measured_by_its_past(hearing: MakeHearing) -> None:
    """With nobody beside it, the last agreed price shows the slip; a fall by 15 % is no slip."""
    room = hearing("kraken")
    room.all_say({"kraken": "60000"}, 0)
    assert room.all_say({"kraken": "600000"}, 1).state == "STALE"
    assert room.reasons() == [("kraken", "decimals")]
    assert room.all_say({"kraken": "51000"}, 2).price == 51_000.0


def test_a_price_that_stands_still_while_others_move_is_frozen(hearing: MakeHearing) -> None:
    """It repeats itself with live reports; 15 bps are under every other limit."""
    room = hearing(*THREE)
    prices = [60_000 + 3 * step for step in range(40)]
    for step, price in enumerate(prices):
        room.all_say({"binance": str(price), "coinbase": str(price + 1), "kraken": "60000"}, step / 4)
    assert room.reasons() == [("kraken", "frozen")]


def test_what_stands_still_with_everybody_is_not_frozen(hearing: MakeHearing) -> None:
    """A calm market, and a stablecoin that has one peer, may stand still for minutes."""
    room = hearing(*THREE)
    for step in range(100):
        room.all_say(dict.fromkeys(THREE, "60000"), step / 4)
    assert room.reasons() == []


def test_of_two_the_frozen_one_is_found_after_ten_seconds(hearing: MakeHearing) -> None:
    """Until then the two are a split that the past decides; afterwards the live one counts."""
    room = hearing("coinbase", "kraken")
    states = []
    for step in range(80):
        price = str(60_000 - 30 * step)
        judged = room.all_say({"coinbase": price, "kraken": "60000"}, step / 4)
        states.append(judged.state)
    assert list(dict.fromkeys(states)) == ["LIVE", "SPLIT", "SINGLE"]
    assert judged.price == 60_000 - 30 * 79
    assert room.reasons()[-1] == ("kraken", "frozen")


def test_a_polled_source_is_frozen_only_after_it_repeated_itself(hearing: MakeHearing, terms: Make) -> None:
    """Between two polls it cannot say anything new."""
    room = hearing("binance", "coinbase", terms("slow", "BTC-USD", kind="poll"))
    room.all_say({"binance": "60000", "coinbase": "60000", "slow": "60000"}, 0)
    for at_s in range(1, 25):
        price = str(60_000 + 6 * at_s)
        room.all_say({"binance": price, "coinbase": price}, at_s)
    assert room.reasons() == []
    for at_s in range(25, 35):
        price = str(60_000 + 6 * at_s)
        room.all_say({"binance": price, "coinbase": price, "slow": "60000"}, at_s)
    assert room.reasons() == [("slow", "frozen")]


def test_a_lone_report_that_contradicts_the_cross_rate_does_not_count(
    hearing: MakeHearing, terms: Make
) -> None:
    """BTC-ETH at 25 beside BTC-USD 60,000 and ETH-USD 3,000: it is derived from them instead."""
    room = hearing(
        terms("binance", "BTC-USD", "ETH-USD", "BTC-ETH"),
        terms("kraken", "BTC-USD", "ETH-USD"),
        catalogue=ALL.only(["BTC-USD", "ETH-USD", "BTC-ETH"]),
    )
    for source in ("binance", "kraken"):
        room.say(source, "60000", 0, "BTC-USD")
        room.say(source, "3000", 0, "ETH-USD")
    room.say("binance", "25", 0, "BTC-ETH")
    assert room.judge(0, "BTC-ETH").price == pytest.approx(20.0)
    assert room.reasons() == [("binance", "cross")]


def test_two_that_agree_outvote_the_cross_rate(hearing: MakeHearing, terms: Make) -> None:
    """Then it is the legs that are suspect."""
    symbols = ("BTC-USD", "ETH-USD", "BTC-ETH")
    room = hearing(terms("binance", *symbols), terms("kraken", *symbols), catalogue=ALL.only(symbols))
    for source in ("binance", "kraken"):
        for symbol, price in zip(symbols, ("60000", "3000", "20.5"), strict=True):
            room.say(source, price, 0, symbol)
    assert room.judge(0, "BTC-ETH").price == pytest.approx(20.5)
