"""The metrics of a whole server, after readers came and went and runs were refused."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import httpx
import pytest
import trio
import trio_websocket
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from mdsim.cli.server import Server

    Serving = Callable[..., AbstractAsyncContextManager[Server]]

Samples = dict[tuple[str, ...], float]
TICKS = "channels=tick&symbols=BTC-USD"


async def scraped(http: httpx.AsyncClient) -> Samples:
    """Samples of ``GET /metrics`` by name without the prefix and values of labels, in order of the labels."""
    found: Samples = {}
    for family in text_string_to_metric_families((await http.get("/metrics")).text):
        for sample in family.samples:
            key = (sample.name.removeprefix("market_data_"), *sample.labels.values())
            assert key not in found, "a series twice"
            found[key] = sample.value
    return found


@pytest.fixture
def ask() -> Callable[[Server], tuple[str, httpx.AsyncClient]]:
    """Place of a server and a client of it."""

    def make(server: Server) -> tuple[str, httpx.AsyncClient]:
        place = f"127.0.0.1:{server.door.addresses[0][1]}"
        return place, httpx.AsyncClient(base_url=f"http://{place}", trust_env=False)

    return make


async def closed_at_once(server: Server, target: str) -> None:
    """Connect as a reader that is closed by the server; the library would leave the socket open."""
    async with (
        await trio.open_tcp_stream(*server.door.addresses[0]) as below,
        trio.open_nursery() as nursery,
    ):
        reader = await trio_websocket.wrap_client_stream(nursery, below, "x", target)
        with pytest.raises(trio_websocket.ConnectionClosed):
            await reader.get_message()
        nursery.cancel_scope.cancel()


async def test_refused_runs_are_counted_by_type_and_code(
    serving: Serving, ask: Callable[[Server], tuple[str, httpx.AsyncClient]]
) -> None:
    """Whoever refuses them: the body's check, a rule of the type, a limit; a plan asked for is no run."""
    shock = {"symbol": "BTC-USD", "shock_percentage": -5}
    async with serving() as server:
        _, client = ask(server)
        async with client as http:
            await http.post("/chaos/price-shock", json={**shock, "symbol": "BTCUSD"})
            await http.post("/chaos/price-shock", json={**shock, "shock_percentage": -60})
            await http.post("/chaos/price-shock", json={**shock, "recovery_time_seconds": 0})
            await http.post("/chaos/playbooks", content="mdsim: 1\n")
            await http.post("/chaos/playbooks?plan=true", content="")
            found = await scraped(http)
    refusals = {key[1:]: value for key, value in found.items() if key[0] == "scenario_refusals_total"}
    assert refusals == {
        ("MD374", "price_shock"): 1,
        ("MD170", "price_shock"): 1,
        ("MD376", "price_shock"): 1,
        ("MD059", "playbook"): 1,
    }


async def test_an_instrument_that_nobody_reads_has_no_readers(
    serving: Serving, ask: Callable[[Server], tuple[str, httpx.AsyncClient]]
) -> None:
    """0, and not no series: a rule that watches for readers who all went must find something to compare."""
    async with serving() as server:
        place, client = ask(server)
        url = f"ws://{place}/api/v1/subscribe?{TICKS}"
        async with client as http, trio_websocket.open_websocket_url(url) as one:
            await one.get_message()
            found = await scraped(http)
    readers = {key[1]: value for key, value in found.items() if key[0] == "subscriber_count"}
    assert list(readers) == list(server.live.tape.catalogue.symbols)
    assert {symbol: count for symbol, count in readers.items() if count} == {"BTC-USD": 1}


async def test_readers_that_went_are_counted_by_reason(
    serving: Serving, ask: Callable[[Server], tuple[str, httpx.AsyncClient]]
) -> None:
    """One left by itself, one found the instrument full; queues stand beside their bounds."""
    async with serving("publication: {max_subscribers_per_symbol: 1}") as server:
        place, client = ask(server)
        url = f"ws://{place}/api/v1/subscribe?{TICKS}"
        async with client as http:
            async with trio_websocket.open_websocket_url(url) as one:
                await one.get_message()
                await closed_at_once(server, f"/api/v1/subscribe?{TICKS}")
            counted = server.sockets.counters.closed
            while sum(counted.values()) < 2:
                await http.get("/health")  # a round trip: the server works meanwhile
            found = await scraped(http)
    closed = {key[1:]: value for key, value in found.items() if key[0] == "connections_closed_total"}
    assert closed == {("websocket", "left"): 1, ("websocket", "full"): 1}
    queues = {key[1]: value for key, value in found.items() if key[0] == "queue_items_max"}
    assert sorted(queues) == [
        "connections",
        "events",
        "grpc_asks",
        "grpc_batches",
        "run_followers",
        "run_starts",
        "runs",
    ]
    assert all(found["queue_items", name] <= most for name, most in queues.items())
    assert found["queue_items", "connections"] == 1
    assert found["messages_dropped_total", "websocket", "events_full"] == 0
