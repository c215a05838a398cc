"""The double of Binance: read by the adapter, held against recordings and against its own promises."""

from __future__ import annotations

import gzip
import re
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import trio
from trio_websocket import ConnectionClosed

from mdsim import testkit
from mdsim.core.time import SECOND
from mdsim.providers.adapters.binance import BinanceSession
from mdsim.testkit.doubles.binance import Binance
from mdsim.testkit.market import Market
from mdsim.testkit.prices import ScriptedPrices

RECORDINGS = Path(__file__).parents[2] / "providers" / "recordings"
EIGHT = re.compile(r"\d+\.\d{8}")


async def test_the_adapter_reads_it_and_rebuilds_its_book(market: Market, reading: Any) -> None:
    """Every level of the adapter's book is the double's, and so are the quotes; nothing was amiss."""
    async with testkit.binance(market) as double:
        desk = double.desks["BTCUSDT"]
        async with reading(double, "BTC-USDT", "ETH-USDT") as reader:
            await reader.until(lambda: len(reader.reports) > 30)
            session: BinanceSession = reader.sessions[0]
            book = session.venues["BTCUSDT"].book
            await reader.until(lambda: book.last_id == desk.seq)
            assert book.book is not None
            assert book.book.bids._sizes == desk.bids
            assert book.book.asks._sizes == desk.asks
            assert (book.mismatches, session.counters.gaps, session.counters.errors) == (0, 0, {})
            assert book.compared > 0
            assert {report.symbol for report in reader.reports} == {"BTC-USDT", "ETH-USDT"}
            assert all(
                59_900 < report.bid < report.ask < 60_100
                for report in reader.reports
                if report.symbol == "BTC-USDT"
            )


async def test_an_inverted_pair_and_an_unlisted_one(market: Market, reading: Any) -> None:
    """BTC-ETH is read from ETHBTC, and BTC-USD is refused: Binance lists neither way."""
    async with testkit.binance(market) as double, reading(double, "BTC-ETH", "BTC-USD") as reader:
        await reader.until(lambda: bool(reader.reports) and "BTC-USD" in reader.source.health.refused)
        assert 19.9 < reader.last.bid < reader.last.ask < 20.1


async def test_one_counter_numbers_changes_quotes_and_snapshots(wired: Any, http: httpx.AsyncClient) -> None:
    """A book by the vendor's rules: ids without a jump, and the best quotes after each change those told."""
    streams = "btcusdt@depth@100ms/btcusdt@bookTicker/btcusdt@trade"
    async with (
        testkit.binance(Market.synthetic(5)) as double,
        wired(f"{double.combined_url}?streams={streams}") as wire,
    ):
        buffered = [await wire.until(lambda frame: frame["data"].get("e") == "depthUpdate")]
        answer = (await http.get(f"{double.rest_url}/api/v3/depth?symbol=BTCUSDT&limit=5000")).json()
        reached = answer["lastUpdateId"]
        book = {"b": dict(answer["bids"]), "a": dict(answer["asks"])}
        quotes: list[Any] = []
        trades: list[int] = []
        newest = compared = 0
        while compared < 10:
            data = (buffered.pop() if buffered else await wire.get())["data"]
            if data.get("e") == "trade":
                trades.append(data["t"])
            elif "e" not in data:
                assert not quotes or (data["u"] > quotes[-1]["u"] and data != {**quotes[-1], "u": data["u"]})
                quotes.append(data)
            else:
                assert data["U"] == newest + 1 or not newest
                newest = data["u"]
                if newest <= reached:
                    continue
                for side in ("b", "a"):
                    for price, size in data[side]:
                        book[side][price] = size
                        if size == "0.00000000":
                            del book[side][price]
                told = [quote for quote in quotes if quote["u"] <= newest]
                if told:
                    bid, ask = max(book["b"], key=Decimal), min(book["a"], key=Decimal)
                    best = (bid, book["b"][bid], ask, book["a"][ask])
                    assert best == tuple(told[-1][key] for key in "bBaA")
                    compared += 1
        assert trades == list(range(trades[0], trades[0] + len(trades)))


def shape(frame: Any) -> Any:
    """Keys in order, with the type of each value; texts of numbers by their decimals."""
    if isinstance(frame, dict):
        return {key: shape(value) for key, value in frame.items()}
    if isinstance(frame, list):
        return [shape(frame[0])] if frame else []
    if isinstance(frame, str):
        return "8 decimals" if EIGHT.fullmatch(frame) else "text"
    return type(frame).__name__


def kind_of(frame: Any) -> str:
    """Which kind of frame of a combined stream; empty for one without levels on both sides."""
    data = frame["data"]
    full = bool(data.get("b", True)) and bool(data.get("a", True))
    return data.get("e", "bookTicker") if full else ""


def recorded() -> dict[str, Any]:
    """The shape of a recorded frame of each kind, and of the recorded snapshot."""
    packed = (RECORDINGS / "binance_spot_BTCUSDT_2024-08-08.ndjson.gz").read_bytes()
    found: dict[str, Any] = {}
    for line in map(msgspec.json.decode, gzip.decompress(packed).splitlines()):
        kind = line.get("kind", "") or kind_of(line["raw"])
        found.setdefault(kind, shape(line["raw"]))
    return found


async def test_frames_have_the_shapes_of_recorded_ones(wired: Any, http: httpx.AsyncClient) -> None:
    """Keys in their order, integers, booleans and eight decimals, as Binance itself sent them."""
    known = recorded()
    streams = "btcusdt@trade/btcusdt@bookTicker/btcusdt@depth@100ms"
    async with testkit.binance(Market.synthetic(2)) as double:
        async with wired(f"{double.combined_url}?streams={streams}") as wire:
            for kind in ("trade", "bookTicker", "depthUpdate"):
                frame = await wire.until(lambda frame, kind=kind: kind_of(frame) == kind)
                assert shape(frame) == known[kind]
                assert list(frame["data"]) == list(known[kind]["data"])
        answer = await http.get(f"{double.rest_url}/api/v3/depth?symbol=BTCUSDT&limit=5")
        assert shape(answer.json()) == known["rest_depth"]


async def test_control_messages(market: Market, wired: Any) -> None:
    """Acknowledgements keep the type of the id, lists and properties answer, and nothing is ever wrapped."""
    async with testkit.binance(market) as double, wired(double.combined_url) as wire:
        await wire.send({"method": "SUBSCRIBE", "params": ["nosuch@trade", "btcusdt@kline_1m"], "id": "a-b"})
        assert await wire.get() == {"result": None, "id": "a-b"}
        await wire.send({"method": "LIST_SUBSCRIPTIONS", "id": 3})
        assert await wire.until(lambda frame: "id" in frame) == {
            "result": ["nosuch@trade", "btcusdt@kline_1m"],
            "id": 3,
        }
        await wire.send({"method": "GET_PROPERTY", "params": ["combined"], "id": 4})
        assert (await wire.until(lambda frame: "id" in frame))["result"] is True
        bar = await wire.until(lambda frame: "stream" in frame)
        assert bar["stream"] == "btcusdt@kline_1m"
        assert bar["data"]["k"]["T"] - bar["data"]["k"]["t"] == 59_999
        await wire.send({"method": "SET_PROPERTY", "params": ["combined", False], "id": None})
        assert await wire.until(lambda frame: "id" in frame) == {"result": None, "id": None}
        assert (await wire.until(lambda frame: "e" in frame))["e"] == "kline"


@pytest.mark.parametrize(
    ("sent", "code", "says", "at"),
    [
        ("{", 3, "Invalid JSON", None),
        ('{"method":"SUBSCRIBE","params":["x"],"id":1}', 2, "invalid stream", 1),
        ('{"method":"SUBSCRIBE","params":["a@b"],"id":1.5}', 2, "request ID", None),
        ('{"method":"FOO","id":2}', 2, "unknown variant", 2),
        ('{"id":5}', 2, "missing field", 5),
        ('{"method":"GET_PROPERTY","params":["x"],"id":6}', 0, "Unknown property", 6),
        ('{"method":"GET_PROPERTY","params":[1],"id":6}', 2, "property name", 6),
        ('{"method":"SET_PROPERTY","params":["combined","x"],"id":7}', 1, "expected Boolean", 7),
        ('{"method":"LIST_SUBSCRIPTIONS","params":["x"],"id":8}', 2, "too many parameters", 8),
        ('{"method":"SUBSCRIBE","params":"x","id":9}', 2, "invalid stream", 9),
    ],
)
async def test_what_cannot_be_read_is_refused_in_a_nested_error(
    market: Market, wired: Any, sent: str, code: int, says: str, at: object
) -> None:
    """As the real server nests it, whatever the vendor's page shows."""
    async with testkit.binance(market) as double, wired(double.url) as wire:
        await wire.send(sent)
        frame = await wire.get()
        assert (frame["error"]["code"], frame["id"]) == (code, at)
        assert says in frame["error"]["msg"]


async def test_times_in_microseconds(market: Market, wired: Any) -> None:
    """``timeUnit=MICROSECOND`` multiplies every time of a payload."""
    streams = "btcusdt@kline_1m/!miniTicker@arr?timeUnit=MICROSECOND"
    async with testkit.binance(market) as double, wired(f"{double.url}/{streams}") as wire:
        minis = await wire.until(lambda frame: isinstance(frame, list))
        assert all(mini["E"] > 10**15 for mini in minis)
        bar = await wire.until(lambda frame: isinstance(frame, dict))
        assert bar["E"] > 10**15
        assert bar["k"]["t"] > 10**15


async def test_rest(market: Market, http: httpx.AsyncClient) -> None:
    """One object for a symbol, a list for several, errors with code and text, weights in a header."""
    async with testkit.binance(market) as double:
        base = f"{double.rest_url}/api/v3"
        info = (await http.get(f"{base}/exchangeInfo?symbol=BTCUSDT")).json()["symbols"]
        assert info[0]["filters"][0]["filterType"] == "PRICE_FILTER"
        assert info[0]["filters"][0]["tickSize"] == "0.01000000"
        answer = await http.get(f"{base}/ticker/price?symbols=%5B%22BTCUSDT%22,%22ETHUSDT%22%5D")
        assert [entry["symbol"] for entry in answer.json()] == ["BTCUSDT", "ETHUSDT"]
        assert answer.headers["x-mbx-used-weight-1m"] == "24"
        day = (await http.get(f"{base}/ticker/24hr?symbol=ETHUSDT")).json()
        assert re.fullmatch(r"-?\d+\.\d{3}", day["priceChangePercent"])
        assert EIGHT.fullmatch(day["lastPrice"])
        rows = (await http.get(f"{base}/klines?symbol=BTCUSDT&interval=1m")).json()
        assert len(rows[0]) == 12
        trades = (await http.get(f"{base}/aggTrades?symbol=BTCUSDT")).json()
        assert list(trades[0]) == ["a", "p", "q", "f", "l", "T", "m", "M"]
        for path, code in (
            ("depth?symbol=NOSUCH", -1121),
            ("depth", -1102),
            ("depth?symbol=BTCUSDT&limit=x", -1100),
            ("klines?symbol=BTCUSDT&interval=7m", -1120),
            ("ticker/price?symbol=BTCUSDT&symbols=[]", -1128),
            ('ticker/price?symbols=["BTCUSDT","BTCUSDT"]', -1151),
        ):
            failed = await http.get(f"{base}/{path}")
            assert (failed.status_code, failed.json()["code"]) == (400, code)
            assert failed.headers["content-type"].startswith("application/json")
        assert (await http.get(f"{base}/nothing")).status_code == 404
        asked = [request.path for request in double.requests]
        assert asked[:2] == ["/api/v3/exchangeInfo", "/api/v3/ticker/price"]


async def test_too_much_weight_is_429(market: Market, http: httpx.AsyncClient) -> None:
    """Past 6,000 in a minute the answer is 429, with a time to come back."""
    async with testkit.binance(market) as double:
        for _ in range(25):
            answer = await http.get(f"{double.rest_url}/api/v3/depth?symbol=BTCUSDT&limit=5000")
        assert answer.status_code == 429
        assert answer.json()["code"] == -1003
        assert 1 <= int(answer.headers["retry-after"]) <= 60


async def test_the_sixth_message_within_a_second_ends_the_connection(market: Market, wired: Any) -> None:
    """Five are fine, a pong counts as one of them; and a second later there are five more."""
    async with testkit.binance(market) as double:
        double.messages_most = 5
        listing = {"method": "LIST_SUBSCRIPTIONS", "id": 1}
        async with wired(double.url) as wire:
            for _ in range(4):
                await wire.send(listing)
            await wire.socket.pong(b"unasked")
            for _ in range(4):
                assert (await wire.get())["result"] == []
            await trio.sleep(1.05)
            for _ in range(6):
                await wire.send(listing)
            with pytest.raises(ConnectionClosed) as closed:
                await wire.until(lambda _frame: False)
            assert closed.value.reason is not None
            assert closed.value.reason.code == 1008
            await trio.aclose_forcefully(wire.socket._stream)  # trio-websocket leaves that to nobody


async def test_who_carries_on_past_the_limit_is_banned(market: Market, http: httpx.AsyncClient) -> None:
    """429 at first, then 418 for everything until the ban is over."""
    async with testkit.binance(market) as double:
        path = f"{double.rest_url}/api/v3/depth?symbol=BTCUSDT&limit=5000"
        statuses = []
        while (answer := await http.get(path)).status_code != 418:
            statuses.append(answer.status_code)
        assert statuses[-10:] == [429] * 10
        assert 24 <= statuses.count(200) <= 48  # the minute may have turned
        assert answer.headers["retry-after"] == "120"
        assert answer.json()["code"] == -1003
        assert answer.json()["msg"].startswith("Way too much request weight used; IP banned until ")
        ping = await http.get(f"{double.rest_url}/api/v3/ping")
        assert (ping.status_code, 1 <= int(ping.headers["retry-after"]) <= 120) == (418, True)


async def test_a_ban_of_the_address_is_waited_out(market: Market, reading: Any) -> None:
    """No request and no connection before its end; the stream is refused as well."""
    async with testkit.binance(market) as double:
        double.faults.start("ban_418", 1)
        async with reading(double, "BTC-USDT") as reader:
            await reader.until(lambda: any("418" in event.detail for event in reader.events))
            double.faults.stop("ban_418")
            await reader.until(lambda: bool(reader.reports))


class Ear:
    """What a client of one stream hears, without a socket."""

    def __init__(self, *streams: str) -> None:
        self.path = "/ws"
        self.query = {"streams": "/".join(streams)}
        self.sent: dict[str, int] = {}
        self.frames: list[Any] = []

    def send(self, text: str) -> None:
        self.frames.append(msgspec.json.decode(text))


class ClockedMarket(Market):
    """A market on a clock of its own."""

    now_s = 1_795_900_800

    def now_ns(self) -> int:
        return self.now_s * SECOND


def test_a_bar_is_told_once_more_when_it_has_ended() -> None:
    """Every interval: with ``x`` true and the last close, before the first of the next bar; never again."""
    market = ClockedMarket(ScriptedPrices({"BTC": "60000"}))
    double = Binance(market)
    ear: Any = Ear("btcusdt@kline_1m", "btcusdt@kline_5m", "btcusdt@kline_7m", "nosuch@kline_1m")
    double.opened(ear)
    for _ in range(13 * 60):
        market.now_s += 1
        double._move(market.now_ns())
        double.second()
    for interval, minutes in (("1m", 1), ("5m", 5)):
        told = [frame["k"] for frame in ear.frames if frame["k"]["i"] == interval]
        closed = [bar for bar in told if bar["x"]]
        assert [b["t"] - a["t"] for a, b in pairwise(closed)] == [minutes * 60_000] * (13 // minutes - 1)
        assert all(bar["T"] == bar["t"] + minutes * 60_000 - 1 for bar in told)
        for bar in closed:
            at = told.index(bar)
            assert told[at + 1]["t"] == bar["t"] + minutes * 60_000
            assert not any(later["t"] <= bar["t"] for later in told[at + 1 :])
    assert {frame["s"] for frame in ear.frames} == {"BTCUSDT"}
    assert {frame["k"]["i"] for frame in ear.frames} == {"1m", "5m"}


async def test_trades_and_bars_from_a_time_or_a_number_on(market: Market, http: httpx.AsyncClient) -> None:
    """As clients page through history: ``fromId``, ``startTime``, ``endTime``, both ends included."""
    async with testkit.binance(market) as double:
        base = f"{double.rest_url}/api/v3"
        desk = double.desks["BTCUSDT"]
        while len(desk.trades) < 6:
            await http.get(f"{base}/ping")
        numbers = [trade.number for trade in desk.trades][:6]

        async def get(path: str) -> Any:
            return (await http.get(f"{base}/{path}")).json()

        paged = await get(f"aggTrades?symbol=BTCUSDT&fromId={numbers[2]}&limit=3")
        assert [one["a"] for one in paged] == numbers[2:5]
        old = await get(f"historicalTrades?symbol=BTCUSDT&fromId={numbers[1]}&limit=2")
        assert [one["id"] for one in old] == numbers[1:3]
        at = paged[0]["T"]
        assert all(
            one["T"] == at for one in await get(f"aggTrades?symbol=BTCUSDT&startTime={at}&endTime={at}")
        )
        bars = await get("klines?symbol=BTCUSDT&interval=1h")
        assert (bars[-1][6] - bars[-1][0], bars[-1][0] % 3_600_000) == (3_599_999, 0)
        assert await get(f"klines?symbol=BTCUSDT&interval=1h&endTime={bars[0][0] - 1}") == []
        assert (await get("klines?symbol=BTCUSDT&interval=1m&startTime=x"))["code"] == -1100


async def test_windows_over_rest_and_as_streams(market: Market, http: httpx.AsyncClient, wired: Any) -> None:
    """Minutes, hours, days and the day since midnight: no quotes in them, and a weight for each symbol."""
    async with testkit.binance(market) as double:

        async def get(path: str) -> Any:
            return await http.get(f"{double.rest_url}/api/v3/{path}")

        hour = (await get("ticker?symbol=BTCUSDT&windowSize=1h")).json()
        day = (await get("ticker/tradingDay?symbol=BTCUSDT")).json()
        assert list(hour) == list(day)
        assert "bidPrice" not in hour
        assert hour["count"] >= 1
        assert EIGHT.fullmatch(hour["weightedAvgPrice"])
        mini = (await get("ticker?symbols=%5B%22BTCUSDT%22,%22ETHUSDT%22%5D&type=MINI")).json()
        assert [one["symbol"] for one in mini] == ["BTCUSDT", "ETHUSDT"]
        assert "priceChange" not in mini[0]
        before = int((await get("ping")).headers["x-mbx-used-weight-1m"])
        after = int(
            (await get("ticker?symbols=%5B%22BTCUSDT%22,%22ETHUSDT%22%5D")).headers["x-mbx-used-weight-1m"]
        )
        assert after - before in (8, 8 - before)  # the minute may have turned
        for path, code in (
            ("ticker?symbol=BTCUSDT&windowSize=60m", -1120),
            ("ticker?symbol=BTCUSDT&windowSize=8d", -1120),
            ("ticker", -1102),
            ("ticker/tradingDay?symbol=NO", -1121),
        ):
            assert (await get(path)).json()["code"] == code
        streams = "btcusdt@ticker_1h/!ticker_4h@arr"
        async with wired(f"ws://{double.address}/stream?streams={streams}") as wire:
            one = await wire.until(lambda frame: frame["stream"] == "btcusdt@ticker_1h")
            assert list(one["data"]) == list("eEspPohlcwvqOCFLn")
            assert one["data"]["e"] == "1hTicker"
            many = await wire.until(lambda frame: frame["stream"] == "!ticker_4h@arr")
            assert {event["e"] for event in many["data"]} == {"4hTicker"}
