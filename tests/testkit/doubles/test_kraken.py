"""The double of Kraken: checksums by the vendor's vectors, read by the adapter, one answer a symbol."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import httpx
import pytest
import trio
from trio_websocket import ConnectionClosed

from mdsim import testkit
from mdsim.core.time import SECOND
from mdsim.providers.adapters.kraken import KrakenSession
from mdsim.testkit.doubles import kraken
from mdsim.testkit.doubles._kraken_frames import checksum
from mdsim.testkit.market import Market

SMALL = (
    "62710.4/0.01000000 62709.1/2.00000000",
    "62710.5/0.93111634 62710.6/0.50000000 62711.0/1.20000000",
    1396696505,
)
REAL = (
    "75620.2/0.01733846 75619.5/0.00132241 75615.9/0.00132200 75615.7/0.00005100 75614.6/0.00105184 "
    "75614.5/0.03143545 75614.4/1.32191273 75612.2/0.00264507 75608.4/0.35542926 75604.8/0.01000000",
    "75623.1/0.73947363 75623.2/0.09475141 75623.8/0.03112375 75623.9/0.06612853 75624.4/0.00736362 "
    "75624.5/0.00026220 75626.0/0.03051283 75630.0/0.00013202 75630.1/0.15487980 75630.2/0.19734180",
    1494999917,
)


def side(text: str) -> list[tuple[Decimal, Decimal]]:
    """Levels out of ``price/qty`` each."""
    return [(Decimal(price), Decimal(qty)) for price, qty in (level.split("/") for level in text.split())]


@pytest.mark.parametrize(("bids", "asks", "sum_"), [SMALL, REAL])
def test_the_checksum_is_kraken_s(bids: str, asks: str, sum_: int) -> None:
    """A made-up book, and the real one of 2026-05-27 02:18:39."""
    assert checksum(side(bids), side(asks)) == sum_


async def test_the_adapter_reads_it_and_every_checksum_holds(reading: Any) -> None:
    """Ten levels a side are the double's, over dozens of changes without one wrong sum."""
    async with testkit.kraken(Market.synthetic(4)) as double:
        desk = double.desks["BTC/USD"]
        async with reading(double, "BTC-USD", "BTC-ETH", "UST-USD") as reader:
            await reader.until(lambda: len(reader.reports) > 30)
            session: KrakenSession = reader.sessions[0]
            venue = session.venues["BTC/USD"]

            def same() -> bool:
                book = venue.book
                return book is not None and (
                    book._bids.prices[::-1] == list(desk.bids)[:10]
                    and book._asks.prices == list(desk.asks)[:10]
                    and book.checksum() == checksum(desk.bids.items(), desk.asks.items())
                )

            await reader.until(same)
            assert session.counters.errors == {}
            assert any(report.symbol == "BTC-ETH" for report in reader.reports)


async def test_numbers_keep_their_decimals(market: Market, wired: Any) -> None:
    """Prices and quantities are JSON numbers with the fixed decimals of the pair, zeros included."""
    async with testkit.kraken(market) as double, wired(double.url) as wire:
        assert (await wire.get())["data"][0]["system"] == "online"
        await wire.send(
            {"method": "subscribe", "params": {"channel": "book", "symbol": ["BTC/USD"], "depth": 25}}
        )
        await wire.until(lambda frame: frame.get("method") == "subscribe")
        text = await wire.text()
        levels = re.findall(r'\{"price":([^,]*),"qty":([^}]*)\}', text)
        assert len(levels) == 50
        assert all(re.fullmatch(r"\d+\.\d", price) for price, _ in levels)
        assert all(re.fullmatch(r"\d+\.\d{8}", qty) for _, qty in levels)


async def test_one_answer_a_symbol(market: Market, wired: Any) -> None:
    """Good and bad symbols of one request are answered apart, with its number."""
    async with testkit.kraken(market) as double, wired(double.url) as wire:
        await wire.get()
        wanted = {"channel": "ticker", "symbol": ["BTC/USD", "XBT/USD"]}
        await wire.send({"method": "subscribe", "params": wanted, "req_id": 7})
        good = await wire.until(lambda frame: frame.get("method") == "subscribe" and frame["success"])
        assert good["result"] == {
            "channel": "ticker",
            "event_trigger": "trades",
            "snapshot": True,
            "symbol": "BTC/USD",
        }
        bad = await wire.until(lambda frame: frame.get("method") == "subscribe")
        assert (bad["error"], bad["req_id"]) == ("Currency pair not supported XBT/USD", 7)
        await wire.send({"method": "subscribe", "params": {"channel": "ticker", "symbol": ["BTC/USD"]}})
        again = await wire.until(lambda frame: frame.get("method") == "subscribe")
        assert again["error"] == "Already subscribed"
        await wire.send({"method": "unsubscribe", "params": wanted, "req_id": 8})
        gone = await wire.until(lambda frame: frame.get("method") == "unsubscribe")
        assert gone["success"]
        await wire.send({"method": "ping", "req_id": 9})
        assert (await wire.until(lambda frame: frame.get("method") == "pong"))["req_id"] == 9


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("{", "Malformed request"),
        ({"method": "sing"}, "Event(s) not found"),
        (
            {"method": "subscribe", "params": {"channel": "book", "symbol": ["BTC/USD"], "depth": 11}},
            "Subscription depth not supported",
        ),
        ({"method": "subscribe", "params": {"channel": "moon"}}, "Channel not supported moon"),
        (
            {"method": "unsubscribe", "params": {"channel": "trade", "symbol": ["BTC/USD"]}},
            "Subscription Not Found",
        ),
    ],
)
async def test_what_is_refused_says_why(market: Market, wired: Any, message: object, error: str) -> None:
    """``success`` is false and ``error`` says what is wrong."""
    async with testkit.kraken(market) as double, wired(double.url) as wire:
        await wire.get()
        await wire.send(message)
        frame = await wire.get()
        assert (frame["success"], frame["error"]) == (False, error)


async def test_trades_and_heartbeats(wired: Any) -> None:
    """A snapshot of trades when asked for, then new ones; a heartbeat when nothing else comes."""
    async with testkit.kraken(Market.synthetic(4)) as double, wired(double.url) as wire:
        wanted = {"channel": "trade", "symbol": ["BTC/USD"], "snapshot": True}
        await wire.send({"method": "subscribe", "params": wanted})
        past = await wire.until(lambda frame: frame.get("channel") == "trade")
        assert past["type"] == "snapshot"
        new = await wire.until(lambda frame: frame.get("channel") == "trade")
        assert new["type"] == "update"
        assert new["data"][0]["trade_id"] > past["data"][-1]["trade_id"]
        await wire.send({"method": "unsubscribe", "params": {**wanted, "snapshot": None}})
        await wire.send({"method": "subscribe", "params": {"channel": "instrument"}})
        assert await wire.until(lambda frame: frame.get("channel") == "heartbeat") == {"channel": "heartbeat"}


async def test_rest(market: Market, http: httpx.AsyncClient) -> None:
    """Failures have status 200 and a list of errors; results bear the canonical names."""
    async with testkit.kraken(market) as double:
        base = double.rest_url
        pairs = (await http.get(f"{base}/AssetPairs")).json()["result"]
        assert pairs["XXBTZUSD"]["wsname"] == "XBT/USD"
        assert pairs["USDTZUSD"]["altname"] == "USDTUSD"
        for name in ("XBTUSD", "XXBTZUSD", "BTC/USD"):
            ticker = (await http.get(f"{base}/Ticker", params={"pair": name})).json()
            assert list(ticker["result"]) == ["XXBTZUSD"]
        depth = (await http.get(f"{base}/Depth?pair=XBTUSD&count=5")).json()["result"]["XXBTZUSD"]
        assert len(depth["asks"]) == len(depth["bids"]) == 5
        hours = (await http.get(f"{base}/OHLC?pair=XBTUSD&interval=60")).json()["result"]["XXBTZUSD"]
        assert hours[-1][0] % 3_600 == 0
        later = await http.get(f"{base}/OHLC?pair=XBTUSD&interval=60&since={hours[-1][0]}")
        assert later.json()["result"]["XXBTZUSD"] == []
        bars = (await http.get(f"{base}/OHLC?pair=XBTUSD")).json()["result"]
        assert bars["last"] == bars["XXBTZUSD"][-1][0]
        trades = (await http.get(f"{base}/Trades?pair=XBTUSD")).json()["result"]
        assert isinstance(trades["last"], str)
        assert (await http.get(f"{base}/Spread?pair=XBTUSD")).json()["error"] == []
        assert (await http.get(f"{base}/SystemStatus")).json()["result"]["status"] == "online"
        assert (await http.get(f"{base}/Time")).json()["result"]["unixtime"] > 1e9
        assert "XXBT" in (await http.get(f"{base}/Assets")).json()["result"]
        for path, error in (
            ("Ticker?pair=NOSUCH", "EQuery:Unknown asset pair"),
            ("Depth", "EGeneral:Invalid arguments"),
            ("Depth?pair=XBTUSD&count=501", "EGeneral:Invalid arguments:count"),
            ("OHLC?pair=XBTUSD&interval=7", "EGeneral:Invalid arguments:interval"),
            ("Moon", "EGeneral:Unknown method"),
        ):
            answer = await http.get(f"{base}/{path}")
            assert (answer.status_code, answer.json()) == (200, {"error": [error]})


async def test_bars_over_the_socket(wired: Any) -> None:
    """``ohlc``: all at first, then what a trade changes; numbers keep their decimals."""
    async with testkit.kraken(Market.synthetic(2)) as double, wired(double.url) as wire:
        params = {"channel": "ohlc", "symbol": ["BTC/USD"], "interval": 5}
        await wire.send({"method": "subscribe", "params": params, "req_id": 4})
        ack = await wire.until(lambda frame: frame.get("method") == "subscribe")
        assert ack["result"]["interval"] == 5
        first = await wire.until(lambda frame: frame.get("channel") == "ohlc")
        assert (first["type"], first["data"][0]["interval"]) == ("snapshot", 5)
        assert first["data"][0]["interval_begin"].endswith("00.000000000Z")
        update = await wire.until(lambda frame: frame.get("channel") == "ohlc")
        assert update["type"] == "update"
        assert update["data"][0]["trades"] >= first["data"][-1]["trades"]
        await wire.send({"method": "subscribe", "params": {**params, "interval": 7}})
        refused = await wire.until(lambda frame: frame.get("success") is False)
        assert refused["error"] == "Subscription ohlc interval not supported"


async def test_a_connection_that_wants_nothing_is_closed_after_a_minute(
    wired: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has subscribed stays; here the minute is a quarter of a second."""
    monkeypatch.setattr(kraken, "IDLE_NS", SECOND // 4)
    async with testkit.kraken(Market.synthetic(2)) as double, wired(double.url) as wire:
        await wire.send({"method": "subscribe", "params": {"channel": "ticker", "symbol": ["BTC/USD"]}})
        async with wired(double.url) as idle:
            with pytest.raises(ConnectionClosed) as closed:
                await idle.until(lambda _frame: False)
            assert closed.value.reason is not None
            assert closed.value.reason.code == 1000
            await trio.aclose_forcefully(idle.socket._stream)  # trio-websocket leaves that to nobody
        await wire.until(lambda frame: frame.get("channel") in ("heartbeat", "ticker"))
        assert len(double.sockets) == 1
