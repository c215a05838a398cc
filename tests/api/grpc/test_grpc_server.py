"""The server as a whole: reflection, health, compression, its port, and how it starts and stops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import grpc
import pytest
import trio
import trustme
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from mdsim._proto.v1 import historical_data_pb2, market_statistics_pb2, price_feed_pb2, scenario_pb2
from mdsim.api.grpc_calls import Handlers
from mdsim.api.grpc_limits import GrpcLimits
from mdsim.api.grpc_server import SERVICES, GrpcServer
from mdsim.core.errors import UsageError

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.api.conftest import FakeMarket
    from tests.api.grpc.conftest import Serve

FILES = (price_feed_pb2, historical_data_pb2, market_statistics_pb2, scenario_pb2)


async def test_a_client_that_knows_nothing_reads_a_price_by_reflection(serve: Serve) -> None:
    """Services, methods and messages are all found by asking the server."""

    def explore(channel: grpc.Channel) -> tuple[list[str], dict[str, object]]:
        database = ProtoReflectionDescriptorDatabase(channel)
        pool = descriptor_pool.DescriptorPool(database)
        method = pool.FindServiceByName("mdsim.v1.PriceFeedService").methods_by_name["GetCurrentPrice"]
        request = message_factory.GetMessageClass(method.input_type)(symbol="BTC-USD")
        answer = message_factory.GetMessageClass(method.output_type)
        stub = channel.unary_unary(
            f"/{method.containing_service.full_name}/{method.name}",
            request_serializer=lambda sent: sent.SerializeToString(),
            response_deserializer=answer.FromString,
        )
        return list(database.get_services()), json_format.MessageToDict(stub(request, timeout=10))

    async with serve() as served:
        services, told = await trio.to_thread.run_sync(explore, served.client.channel)

    assert set(SERVICES) < set(services)
    assert {"grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"} < set(services)
    assert (told["symbol"], told["price"], told["state"]) == ("BTC-USD", "7.50", "INSTRUMENT_STATE_LIVE")


async def test_reflection_answers_under_its_newer_name_too(serve: Serve) -> None:
    """Clients that ask for version 1 need not fall back."""

    def ask(channel: grpc.Channel) -> list[str]:
        stub = channel.stream_stream(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            request_serializer=lambda sent: sent.SerializeToString(),
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        [answer] = stub(iter([request]), timeout=10)
        return [service.name for service in answer.list_services_response.service]

    async with serve() as served:
        assert set(SERVICES) < set(await trio.to_thread.run_sync(ask, served.client.channel))


async def test_health_follows_the_market(serve: Serve, fake_market: FakeMarket) -> None:
    """Not serving before prices flow, then serving, for the server and for each service."""

    async def status(service: str) -> int:
        def ask() -> int:
            stub = served.client.channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                request_serializer=lambda sent: sent.SerializeToString(),
                response_deserializer=health_pb2.HealthCheckResponse.FromString,
            )
            return int(stub(health_pb2.HealthCheckRequest(service=service), timeout=10).status)

        return await trio.to_thread.run_sync(ask)

    serving = health_pb2.HealthCheckResponse.ServingStatus
    fake_market.reason = "the first cycle is still to come"
    async with serve(limits=GrpcLimits(health_every_s=0.01)) as served:
        before = [await status(service) for service in ("", *SERVICES)]
        fake_market.reason = None
        while await status("") != serving.SERVING:
            await trio.lowlevel.checkpoint()
        after = [await status(service) for service in SERVICES]
        fake_market.state = "HALTED"
        while await status("") == serving.SERVING:
            await trio.lowlevel.checkpoint()

    assert before == [serving.NOT_SERVING] * 5
    assert after == [serving.SERVING] * 4


def test_every_method_that_is_promised_is_served(fake_market: FakeMarket) -> None:
    """The tables of handlers hold the methods of the .proto files, no more and no less."""
    server = GrpcServer(fake_market, None, clock_ns=lambda: 0)
    tables: dict[str, Handlers] = server._services(None)  # type: ignore[arg-type]  # nothing is asked here
    promised = {
        service.full_name: {method.name for method in service.methods}
        for file in FILES
        for service in file.DESCRIPTOR.services_by_name.values()
    }

    assert {name: set(table) for name, table in tables.items()} == promised
    for file in FILES:
        for service in file.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                handler = tables[service.full_name][method.name]
                assert handler.response_streaming == method.server_streaming, method.full_name


async def test_a_port_that_is_taken_is_an_error_with_a_way_out(serve: Serve, fake_market: FakeMarket) -> None:
    """Nothing is served beside the other server; the message names the address and the setting."""
    async with serve() as served:
        second = GrpcServer(fake_market, None, clock_ns=lambda: 0)
        with pytest.raises(UsageError, match=f"127.0.0.1:{served.server.port}: Address already in use"):
            await second.serve("127.0.0.1", served.server.port)


async def test_a_server_starts_again_on_the_port_it_had(serve: Serve, fake_market: FakeMarket) -> None:
    """Stopping leaves nothing behind that would be in the way."""
    async with serve() as served:
        port = served.server.port
    again = GrpcServer(fake_market, None, clock_ns=lambda: 0)
    async with trio.open_nursery() as nursery:
        assert await nursery.start(again.serve, "127.0.0.1", port) == port
        nursery.cancel_scope.cancel()


async def test_more_calls_than_it_takes_on_are_refused(serve: Serve) -> None:
    """A call beyond the bound of questions is told to come back, and the others are answered."""
    async with serve(limits=GrpcLimits(asks=1)) as served, trio.open_nursery() as nursery:

        async def hold() -> None:
            request = scenario_pb2.RunPlaybookRequest(library="held")
            await served.client.refused("ScenarioService/RunPlaybook", request, timeout_s=0.5)

        nursery.start_soon(hold)
        await served.runs.held.wait()
        request = price_feed_pb2.PriceRequest(symbol="BTC-USD")
        got = await served.client.refused("PriceFeedService/GetCurrentPrice", request)

    assert (got.status, got.detail.code) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "MD431")


def test_publishing_before_serving_is_no_error(fake_market: FakeMarket) -> None:
    """The pump may run before the server listens, and after it stopped."""
    server = GrpcServer(fake_market, None, clock_ns=lambda: 0)
    server.publish(fake_market.ticks_kept)
    assert dict(server.readers()) == {}


async def test_connections_past_their_bound_are_turned_away(serve: Serve) -> None:
    """Those that are open go on, and a place that is free is given away again."""
    request = price_feed_pb2.PriceRequest(symbol="BTC-USD")
    method, alone = "PriceFeedService/GetCurrentPrice", [("grpc.use_local_subchannel_pool", 1)]
    async with serve(limits=GrpcLimits(connections=1)) as served:
        await served.client.ask(method, request, price_feed_pb2.Price)
        second = type(served.client)(f"127.0.0.1:{served.server.port}", alone)
        refused = await second.refused(method, request, timeout_s=0.5)
        await served.client.ask(method, request, price_feed_pb2.Price)
        served.client.channel.close()
        await second.ask(method, request, price_feed_pb2.Price, wait=True)
        second.channel.close()

    assert refused.status in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


async def test_whoever_traces_calls_is_told_of_each(serve: Serve) -> None:
    """The method and the headers, before the call and after it, refused or not."""
    told: list[str] = []

    @contextmanager
    def around(method: str, headers: Mapping[str, str]) -> Iterator[None]:
        told.append(f"{method} {headers.get('traceparent')}")
        yield
        told.append("done")

    request = price_feed_pb2.PriceRequest(symbol="BTC-USD")
    async with serve(around=around) as served:
        metadata = [("traceparent", "00-1-2-01")]
        method = "PriceFeedService/GetCurrentPrice"
        await served.client.ask(method, request, price_feed_pb2.Price, metadata=metadata)

    assert told == ["mdsim.v1.PriceFeedService/GetCurrentPrice 00-1-2-01", "done"]


async def test_a_reader_that_takes_nothing_does_not_hold_up_the_stop(serve: Serve) -> None:
    """The grace for calls under way bounds it."""
    options = (("grpc.http2.lookahead_bytes", 1_024), ("grpc.http2.bdp_probe", 0))
    async with serve(limits=GrpcLimits(stream_ticks=16), options=options) as served:
        request = price_feed_pb2.SubscribeRequest(symbols=["BTC-USD"])
        stuck = served.client.open("PriceFeedService/SubscribePrices", request, price_feed_pb2.PriceUpdate)
        await stuck.joined()
        while not served.server.counters.conflated:
            served.publish("BTC-USD")
            await trio.lowlevel.checkpoint()
        served.stop()
        await served.stopped.wait()


async def test_prices_are_served_over_tls(serve: Serve) -> None:
    """With a key and a certificate, a client that trusts it is answered and plain text is not."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    request = price_feed_pb2.PriceRequest(symbol="BTC-USD")
    method = "PriceFeedService/GetCurrentPrice"
    async with serve(tls=(issued.private_key_pem.bytes(), chain)) as served:
        plain = await served.client.refused(method, request, timeout_s=1)
        credentials = grpc.ssl_channel_credentials(authority.cert_pem.bytes())
        served.client.channel.close()
        served.client.channel = grpc.secure_channel(f"localhost:{served.server.port}", credentials)
        answer = await served.client.ask(method, request, price_feed_pb2.Price)

    assert plain.status is grpc.StatusCode.UNAVAILABLE
    assert answer.price == "7.50"
