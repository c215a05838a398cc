"""The double of Coinbase: read by the adapter, and what its feed and REST promise."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from mdsim import testkit
from mdsim.providers.adapters.coinbase import CoinbaseSession
from mdsim.testkit.market import Market


def subscribe(*channels: object, kind: str = "subscribe", products: tuple[str, ...] = ("BTC-USD",)) -> object:
    """A message that subscribes."""
    return {"type": kind, "product_ids": list(products), "channels": list(channels)}


async def test_the_adapter_reads_it_and_rebuilds_its_book(reading: Any) -> None:
    """Every level of the adapter's book is the double's; nothing was amiss."""
    async with testkit.coinbase(Market.synthetic(4)) as double:
        desk = double.desks["BTC-USD"]
        async with reading(double, "BTC-USD", "USDT-USD", "USDC-USD") as reader:
            await reader.until(lambda: len(reader.reports) > 20)
            session: CoinbaseSession = reader.sessions[0]
            venue = session.venues["BTC-USD"]

            def same() -> bool:
                book = venue.book
                return book is not None and book.bids._sizes == desk.bids and book.asks._sizes == desk.asks

            await reader.until(same)
            assert session.counters.errors == {}
            assert session.counters.gaps == 0
            assert reader.source.health.refused == {"USDC-USD": "it lists neither USDC-USD nor USD-USDC"}


async def test_an_acknowledgement_lists_everything_that_is_subscribed(market: Market, wired: Any) -> None:
    """Batched channels under the names that the real one gives them; an unsubscription takes away."""
    async with testkit.coinbase(market) as double, wired(double.url) as wire:
        await wire.send(subscribe("ticker", {"name": "level2_batch", "product_ids": ["ETH-USD"]}))
        assert await wire.get() == {
            "type": "subscriptions",
            "channels": [
                {"name": "ticker", "product_ids": ["BTC-USD"], "account_ids": None},
                {"name": "level2_50", "product_ids": ["ETH-USD"], "account_ids": None},
            ],
        }
        await wire.send(subscribe("ticker", kind="unsubscribe"))
        ack = await wire.until(lambda frame: frame["type"] == "subscriptions")
        assert [channel["name"] for channel in ack["channels"]] == ["level2_50"]


async def test_sides_and_order_of_trades(wired: Any) -> None:
    """A ticker's side is the taker's, a match's the maker's; the two share number, time and sequence."""
    async with testkit.coinbase(Market.synthetic(4)) as double, wired(double.url) as wire:
        await wire.send(subscribe("matches", "ticker", "heartbeat"))
        assert (await wire.until(lambda frame: frame["type"] == "last_match"))["product_id"] == "BTC-USD"
        match = await wire.until(lambda frame: frame["type"] == "match")
        ticker = await wire.until(
            lambda frame: frame["type"] == "ticker" and frame["trade_id"] == match["trade_id"]
        )
        assert {match["side"], ticker["side"]} == {"buy", "sell"}
        assert (match["time"], match["price"]) == (ticker["time"], ticker["price"])
        assert isinstance(ticker["sequence"], int)
        beat = await wire.until(lambda frame: frame["type"] == "heartbeat")
        assert beat["last_trade_id"] >= match["trade_id"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (subscribe("level2"), "authentication"),
        (subscribe("nothing"), "nothing is not a valid channel"),
        (subscribe("ticker", products=("NO-SUCH",)), "NO-SUCH is not a valid product"),
        (subscribe(), "No channels"),
        ("{", "Malformed"),
        ({"type": "wave"}, "wave is not a valid type"),
    ],
)
async def test_what_is_refused_says_why(market: Market, wired: Any, message: object, reason: str) -> None:
    """``reason`` is what clients read."""
    async with testkit.coinbase(market) as double, wired(double.url) as wire:
        await wire.send(message)
        frame = await wire.get()
        assert frame["type"] == "error"
        assert reason in frame["reason"]


async def test_rest(market: Market, http: httpx.AsyncClient) -> None:
    """Products, book, ticker, trades, candles; numbers are text except in candles."""
    async with testkit.coinbase(market) as double:
        products = (await http.get(f"{double.rest_url}/products")).json()
        assert {product["id"] for product in products} >= {"BTC-USD", "ETH-USD", "USDT-USD"}
        base = f"{double.rest_url}/products/BTC-USD"
        assert (await http.get(base)).json()["quote_increment"] == "0.01"
        assert len((await http.get(f"{base}/book")).json()["bids"]) == 1
        book = (await http.get(f"{base}/book?level=2")).json()
        assert float(book["bids"][0][0]) < float(book["asks"][0][0])
        ticker = (await http.get(f"{base}/ticker")).json()
        assert isinstance(ticker["price"], str)
        trades = await http.get(f"{base}/trades")
        assert trades.headers["cb-before"] == str(trades.json()[0]["trade_id"])
        hour = (await http.get(f"{base}/candles?granularity=3600")).json()[0]
        assert hour[0] % 3_600 == 0
        candle = (await http.get(f"{base}/candles?granularity=60")).json()[0]
        assert len(candle) == 6
        assert all(isinstance(value, int | float) for value in candle)
        assert (await http.get(f"{base}/stats")).json()["open"]
        assert (await http.get(f"{double.rest_url}/time")).json()["epoch"] > 1e9
        for path in ("/products/NO-SUCH", "/products/BTC-USD/nothing", "/nothing"):
            answer = await http.get(f"{double.rest_url}{path}")
            assert (answer.status_code, answer.json()) == (404, {"message": "NotFound"})
