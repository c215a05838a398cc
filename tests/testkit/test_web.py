"""The port of a double: connections that are used again, clients that misbehave."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import trio

from mdsim import testkit
from mdsim.testkit.market import Market


async def test_a_connection_answers_many_requests(market: Market) -> None:
    """HTTP/1.1 with keep-alive, and closed when the client asks for that."""
    async with testkit.coinbase(market) as double:
        stream = await trio.open_tcp_stream("127.0.0.1", int(double.address.partition(":")[2]))
        async with stream:
            for _ in range(2):
                await stream.send_all(b"GET /time HTTP/1.1\r\nhost: x\r\n\r\n")
                assert b"200 OK" in await stream.receive_some(4_096)
            await stream.send_all(b"GET /time HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            assert b"connection: close" in await stream.receive_some(4_096)
            assert await stream.receive_some(4_096) == b""


async def test_who_speaks_no_http_is_left(market: Market, http: httpx.AsyncClient) -> None:
    """The connection is closed, and others go on."""
    async with testkit.coinbase(market) as double:
        stream = await trio.open_tcp_stream("127.0.0.1", int(double.address.partition(":")[2]))
        async with stream:
            await stream.send_all(b"\x16\x03\x01 hello\r\n\r\n")
            assert await stream.receive_some(4_096) == b""
        assert (await http.get(f"{double.rest_url}/time")).status_code == 200


async def test_requests_are_remembered(market: Market, http: httpx.AsyncClient, wired: Any) -> None:
    """What was asked, in order: kind, path, query, headers, text."""
    async with testkit.coinbase(market) as double:
        await http.get(f"{double.rest_url}/products/BTC-USD/book?level=2", headers={"X-Who": "me"})
        async with wired(double.url) as wire:
            await wire.send({"type": "wave"})
            await wire.get()
        asked = double.requests
        assert [(one.kind, one.path) for one in asked] == [
            ("GET", "/products/BTC-USD/book"),
            ("OPEN", "/"),
            ("SEND", "/"),
        ]
        assert (asked[0].query["level"], asked[0].headers["x-who"]) == ("2", "me")
        assert asked[2].text == '{"type":"wave"}'


async def test_an_error_of_the_block_stays_itself(market: Market) -> None:
    """It does not come out wrapped in groups."""
    with pytest.raises(LookupError, match="mine"):
        async with testkit.kraken(market):
            raise LookupError("mine")
