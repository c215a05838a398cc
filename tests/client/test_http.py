"""Requests, and what becomes of answers that are none."""

from __future__ import annotations

import logging
import socket
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import pytest
import trio

from mdsim.client import Client
from mdsim.client.failures import AnswerError, RefusedError, UnableRefusedError, UnreachableError
from mdsim.core.errors import ConflictError, ExitCode, LimitError, NotFoundError

if TYPE_CHECKING:
    from tests.conftest import Asked, Reply, Serve


@pytest.mark.parametrize(
    ("status", "code", "kind", "exit_code"),
    [
        (404, "MD484", NotFoundError, ExitCode.USAGE),
        (409, "MD352", ConflictError, ExitCode.LIMIT),
        (422, "MD170", LimitError, ExitCode.LIMIT),
        (422, "MD051", RefusedError, ExitCode.INVALID),
        (401, "MD492", RefusedError, ExitCode.USAGE),
        (503, "MD490", UnableRefusedError, ExitCode.BENCH_BROKE),
    ],
)
async def test_a_problem_document_becomes_an_error_of_its_kind(
    serve: Serve, status: int, code: str, kind: type[Exception], exit_code: ExitCode
) -> None:
    """Code, words and hint are the server's own; the kind and exit code are those of the same error here."""

    async def script(asked: Asked) -> Reply:
        return asked.json({"title": "no", "detail": "it is not so", "code": code, "help": "do this"}, status)

    async with serve(script) as server, Client(server.url) as client:
        with pytest.raises(kind) as caught:
            await client.prices.current("BTC-USD")
    error = caught.value
    assert isinstance(error, RefusedError)
    assert (error.status, error.code, error.message, error.hint) == (status, code, "it is not so", "do this")
    assert error.exit_code is exit_code


async def test_every_mistake_of_a_playbook_is_told_with_its_place(serve: Serve) -> None:
    """The server's list arrives whole."""
    flaws = [
        {
            "field": "steps/0/move",
            "code": "MD051",
            "detail": "no key 'byy'",
            "help": "write by",
            "line": 4,
            "column": 7,
        },
        {"field": "steps/1", "code": "MD055", "detail": "no verb", "line": 9, "column": 3},
    ]

    async def script(asked: Asked) -> Reply:
        return asked.json({"detail": "2 mistakes", "code": "MD051", "errors": flaws}, 422)

    async with serve(script) as server, Client(server.url) as client:
        with pytest.raises(RefusedError) as caught:
            await client.runs.start("mdsim: 1")
    text = str(caught.value)
    assert "4:7: error[MD051]: no key 'byy'" in text
    assert "help: write by" in text
    assert "9:3: error[MD055]: no verb" in text
    assert msgspec.json.decode(server.asked[0].body)["playbook"] == "mdsim: 1"


@pytest.mark.parametrize("status", [200, 502, 302])
async def test_another_kind_of_server_is_told_as_such(serve: Serve, status: int) -> None:
    """A page of a proxy is neither an answer nor a refusal, and a redirect is not followed."""

    async def script(asked: Asked) -> Reply:
        reply = asked.json("<html>", status)
        reply.headers = {"Location": "http://elsewhere.example/"}
        return reply

    async with serve(script) as server, Client(server.url) as client:
        with pytest.raises(AnswerError, match="MD503"):
            await client.prices.symbols()


async def test_nobody_there_is_told_with_the_address() -> None:
    """A refused connection names what was tried and how to start a server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        async with Client(url) as client:
            with pytest.raises(UnreachableError, match=f"MD504.*{url}") as caught:
                await client.prices.symbols()
    assert "mdsim serve" in caught.value.hint


async def test_a_server_that_says_nothing_is_given_up(serve: Serve) -> None:
    """Silence ends after the timeout."""
    never = trio.Event()

    async def script(asked: Asked) -> Reply:
        await never.wait()
        return asked.json(None)

    async with serve(script) as server, Client(server.url, timeout_s=0.05) as client:
        with pytest.raises(UnreachableError, match=r"MD504.*in time"):
            await client.prices.symbols()


async def test_a_connection_dropped_in_the_middle_is_told(serve: Serve) -> None:
    """Half an answer is none."""

    async def script(asked: Asked) -> Reply:
        reply = asked.json({"symbols": []})
        reply.headers, reply.broken = {"Content-Length": "9999"}, True
        return reply

    async with serve(script) as server, Client(server.url) as client:
        with pytest.raises(UnreachableError, match="MD504"):
            await client.prices.symbols()


async def test_the_token_goes_only_where_it_is_needed_and_into_no_log(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """Runs show it, prices do not; not even the most talkative log holds it."""
    caplog.set_level(logging.DEBUG)

    async def script(asked: Asked) -> Reply:
        return asked.json({"scenarios": [], "symbols": []})

    async with serve(script) as server, Client(server.url, "hunter2-hunter2") as client:
        await client.prices.symbols()
        await client.runs.list()
        assert "hunter2" not in repr(client)
    assert [one.headers.get("authorization") for one in server.asked] == [None, "Bearer hunter2-hunter2"]
    assert "hunter2" not in caplog.text


async def test_names_cannot_leave_their_place_in_a_path(serve: Serve) -> None:
    """A symbol with a slash or a question mark is still one part of the path."""

    async def script(asked: Asked) -> Reply:
        return asked.json({"symbol": "x", "seq": 1, "ts_event_ns": 2, "bids": [["1.50", "2"]], "asks": []})

    async with serve(script) as server, Client(server.url) as client:
        book = await client.prices.orderbook("../x?y", depth=3)
    assert server.asked[0].target == "/api/v1/orderbook/..%2Fx%3Fy?depth=3"
    assert book.bids[0].price == Decimal("1.50")


async def test_history_is_asked_for_page_by_page(serve: Serve) -> None:
    """The second page is asked for by the cursor alone."""
    bar = {
        "seq": 1,
        "start_ns": 0,
        "end_ns": 60,
        "trades": 1,
        "revision": 0,
        "volume": "1",
        "quote_volume": "1",
    }
    bar |= dict.fromkeys(("open", "high", "low", "close"), "2.50")

    async def script(asked: Asked) -> Reply:
        page = {"symbol": "BTC-USD", "interval": "1m", "bars": [bar], "next_cursor": None}
        return asked.json(page if "cursor" in asked.target else {**page, "next_cursor": "more"})

    async with serve(script) as server, Client(server.url) as client:
        bars = [one async for one in client.prices.history("BTC-USD", start_ns=0, end_ns=120)]
    assert [(one.symbol, one.interval, one.ts_event_ns, one.close) for one in bars] == [
        ("BTC-USD", "1m", 60, Decimal("2.50"))
    ] * 2
    assert [one.target.partition("?")[2] for one in server.asked] == [
        "interval=1m&start=0&end=120",
        "cursor=more",
    ]
