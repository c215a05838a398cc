"""Which reports can price which instrument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mdsim.core.instruments import ALL, Catalogue, Instrument
from mdsim.core.sourcing import SourceTerms

Make = Callable[..., SourceTerms]


def test_a_report_in_a_stablecoin_is_converted_at_its_live_price(
    hearing: Callable[..., Any], terms: Make
) -> None:
    """BTC-USDT at 20,000 is BTC-USD at 19,000 when USDT costs .95; both serve the other."""
    room = hearing(
        terms("binance", "BTC-USDT"),
        terms("kraken", "USDT-USD"),
        catalogue=ALL.only(["BTC-USD", "BTC-USDT", "USDT-USD", "USDT-BTC"]),
    )
    room.say("binance", "20000", 0, "BTC-USDT")
    assert room.judge(0, "BTC-USD").state == "STALE"
    assert room.room.standing("binance", "BTC-USD").reason == "unconverted"
    room.say("kraken", "0.95", 0.1, "USDT-USD")
    assert room.judge(0.1, "BTC-USD").price == pytest.approx(19_000.0)
    assert room.judge(0.1, "BTC-USDT").price == pytest.approx(20_000.0)
    assert room.judge(0.1, "USDT-BTC").price == pytest.approx(1 / 20_000)


def test_the_uncertainty_of_a_conversion_is_added(hearing: Callable[..., Any], terms: Make) -> None:
    """BTC-USD through USDT is less sure than BTC-USDT itself, by the spread of USDT."""
    room = hearing(
        terms("binance", "BTC-USDT"),
        terms("kraken", "USDT-USD"),
        catalogue=ALL.only(["BTC-USD", "BTC-USDT", "USDT-USD"]),
    )
    room.say("binance", None, 0, "BTC-USDT", bid="19999", ask="20001")
    room.say("kraken", None, 0, "USDT-USD", bid="0.999", ask="1.001")
    widths = [room.judge(0, symbol).interval_bps for symbol in ("BTC-USDT", "USDT-USD", "BTC-USD")]
    assert widths == pytest.approx([0.5, 10.0, 10.5], rel=1e-3)


def test_a_venues_own_stablecoin_price_converts_its_reports(hearing: Callable[..., Any], terms: Make) -> None:
    """Where USDT trades at .65 on one venue only, its BTC-USDT is dear by as much."""
    room = hearing(
        terms("odd", "BTC-USDT", "USDT-USD"),
        terms("kraken", "USDT-USD", "BTC-USD"),
        terms("coinbase", "USDT-USD", "BTC-USD"),
        catalogue=ALL.only(["BTC-USD", "BTC-USDT", "USDT-USD"]),
    )
    for source, usdt in (("odd", "0.65"), ("kraken", "1"), ("coinbase", "1")):
        room.say(source, usdt, 0, "USDT-USD")
    room.say("odd", "30769.23", 0, "BTC-USDT")
    for source in ("kraken", "coinbase"):
        room.say(source, "20000", 0, "BTC-USD")
    judged = room.judge(0, "BTC-USD")
    assert (judged.used, judged.state) == (3, "LIVE")
    assert judged.price == pytest.approx(20_000.0)
    assert room.judge(0, "USDT-USD").price == pytest.approx(1.0)


def test_the_direct_report_of_a_source_comes_first_and_counts_once(
    hearing: Callable[..., Any], terms: Make
) -> None:
    """A source with BTC-USD and BTC-USDT has one vote; the converted one stands in when the other is old."""
    room = hearing(
        terms("kraken", "BTC-USD", "BTC-USDT", "USDT-USD"),
        catalogue=ALL.only(["BTC-USD", "BTC-USDT", "USDT-USD"]),
    )
    room.say("kraken", "20000", 0, "BTC-USD")
    room.say("kraken", "20100", 0, "BTC-USDT")
    room.say("kraken", "1", 0, "USDT-USD")
    judged = room.judge(0)
    assert (judged.price, judged.used, judged.total) == (20_000.0, 1, 1)
    room.say("kraken", "20100", 6, "BTC-USDT")
    room.say("kraken", "1", 6, "USDT-USD")
    assert room.judge(6).price == pytest.approx(20_100.0)


def test_a_stablecoin_quoted_in_another_is_converted_and_nothing_rests_on_itself(
    hearing: Callable[..., Any], terms: Make
) -> None:
    """USDE-USDT gives USDE-USD through USDT-USD; USDT-USD takes nothing back from it."""
    pair = Instrument(
        "USDE-USDT",
        "USDE",
        "USDT",
        ALL["USDE-USD"].price_increment,
        ALL["USDE-USD"].size_increment,
        ALL["USDE-USD"].spread_bps,
    )
    catalogue = Catalogue([ALL["USDE-USD"], pair, ALL["USDT-USD"]])
    room = hearing(terms("binance", "USDE-USDT"), terms("kraken", "USDT-USD"), catalogue=catalogue)
    room.say("binance", "0.7", 0, "USDE-USDT")
    room.say("kraken", "0.9", 0, "USDT-USD")
    assert room.judge(0, "USDE-USD").price == pytest.approx(0.63)
    assert room.judge(0, "USDT-USD").total == 1


def test_a_perpetual_hears_its_own_sources_alone(hearing: Callable[..., Any], terms: Make) -> None:
    """Spot never votes on it, and it never on spot."""
    room = hearing(terms("kraken", "BTC-USD"), terms("binance", "BTC-USD-PERP"))
    room.say("kraken", "20000", 0)
    room.say("binance", "20050", 0, "BTC-USD-PERP")
    assert room.judge(0).price == 20_000.0
    assert room.judge(0, "BTC-USD-PERP").price == 20_050.0
    assert room.judge(6, "BTC-USD-PERP").state == "STALE"
