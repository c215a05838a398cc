"""``mdsim serve`` on real sources: doubles of providers on this machine, over real sockets."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
import trio

from mdsim import testkit
from mdsim.cli import server as servers
from mdsim.cli.markets import open_market
from mdsim.cli.server import Server
from mdsim.config.load import load
from mdsim.config.settings import Settings
from mdsim.core.time import SECOND
from mdsim.providers import specs
from mdsim.providers.session import ProviderType
from mdsim.testkit.double import Double
from mdsim.testkit.market import Market

SYMBOLS = "[{symbol: BTC-USD}, {symbol: BTC-USDT}, {symbol: USDT-USD}]"
REPORTED = {
    "binance": "[BTC-USDT]",
    "coinbase": "[BTC-USD, USDT-USD]",
    "kraken": "[BTC-USD, USDT-USD]",
    "coingecko": "[BTC-USD, USDT-USD]",
}
SECRET = "CG-do-not-tell-anybody"


def settings_of(doubles: dict[str, Double], more: str = "") -> Settings:
    """A configuration that names the doubles, on free ports of loopback."""
    feeds = "\n".join(
        f"    - {{name: {name}, type: websocket, url: '{double.url}', symbols: {REPORTED[name]},"
        f" priority: {at + 1}}}"
        for at, (name, double) in enumerate(doubles.items())
        if name != "coingecko"
    )
    polled = (
        f"  primary:\n    - {{name: coingecko, type: rest_api, url: '{doubles['coingecko'].url}',"
        f" rate_limit: 60, api_key: '${{COINGECKO_API_KEY}}', symbols: {REPORTED['coingecko']}}}\n"
        if "coingecko" in doubles
        else ""
    )
    text = f"market_data: {{supported_symbols: {SYMBOLS}}}\ndata_sources:\n{polled}"
    text += f"  exchange_feeds:\n{feeds}\n" if feeds else ""
    environ = {"TICK_FREQUENCY_MS": "20", "COINGECKO_API_KEY": SECRET}
    return load(text + more, environ, {"--port": "0", "--grpc-port": "0"})


class Live:
    """A server on doubles, and a client of it."""

    def __init__(self, server: Server, client: httpx.AsyncClient, doubles: dict[str, Double]) -> None:
        self.server = server
        self.client = client
        self.doubles = doubles
        self._cycled = trio.Event()
        server.live.sinks.append(self._on_cycle)

    def _on_cycle(self, _published: object) -> None:
        self._cycled.set()
        self._cycled = trio.Event()

    async def get(self, path: str) -> dict[str, Any]:
        """The document of an answer, whatever its status."""
        answer = await self.client.get(path)
        found: dict[str, Any] = json.loads(answer.content)
        return found

    async def quote(self) -> dict[str, Any]:
        """The present of bitcoin."""
        return await self.get("/api/v1/prices/BTC-USD/current")

    async def source(self, name: str) -> dict[str, Any]:
        """How a source does."""
        status = await self.get("/debug/data-sources/status")
        return next(one for one in status["sources"] if one["name"] == name)

    async def one_more_cycle(self) -> None:
        """What was told by now goes into the log with the next cycle."""
        await self._cycled.wait()
        await self._cycled.wait()

    async def until(
        self, ask: Callable[[], Awaitable[dict[str, Any]]], good: Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any]:
        """Ask once a cycle until the answer is good."""
        found: dict[str, Any] = {}
        with trio.move_on_after(10):
            while True:
                cycled = self._cycled
                found = await ask()
                if good(found):
                    return found
                await cycled.wait()
        raise AssertionError(f"it never came about: {found}")


Lives = Callable[..., AbstractAsyncContextManager[Live]]


@pytest.fixture
def living() -> Lives:
    """``living("kraken", "coinbase", more="consensus: …")``: a server on these doubles, with prices."""

    @asynccontextmanager
    async def make(*names: str, more: str = "") -> AsyncIterator[Live]:
        market = Market.scripted({"BTC": "60000", "USDT": "0.999"})
        openers: dict[str, Any] = {
            "binance": testkit.binance,
            "coinbase": testkit.coinbase,
            "kraken": testkit.kraken,
            "coingecko": testkit.coingecko,
        }
        with trio.fail_after(40):
            async with AsyncExitStack() as stack:
                doubles: dict[str, Double] = {
                    name: await stack.enter_async_context(openers[name](market)) for name in names
                }
                settings = settings_of(doubles, more)
                nursery = await stack.enter_async_context(trio.open_nursery())
                opened = await open_market(settings, 1, nursery)
                server = Server(settings, 1, opened.market, opened.connections)
                await nursery.start(server.serve)
                url = f"http://127.0.0.1:{server.door.addresses[0][1]}"
                async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
                    yield Live(server, client, doubles)
                server.stop()
                nursery.cancel_scope.cancel()

    return make


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources that count as stale after a second, so that a test need not wait for ten."""
    known = {
        name: replace(one, offers=tuple(replace(offer, max_age_ns=SECOND) for offer in one.offers))
        for name, one in specs.providers().items()
    }

    def providers() -> dict[str, ProviderType]:
        return known

    monkeypatch.setattr(specs, "providers", providers)


async def test_three_exchanges_agree_on_the_true_price(living: Lives) -> None:
    """Binance by way of its stablecoin; every source is live, and the first choice of each leads."""
    async with living("kraken", "coinbase", "binance") as live:
        quote = await live.until(live.quote, lambda one: one["sources_used"] == 3)
        assert quote["state"] == "LIVE"
        assert float(quote["price"]) == pytest.approx(60_000, rel=5e-4)
        kraken = await live.until(lambda: live.source("kraken"), lambda one: len(one["leads"]) == 2)
        assert (kraken["state"], kraken["tier"], kraken["leads"]) == (
            "LIVE",
            "exchange_feeds",
            ["BTC-USD", "USDT-USD"],
        )
        assert (await live.source("coinbase"))["leads"] == []
        assert (await live.source("binance"))["leads"] == ["BTC-USDT"]
        live.doubles["kraken"].market.set("BTC", "60300")
        await live.until(live.quote, lambda one: abs(float(one["price"]) / 60_300 - 1) < 5e-4)


async def test_an_outlier_is_told_everywhere(living: Lives, capsys: pytest.CaptureFixture[str]) -> None:
    """The price stays; the source is out under ``/debug``, in the log and in the metrics, with the reason."""
    async with living("kraken", "coinbase", "binance") as live:
        await live.until(live.quote, lambda one: one["sources_used"] == 3)
        live.doubles["kraken"].faults.start("wrong_decimals", 0.1)

        def out(one: dict[str, Any]) -> bool:
            return any(each["reason"] == "decimals" for each in one["standings"])

        kraken = await live.until(lambda: live.source("kraken"), out)
        [btc] = [one for one in kraken["standings"] if one["symbol"] == "BTC-USD"]
        assert (btc["state"], btc["reason"]) == ("quarantined", "decimals")
        quote = await live.quote()
        assert float(quote["price"]) == pytest.approx(60_000, rel=1e-3)
        assert quote["sources_used"] == 2
        metrics = (await live.client.get("/metrics")).text
        assert 'market_data_source_errors_total{error_type="decimals",source="kraken"}' in metrics
        live.doubles["kraken"].faults.stop("wrong_decimals")
        await live.one_more_cycle()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    told = [line for line in lines if line["event"] == "price_rejected" and line["symbol"] == "BTC-USD"]
    assert {(line["source"], line["reason"]) for line in told} == {("kraken", "decimals")}


async def test_a_lost_connection_passes_the_lead_on(
    living: Lives, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next choice leads within a second, the log has the alert, and the price goes on."""
    async with living("kraken", "coinbase") as live:
        await live.until(lambda: live.source("kraken"), lambda one: "BTC-USD" in one["leads"])
        live.doubles["kraken"].faults.start("storm_429", 30)
        live.doubles["kraken"].faults.start("disconnect_mid_frame")
        await live.until(lambda: live.source("coinbase"), lambda one: "BTC-USD" in one["leads"])
        assert (await live.source("kraken"))["leads"] == []
        quote = await live.quote()
        assert quote["state"] in ("LIVE", "SINGLE")
        assert float(quote["price"]) == pytest.approx(60_000, rel=1e-3)
        await live.one_more_cycle()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    [alert] = [line for line in lines if line["event"] == "failover" and line["symbol"] == "BTC-USD"]
    assert (alert["level"], alert["was"], alert["leads"]) == ("warning", "kraken", "coinbase")


async def test_silence_makes_the_price_stale(living: Lives, impatient: None) -> None:
    """The last price stays, flagged; health is 503 with the reason until somebody speaks again."""
    async with living("kraken") as live:
        assert (await live.client.get("/health")).status_code == 200
        live.doubles["kraken"].faults.start("silence")
        quote = await live.until(live.quote, lambda one: one["state"] == "STALE")
        assert float(quote["price"]) == pytest.approx(60_000, rel=1e-3)
        assert float(quote["confidence"]) == 0
        kraken = await live.until(lambda: live.source("kraken"), lambda one: one["state"] == "STALE")
        assert kraken["reason"]
        health = await live.client.get("/health")
        assert (health.status_code, health.json()["status"]) == (503, "unavailable")
        assert "stale" in health.json()["reason"]
        live.doubles["kraken"].faults.stop("silence")
        await live.until(live.quote, lambda one: one["state"] == "SINGLE")


async def test_made_up_prices_fill_in_where_that_is_asked_for_and_are_flagged(
    living: Lives, impatient: None
) -> None:
    """They go on from the last agreed price, until the source is back."""
    async with living("kraken", more="consensus: {fill_in: synthetic}\n") as live:
        await live.until(live.quote, lambda one: one["state"] == "SINGLE")
        live.doubles["kraken"].faults.start("silence")
        filled = await live.until(live.quote, lambda one: one["state"] == "FILLED")
        assert float(filled["price"]) == pytest.approx(60_000, rel=0.01)
        assert (float(filled["confidence"]), filled["sources_used"]) == (0, 0)
        live.doubles["kraken"].faults.stop("silence")
        await live.until(live.quote, lambda one: one["state"] == "SINGLE")


async def test_a_feed_disruption_acts_at_the_wire(living: Lives) -> None:
    """An outage closes the socket to the provider itself; stopped, it is opened again."""
    async with living("kraken", "coinbase") as live:
        await live.until(live.quote, lambda one: one["sources_used"] == 2)
        assert len(live.doubles["kraken"].sockets) == 1
        body = {"source": "kraken", "mode": "outage", "duration_seconds": 60}
        run = (await live.client.post("/chaos/feed-disruption", json=body)).json()
        await live.until(live.quote, lambda _one: not live.doubles["kraken"].sockets)
        assert len(live.doubles["coinbase"].sockets) == 1
        assert (await live.source("kraken"))["state"] != "LIVE"
        await live.client.delete(f"/chaos/stop-scenario/{run['scenario_id']}")
        await live.until(live.quote, lambda _one: len(live.doubles["kraken"].sockets) == 1)
        await live.until(lambda: live.source("kraken"), lambda one: one["state"] == "LIVE")


async def test_a_key_goes_to_the_provider_and_nowhere_else(
    living: Lives, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not into the log, not into any answer, also when the provider is in trouble."""
    async with living("coingecko", "kraken") as live:
        double = live.doubles["coingecko"]
        assert any(SECRET in asked.headers.values() for asked in double.requests)
        double.faults.start("storm_429", 5)
        await live.until(lambda: live.source("coingecko"), lambda one: bool(one["errors"]))
        for path in ("/debug/data-sources/status", "/health", "/metrics", "/openapi.json"):
            assert SECRET not in (await live.client.get(path)).text
        await live.one_more_cycle()
    said = capsys.readouterr()
    assert "coingecko" in said.err
    assert SECRET not in said.err + said.out


async def health_url(capsys: pytest.CaptureFixture[str]) -> str:
    """Where a server that waits says that it tells why."""
    said = ""
    while "/health" not in said:
        await trio.lowlevel.checkpoint()
        said += capsys.readouterr().err
    return next(word for word in said.split() if word.endswith("/health"))


async def test_while_the_first_prices_are_awaited_health_says_so_and_ctrl_c_ends_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A provider that accepts and stays silent: 503 with how it does, then the interrupt, then nothing."""
    async with testkit.kraken(Market.scripted()) as kraken:
        kraken.faults.start("silence")
        settings = settings_of({"kraken": kraken})
        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(servers.run, settings, 1)
                url = await health_url(capsys)
                async with httpx.AsyncClient(trust_env=False) as client:
                    answer = await client.get(url)
                    while "kraken is" not in answer.json()["reason"]:
                        answer = await client.get(url)
                    price = await client.get(url.replace("/health", "/api/v1/prices/BTC-USD/current"))
                assert answer.status_code == 503
                assert answer.json()["reason"] == "waiting for the first prices: kraken is connecting"
                assert (price.status_code, price.json()["code"]) == (503, "MD490")
                began = trio.current_time()
                os.kill(os.getpid(), signal.SIGINT)
        assert trio.current_time() - began < 2


async def test_the_port_that_was_open_while_waiting_serves_when_prices_come(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One port from the first moment on: 503 turns into 200."""
    async with testkit.kraken(Market.scripted()) as kraken:
        kraken.faults.start("silence")
        settings = settings_of({"kraken": kraken})
        statuses: list[int] = []
        with trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(servers.run, settings, 1)
                url = await health_url(capsys)
                async with httpx.AsyncClient(trust_env=False) as client:
                    statuses.append((await client.get(url)).status_code)
                    kraken.faults.stop("silence")
                    for socket in list(kraken.sockets):
                        socket.close(1001)
                    while statuses[-1] != 200:
                        statuses.append((await client.get(url)).status_code)
                os.kill(os.getpid(), signal.SIGTERM)
        assert list(dict.fromkeys(statuses)) == [503, 200]
