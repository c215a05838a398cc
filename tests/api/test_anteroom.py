"""While there are no prices the port is open, and says why; then the server takes the same port over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager

import httpx
import pytest
import trio
import trio.testing

from mdsim.api.anteroom import Anteroom
from mdsim.api.front_door import FrontDoor
from mdsim.api.http import HttpServer
from mdsim.api.listening import listen
from mdsim.core.time import format_utc, parse_utc

NOON = parse_utc("2026-05-27T12:00:00Z")
UPGRADE = {
    "connection": "upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@asynccontextmanager
async def waiting(reason: Callable[[], str]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an anteroom on a free port."""
    room, listening = Anteroom(reason, lambda: NOON), await listen("127.0.0.1", 0)
    async with trio.open_nursery() as nursery:
        [(host, port)] = await nursery.start(room.serve, listening)
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}", trust_env=False) as client:
            yield client
        room.leave()
    for sock in listening:
        sock.close()


@pytest.fixture
def reasons() -> Iterator[str]:
    """Another reason at every question."""
    return iter(["binance is connecting", "binance is waiting (refused with status 418)", "later", "last"])


async def test_health_is_503_with_the_present_reason(reasons: Iterator[str]) -> None:
    """The same document as the server's own."""
    async with waiting(lambda: next(reasons)) as client:
        first = await client.get("/health")
        assert first.status_code == 503
        assert first.headers["content-type"] == "application/json"
        told = first.json()
        assert (told["status"], told["reason"]) == ("unavailable", "binance is connecting")
        assert (told["market_time"], told["symbols"]) == (format_utc(NOON), {})
        assert "418" in (await client.get("/health")).json()["reason"]
        head = await client.head("/health")
        assert (head.status_code, head.content) == (503, b"")


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/api/v1/prices/BTC-USD/current", {}),
        ("POST", "/chaos/market-crash", {}),
        ("GET", "/api/v1/subscribe", UPGRADE),
    ],
)
async def test_everything_else_is_refused_with_a_problem_document(
    method: str, path: str, headers: Mapping[str, str]
) -> None:
    """503 with the code that the server itself gives without prices, and when to ask again."""
    async with waiting(lambda: "kraken is connecting") as client:
        body = "{}" if method == "POST" else None
        answer = await client.request(method, path, content=body, headers=dict(headers))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["instance"]) == ("MD490", path)
    assert "kraken is connecting" in answer.json()["detail"]


class Server:
    """An application that answers everything with 200."""

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        """As ASGI wants it."""
        assert isinstance(scope, dict)
        assert callable(receive)
        assert callable(send)
        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


async def test_the_server_takes_the_port_over_without_a_gap() -> None:
    """Who comes after the one has left and before the other serves is answered by the other."""
    room, door = Anteroom(lambda: "", lambda: NOON), FrontDoor(HttpServer(Server()), None)
    listening = await listen("127.0.0.1", 0)
    async with trio.open_nursery() as nursery:
        addresses: list[tuple[str, int]] = []
        statuses: list[int] = []

        async def ask() -> None:
            async with httpx.AsyncClient(trust_env=False) as client:
                statuses.append((await client.get(f"http://127.0.0.1:{addresses[0][1]}/health")).status_code)

        async with trio.open_nursery() as before:
            addresses = await before.start(room.serve, listening)
            await ask()
            room.leave()
        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked(0.01)
        assert statuses == [503]
        assert await nursery.start(door.serve_on, listening) == addresses
        await ask()
        nursery.cancel_scope.cancel()
    assert statuses == [503, 200, 200]
