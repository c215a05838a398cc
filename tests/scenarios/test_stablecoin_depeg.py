"""A stablecoin depeg by way of the API: a slide, a stay, a slow return."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.scenarios.conftest import Client, Server

MINUTE = 60
DEPEG = {"symbol": "USDT-USD", "target_deviation": -0.05, "duration_hours": 0.15, "volatility_increase": 3}


async def test_a_coin_leaves_its_peg_gradually_and_comes_back(server: Server, client: Client) -> None:
    """A third of the time each; rates against the coin follow it, so that no false arbitrage appears."""
    run = await client.post("/chaos/stablecoin-depeg", DEPEG)
    seen = []
    for _ in range(9):
        await server.go(MINUTE)
        seen.append(server.deviation("USDT-USD"))

    assert seen[0] == pytest.approx(0, abs=0.02)
    assert seen[0] > seen[1] > seen[2] == pytest.approx(-0.05, abs=1e-4)
    assert seen[3:6] == [pytest.approx(-0.05, abs=1e-4)] * 3
    assert seen[5] < seen[6] < seen[7] < seen[8] + 1e-9
    assert seen[8] == pytest.approx(0, abs=1e-4)
    await server.go(3)
    ended = await client.get(f"/chaos/scenarios/{run['scenario_id']}")
    assert (ended["state"], ended["verdict"]) == ("ended", "passed")
    assert server.deviation("USDT-USD") == 0


async def test_cross_rates_follow_the_coin(server: Server, client: Client) -> None:
    """BTC in dollars stands still, BTC in the coin rises by what the coin has lost."""
    await client.post("/chaos/stablecoin-depeg", DEPEG)
    await server.go(4 * MINUTE)
    assert server.deviation("BTC-USD") == 0
    assert server.deviation("BTC-USDT") == pytest.approx(1 / 0.95 - 1, abs=1e-4)


@pytest.mark.parametrize("pattern", ["gradual_linear", "overshoot"])
async def test_every_pattern_settles_at_its_target(server: Server, client: Client, pattern: str) -> None:
    """Overshooting counts: it must stay within the limit too."""
    await client.post("/chaos/stablecoin-depeg", {**DEPEG, "pattern": pattern})
    await server.go(4 * MINUTE)
    assert server.deviation("USDT-USD") == pytest.approx(-0.05, abs=1e-4)


async def test_a_depeg_keeps_its_own_limits(server: Server, client: Client) -> None:
    """At most 10 %, 72 hours (48 on any server), gradual, and about a stablecoin."""
    for change, says in (
        ({"target_deviation": -0.11}, "chaos_scenarios.stablecoin_depeg.max_deviation of 10%"),
        ({"target_deviation": -0.095, "pattern": "overshoot"}, "max_deviation of 10%"),
        ({"duration_hours": 49}, "SCENARIO_TIMEOUT_HOURS of 2d"),
        ({"duration_hours": 0.01}, "gradual_only"),
        ({"symbol": "BTC-USD"}, "no price of a stablecoin"),
    ):
        told = await client.post("/chaos/stablecoin-depeg", {**DEPEG, **change}, 422)
        assert says in str(told["detail"])
    assert server.runs.all() == ()
