"""Each fault of the doubles, as one of mdsim's adapters meets it; scripts; what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import trio
import trio.testing

from mdsim import testkit
from mdsim.core.errors import UsageError
from mdsim.core.time import SECOND
from mdsim.providers.session import Counters
from mdsim.testkit.double import Double
from mdsim.testkit.doubles.binance import Binance
from mdsim.testkit.doubles.coinbase import Coinbase
from mdsim.testkit.doubles.coinmarketcap import CoinMarketCap
from mdsim.testkit.doubles.kraken import Kraken
from mdsim.testkit.faults import ALL, EXCHANGES, FAULTS, STREAMS, Faults, Planned, faults_of
from mdsim.testkit.market import Market

OPEN = {
    "binance": testkit.binance,
    "coinbase": testkit.coinbase,
    "kraken": testkit.kraken,
    "coingecko": testkit.coingecko,
    "coinmarketcap": testkit.coinmarketcap,
}
SYMBOL = {"binance": "BTC-USDT"}
FAST = {"refresh_ns": 1}


def opened(name: str, market: Market) -> Any:
    """The double of a provider, which does not dawdle."""
    return OPEN[name](market, **FAST) if name not in EXCHANGES else OPEN[name](market)


@pytest.mark.parametrize("name", EXCHANGES)
async def test_wrong_decimals_on_a_stream(name: str, market: Market, reading: Any) -> None:
    """Quotes are a hundredth for as long as it lasts, and right again after it."""
    symbol = SYMBOL.get(name, "BTC-USD")
    async with opened(name, market) as double, reading(double, symbol) as reader:
        await reader.until(lambda: bool(reader.reports) and reader.last.bid > 59_000)
        double.faults.start("wrong_decimals")
        await reader.until(lambda: 590 < reader.last.bid < 610)
        double.faults.stop("wrong_decimals")
        await reader.until(lambda: reader.last.bid > 59_000)


@pytest.mark.parametrize("name", EXCHANGES)
def test_a_frozen_exchange(name: str, market: Market) -> None:
    """Best prices stand still and nothing trades while the market moves; sizes and deeper levels live on."""
    double: Double = {"binance": Binance, "coinbase": Coinbase, "kraken": Kraken}[name](market)
    desk = next(iter(double.desks.values()))
    now_ns = market.now_ns()
    double._move(now_ns)
    before = [price for price, _ in desk.top]
    double.faults.start("frozen")
    market.set("BTC", "66000")
    trades = len(desk.trades)
    for second in range(1, 20):
        double._move(now_ns + second * SECOND)
        assert [price for price, _ in desk.top] == before
    assert len(desk.trades) == trades
    assert desk.seq > 1_000_000
    double.faults.stop("frozen")
    double._move(now_ns + 21 * SECOND)
    assert desk.top[0][0] > 65_000


async def test_a_frozen_exchange_is_alive(market: Market, wired: Any) -> None:
    """Heartbeats go on."""
    async with testkit.coinbase(market) as double, wired(double.url) as wire:
        double.faults.start("frozen")
        await wire.send({"type": "subscribe", "product_ids": ["BTC-USD"], "channels": ["heartbeat"]})
        await wire.until(lambda frame: frame["type"] == "heartbeat")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("coingecko", "/api/v3/simple/price?ids=bitcoin&vs_currencies=usd"),
        ("coinmarketcap", "/v3/cryptocurrency/quotes/latest?id=1&CMC_PRO_API_KEY=k"),
    ],
)
async def test_an_aggregator_s_numbers(market: Market, http: httpx.AsyncClient, name: str, path: str) -> None:
    """Wrong decimals, then frozen while the market moves, then right."""
    async with opened(name, market) as double:

        async def price() -> float:
            body = (await http.get(f"http://{double.address}{path}")).json()
            found = body["bitcoin"]["usd"] if name == "coingecko" else body["data"][0]["quote"][0]["price"]
            return float(found)

        assert await price() == pytest.approx(60_000, rel=0.002)
        double.faults.start("wrong_decimals")
        assert await price() == pytest.approx(600, rel=0.002)
        double.faults.stop("wrong_decimals")
        double.faults.start("frozen")
        market.set("BTC", "66000")
        assert await price() == pytest.approx(60_000, rel=0.002)
        double.faults.stop("frozen")
        assert await price() == pytest.approx(66_000, rel=0.002)


@pytest.mark.parametrize("name", ["coinbase", "kraken"])
async def test_clock_skew(name: str, reading: Any) -> None:
    """Stamps run thirty seconds ahead of ours."""
    async with opened(name, Market.synthetic(2)) as double, reading(double, "BTC-USD") as reader:
        double.faults.start("clock_skew")
        await reader.until(
            lambda: any(
                29 * SECOND < report.ts_event_ns - report.ts_recv_ns < 31 * SECOND
                for report in reader.reports
            )
        )


async def test_clock_skew_of_binance(market: Market, http: httpx.AsyncClient) -> None:
    """Its own time, as it tells it."""
    async with testkit.binance(market) as double:
        double.faults.start("clock_skew", -60)
        told_ms = (await http.get(f"{double.rest_url}/api/v3/time")).json()["serverTime"]
        assert -61 < told_ms / 1e3 - market.now_ns() / 1e9 < -59


@pytest.mark.parametrize("name", EXCHANGES)
async def test_gap(name: str, reading: Any) -> None:
    """Lost messages are noticed, each venue in its own way, and the book is built anew."""
    symbol = SYMBOL.get(name, "BTC-USD")
    async with opened(name, Market.synthetic(2)) as double, reading(double, symbol) as reader:
        await reader.until(lambda: bool(reader.reports))
        double.faults.start("gap", 2)

        def noticed() -> bool:
            counters: Counters = reader.source.counters
            wrong = counters.gaps + counters.errors.get("checksum", 0) + counters.errors.get("crossed", 0)
            return counters.resyncs > 0 and wrong > 0

        await reader.until(noticed)
        double.faults.stop("gap")
        reader.fresh()
        await reader.until(lambda: len(reader.reports) > 3)


async def test_bad_checksum(reading: Any) -> None:
    """The adapter throws the book away and goes on with the ticker."""
    async with testkit.kraken(Market.synthetic(2)) as double, reading(double, "BTC-USD") as reader:
        await reader.until(lambda: bool(reader.reports))
        double.faults.start("bad_checksum")
        await reader.until(lambda: "checksum" in reader.source.counters.errors)
        reader.fresh()
        await reader.until(lambda: len(reader.reports) > 3)


async def test_a_late_snapshot_over_rest(market: Market, http: httpx.AsyncClient) -> None:
    """It is held back; everything else is not."""
    async with testkit.binance(market) as double:
        double.faults.start("late_snapshot", 0.3)
        begin = trio.current_time()
        await http.get(f"{double.rest_url}/api/v3/ping")
        assert trio.current_time() - begin < 0.25
        await http.get(f"{double.rest_url}/api/v3/depth?symbol=BTCUSDT")
        assert trio.current_time() - begin >= 0.3


@pytest.mark.parametrize(
    ("name", "message", "is_snapshot", "is_update"),
    [
        (
            "coinbase",
            {"type": "subscribe", "product_ids": ["BTC-USD"], "channels": ["level2_batch"]},
            lambda frame: frame.get("type") == "snapshot",
            lambda frame: frame.get("type") == "l2update",
        ),
        (
            "kraken",
            {"method": "subscribe", "params": {"channel": "book", "symbol": ["BTC/USD"]}},
            lambda frame: frame.get("type") == "snapshot",
            lambda frame: frame.get("channel") == "book" and frame.get("type") == "update",
        ),
    ],
)
async def test_a_late_snapshot_on_the_socket(
    wired: Any,
    name: str,
    message: object,
    is_snapshot: Callable[[Any], bool],
    is_update: Callable[[Any], bool],
) -> None:
    """Updates wait for it."""
    async with opened(name, Market.synthetic(2)) as double, wired(double.url) as wire:
        double.faults.start("late_snapshot", 0.4)
        begin = trio.current_time()
        await wire.send(message)
        first = await wire.until(lambda frame: is_snapshot(frame) or is_update(frame))
        assert is_snapshot(first)
        assert trio.current_time() - begin >= 0.4
        await wire.until(is_update)


async def test_a_storm_of_429(market: Market, reading: Any) -> None:
    """The adapter waits as it is told, and then there are prices again."""
    async with testkit.coingecko(market) as double, reading(double, "BTC-USD", per_minute=600) as reader:
        await reader.until(lambda: bool(reader.reports))
        double.faults.start("storm_429", 1)
        await reader.until(lambda: "http_429" in reader.source.counters.errors)
        double.faults.stop("storm_429")
        reader.fresh()
        await reader.until(lambda: bool(reader.reports))


@pytest.mark.parametrize("name", ALL)
async def test_every_provider_s_429(market: Market, http: httpx.AsyncClient, name: str) -> None:
    """JSON in the provider's own shape, with a time to come back; Kraken says it with 200 and without."""
    async with opened(name, market) as double:
        double.faults.start("storm_429", 3)
        answer = await http.get(f"{double.rest_url}/anything")
        told = (answer.status_code, answer.headers.get("retry-after"))
        assert told == ((200, None) if name == "kraken" else (429, "3"))
        assert answer.json()
        if name == "kraken":
            assert answer.json() == {"error": ["EAPI:Rate limit exceeded"]}


@pytest.mark.parametrize("name", STREAMS)
async def test_a_storm_refuses_new_connections(market: Market, reading: Any, name: str) -> None:
    """The handshake of a WebSocket is answered 429 as well."""
    async with opened(name, market) as double:
        url = double.stream_url if isinstance(double, CoinMarketCap) else double.url
        double.faults.start("storm_429", 1)
        async with reading(double, SYMBOL.get(name, "BTC-USD"), url=url) as reader:
            await reader.until(
                lambda: any("429" in event.detail for event in reader.events if event.kind == "lost")
            )
            assert not reader.reports


@pytest.mark.parametrize("name", STREAMS)
async def test_a_disconnect_in_the_midst_of_a_frame(reading: Any, name: str) -> None:
    """The adapter loses the connection, hands on nothing of the half, and comes again."""
    async with opened(name, Market.synthetic(2)) as double:
        url = double.stream_url if isinstance(double, CoinMarketCap) else double.url
        async with reading(double, SYMBOL.get(name, "BTC-USD"), url=url) as reader:
            await reader.until(lambda: bool(reader.reports))
            double.faults.start("disconnect_mid_frame")
            await reader.until(lambda: any(event.kind == "lost" for event in reader.events))
            double.faults.stop("disconnect_mid_frame")
            assert "malformed" not in reader.source.counters.errors
            reader.fresh()
            await reader.until(lambda: bool(reader.reports) and reader.source.health.connections > 1)


async def test_silence(wired: Any) -> None:
    """Nothing is sent and nothing is answered; the connection stands, and speaks again afterwards."""
    async with testkit.binance(Market.synthetic(2)) as double, wired(double.url) as wire:
        double.faults.start("silence")
        await wire.send({"method": "SUBSCRIBE", "params": ["btcusdt@bookTicker"], "id": 1})
        with trio.move_on_after(0.3) as scope:
            await wire.get()
        assert scope.cancelled_caught
        double.faults.stop("silence")
        await wire.send({"method": "SUBSCRIBE", "params": ["btcusdt@bookTicker"], "id": 2})
        assert (await wire.get())["id"] == 2


async def test_a_server_shutdown_is_survived_without_a_hole(reading: Any) -> None:
    """Binance announces it: the adapter opens another connection before the old one is closed."""
    async with testkit.binance(Market.synthetic(2)) as double, reading(double, "BTC-USDT") as reader:
        await reader.until(lambda: reader.sessions[-1].ready if reader.sessions else False)
        double.faults.start("server_shutdown", 5)
        await reader.until(lambda: reader.source.health.replaced == 1)
        assert reader.source.health.connections == 2
        assert not [event for event in reader.events if event.kind == "lost"]


@pytest.mark.parametrize("name", ["coinbase", "coinmarketcap"])
async def test_a_server_shutdown_closes_connections(reading: Any, name: str) -> None:
    """With code 1001; the adapter comes again."""
    async with opened(name, Market.synthetic(2)) as double:
        url = double.stream_url if isinstance(double, CoinMarketCap) else double.url
        async with reading(double, "BTC-USD", url=url) as reader:
            await reader.until(lambda: bool(reader.reports))
            double.faults.start("server_shutdown", 0)
            await reader.until(lambda: any("1001" in event.detail for event in reader.events))
            await reader.until(lambda: reader.source.health.connections == 2)


async def test_kraken_announces_maintenance(wired: Any) -> None:
    """In its status channel, before it closes."""
    async with testkit.kraken(Market.synthetic(2)) as double, wired(double.url) as wire:
        await wire.get()
        double.faults.start("server_shutdown", 0.1)
        assert (await wire.get())["data"][0]["system"] == "maintenance"


async def test_a_script_starts_and_stops_faults(autojump_clock: trio.testing.MockClock) -> None:
    """Each at its time; of an end and a start at one instant the end comes first."""
    faults = Faults("kraken")
    seen: list[tuple[float, tuple[str, ...]]] = []
    faults.on_start = lambda name: seen.append((trio.current_time() - begin, faults.acting))
    begin = trio.current_time()
    await faults.play([(1, "frozen", 2), Planned(3, "gap", 1, amount=4), (3.5, "silence", 0.5)])
    assert seen == [(1, ("frozen",)), (3, ("gap",)), (3.5, ("gap", "silence"))]
    assert trio.current_time() - begin == 4
    assert faults.acting == ()


async def test_a_bad_script_starts_nothing() -> None:
    """It is read before it is played."""
    faults = Faults("kraken")
    with pytest.raises(UsageError, match="MD641"):
        await faults.play([(0, "frozen", 1), (0, "frosen", 1)])
    with pytest.raises(UsageError, match="MD642"):
        await faults.play([(0, "frozen", 0)])
    assert faults.acting == ()


def test_what_a_double_does_not_have_is_refused() -> None:
    """With the nearest word, or with what there is."""
    with pytest.raises(UsageError, match="did you mean frozen"):
        Faults("binance").start("frosen")
    with pytest.raises(UsageError, match="binance has no fault 'bad_checksum'"):
        Faults("binance").start("bad_checksum")
    with pytest.raises(UsageError, match="there are wrong_decimals"):
        Faults("coingecko").stop("moon")


def test_amounts_and_ends() -> None:
    """A fault has its usual amount unless another is given; nothing is left after ``clear``."""
    faults = Faults("binance")
    assert faults.amount("gap") == 0
    faults.start("gap")
    assert (faults.amount("gap"), faults.on("gap")) == (10, True)
    faults.start("gap", 3)
    assert faults.amount("gap") == 3
    faults.clear()
    assert not faults.on("gap")
    faults.stop("gap")


def test_every_fault_belongs_to_a_double() -> None:
    """And every double has the five that all have."""
    assert all(fault.doubles for fault in FAULTS.values())
    for name in ALL:
        names = [fault.name for fault in faults_of(name)]
        assert {"wrong_decimals", "frozen", "silence", "storm_429", "clock_skew"} <= set(names)
