"""What a whole server sends to an OTLP endpoint: calls, readers and runs below their callers, and updates."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, Any

import grpc
import httpx
import trio
import trio_websocket

from mdsim._proto.v1 import price_feed_pb2, scenario_pb2

if TYPE_CHECKING:
    from mdsim.cli.server import Server

    Serving = Callable[..., AbstractAsyncContextManager[Server]]

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
CALLER = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
CONFIG = "telemetry: {trace_sample_ratio: 0.05}"
WAIT = "mdsim: 1\nname: nap\nsteps: [{wait: 1h}]\n"


def below_the_caller(spans: list[Any]) -> dict[str, Any]:
    """Spans of the caller's trace that hang directly below it, by name."""
    return {it.name: it for it in spans if it.trace_id.hex() == TRACE and it.parent_span_id.hex() == SPAN}


def called(place: str, method: str, request: Any, answer: Any) -> Any:
    """The answer to one gRPC call that carries the caller's place."""
    with grpc.insecure_channel(place) as channel:
        ask = channel.unary_unary(
            method,
            request_serializer=type(request).SerializeToString,
            response_deserializer=answer.FromString,
        )
        return ask(request, timeout=10, metadata=tuple(CALLER.items()))


async def test_calls_readers_and_runs_hang_below_their_callers(serving: Serving, receiver: Any) -> None:
    """REST, WebSocket and gRPC: the caller's ``traceparent`` is taken over, and what it started is told."""
    async with serving(CONFIG, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint) as server:
        place = f"127.0.0.1:{server.door.addresses[0][1]}"
        async with httpx.AsyncClient(base_url=f"http://{place}", trust_env=False, headers=CALLER) as http:
            started = await http.post("/chaos/playbooks", content=WAIT)
        url = f"ws://{place}/api/v1/subscribe?channels=tick&symbols=BTC-USD"
        async with trio_websocket.open_websocket_url(
            url, extra_headers=[(name.encode(), value.encode()) for name, value in CALLER.items()]
        ) as socket:
            await socket.get_message()
        ask = partial(called, f"127.0.0.1:{server.grpc.port}")
        price = price_feed_pb2.PriceRequest(symbol="BTC-USD")
        method = "/mdsim.v1.PriceFeedService/GetCurrentPrice"
        await trio.to_thread.run_sync(ask, method, price, price_feed_pb2.Price)
        run = scenario_pb2.RunPlaybookRequest(yaml=WAIT)
        method = "/mdsim.v1.ScenarioService/RunPlaybook"
        other = await trio.to_thread.run_sync(ask, method, run, scenario_pb2.Scenario)

    spans = receiver.spans()
    found = below_the_caller(spans)
    assert set(found) == {
        "POST",
        "run",
        "websocket",
        "mdsim.v1.PriceFeedService/GetCurrentPrice",
        "mdsim.v1.ScenarioService/RunPlaybook",
    }
    runs = {
        attribute.value.string_value
        for it in spans
        if it.name == "run"
        for attribute in it.attributes
        if attribute.key == "mdsim.scenario_id"
    }
    assert runs == {started.json()["scenario_id"], other.scenario_id}
    (subscription,) = [it for it in spans if it.name == "subscribe"]
    assert subscription.parent_span_id == found["websocket"].span_id


async def test_some_updates_are_traced_through_the_rooms_that_they_pass(
    serving: Serving, receiver: Any
) -> None:
    """Each room begins where the one before ends; the share that is asked for is what is sent."""
    async with serving(CONFIG, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint) as server:
        market, enough = server.live.engine.market, trio.Event()
        server.live.sinks.append(lambda _published: enough.set() if market.ticks >= 100 else None)
        await enough.wait()
    spans = receiver.spans()
    updates = [it for it in spans if it.name == "update"]
    assert len(updates) == market.ticks // 20
    rooms = [it for it in spans if it.parent_span_id == updates[0].span_id]
    assert [it.name for it in rooms if it.name != "consensus"] == ["ingest", "chaos", "publish"]
    ends = [it.end_time_unix_nano for it in rooms]
    assert ends[:-1] == [it.start_time_unix_nano for it in rooms[1:]]
    assert rooms[0].start_time_unix_nano == updates[0].start_time_unix_nano
    assert ends[-1] == updates[0].end_time_unix_nano
