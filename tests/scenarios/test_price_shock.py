"""A price shock by way of the API: it goes where it was asked to, and leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.scenarios.conftest import Client, Server

SHOCK = {"symbol": "BTC-USD", "shock_percentage": -15, "duration_seconds": 30, "recovery_time_seconds": 60}


async def test_a_sudden_drop_stays_and_comes_back(server: Server, client: Client) -> None:
    """The price is down at once, cross rates with it, other assets not; at the end nothing is left."""
    run = await client.post("/chaos/price-shock", SHOCK)
    assert run["symbols"] == ["BTC-USD"]
    assert run["ends_ns"] == server.pump.now_ns + 90 * 10**9
    assert isinstance(run["plan"], dict)

    await server.go(2)
    assert server.deviation("BTC-USD") == pytest.approx(-0.15, abs=1e-6)
    assert server.deviation("BTC-USDT") == pytest.approx(-0.15, abs=1e-6)
    assert server.deviation("ETH-USD") == 0
    price = await client.get("/api/v1/prices/BTC-USD/current")
    assert price["price"] == "51000.00"
    assert price["reference"] == "60000.00"

    await server.go(29)
    await server.go(30)
    assert -0.15 < server.deviation("BTC-USD") < -0.001
    await server.go(32)
    assert server.deviation("BTC-USD") == 0
    ended = await client.get(f"/chaos/scenarios/{run['scenario_id']}")
    assert (ended["state"], ended["verdict"]) == ("ended", "passed")


@pytest.mark.parametrize("pattern", ["linear", "exponential", "v_shape"])
async def test_other_patterns_travel(server: Server, client: Client, pattern: str) -> None:
    """They are on their way at half of the time and there at its end."""
    await client.post("/chaos/price-shock", {**SHOCK, "pattern": pattern})
    await server.go(15)
    assert -0.149 < server.deviation("BTC-USD") < -0.05
    await server.go(15)
    assert server.deviation("BTC-USD") == pytest.approx(-0.15, abs=2e-3)


async def test_shocks_add_up(server: Server, client: Client) -> None:
    """Chaos calls compose by default: two of -10 % make -19 %."""
    for _ in range(2):
        await client.post("/chaos/price-shock", {**SHOCK, "shock_percentage": -10})
    await server.go(2)
    assert server.deviation("BTC-USD") == pytest.approx(-0.19, abs=1e-6)


async def test_a_shock_past_its_limit_is_refused_by_name(server: Server, client: Client) -> None:
    """Deviation, duration, and the rule that it must recover; nothing moves."""
    told = await client.post("/chaos/price-shock", {**SHOCK, "shock_percentage": -26}, 422)
    assert told["code"] == "MD170"
    assert "MAX_PRICE_DEVIATION of 25%" in str(told["detail"])
    told = await client.post("/chaos/price-shock", {**SHOCK, "duration_seconds": 7201}, 422)
    assert "chaos_scenarios.price_shock.max_duration_hours of 2h" in str(told["detail"])
    told = await client.post("/chaos/price-shock", {**SHOCK, "recovery_time_seconds": 0}, 422)
    assert "recovery_required" in str(told["detail"])
    await server.go(2)
    assert server.deviation("BTC-USD") == 0


async def test_a_refused_overlap_is_a_conflict(server: Server, client: Client) -> None:
    """The second names the run that holds the instrument."""
    run = await client.post("/chaos/price-shock", SHOCK)
    told = await client.post("/chaos/price-shock", {**SHOCK, "overlap": "refuse"}, 409)
    assert told["code"] == "MD351"
    assert str(run["scenario_id"]) in str(told["detail"])


async def test_plain_curl_works_and_a_key_is_honoured(server: Server, client: Client) -> None:
    """The body is JSON whatever its Content-Type says; a repeated Idempotency-Key starts nothing new."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Idempotency-Key": "once"}
    content = b'{"symbol": "BTC-USD", "shock_percentage": -5}'
    first = await client.post("/chaos/price-shock", content=content, headers=headers)
    again = await client.post("/chaos/price-shock", content=content, headers=headers)
    assert first["scenario_id"] == again["scenario_id"]
    assert server.runs.running == 1
