"""The doubles of CoinGecko and CoinMarketCap: read by the adapters, shapes, keys, the stream."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any

import httpx
import pytest
import trio
from trio_websocket import ConnectionClosed

from mdsim import testkit
from mdsim.core.time import DAY, SECOND
from mdsim.testkit.coins import COINS, Quoted
from mdsim.testkit.doubles._coingecko_history import History
from mdsim.testkit.doubles.coinmarketcap import CHANNEL
from mdsim.testkit.market import Market

KEY = {"X-CMC_PRO_API_KEY": "k"}


async def test_the_adapter_reads_coingecko(market: Market, reading: Any) -> None:
    """Prices near the truth, stamped with whole seconds; USDT is no currency there."""
    async with (
        testkit.coingecko(market) as double,
        reading(double, "BTC-USD", "BTC-ETH", "BTC-USDT", per_minute=600) as reader,
    ):
        await reader.until(lambda: len(reader.reports) >= 2)
        by_symbol = {report.symbol: report for report in reader.reports}
        assert abs(by_symbol["BTC-USD"].last / 60_000 - 1) < 0.002
        assert abs(by_symbol["BTC-ETH"].last / 20 - 1) < 0.002
        assert by_symbol["BTC-USD"].ts_event_ns % SECOND == 0
        assert "BTC-USDT" in reader.source.health.refused


async def test_coingecko_s_answers(market: Market, http: httpx.AsyncClient) -> None:
    """Numbers; seconds; unknown ids are left out without a word; what it does not know is an error."""
    async with testkit.coingecko(market) as double:
        assert (await http.get(f"{double.url}/ping")).json() == {"gecko_says": "(V3) To the Moon!"}
        query = "ids=bitcoin,nothing&vs_currencies=usd&include_last_updated_at=true&include_24hr_vol=true"
        found = (await http.get(f"{double.url}/simple/price?{query}&include_market_cap=true")).json()
        assert list(found) == ["bitcoin"]
        assert isinstance(found["bitcoin"]["usd"], float)
        assert 1e9 < found["bitcoin"]["last_updated_at"] < 1e10
        assert "usd_24h_vol" in found["bitcoin"]
        listed = (await http.get(f"{double.url}/coins/list")).json()
        assert {"id": "tether", "symbol": "usdt", "name": "Tether USDt"} in listed
        rows = (await http.get(f"{double.url}/coins/markets?vs_currency=usd&ids=ethereum")).json()
        assert [row["id"] for row in rows] == ["ethereum"]
        for path, status, body in (
            ("simple/price?ids=bitcoin&vs_currencies=usdt", 400, {"error": "invalid vs_currency"}),
            ("simple/price?ids=bitcoin", 422, {"error": "Missing parameter vs_currencies"}),
            ("coins/markets?vs_currency=usdt", 400, {"error": "invalid vs_currency"}),
            ("coins/nothing", 404, {"error": "coin not found"}),
        ):
            answer = await http.get(f"{double.url}/{path}")
            assert (answer.status_code, answer.json()) == (status, body)
        currencies = (await http.get(f"{double.url}/simple/supported_vs_currencies")).json()
        assert "usdt" not in currencies


async def test_coingecko_finds_coins_by_name_and_symbol_and_in_pages(
    market: Market, http: httpx.AsyncClient
) -> None:
    """The answer is keyed by ids whatever was asked for; prices are as precise as is asked for."""
    async with testkit.coingecko(market) as double:

        async def get(path: str) -> Any:
            return (await http.get(f"{double.url}/{path}")).json()

        assert list(await get("simple/price?symbols=btc,usdt&vs_currencies=usd")) == ["bitcoin", "tether"]
        assert list(await get("simple/price?names=Ethereum&vs_currencies=usd")) == ["ethereum"]
        text = (await http.get(f"{double.url}/simple/price?ids=bitcoin&vs_currencies=usd&precision=1")).text
        assert len(text.partition(".")[2].rstrip("}")) == 1
        rows = [row["id"] for row in await get("coins/markets?vs_currency=usd")]
        paged = [await get(f"coins/markets?vs_currency=usd&per_page=2&page={at}") for at in (1, 2, 9)]
        assert [[row["id"] for row in page] for page in paged] == [rows[:2], rows[2:4], []]


async def test_coingecko_s_charts_begin_with_the_double(market: Market, http: httpx.AsyncClient) -> None:
    """Milliseconds; the last point is now; a candle bears the time of its close."""
    async with testkit.coingecko(market) as double:

        async def get(path: str) -> Any:
            return (await http.get(f"{double.url}/coins/bitcoin{path}")).json()

        now_ms = double.market.now_ns() // 1_000_000
        chart = await get("/market_chart?vs_currency=usd&days=1")
        assert list(chart) == ["prices", "market_caps", "total_volumes"]
        at_ms, price = chart["prices"][-1]
        assert abs(at_ms - now_ms) < 60_000
        assert price == pytest.approx(60_000, rel=0.002)
        around = f"from={now_ms / 1000 - 60}&to={now_ms / 1000 + 60}"
        ranged = await get(f"/market_chart/range?vs_currency=btc&{around}")
        assert ranged["prices"][-1][1] == pytest.approx(1, rel=0.002)
        old = await get("/market_chart/range?vs_currency=usd&from=1&to=2")
        assert old == {"prices": [], "market_caps": [], "total_volumes": []}
        ((close_ms, first, high, low, last),) = await get("/ohlc?vs_currency=usd&days=1")
        assert close_ms % 1_800_000 == 0
        assert close_ms > now_ms - 60_000
        assert low <= min(first, last) <= max(first, last) <= high
        assert (await get(""))["market_data"]["current_price"]["usd"] == pytest.approx(60_000, rel=0.002)
        for path in ("/market_chart?vs_currency=usdt&days=1", "/ohlc?vs_currency=usd&days=2", "/nothing"):
            assert "error" in await get(path)


def test_points_of_five_minutes_become_one() -> None:
    """What is older than the newest keeps the last of its five minutes."""
    history = History()
    for at in range(0, 3_600, 10):
        history.add(COINS[0], "usd", Quoted(Decimal(at + 1), Decimal(1), Decimal(1), at * SECOND))
    points = history.chart(COINS[0], "usd", 0, DAY)["prices"]
    assert isinstance(points, list)
    assert [at_ms // 1_000 for at_ms, _ in points] == [*range(290, 3_590, 300), 3_590]


@pytest.mark.parametrize(("plan", "header", "code"), [
    ("demo", "x-cg-pro-api-key", 10_010), ("pro", "x-cg-demo-api-key", 10_011), ("pro", "x-other", 10_002),
])  # fmt: skip
async def test_a_key_of_the_other_plan_is_on_the_wrong_host(
    market: Market, http: httpx.AsyncClient, plan: str, header: str, code: int
) -> None:
    """CoinGecko says which host to ask; without any key a pro host says that it is missing."""
    async with testkit.coingecko(market, plan=plan) as double:
        wrong = await http.get(f"{double.url}/ping", headers={header: "key"})
        assert wrong.status_code in (400, 401)
        assert wrong.json()["status"]["error_code"] == code
        right = await http.get(f"{double.url}/ping", headers={f"x-cg-{plan}-api-key": "key"})
        assert right.status_code == 200


async def test_coingecko_insists_on_its_keys(market: Market, http: httpx.AsyncClient, reading: Any) -> None:
    """In a header or in the query; the adapter takes a refusal to heart and turns itself off."""
    async with testkit.coingecko(market, keys=("good",)) as double:
        path = f"{double.url}/ping"
        assert (await http.get(path)).json()["status"]["error_code"] == 10_002
        assert (await http.get(path, headers={"x-cg-demo-api-key": "good"})).status_code == 200
        assert (await http.get(f"{path}?x_cg_pro_api_key=good")).status_code == 200
        async with reading(double, "BTC-USD", per_minute=600) as reader:
            await reader.until(lambda: any(event.kind == "off" for event in reader.events))


@pytest.mark.parametrize("version", ["v1", "v2", "v3", ""])
async def test_the_adapter_reads_coinmarketcap(market: Market, reading: Any, version: str) -> None:
    """In each of the three shapes, and in the current one where the address names none."""
    async with testkit.coinmarketcap(market) as double:
        url = f"{double.url}/{version}" if version else double.url
        async with reading(double, "BTC-USD", "ETH-USD", url=url, per_minute=600) as reader:
            await reader.until(lambda: len(reader.reports) >= 2)
            assert [report.symbol for report in reader.reports[:2]] == ["BTC-USD", "ETH-USD"]
            assert abs(reader.reports[0].last / 60_000 - 1) < 0.002
            asked = double.requests[0]
            assert asked.headers["x-cmc_pro_api_key"] == "any-key"
            assert asked.path.startswith(f"/{version or 'v3'}/")


async def test_the_adapter_reads_coinmarketcap_s_stream(market: Market, reading: Any) -> None:
    """A coin a message, in dollars."""
    async with (
        testkit.coinmarketcap(market) as double,
        reading(double, "BTC-USD", "ETH-USD", "BTC-USDT", url=double.stream_url) as reader,
    ):
        await reader.until(lambda: len(reader.reports) >= 2)
        assert {report.symbol for report in reader.reports} == {"BTC-USD", "ETH-USD"}
        assert "BTC-USDT" in reader.source.health.refused


async def test_three_shapes_of_quotes(market: Market, http: httpx.AsyncClient) -> None:
    """v1: objects; v2: lists by symbol; v3: a list of lists."""
    async with testkit.coinmarketcap(market) as double:
        quotes = "cryptocurrency/quotes/latest"

        async def get(path: str) -> Any:
            return (await http.get(f"{double.url}/{path}", headers=KEY)).json()

        v1 = await get(f"v1/{quotes}?symbol=BTC")
        assert v1["data"]["BTC"]["quote"]["USD"]["price"] == pytest.approx(60_000, rel=0.002)
        assert v1["status"]["error_code"] == 0
        v2 = await get(f"v2/{quotes}?symbol=BTC&convert=ETH")
        assert v2["data"]["BTC"][0]["quote"]["ETH"]["price"] == pytest.approx(20, rel=0.002)
        v2 = await get(f"v2/{quotes}?id=1")
        assert v2["data"]["1"]["symbol"] == "BTC"
        v3 = await get(f"v3/{quotes}?id=1,1027")
        assert [coin["quote"][0]["symbol"] for coin in v3["data"]] == ["USD", "USD"]
        assert v3["status"]["error_code"] == "0"
        assert (await get("v1/cryptocurrency/listings/latest"))["data"][0]["cmc_rank"] == 1
        assert (await get("v1/cryptocurrency/map"))["data"][1]["symbol"] == "ETH"
        assert (await get("v1/key/info"))["data"]["plan"]
        for path, code in (
            (f"v3/{quotes}?id=5", 400),
            (f"v3/{quotes}?id=1&convert=XXX", 400),
            (f"v3/{quotes}", 400),
            ("v3/nothing", 404),
            (f"v2/{quotes}?id=5", 400),
        ):
            told = (await get(path))["status"]["error_code"]
            assert told == (str(code) if path.startswith("v3") else code)
        assert (await get(f"v3/{quotes}?id=1,5&skip_invalid=true"))["data"][0]["id"] == 1


async def test_coinmarketcap_wants_a_key(
    market: Market, http: httpx.AsyncClient, reading: Callable[..., Any]
) -> None:
    """1002 without one, 1001 for a wrong one; the stream is closed with 4100, and the adapter gives it up."""
    async with testkit.coinmarketcap(market, keys=("good",)) as double:
        path = f"{double.url}/v1/key/info"
        none, wrong = await http.get(path), await http.get(path, headers=KEY)
        assert (none.status_code, none.json()["status"]["error_code"]) == (401, 1002)
        assert (wrong.status_code, wrong.json()["status"]["error_code"]) == (401, 1001)
        async with reading(double, "BTC-USD", url=double.stream_url) as reader:
            await reader.until(lambda: reader.events[-1:] and reader.events[-1].kind == "off")
            assert "closed with code 4100" in reader.source.health.reason


async def test_the_stream_s_messages(market: Market, wired: Any) -> None:
    """Welcome, acknowledgements with counts, duplicates told, errors with codes, pong."""
    async with (
        testkit.coinmarketcap(market) as double,
        wired(f"{double.stream_url}?CMC_PRO_API_KEY=k") as wire,
    ):
        assert (await wire.get())["ping_interval_ms"] == 10_000
        order = {"id": 1, "method": "subscribe", "channel": CHANNEL, "params": {"crypto_ids": [1]}}
        await wire.send(order)
        ack = await wire.get()
        assert (ack["code"], ack["sub_count"], "duplicate" in ack) == (0, 1, False)
        push = await wire.get()
        assert (push["type"], push["data"]["cid"]) == ("data", 1)
        await wire.send(order)
        assert (await wire.until(lambda frame: frame["type"] == "ack"))["duplicate"] is True
        await wire.send({"id": 9, "method": "ping"})
        assert (await wire.until(lambda frame: frame["type"] == "pong"))["id"] == 9
        for wrong, code in (
            ({**order, "params": {"crypto_ids": [5]}}, "2202"),
            ({**order, "channel": "x"}, "2201"),
            ({**order, "method": "x"}, "2402"),
            ("{", "2401"),
        ):
            await wire.send(wrong)
            error = await wire.until(lambda frame: frame["type"] == "error")
            assert error["status"]["error_code"] == code
        await wire.send({"id": 3, "method": "unsubscribe_all"})
        assert (await wire.until(lambda frame: frame["type"] == "ack"))["sub_count"] == 0


@pytest.mark.parametrize("code", [1009, 1010])
async def test_spent_credits_are_told_and_waited_for(
    market: Market, http: httpx.AsyncClient, reading: Callable[..., Any], code: int
) -> None:
    """429 with the number of the day's or the month's limit; the adapter leaves it alone for an hour."""
    async with testkit.coinmarketcap(market) as double:
        usage = (await http.get(f"{double.url}/v1/key/info", headers=KEY)).json()["data"]["usage"]
        assert usage["current_month"] == {"credits_used": 0, "credits_left": 10_000}
        double.faults.start("out_of_credits", code)
        async with reading(double, "BTC-USD", per_minute=600) as reader:
            await reader.until(lambda: any("quota for 3600 s" in event.detail for event in reader.events))
        spent = await http.get(f"{double.url}/v3/cryptocurrency/quotes/latest?id=1", headers=KEY)
        assert (spent.status_code, spent.json()["status"]["error_code"]) == (429, str(code))


async def test_the_stream_takes_ten_connections(market: Market, wired: Any) -> None:
    """The eleventh is closed with 4004."""
    async with testkit.coinmarketcap(market) as double, AsyncExitStack() as open_ones:
        url = f"{double.stream_url}?CMC_PRO_API_KEY=k"
        for _ in range(10):
            wire = await open_ones.enter_async_context(wired(url))
            assert (await wire.get())["type"] == "welcome"
        async with wired(url) as wire:
            with pytest.raises(ConnectionClosed) as closed:
                await wire.get()
            assert closed.value.reason is not None
            assert closed.value.reason.code == 4004
            await trio.aclose_forcefully(wire.socket._stream)  # trio-websocket leaves that to nobody
