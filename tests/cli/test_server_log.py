"""The log of a whole server while a run moves prices, read line by line from its stderr."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from mdsim.cli.server import Server

    Serving = Callable[..., AbstractAsyncContextManager[Server]]

SHOCK = {"symbol": "BTC-USD", "shock_percentage": -5, "duration_seconds": 90, "recovery_time_seconds": 120}


async def test_a_move_is_logged_with_its_prices_and_durations(
    serving: Serving, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fields of the contract, under the run's id; what happens after it is under that id too."""
    async with serving() as server:
        url = f"http://127.0.0.1:{server.door.addresses[0][1]}"
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as http:
            run = (await http.post("/chaos/price-shock", json=SHOCK)).json()["scenario_id"]
            begun = False
            while not begun:
                about = (await http.get(f"/chaos/scenarios/{run}")).json()
                begun = bool(about["effects"])
            price = (await http.get("/api/v1/prices/BTC-USD/current")).json()
            await http.delete(f"/chaos/stop-scenario/{run}")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    ours = [line for line in lines if line["correlation_id"] == run]
    assert (ours[0]["event"], ours[-1]["event"]) == ("scenario_started", "scenario_ended")
    (started,) = [line for line in ours if line["event"] == "price_manipulation_started"]
    assert list(started)[:5] == ["timestamp", "level", "service", "correlation_id", "event"]
    assert (started["service"], started["symbol"]) == ("market-data-simulator", "BTC-USD")
    assert started["scenario_type"] == "price_shock"
    original, target = Decimal(started["original_price"]), Decimal(started["target_price"])
    assert target / original == pytest.approx(Decimal("0.95"), abs=Decimal("1e-6"))
    assert original == pytest.approx(Decimal(price["reference"]), rel=Decimal("0.01"))
    assert (started["manipulation_duration_s"], started["recovery_duration_s"]) == (90.0, 120.0)
    assert "price_manipulation_ended" in [line["event"] for line in ours]
