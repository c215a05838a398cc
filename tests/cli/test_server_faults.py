"""Delivery faults on a whole server in real time: delays by a timer of their own, metrics, refusals."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import httpx
import pytest

from mdsim.client import Client
from mdsim.client.failures import StreamClosedError, UnreachableError
from mdsim.client.stream import Stream
from mdsim.core.time import MS
from mdsim.run.clock import utc_ns

if TYPE_CHECKING:
    from mdsim.cli.server import Server

    Serving = Callable[..., AbstractAsyncContextManager[Server]]

LATE = "mdsim: 1\nname: late\nsteps:\n  - feed: {clients: 100%, latency: 30ms, for: 10m}\n"
DOWN = "mdsim: 1\nname: down\nsteps:\n  - feed: {clients: 100%, reset: true, for: 10m}\n"


def place(server: Server) -> str:
    host, port = server.door.addresses[0]
    return f"http://{host}:{port}"


async def last(stream: Stream) -> None:
    """Read until the connection has ended."""
    while True:
        await anext(stream)


async def test_a_short_delay_does_not_wait_for_the_next_cycle(serving: Serving) -> None:
    """A message is late by what was asked for, and far less than a cycle of this slow server later."""
    async with serving(TICK_FREQUENCY_MS="1000") as server, Client(place(server)) as client:
        async with client.stream(["BTC-USD"]) as stream:
            await anext(stream)
            run = await client.runs.start(LATE)
            late_ns = 0
            while not late_ns or not server.faults.counted:
                update = await anext(stream)
                late_ns = utc_ns() - update.ts_publish_ns
            assert 30 * MS <= late_ns < 800 * MS
            await client.runs.stop(run.scenario_id)
            async with httpx.AsyncClient(base_url=place(server), trust_env=False) as http:
                metrics = (await http.get("/metrics")).text
        count = server.faults.counted["latency", "websocket"]
    line = 'market_data_injected_faults_total{client_type="websocket",fault="latency"}'
    assert f"{line} {float(count)}" in metrics


async def test_a_reset_reaches_readers_and_those_who_come(serving: Serving) -> None:
    """The open stream breaks, a new one finds nobody, and both go well once the run is stopped."""
    async with serving() as server, Client(place(server)) as client:
        async with client.stream(["BTC-USD"]) as stream:
            run = await client.runs.start(DOWN)
            with pytest.raises(StreamClosedError) as closed:
                await last(stream)
        assert closed.value.close_code == 1006
        with pytest.raises(UnreachableError, match="broke the connection"):
            async with client.stream(["BTC-USD"]):
                pass
        await client.runs.stop(run.scenario_id)
        async with client.stream(["BTC-USD"]) as stream:
            assert (await anext(stream)).snapshot
