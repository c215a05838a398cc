"""``mdsim serve --replay``: a whole server on a recording, moved over HTTP while it serves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import trio
from typer.testing import CliRunner

import mdsim.cli.main as cli
from mdsim.cli.markets import open_market
from mdsim.cli.replaying import ReplayRequest
from mdsim.cli.server import Server
from mdsim.client import Client
from mdsim.config.load import load
from mdsim.core.events import Tick
from mdsim.core.time import SECOND
from mdsim.run.clock import utc_ns

Write = Callable[..., Path]
Rows = Callable[..., list[object]]


@asynccontextmanager
async def served(request: ReplayRequest) -> AsyncIterator[tuple[Server, str]]:
    """A server on a recording, as ``mdsim serve --replay`` makes it."""
    settings = load(None, {"TICK_FREQUENCY_MS": "20"}, {"--port": "0", "--grpc-port": "0"})
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            opened = await open_market(settings, 1, nursery, request)
            server = Server(settings, 1, opened.market, opened.connections, opened.replay)
            await nursery.start(server.serve)
            host, port = server.door.addresses[0]
            try:
                yield server, f"http://{host}:{port}"
            finally:
                server.stop()


async def price_until(place: str, symbol: str, low: float, high: float) -> Tick:
    """The first tick of an instrument with a price in a range."""
    async with Client(place) as client, client.stream([symbol]) as stream:
        async for update in stream:
            if isinstance(update.event, Tick) and low <= float(update.event.price) <= high:
                return update.event
    raise AssertionError


async def test_a_recording_is_served_as_if_it_came_now(write_recording: Write, recorded_rows: Rows) -> None:
    """Instruments that it tells, with the present time; paused, moved and resumed over HTTP."""
    path = write_recording(recorded_rows(600))
    async with served(ReplayRequest(path, speed=10.0, seek_ns=100 * SECOND)) as (server, place):
        assert server.live.tape.catalogue.symbols == ("USDT-BTC", "BTC-USDT")
        tick = await price_until(place, "BTC-USDT", 50_099, 50_500)
        assert abs(utc_ns() - tick.ts_event_ns) < 10 * SECOND
        async with httpx.AsyncClient(base_url=place, trust_env=False) as http:
            paused = (await http.post("/debug/replay", json={"action": "pause"})).json()
            assert paused["state"] == "paused"
            assert 100 <= paused["at_seconds"] < 400
            moved = await http.post("/debug/replay", json={"action": "seek", "to_seconds": 500})
            assert moved.json()["at_seconds"] == 500
            tick = await price_until(place, "BTC-USDT", 50_499, 50_501)
            assert (await http.get("/debug/replay")).json()["at_seconds"] == 500
            assert (
                await http.post("/debug/replay", json={"action": "seek", "to_seconds": 999})
            ).status_code == 422
            await http.post("/debug/replay", json={"action": "seek", "to_seconds": 10})
            back = (await http.post("/debug/replay", json={"action": "resume"})).json()
            assert (back["state"], back["speed"]) == ("playing", 10.0)
            await price_until(place, "BTC-USDT", 50_010, 50_060)
            status = (await http.get("/debug/data-sources/status")).json()["sources"]
            assert [(one["name"], one["state"]) for one in status] == [("binance", "LIVE")]


REFUSED = [
    (["--speed", "2"], 2, "--speed says something about --replay"),
    (["--seek", "2s"], 2, "--seek says something about --replay"),
    (["--replay", "FILE", "--speed", "0"], 2, "--speed 0 is out of bounds"),
    (["--replay", "FILE", "--seek", "soon"], 2, "--seek"),
    (["--replay", "FILE", "--seek", "2h"], 2, "error[MD656]"),
    (["--replay", "missing.ndjson"], 2, "error[MD650]"),
    (["--replay", "BROKEN"], 4, "error[MD653]"),
    (["--replay", "SILENT"], 4, "no source tells a price in the first"),
]


@pytest.mark.parametrize(("words", "code", "says"), REFUSED)
def test_what_cannot_be_replayed_is_refused(
    write_recording: Write, recorded_rows: Rows, words: list[str], code: int, says: str
) -> None:
    """Without a traceback, before anything listens."""
    rows = recorded_rows(20)
    files = {
        "FILE": lambda: write_recording(rows),
        "BROKEN": lambda: write_recording([*rows, b"{"]),
        "SILENT": lambda: write_recording(rows[:2]),
    }
    given = [str(files[word]()) if word in files else word for word in words]
    result = CliRunner().invoke(cli.app, ["serve", "--port", "0", "--grpc-port", "0", *given])
    assert result.exit_code == code, result.output
    assert says in result.stderr
