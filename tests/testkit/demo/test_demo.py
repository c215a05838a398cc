"""The demonstration: its script, its table, and the server that it starts."""

from __future__ import annotations

from decimal import Decimal

import pytest
import trio

from mdsim import testkit
from mdsim.api.debug import SourceStanding, SourceStatus
from mdsim.core.serving import Quote
from mdsim.core.time import SECOND
from mdsim.testkit.demo import table
from mdsim.testkit.demo.script import ACTS, BOUND_BPS, LOST_BPS, UNSURE, Act, Restless
from mdsim.testkit.demo.served import serve
from mdsim.testkit.demo.table import Look, Worst
from mdsim.testkit.double import Double
from mdsim.testkit.faults import FAULTS
from mdsim.testkit.market import Market
from mdsim.testkit.prices import ScriptedPrices

QUOTE = Quote(
    "BTC-USD", 1, 0, Decimal("60000.5"), Decimal(60_000), Decimal(60_001), Decimal(60_000),
    Decimal("0.66"), 2, 5, "LIVE", 0, Decimal(1),
)  # fmt: skip


def test_every_act_can_be_played() -> None:
    """Its faults exist on its doubles, the seven that were asked for are there, and it ends within 90 s."""
    for act in ACTS:
        for name, fault, _ in act.faults:
            assert name in FAULTS[fault].doubles
    played = {fault for act in ACTS for _, fault, _ in act.faults}
    wanted = "wrong_decimals frozen late_snapshot gap storm_429 clock_skew disconnect_mid_frame"
    assert set(wanted.split()) <= played
    assert 60 <= sum(act.length_s for act in ACTS) <= 90


def test_what_an_act_allows() -> None:
    """A bound on the error while few fail; when most do, the confidence must have fallen."""
    few, most = Act("few", 1), Act("most", 1, outvoted=True)
    assert few.allows(-BOUND_BPS, 0.1)
    assert not few.allows(BOUND_BPS + 0.1, 0.1)
    assert most.allows(LOST_BPS, 1.0)
    assert most.allows(-1_000, UNSURE)
    assert not most.allows(LOST_BPS + 1, UNSURE + 0.1)


def test_the_price_swings_once_it_begins() -> None:
    """By 30 bps; stablecoins do not."""
    restless = Restless(ScriptedPrices({"BTC": "60000"}))
    assert restless.usd("BTC", 15 * SECOND) == 60_000
    restless.begin_ns = 1
    assert restless.usd("BTC", 15 * SECOND) == pytest.approx(60_180, rel=1e-4)
    assert restless.usd("USDT", 15 * SECOND) == 1


def test_a_line_says_what_became_of_the_source() -> None:
    """State, why it does not count, and which errors are new; others only when they are doubted."""
    standing = SourceStanding("BTC-USD", "BTC-USD", "rejected", "frozen", "unchanged for 4 s", 9, 0, 5, 1)
    sick = SourceStatus(
        "kraken", "websocket", "LIVE", 1, ("BTC-USD",), errors={"gaps": 3}, standings=(standing,)
    )
    well = SourceStatus("binance", "websocket", "LIVE", 1, ("BTC-USDT",))
    look = Look(12.3, QUOTE, -1.25, {"kraken": sick, "binance": well})
    since = {"kraken": SourceStatus("kraken", "websocket", "LIVE", 1, ("BTC-USD",), errors={"gaps": 1})}
    text = table.line(look, ["kraken"], since)
    assert text.startswith(" 12.3s     60000.5   -1.2 bps   0.66  2/5")
    assert text.endswith("kraken LIVE: rejected, unchanged for 4 s (2 gaps)")
    assert "binance" not in text
    calm = table.line(Look(1, QUOTE, 0, {"binance": well}), [], {})
    assert calm.endswith("all is well")


def test_the_summary_tells_whether_the_bound_was_kept() -> None:
    """The worst error of acts that may not exceed it, and the number of looks that did."""
    good = [Worst("", 1.5, 0.9, False, 0), Worst("most", 40.0, 0.2, True, 0)]
    assert table.summary(good)[-1] == "kept at every look"
    assert "(it was 1.5)" in table.summary(good)[-2]
    assert table.summary([Worst("x", 11.0, 0.9, False, 3)])[-1] == "BROKEN at 3 looks"


async def test_a_real_server_reads_all_five() -> None:
    """``mdsim serve`` as a process: five sources of three kinds, a price near the truth; then it is gone."""
    market = Market.scripted({"BTC": "60000"})
    with trio.fail_after(60):
        async with (
            testkit.binance(market) as binance,
            testkit.coinbase(market) as coinbase,
            testkit.kraken(market) as kraken,
            testkit.coingecko(market) as coingecko,
            testkit.coinmarketcap(market) as coinmarketcap,
        ):
            found: list[Double] = [binance, coinbase, kraken, coingecko, coinmarketcap]
            async with serve({double.name: double for double in found}) as served:
                while True:
                    sources = await served.sources()
                    quote = await served.quote("BTC-USD")
                    if quote.sources_used == 3:
                        break
                assert sorted(sources) == sorted(double.name for double in found)
                assert abs(quote.price / 60_000 - 1) < Decimal("0.001")
                assert quote.sources_total == 5
