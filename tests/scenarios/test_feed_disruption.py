"""A source is impaired, silenced or cut off; the agreed price goes on without it, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.scenarios.conftest import Client, Server

PATH = "/chaos/feed-disruption"
PRICE = "/api/v1/prices/BTC-USD/current"


@pytest.fixture
async def server(rested: Server) -> Server:
    """A market that rests on simulated sources, after ten seconds."""
    await rested.go(10)
    return rested


async def test_an_outage_takes_one_source_and_gives_it_back(server: Server, client: Client) -> None:
    """Fewer sources and less confidence while it lasts, the price stays, and all is as before after it."""
    before = await client.get(PRICE)
    run = await client.post(PATH, {"source": "kraken", "mode": "outage", "duration_seconds": 30})
    assert run["state"] == "running"
    await server.go(20)
    during = await client.get(PRICE)
    assert int(str(during["sources_used"])) == int(str(before["sources_used"])) - 1
    assert float(str(during["confidence"])) < float(str(before["confidence"]))
    assert during["state"] == "LIVE"
    assert float(str(during["price"])) == pytest.approx(float(str(before["price"])), rel=3e-4)
    await server.go(20)
    after = await client.get(PRICE)
    assert after["sources_used"] == before["sources_used"]
    assert server.runs.get(str(run["scenario_id"])).verdict == "passed"


async def test_the_events_tell_every_report_that_was_lost(server: Server, client: Client) -> None:
    """Each report of the source in its numbers, under the step that took it."""
    body = {"source": "binance", "packet_loss_percentage": 40, "duration_seconds": 20}
    run = await client.post(PATH, body | {"affect_symbols": ["BTC-USD"]})
    assert any("BTC-USDT" in str(warning) for warning in run["warnings"])  # type: ignore[attr-defined]  # a list
    await server.go(30)
    kinds = [kind for _, kind in await client.events(str(run["scenario_id"]))]
    assert "injected" in kinds
    assert kinds[-1] == "run_ended"
    entries = [
        entry.data
        async for _, entry in server.runs.follow(str(run["scenario_id"]))
        if entry.kind == "injected"
    ]
    assert {(str(data["source"]), str(data["fault"])) for data in entries} == {("binance", "loss")}
    told = [one for data in entries for one in data["messages"]]  # type: ignore[union-attr]  # a list
    assert {one["symbol"] for one in told} == {"BTC-USDT"}  # type: ignore[index,call-overload]  # objects
    # Cycles of a second: one report a second reaches the source's line.
    assert sum(int(str(data["count"])) for data in entries) == pytest.approx(8, abs=5)


async def test_stopping_it_gives_the_source_back_at_once(server: Server, client: Client) -> None:
    """Deleted in the middle, it has no trace a moment later."""
    before = await client.get(PRICE)
    run = await client.post(PATH, {"source": "coinbase", "mode": "stale", "duration_seconds": 600})
    await server.go(20)
    assert (await client.get(PRICE))["sources_used"] != before["sources_used"]
    await client.delete(f"/chaos/stop-scenario/{run['scenario_id']}")
    await server.go(2)
    assert (await client.get(PRICE))["sources_used"] == before["sources_used"]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"source": "krakn", "mode": "outage"}, "source", "MD377"),
        ({"source": "kraken"}, "packet_loss_percentage", "MD378"),
        ({"source": "kraken", "mode": "stale", "affect_symbols": ["BTC-UDS"]}, "affect_symbols[0]", "MD374"),
        ({"source": "coingecko", "mode": "stale", "affect_symbols": ["BTC-USDT"]}, None, None),
        (
            {"source": "coingecko", "mode": "stale", "affect_symbols": ["BTC-ETH"]},
            "affect_symbols[0]",
            "MD377",
        ),
        ({"source": "kraken", "latency_ms": -1}, "latency_ms", "MD372"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_its_key(
    client: Client, body: dict[str, object], field: str | None, code: str | None
) -> None:
    """Every problem with its key and a way out; a pair is found by its base."""
    if field is None:
        await client.post(PATH, body, 201)
        return
    answer: httpx.Response = await client.http.post(PATH, json=body)
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert [(one["field"], one["code"]) for one in errors] == [(field, code)]
    assert errors[0]["detail"]
