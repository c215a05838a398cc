"""A gRPC server on a free loopback port over fakes, and a client that speaks through a real channel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar, cast

import grpc
import msgspec
import pytest
import trio
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from mdsim._proto.v1 import errors_pb2
from mdsim.api.grpc_calls import Around, unwatched
from mdsim.api.grpc_limits import GrpcLimits
from mdsim.api.grpc_server import GrpcServer
from mdsim.api.guard import Security
from mdsim.core.errors import ConflictError, NotFoundError
from mdsim.core.events import Entry, Tick
from mdsim.core.serving import MarketPort, RunInfo, RunRequest, RunsPort
from mdsim.publish.disturber import Disturber

TS_PUBLISH_NS = 1_767_614_400_000_000_000
Answer = TypeVar("Answer", bound=Message)


class Prices:
    """The fake market of REST, with prices that move: every ``tick`` is what ``quote`` says from then on."""

    def __init__(self, market: MarketPort) -> None:
        self.market = market
        self.seq: dict[str, int] = {}
        original = market.quote

        def quote(symbol: str) -> object:
            seq = self.seq.get(symbol, 7)
            return msgspec.structs.replace(original(symbol), seq=seq, price=Decimal(f"{seq}.50"))

        market.quote = quote  # type: ignore[method-assign,assignment]

    def tick(self, symbol: str = "BTC-USD") -> Tick:
        """The next tick of an instrument; its price tells its number."""
        seq = self.seq.get(symbol, 7) + 1
        self.seq[symbol] = seq
        price = Decimal(f"{seq}.50")
        return Tick(symbol, seq, TS_PUBLISH_NS + seq, price, price, price, price)


class FakeRuns:
    """Runs that do what a test says: one is known, ``held`` starts only when released."""

    def __init__(self) -> None:
        self.asked: list[RunRequest] = []
        self.held = trio.Event()
        self.go_on = trio.Event()
        self.silent = False
        self.cancelled = trio.Event()
        self.entries = 3
        self.told = 0
        self.unfollowed = trio.Event()
        self.info = RunInfo(
            "run-1",
            "playbook",
            "crash",
            "running",
            "fall",
            ("BTC-USD",),
            ("move BTC-USD by -12% over 10m",),
            1,
            2,
            3,
            "",
            "",
            {"name": "crash"},
            ("a warning",),
        )

    async def start(self, request: RunRequest) -> RunInfo:
        self.asked.append(request)
        if request.library == "held":
            self.held.set()
            try:
                await self.go_on.wait()
            except trio.Cancelled:
                self.cancelled.set()
                raise
        if request.library == "taken":
            raise ConflictError("MD351", "run-1 touches BTC-USD", hint="stop it first")
        if request.library == "broken":
            raise ZeroDivisionError("a secret")
        return self.info

    def compile_only(self, request: RunRequest) -> RunInfo:
        self.asked.append(request)
        return msgspec.structs.replace(self.info, scenario_id="", state="ended")

    def get(self, scenario_id: str) -> RunInfo:
        if scenario_id != "run-1":
            raise NotFoundError("MD350", f"there is no run '{scenario_id}'", hint="did you mean run-1?")
        return self.info

    def all(self) -> tuple[RunInfo, ...]:
        return (self.info,)

    def pause(self, scenario_id: str) -> RunInfo:
        return msgspec.structs.replace(self.get(scenario_id), state="paused")

    def resume(self, scenario_id: str) -> RunInfo:
        return self.get(scenario_id)

    async def stop(self, scenario_id: str) -> RunInfo:
        return msgspec.structs.replace(self.get(scenario_id), state="ended", verdict="stopped")

    async def stop_all(self) -> tuple[RunInfo, ...]:
        return ()

    async def follow(self, scenario_id: str, after: int = 0) -> AsyncIterator[tuple[int, Entry]]:
        try:
            for number in range(after + 1, self.entries + 1):
                self.told = number
                yield number, Entry("mark", number * 10, "fall/2", {"text": "half-way", "n": number})
            if self.silent:
                await trio.sleep_forever()
        finally:
            self.unfollowed.set()


class Refused:
    """An error as a client sees it: status, and the details that its trailers hold."""

    def __init__(self, error: grpc.RpcError) -> None:
        call = cast("grpc.Call", error)
        self.status = call.code()
        self.message = call.details() or ""
        self.detail = errors_pb2.ErrorDetail()
        self.info = ErrorInfo()
        trailers: Mapping[str, str | bytes] = dict(call.trailing_metadata() or ())
        raw = trailers.get("grpc-status-details-bin")
        if isinstance(raw, bytes):
            status = Status.FromString(raw)
            assert (status.code, status.message) == (self.status.value[0], self.message)
            assert status.details[1].Unpack(self.detail)
            assert status.details[0].Unpack(self.info)


class Reading(Generic[Answer]):
    """A stream as a client reads it."""

    def __init__(self, call: Any) -> None:
        self.call = call

    async def joined(self) -> None:
        """Wait until the server has taken it up."""
        await trio.to_thread.run_sync(self.call.initial_metadata)

    async def next(self) -> Answer:
        """The next message.

        Raises:
            grpc.RpcError: the stream was ended with an error.
            StopAsyncIteration: it has ended.
        """
        found: Answer | None = await trio.to_thread.run_sync(lambda: next(self.call, None))
        if found is None:
            raise StopAsyncIteration
        return found

    async def refused(self) -> Refused:
        """Read until it is ended with an error."""
        try:
            while True:
                await self.next()
        except grpc.RpcError as error:
            return Refused(error)


class Client:
    """Calls methods by name, each in a thread of its own, so that trio goes on."""

    def __init__(self, target: str, options: Sequence[tuple[str, int]]) -> None:
        self.channel = grpc.insecure_channel(target, options=list(options))

    def unary(self, service: str, method: str, shape: type[Answer]) -> Callable[..., Answer]:
        """A stub of a method that answers once."""
        return self.channel.unary_unary(
            f"/mdsim.v1.{service}/{method}",
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=shape.FromString,
        )

    def open(
        self,
        method: str,
        request: Message,
        shape: type[Answer],
        *,
        metadata: Sequence[tuple[str, str]] = (),
        timeout_s: float = 10.0,
    ) -> Reading[Answer]:
        """Begin to read the stream of ``Service/Method``."""
        stub = self.channel.unary_stream(
            f"/mdsim.v1.{method}",
            request_serializer=lambda sent: sent.SerializeToString(),
            response_deserializer=shape.FromString,
        )
        return Reading(stub(request, timeout=timeout_s, metadata=tuple(metadata)))

    async def ask(
        self,
        method: str,
        request: Message,
        shape: type[Answer],
        *,
        metadata: Sequence[tuple[str, str]] = (),
        timeout_s: float = 10.0,
        wait: bool = False,
    ) -> Answer:
        """Ask ``Service/Method`` once.

        Raises:
            grpc.RpcError: it was refused.
        """
        service, _, name = method.partition("/")
        stub = self.unary(service, name, shape)
        return await trio.to_thread.run_sync(
            lambda: stub(request, timeout=timeout_s, metadata=metadata, wait_for_ready=wait)
        )

    async def refused(
        self,
        method: str,
        request: Message,
        *,
        metadata: Sequence[tuple[str, str]] = (),
        timeout_s: float = 10.0,
    ) -> Refused:
        """Ask for what is refused."""
        with pytest.raises(grpc.RpcError) as caught:
            await self.ask(method, request, type(request), metadata=metadata, timeout_s=timeout_s)
        return Refused(caught.value)

    @staticmethod
    def read(error: grpc.RpcError) -> Refused:
        """What an error says."""
        return Refused(error)


class Served:
    """A server that runs, what it serves, and a client of it."""

    client: Client

    def __init__(self, server: GrpcServer, prices: Prices, runs: FakeRuns) -> None:
        self.server = server
        self.prices = prices
        self.runs = runs
        self.scope = trio.CancelScope()
        self.stopped = trio.Event()

    async def run(self, *, task_status: trio.TaskStatus[int]) -> None:
        """Serve until it is stopped."""
        with self.scope:
            await self.server.serve("127.0.0.1", 0, task_status=task_status)
        self.stopped.set()

    def publish(self, *symbols: str) -> None:
        """One cycle with a tick of each instrument."""
        self.server.publish([self.prices.tick(symbol) for symbol in symbols])

    def stop(self) -> None:
        """As SIGTERM does."""
        self.scope.cancel()

    async def readers(self, count: int, symbol: str = "BTC-USD") -> None:
        """Wait until an instrument has so many streams; the other thread sends no event for it."""
        while self.server.readers().get(symbol, 0) != count or len(self.server.streams) != count:  # noqa: ASYNC110
            await trio.sleep(0.002)


class Serve(Protocol):
    """Start a server over the fakes; leaving the block stops it."""

    def __call__(
        self,
        *,
        limits: GrpcLimits = ...,
        security: Security = ...,
        chaos: bool = ...,
        others: Mapping[str, int] = ...,
        options: Sequence[tuple[str, int]] = ...,
        around: Around = ...,
        tls: tuple[bytes, bytes] | None = ...,
        disturber: Disturber | None = ...,
    ) -> AbstractAsyncContextManager[Served]: ...


@pytest.fixture
def serve(fake_market: MarketPort) -> Serve:
    @asynccontextmanager
    async def start(
        *,
        limits: GrpcLimits = GrpcLimits(),  # noqa: B008 frozen
        security: Security = Security(),  # noqa: B008 frozen
        chaos: bool = True,
        others: Mapping[str, int] | None = None,
        options: Sequence[tuple[str, int]] = (),
        around: Around = unwatched,
        tls: tuple[bytes, bytes] | None = None,
        disturber: Disturber | None = None,
    ) -> AsyncIterator[Served]:
        runs: RunsPort = FakeRuns()
        server = GrpcServer(
            fake_market,
            runs if chaos else None,
            clock_ns=lambda: TS_PUBLISH_NS,
            limits=replace(limits, stop_grace_s=min(limits.stop_grace_s, 0.5)),
            security=security,
            others=lambda: others or {},
            around=around,
            tls=tls,
            disturber=disturber,
        )
        assert isinstance(runs, FakeRuns)
        served = Served(server, Prices(fake_market), runs)
        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                port = await nursery.start(served.run)
                served.client = Client(f"127.0.0.1:{port}", options)
                try:
                    yield served
                finally:
                    served.client.channel.close()
                    served.stop()

    return start
