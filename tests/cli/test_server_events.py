"""The events channel of a whole server, read by a real client while a real run goes on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import trio_websocket

if TYPE_CHECKING:
    from mdsim.cli.server import Server

    Serving = Callable[..., AbstractAsyncContextManager[Server]]

SHOCK = {"symbol": "BTC-USD", "shock_percentage": -5, "duration_seconds": 1, "recovery_time_seconds": 1}


async def test_a_reader_of_events_is_told_of_a_run_from_begin_to_end(serving: Serving) -> None:
    """Begin, phase, effect, release and end, in order, numbered without a hole; others are told nothing."""
    async with serving() as server:
        place = f"127.0.0.1:{server.door.addresses[0][1]}"
        ask = "channels=events&symbols=BTC-USD,ETH-USD"
        url = f"ws://{place}/api/v1/subscribe?{ask}"
        async with (
            trio_websocket.open_websocket_url(url) as socket,
            httpx.AsyncClient(base_url=f"http://{place}", trust_env=False) as http,
        ):
            run = (await http.post("/chaos/price-shock", json=SHOCK)).json()["scenario_id"]
            told: list[dict[str, Any]] = []
            while not told or told[-1]["data"]["kind"] != "run_ended":
                message = msgspec.json.decode(await socket.get_message())
                if message["type"] == "event":
                    told.append(message)
                if len(told) == 3:
                    await http.delete(f"/chaos/stop-scenario/{run}")
    kinds = [one["data"]["kind"] for one in told]
    assert kinds[0] == "run_started"
    assert "phase_started" in kinds
    assert kinds.index("effect_started") < kinds.index("effect_ended") < kinds.index("run_ended")
    assert {one["symbol"] for one in told} == {"BTC-USD"}
    assert [one["seq"] for one in told] == list(range(1, len(told) + 1))
    assert {one["data"]["scenario_id"] for one in told} == {run}
    assert {one["event"] for one in told} == {"scenario"}
    assert told[0]["data"]["scenario_type"] == "price_shock"
