"""Live streams from mdsim's own front door."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from mdsim.client import Client
from mdsim.client.failures import AnswerError, RefusedError, StreamClosedError, UnreachableError
from mdsim.core.events import BookSnapshot, Tick
from mdsim.core.serving import MarketEvent

if TYPE_CHECKING:
    from tests.client.conftest import OpenStage
    from tests.conftest import Asked, Reply, Serve


async def test_a_stream_begins_with_a_snapshot_and_goes_on_with_what_is_published(
    open_stage: OpenStage,
) -> None:
    """Ticks arrive as ticks, with the volume and the time of their publication beside them."""
    async with (
        open_stage() as stage,
        Client(stage.url) as client,
        client.stream(["BTC-USD"], ["tick", "depth", "events"]) as stream,
    ):
        first, book = await anext(stream), await anext(stream)
        stage.hub.publish(
            [stage.market.tick(), MarketEvent("BTC-USD", 1, 2, "anomaly", {"of": ["price", 1]})]
        )
        second, told = await anext(stream), await anext(stream)
    assert first.snapshot
    assert isinstance(first.event, Tick)
    assert first.event.price == Decimal("60000.10")
    assert isinstance(book.event, BookSnapshot)
    assert not second.snapshot
    assert second.event == Tick("BTC-USD", 2, first.event.ts_event_ns, *[Decimal("60000.10")] * 4)
    assert second.volume == Decimal("12.50")
    assert second.ts_publish_ns > 0
    assert told.event == MarketEvent("BTC-USD", 1, 2, "anomaly", {"of": ["price", 1]})


async def test_a_stream_knows_its_name_and_why_it_was_ended(open_stage: OpenStage) -> None:
    """The name is the server's, under which a run tells what it did to the connection."""
    async with open_stage() as stage, Client(stage.url) as client, client.stream(["BTC-USD"]) as stream:
        await anext(stream)
        (reader,) = stage.hub.subscribers
        assert stream.connection == reader.name == "ws-1"
        reader.take_down("disconnect")
        with pytest.raises(StreamClosedError, match="a playbook ended this connection") as caught:
            await anext(stream)
    assert (caught.value.close_code, caught.value.hint) == (1001, "connect again")


async def test_what_is_wrong_with_a_subscription_is_told_by_field(open_stage: OpenStage) -> None:
    """The handshake's refusal names every name that does not exist, and what was meant."""
    async with open_stage() as stage, Client(stage.url) as client:
        with pytest.raises(RefusedError) as caught:
            async with client.stream(["BTC-USB"], ["ticks"]):
                pass
    assert caught.value.status == 422
    assert [flaw.field for flaw in caught.value.flaws] == ["channels[0]", "symbols[0]"]
    assert "did you mean BTC-USD" in str(caught.value)


async def test_feeds_are_added_and_taken_away_on_the_way(open_stage: OpenStage) -> None:
    """What arrives while an answer is waited for is not lost."""
    async with (
        open_stage() as stage,
        Client(stage.url) as client,
        client.stream(["BTC-USD"]) as stream,
    ):
        assert (await anext(stream)).snapshot
        stage.hub.publish([stage.market.tick()])
        await stream.subscribe(["ETH-USD"])
        await stream.unsubscribe(["BTC-USD"])
        stage.hub.publish([stage.market.tick(), stage.market.tick("ETH-USD")])
        symbols = [(await anext(stream)).event.symbol for _ in range(3)]
    assert symbols == ["BTC-USD", "ETH-USD", "ETH-USD"]


async def test_a_wrong_message_costs_only_itself(open_stage: OpenStage) -> None:
    """The refusal is raised where the message was sent, and the stream goes on."""
    async with open_stage() as stage, Client(stage.url) as client, client.stream(["BTC-USD"]) as stream:
        with pytest.raises(RefusedError, match="MD405"):
            await stream.subscribe(["DOGE-USD"])
        assert (await anext(stream)).snapshot


async def test_one_task_may_subscribe_while_another_reads(open_stage: OpenStage) -> None:
    """The answer finds its question whichever task reads it from the socket."""
    async with open_stage() as stage, Client(stage.url) as client, client.stream(["BTC-USD"]) as stream:
        await anext(stream)
        seen: list[str] = []

        async def read() -> None:
            seen.append((await anext(stream)).event.symbol)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            await trio.testing.wait_all_tasks_blocked()
            await stream.subscribe(["ETH-USD"])
    assert seen == ["ETH-USD"]


async def test_a_server_that_stops_says_so(open_stage: OpenStage) -> None:
    """The error carries the close code and what to do."""
    async with open_stage() as stage, Client(stage.url) as client, client.stream(["BTC-USD"]) as stream:
        await anext(stream)
        stage.door.stop()
        with pytest.raises(StreamClosedError, match="the server stops") as caught:
            await anext(stream)
    assert caught.value.close_code == 1001


async def test_an_error_of_the_caller_comes_through_as_it_is(open_stage: OpenStage) -> None:
    """What is raised inside the stream is not wrapped in a group."""
    async with open_stage() as stage, Client(stage.url) as client:
        with pytest.raises(KeyError):
            async with client.stream(["BTC-USD"]):
                raise KeyError


async def test_a_server_that_speaks_no_websocket_is_told_as_such(serve: Serve) -> None:
    """A refusal without a problem document comes from something else; nobody there is its own error."""

    async def script(asked: Asked) -> Reply:
        return asked.json("no", 404)

    async with serve(script) as server, Client(server.url) as client:
        with pytest.raises(AnswerError, match="MD503"):
            async with client.stream(["BTC-USD"]):
                pass
    async with Client(server.url) as client:
        with pytest.raises(UnreachableError, match="MD504"):
            async with client.stream(["BTC-USD"]):
                pass
