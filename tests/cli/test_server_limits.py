"""The limits of every type of scenario, from the configuration's file to the refusal that names its key."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from mdsim.cli.server import Server

    Serving = Callable[..., AbstractAsyncContextManager[Server]]

STRICT = """\
chaos_scenarios:
  price_shock: {max_deviation: 0.03, max_duration_hours: 0.5}
  stablecoin_depeg: {max_deviation: 0.02, max_duration_hours: 1}
  gradual_divergence: {max_deviation: 0.005, max_duration_hours: 2}
  market_crash: {max_deviation: 0.2, max_duration_hours: 1, recovery_required: true}
  volatility_spike: {max_duration_hours: 3}
  correlation_break: {max_duration_hours: 0.1}
  playbook: {max_deviation: 0.01, max_duration_hours: 0.25}
"""
SHOCK = {"symbol": "BTC-USD", "shock_percentage": -2, "duration_seconds": 60, "recovery_time_seconds": 60}
DEPEG = {"symbol": "USDT-USD", "target_deviation": -0.01, "duration_hours": 0.5, "pattern": "gradual_linear"}
APART = {
    "base_symbol": "BTC-USD",
    "target_symbol": "BTC-USD-PERP",
    "max_spread_bps": -20,
    "buildup_hours": 0.1,
    "sustain_hours": 0.1,
    "recovery_hours": 0.1,
}
CRASH = {"crash_percentage": -10, "crash_duration_minutes": 5, "symbols": ["BTC-USD", "ETH-USD"]}
SPIKE = {"symbol": "BTC-USD", "volatility_multiplier": 2, "duration_hours": 1}
BREAK = {"symbols": ["BTC-USD", "ETH-USD"], "target_correlation": 0, "duration_seconds": 60}
PLAYBOOK = """\
mdsim: 1
name: mine
steps:
  - move: {{symbol: BTC-USD, by: {by}, over: {over}}}
  - restore: {{symbol: BTC-USD}}
"""

PAST: list[tuple[str, dict[str, object], dict[str, object], str]] = [
    ("price-shock", SHOCK, {"shock_percentage": -4}, "price_shock.max_deviation of 3%"),
    ("price-shock", SHOCK, {"duration_seconds": 1800}, "price_shock.max_duration_hours of 30m"),
    ("price-shock", SHOCK, {"recovery_time_seconds": 0}, "price_shock.recovery_required"),
    ("stablecoin-depeg", DEPEG, {"target_deviation": -0.03}, "stablecoin_depeg.max_deviation of 2%"),
    ("stablecoin-depeg", DEPEG, {"duration_hours": 1.5}, "stablecoin_depeg.max_duration_hours of 1h"),
    ("stablecoin-depeg", DEPEG, {"duration_hours": 0.01}, "stablecoin_depeg.gradual_only"),
    ("gradual-divergence", APART, {"max_spread_bps": -80}, "gradual_divergence.max_deviation of 0.5%"),
    ("gradual-divergence", APART, {"sustain_hours": 2}, "gradual_divergence.max_duration_hours of 2h"),
    ("market-crash", CRASH, {"crash_percentage": -22}, "market_crash.max_deviation of 20%"),
    ("market-crash", CRASH, {"crash_duration_minutes": 60}, "market_crash.max_duration_hours of 1h"),
    ("market-crash", CRASH, {"recovery_pattern": "none"}, "market_crash.recovery_required"),
    ("volatility-spike", SPIKE, {"duration_hours": 4}, "volatility_spike.max_duration_hours of 3h"),
    ("correlation-break", BREAK, {"duration_seconds": 600}, "correlation_break.max_duration_hours of 6m"),
]
"""Endpoint, a body that is allowed, what goes too far, and what the refusal says."""


async def test_what_goes_past_a_limit_of_its_type_is_refused_with_the_key(serving: Serving) -> None:
    """Each key by itself: with the change refused by name, without it taken."""
    async with serving(STRICT, TICK_FREQUENCY_MS="200") as server:
        url = f"http://127.0.0.1:{server.door.addresses[0][1]}"
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as http:
            for endpoint, body, change, says in PAST:
                refused = await http.post(f"/chaos/{endpoint}", json={**body, **change})
                assert refused.status_code == 422
                assert f"chaos_scenarios.{says}" in refused.json()["detail"]
            for endpoint, body in {one[0]: one[1] for one in PAST}.items():
                taken = await http.post(f"/chaos/{endpoint}", json=body)
                assert taken.status_code == 201, (endpoint, taken.text)


async def test_a_whole_playbook_keeps_the_limits_of_its_type_too(serving: Serving) -> None:
    """Over REST; the server's own limits stand behind them."""
    async with serving(STRICT, TICK_FREQUENCY_MS="200") as server:
        url = f"http://127.0.0.1:{server.door.addresses[0][1]}"
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as http:
            for by, over, says in (
                ("-2%", "1m", "max_deviation of 1%"),
                ("-0.5%", "20m", "max_duration_hours of 15m"),
            ):
                refused = await http.post("/chaos/playbooks", content=PLAYBOOK.format(by=by, over=over))
                assert refused.status_code == 422
                assert f"chaos_scenarios.playbook.{says}" in refused.json()["detail"]
            taken = await http.post("/chaos/playbooks", content=PLAYBOOK.format(by="-0.5%", over="1m"))
            assert taken.status_code == 201


async def test_a_rule_that_is_switched_off_refuses_nothing(serving: Serving) -> None:
    """A shock without a way back, and a slide of seconds, where the file allows them."""
    lenient = (
        "chaos_scenarios: {price_shock: {recovery_required: false}, stablecoin_depeg: {gradual_only: false}}"
    )
    async with serving(lenient, TICK_FREQUENCY_MS="200") as server:
        url = f"http://127.0.0.1:{server.door.addresses[0][1]}"
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as http:
            shock = await http.post("/chaos/price-shock", json={**SHOCK, "recovery_time_seconds": 0})
            depeg = await http.post("/chaos/stablecoin-depeg", json={**DEPEG, "duration_hours": 0.01})
    assert (shock.status_code, depeg.status_code) == (201, 201)


async def test_a_server_outlives_runs_whose_volatilities_multiply(serving: Serving) -> None:
    """Each keeps every limit, and the market would go anywhere by all of them: it goes on, and comes back."""
    spike = {"symbol": "BTC-USD", "volatility_multiplier": 100, "preserve_trend": False}
    async with serving() as server:
        address = f"http://127.0.0.1:{server.door.addresses[0][1]}"
        async with httpx.AsyncClient(base_url=address, trust_env=False) as http:
            for _ in range(8):
                assert (await http.post("/chaos/volatility-spike", json=spike)).status_code == 201
            began = server.live.engine.market.cycles
            while server.live.engine.market.cycles < began + 30:
                assert (await http.get("/health")).status_code == 200
            assert (await http.delete("/chaos/stop-all")).status_code == 200
            assert (await http.get("/api/v1/prices/BTC-USD/current")).status_code == 200


@pytest.mark.parametrize("asked", ["depth: 0.01%", "depth: 1000x", "volume: 200x", "spread: 1000x"])
async def test_a_server_outlives_a_playbook_of_a_hundred_extremes(serving: Serving, asked: str) -> None:
    """Who is let in to disturb the market must not be able to end it for everyone."""
    lanes = "".join(f"      l{at}: [market: {{symbol: BTC-USD, {asked}}}]\n" for at in range(120))
    text = f"mdsim: 1\nphases:\n  - name: all\n    for: 1m\n    lanes:\n{lanes}"
    async with serving() as server:
        address = f"http://127.0.0.1:{server.door.addresses[0][1]}"
        async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=20) as http:
            answer = await http.post("/chaos/playbooks", content=text)
            assert answer.status_code == 201, answer.text
            began = server.live.engine.market.cycles
            while server.live.engine.market.cycles < began + 20:
                assert (await http.get("/api/v1/orderbook/BTC-USD?depth=5")).status_code == 200
            assert (await http.get("/api/v1/stats/BTC-USD/24h")).status_code == 200
