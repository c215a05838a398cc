"""Following a run over connections that break."""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest
import trio

from mdsim.client.address import parse
from mdsim.client.events import RunEvents
from mdsim.client.failures import AnswerError, NotFoundRefusedError, UnreachableError
from mdsim.client.http import Http

if TYPE_CHECKING:
    from tests.conftest import Asked, Reply, Serve

RUN = {"scenario_id": "s-1", "scenario_type": "playbook", "playbook": "crash"}


def event(number: int, kind: str = "mark") -> bytes:
    """One entry of a run as a server sends it."""
    data = msgspec.json.encode({"kind": kind, "at_ns": number, "path": "", "data": {"n": [number, None]}})
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, kind.encode(), data)


async def follow(url: str, after: int = 0, retries: int = 2) -> list[int]:
    """Numbers of the entries of a run, told without pauses between attempts."""
    http = Http(parse(url), "s3cret", 5.0, ssl.create_default_context())
    events = RunEvents(http, "/chaos/scenarios/s-1", after, retry_s=0.0, retries=retries)
    try:
        return [one.number async for one in events]
    finally:
        await events.aclose()
        await http.aclose()


async def test_a_broken_connection_goes_on_where_it_broke(serve: Serve) -> None:
    """The second request names the last number; what comes twice is told once, and half an event is not."""

    async def script(asked: Asked) -> Reply:
        if "last-event-id" not in asked.headers:
            return asked.events(event(1), event(2) + event(3)[:20], broken=True)
        return asked.events(b": heartbeat\n\n", event(2), event(3, "run_ended"))

    async with serve(script) as server:
        assert await follow(server.url) == [1, 2, 3]
    assert [one.headers.get("last-event-id") for one in server.asked] == [None, "2"]
    assert {one.headers["authorization"] for one in server.asked} == {"Bearer s3cret"}


async def test_following_may_begin_after_a_number(serve: Serve) -> None:
    """Entries up to it are neither asked for nor told."""

    async def script(asked: Asked) -> Reply:
        return asked.events(event(5), event(6, "run_ended"))

    async with serve(script) as server:
        assert await follow(server.url, after=5) == [6]
    assert server.asked[0].headers["last-event-id"] == "5"


async def test_a_run_that_is_long_over_ends_without_its_last_entry(serve: Serve) -> None:
    """A stream that ends in peace is told from an accident by asking for the run."""

    async def script(asked: Asked) -> Reply:
        if asked.target.endswith("/events"):
            return asked.events(event(1))
        return asked.json({**RUN, "state": "ended"})

    async with serve(script) as server:
        assert await follow(server.url) == [1]


async def test_a_run_that_has_told_everything_ends_at_once(serve: Serve) -> None:
    """Following after the last number is no error."""

    async def script(asked: Asked) -> Reply:
        if asked.target.endswith("/events"):
            return replace(asked.events(), status=204)
        return asked.json({**RUN, "state": "ended"})

    async with serve(script) as server:
        assert await follow(server.url, after=7) == []


async def test_a_server_that_keeps_breaking_off_is_given_up(serve: Serve) -> None:
    """After so many times in a row without anything new, the error says where to go on."""

    async def script(asked: Asked) -> Reply:
        first = "last-event-id" not in asked.headers
        return asked.events(*([event(1)] if first else []), broken=True)

    async with serve(script) as server:
        with pytest.raises(UnreachableError, match=r"MD507.*3 times in a row, after number 1"):
            await follow(server.url)
    assert len(server.asked) == 3


async def test_a_stream_that_ends_while_the_run_goes_on_is_opened_again(serve: Serve) -> None:
    """A server that restarts its streams loses no entry."""

    async def script(asked: Asked) -> Reply:
        if not asked.target.endswith("/events"):
            return asked.json({**RUN, "state": "running"})
        return asked.events(event(2, "run_ended") if "last-event-id" in asked.headers else event(1))

    async with serve(script) as server:
        assert await follow(server.url) == [1, 2]


async def test_a_refusal_is_not_tried_again(serve: Serve) -> None:
    """An unknown run stays unknown."""

    async def script(asked: Asked) -> Reply:
        problem = {"detail": "there is no run s-1", "code": "MD350", "title": "no such run"}
        return asked.json(problem, 404)

    async with serve(script) as server:
        with pytest.raises(NotFoundRefusedError, match="MD350"):
            await follow(server.url)
    assert len(server.asked) == 1


async def test_an_event_of_something_else_is_an_error(serve: Serve) -> None:
    """What is no entry of a run is not passed over."""

    async def script(asked: Asked) -> Reply:
        return asked.events(b"data: hello\n\n")

    async with serve(script) as server:
        with pytest.raises(AnswerError, match="MD503"):
            await follow(server.url)


async def test_leaving_early_leaves_nothing_open(serve: Serve) -> None:
    """A follower that has seen enough goes while the stream is still silent."""
    hold = trio.Event()

    async def script(asked: Asked) -> Reply:
        return asked.events(event(1), hold=hold)

    async with serve(script) as server:
        http = Http(parse(server.url), "", 5.0, ssl.create_default_context())
        events = RunEvents(http, "/chaos/scenarios/s-1", 0)
        assert (await anext(events)).entry.data == {"n": [1, None]}
        await events.aclose()
        await http.aclose()
        hold.set()
