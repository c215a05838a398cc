"""The gRPC server: the four services, reflection and health, on a thread of their own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

import grpc
import grpc.aio
import trio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from mdsim.api import grpc_history, grpc_prices, grpc_scenarios, grpc_statistics
from mdsim.api.asyncio_island import AsyncioIsland, open_island, stopping
from mdsim.api.grpc_calls import Around, Calls, Handlers, unwatched
from mdsim.api.grpc_feed import PriceFeed
from mdsim.api.grpc_limits import GrpcLimits
from mdsim.api.grpc_streams import GrpcCounters, Streams
from mdsim.api.guard import Security
from mdsim.api.health import health_of
from mdsim.api.listening import host_and_port
from mdsim.core.errors import UsageError
from mdsim.core.serving import MarketEvent, MarketPort, Published, RunsPort
from mdsim.publish.disturber import Disturber
from mdsim.publish.offer import EVERYTHING, Offer

SERVICES = (grpc_prices.NAME, grpc_history.NAME, grpc_statistics.NAME, grpc_scenarios.NAME)
REFLECTION = ("grpc.reflection.v1.ServerReflection", reflection.SERVICE_NAME)
"""Both names of one service; their messages are the same bytes."""


class _Service(Protocol):
    def handlers(self, calls: Calls) -> Handlers: ...


class GrpcServer:
    """Serves gRPC until it is cancelled.

    ``publish`` is for the pump, once a cycle, on trio's thread.

    Args:
        market: the live market.
        runs: the runs on it, None on a server that plays none.
        clock_ns: wall time for ``ts_publish_ns``, the hub's own.
        limits: bounds.
        security: who may touch the runs.
        others: readers of each instrument on other ways (the hub's ``readers``), who count against the same
            limit of subscribers.
        tls: private key and certificate chain in PEM; None for plain text.
        around: entered around every call, for traces; on the gRPC thread.
        disturber: of delivery faults, the hub's own; None where there are none.
        offer: what is published.

    Attributes:
        counters: what was sent and what was not.
        streams: the price streams that are open, ``len(streams)``.
        port: the bound port, 0 before.
    """

    def __init__(
        self,
        market: MarketPort,
        runs: RunsPort | None,
        *,
        clock_ns: Callable[[], int],
        limits: GrpcLimits | None = None,
        security: Security | None = None,
        others: Callable[[], Mapping[str, int]] = dict,
        tls: tuple[bytes, bytes] | None = None,
        around: Around = unwatched,
        disturber: Disturber | None = None,
        offer: Offer = EVERYTHING,
    ) -> None:
        self._offer = offer
        self.counters = GrpcCounters()
        self.streams = Streams()
        self.port = 0
        self._market = market
        self._runs = runs
        self._limits = limits or GrpcLimits()
        self._security = security or Security()
        self._tls = tls
        self._around = around
        self._feed = PriceFeed(
            market,
            self._limits,
            self.counters,
            self.streams,
            clock_ns=clock_ns,
            others=others,
            disturber=disturber,
            offer=offer,
        )
        self._server: grpc.aio.Server | None = None
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]  # the stubs lack it

    def publish(self, batch: Sequence[Published | MarketEvent]) -> None:
        """Send the ticks of one cycle to who subscribed to them; never waits."""
        self._feed.publish(batch)

    def queues(self) -> Mapping[str, tuple[int, int]]:
        """What waits between the threads, and its bound: batches of prices, and questions."""
        asked = self._feed.island.asked if self._feed.island is not None else 0
        return {
            "grpc_batches": (self._feed.crossing, self._limits.crossing_batches),
            "grpc_asks": (asked, self._limits.asks),
        }

    def readers(self) -> Mapping[str, int]:
        """Price streams of each instrument that has any."""
        return self._feed.readers()

    async def serve(
        self, bind: str, port: int, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve on an address until cancelled; tells the bound port when it listens.

        Cancelling it ends the streams, lets calls under way finish for ``stop_grace_s``, and returns.

        Raises:
            UsageError: the address cannot be bound.
        """
        async with open_island(self._limits.asks) as island:
            await island.perform(partial(self._open, island, bind, port))
            self._feed.island = island
            try:
                await self._tell_health(island)
                task_status.started(self.port)
                while True:
                    await trio.sleep(self._limits.health_every_s)
                    await self._tell_health(island)
            finally:
                with trio.CancelScope(shield=True):
                    await island.perform(partial(self._close, island))
                self._feed.island = None

    async def _open(self, island: AsyncioIsland, bind: str, port: int) -> None:
        limits = self._limits
        server = grpc.aio.server(
            options=limits.options(),
            maximum_concurrent_rpcs=limits.calls,
        )
        for name, handlers in self._services(island).items():
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        servicer = reflection.aio.ReflectionServicer(  # type: ignore[attr-defined]
            (*SERVICES, health.SERVICE_NAME, *REFLECTION)
        )
        answer = grpc.stream_stream_rpc_method_handler(
            servicer.ServerReflectionInfo,
            request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
            response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
        )
        for name in REFLECTION:
            handler = grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": answer})
            server.add_generic_rpc_handlers((handler,))
        address = host_and_port(bind, port)
        try:
            _probe(bind, port)
            if self._tls is None:
                self.port = server.add_insecure_port(address)
            else:
                credentials = grpc.ssl_server_credentials([self._tls])
                self.port = server.add_secure_port(address, credentials)
        except (OSError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "the port is taken"
            raise UsageError(
                "MD436",
                f"cannot serve gRPC on {address}: {reason}",
                hint="choose another with MARKET_DATA_GRPC_PORT or MARKET_DATA_BIND; port 0 takes a free one",
            ) from error
        await server.start()
        self._server = server

    def _services(self, island: AsyncioIsland) -> dict[str, Handlers]:
        market, limits = self._market, self._limits
        services: dict[str, _Service] = {
            grpc_prices.NAME: grpc_prices.PriceFeedService(
                market, island, self._feed, self.streams, limits, self.counters, self._offer
            ),
            grpc_history.NAME: grpc_history.HistoricalDataService(market, island),
            grpc_statistics.NAME: grpc_statistics.MarketStatisticsService(market, island),
            grpc_scenarios.NAME: grpc_scenarios.ScenarioService(self._runs, island, self._security, limits),
        }
        return {name: service.handlers(Calls(name, self._around)) for name, service in services.items()}

    async def _tell_health(self, island: AsyncioIsland) -> None:
        well = health_of(self._market).status == "ok"
        serving = health_pb2.HealthCheckResponse.ServingStatus
        status = serving.SERVING if well else serving.NOT_SERVING

        async def tell() -> None:
            for name in ("", *SERVICES):
                await self._health.set(name, status)

        await island.perform(tell)

    async def _close(self, island: AsyncioIsland) -> None:
        if self._server is None:
            return
        await self._health.enter_graceful_shutdown()
        self.streams.end_all(stopping())
        island.end_followed()
        await self._server.stop(self._limits.stop_grace_s)
        self._server = None


def _probe(bind: str, port: int) -> None:
    """Find out whether an address can be bound, and why not: the gRPC core only logs the reason.

    Raises:
        OSError: it cannot.
    """
    family, kind, protocol, _, place = socket.getaddrinfo(bind, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(place)
        probe.listen(1)
