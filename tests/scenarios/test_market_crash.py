"""A market crash with recovery by way of the API: every symbol moves as planned, and comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.scenarios.conftest import Client, Server

MINUTE = 60
CRASH = {"crash_percentage": 20, "crash_duration_minutes": 2, "volume_spike_multiplier": 10}
LOW = -0.2
HALF = 0.8**0.5 - 1
BOUNCE = 0.8**0.6 - 1


async def test_every_symbol_falls_as_planned_and_what_it_does_is_told(server: Server, client: Client) -> None:
    """Both assets fall by the same share; spread and depth show the panic; the answer names what acts."""
    calm = await client.get("/api/v1/orderbook/BTC-USD?depth=5")
    run = await client.post("/chaos/market-crash", CRASH)
    assert run["symbols"] == ["BTC-USD", "ETH-USD"]
    await server.go(MINUTE)
    assert LOW < server.deviation("BTC-USD") < -0.1
    book = await client.get("/api/v1/orderbook/BTC-USD?depth=5")
    assert _spread(book) > 4 * _spread(calm)

    active = await client.get("/chaos/active-scenarios")
    assert isinstance(active["scenarios"], list)
    told = active["scenarios"][0]
    assert (told["phase"], told["state"], told["scenario_type"]) == ("fall", "running", "market_crash")
    assert any(effect.startswith("move BTC-USD, ETH-USD by -20%") for effect in told["effects"])
    assert any("volume 10x" in effect for effect in told["effects"])
    assert any(effect.startswith("correlate ") for effect in told["effects"])
    assert told["time_left_ns"] == 9 * MINUTE * 10**9

    await server.go(MINUTE + 1)
    for symbol in ("BTC-USD", "ETH-USD", "BTC-USDT"):
        assert server.deviation(symbol) == pytest.approx(LOW, abs=3e-3)
    assert server.deviation("BTC-ETH") == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("pattern", "marks"),
    [
        ("slow_bounce", {6: HALF, 10: 0.0}),
        ("v_shape", {3: 0.8**0.5 - 1, 4: 0.0}),
        ("dead_cat", {4: BOUNCE, 6: LOW, 10: 0.0}),
        ("none", {3: LOW, 12: LOW}),
    ],
)
async def test_each_recovery_goes_its_way(
    server: Server, client: Client, pattern: str, marks: dict[int, float]
) -> None:
    """Where the price is after so many minutes."""
    await client.post("/chaos/market-crash", {**CRASH, "recovery_pattern": pattern})
    at = 0
    for minute, expected in marks.items():
        await server.go((minute - at) * MINUTE)
        at = minute
        assert server.deviation("BTC-USD") == pytest.approx(expected, abs=4e-3), minute


async def test_a_dead_cat_falls_back_to_its_first_low(server: Server, client: Client) -> None:
    """The percentage asked for is what the limit counts; a rate quoted in what falls rises by more."""
    crash = {**CRASH, "recovery_pattern": "dead_cat", "crash_percentage": 25}
    await client.post("/chaos/market-crash", crash)
    await server.go(2 * MINUTE)
    low = server.deviation("ETH-USD")
    assert low == pytest.approx(-0.25, abs=1e-5)
    assert server.deviation("USDT-BTC") == pytest.approx(1 / 0.75 - 1, abs=1e-3)
    await server.go(4 * MINUTE)
    assert server.deviation("ETH-USD") == pytest.approx(low, abs=1e-4)
    assert server.deviation("ETH-USD") >= -0.25 - 1e-6
    told = await client.post("/chaos/market-crash", {**crash, "crash_percentage": 25.1}, 422)
    assert "past MAX_PRICE_DEVIATION of 25%" in str(told["detail"])


async def test_one_symbol_alone_may_crash(server: Server, client: Client) -> None:
    """Correlations are left alone then, and the answer says so."""
    run = await client.post("/chaos/market-crash", {**CRASH, "symbols": ["ETH-USD"]})
    assert run["warnings"] == ["correlations are left alone: fewer than two assets fall"]
    await server.go(2 * MINUTE + 1)
    assert server.deviation("BTC-USD") == 0
    assert server.deviation("ETH-USD") == pytest.approx(LOW, abs=2e-3)


async def test_a_cross_rate_beside_its_legs_follows_them_with_a_warning(
    server: Server, client: Client
) -> None:
    """It is not moved twice."""
    run = await client.post("/chaos/market-crash", {**CRASH, "symbols": ["BTC-USD", "ETH-USD", "BTC-ETH"]})
    assert any("BTC-ETH follows" in str(warning) for warning in _list(run["warnings"]))
    await server.go(2 * MINUTE + 1)
    assert server.deviation("BTC-ETH") == pytest.approx(0, abs=1e-6)


async def test_stop_releases_a_crash_and_the_stream_tells_it(server: Server, client: Client) -> None:
    """DELETE answers when everything is back; events end with the run; twice is no error."""
    run = await client.post("/chaos/market-crash", CRASH)
    await server.go(MINUTE)
    path = f"/chaos/stop-scenario/{run['scenario_id']}"
    stopped = await client.delete(path)
    assert (stopped["state"], stopped["verdict"], stopped["reason"]) == ("ended", "aborted", "stopped")
    assert server.deviation("BTC-USD") == 0
    assert (await client.delete(path))["state"] == "ended"

    events = await client.events(str(run["scenario_id"]))
    assert [number for number, _ in events] == list(range(1, len(events) + 1))
    kinds = [kind for _, kind in events]
    assert (kinds[0], kinds[-1]) == ("run_started", "run_ended")
    assert kinds.count("effect_started") == kinds.count("effect_ended") == 3
    assert await client.events(str(run["scenario_id"]), after=len(events) - 1) == events[-1:]


def _spread(book: object) -> float:
    assert isinstance(book, dict)
    return float(book["asks"][0][0]) - float(book["bids"][0][0])


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value
