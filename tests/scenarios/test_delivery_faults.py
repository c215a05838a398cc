"""Delivery faults on real readers: what they see is exactly what the run says was done to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
import msgspec
import pytest
import trio

from mdsim._proto.v1 import price_feed_pb2 as pb
from mdsim.client import Client as Asking
from mdsim.client.failures import AnswerError, RefusedError, StreamClosedError
from mdsim.client.stream import Stream
from mdsim.core.events import Tick

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.scenarios.conftest import Client, Server

BTC, ETH = "BTC-USD", "ETH-USD"


class Seen:
    """What one reader saw.

    Attributes:
        name: of its connection.
        first: number of the first tick after its snapshot, of each instrument.
        seqs: numbers of the ticks of each instrument, in the order in which they came, snapshots left out.
        prices: of BTC-USD, likewise.
        damaged: messages that could not be read, or whose price was no number.
        ended: how the stream was ended, empty while it goes on.
    """

    def __init__(self) -> None:
        self.name = ""
        self.first = 0
        self.seqs: dict[str, list[int]] = {BTC: [], ETH: []}
        self.prices: list[str] = []
        self.damaged = 0
        self.ended = ""

    def take(self, symbol: str, seq: int, price: str) -> None:
        self.seqs[symbol].append(seq)
        if symbol == BTC:
            self.prices.append(price)


async def read_websocket(server: Server, seen: Seen, *, task_status: trio.TaskStatus[None]) -> None:
    """Read by mdsim's own client until the connection ends."""
    async with Asking(server.url) as asking, asking.stream([BTC, ETH]) as stream:
        seen.name = stream.connection
        for _ in seen.seqs:
            present = await anext(stream)
            assert present.snapshot
            seen.first = present.event.seq + 1
        task_status.started()
        while not seen.ended:
            try:
                event = (await anext(stream)).event
            except AnswerError:
                seen.damaged += 1
                continue
            except StreamClosedError as closed:
                seen.ended = str(closed.close_code)
                return
            assert isinstance(event, Tick)
            seen.take(event.symbol, event.seq, str(event.price))


async def read_grpc(port: int, seen: Seen, *, task_status: trio.TaskStatus[None]) -> None:
    """Read by a plain gRPC client until the call ends."""
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    call = channel.unary_stream(
        "/mdsim.v1.PriceFeedService/SubscribePrices",
        request_serializer=lambda request: request.SerializeToString(),
        response_deserializer=pb.PriceUpdate.FromString,
    )(pb.SubscribeRequest(symbols=[BTC, ETH]))

    def read() -> None:
        for update in call:
            for tick in () if update.snapshot else update.ticks:
                if "?" in tick.price:
                    seen.damaged += 1
                else:
                    seen.take(tick.symbol, tick.seq, tick.price)
            if update.snapshot:
                seen.first = update.ticks[0].seq + 1
                trio.from_thread.run_sync(task_status.started)

    try:
        seen.name = str(dict(await trio.to_thread.run_sync(call.initial_metadata))["mdsim-connection"])
        await trio.to_thread.run_sync(read, abandon_on_cancel=True)
    except grpc.RpcError as error:
        seen.ended = error.code().name
    finally:
        call.cancel()  # type: ignore[no-untyped-call]  # grpc has no types
        channel.close()


class Bench:
    """A server with two readers over WebSocket and two over gRPC."""

    def __init__(self, server: Server, client: Client, port: int) -> None:
        self.server = server
        self.client = client
        self.port = port
        self.readers = [Seen(), Seen(), Seen(), Seen()]

    async def play(self, *steps: str, seed: int = 1) -> str:
        """Start a playbook of these steps."""
        lines = "\n".join(f"  - {step}" for step in steps)
        text = f"mdsim: 1\nname: faults\nsteps:\n{lines}\n"
        run = await self.client.post("/chaos/playbooks", {"playbook": text, "seed": seed})
        return str(run["scenario_id"])

    async def entries(self, run: str, kind: str) -> list[Mapping[str, Any]]:
        """The data of every event of one kind, of a run that has ended."""
        answer = await self.client.http.get(f"/chaos/scenarios/{run}/events")
        blocks = (block.splitlines() for block in answer.text.split("\n\n") if block.startswith("id:"))
        return [msgspec.json.decode(block[2][6:])["data"] for block in blocks if block[1] == f"event: {kind}"]

    async def done(self, run: str, fault: str, seen: Seen, symbol: str = BTC) -> list[int]:
        """Numbers of the ticks that a fault did something to, as the run tells it."""
        return [
            seq
            for entry in await self.entries(run, "injected")
            if (entry["fault"], entry["connection"]) == (fault, seen.name)
            for told in entry["messages"]
            if (told["symbol"], told["channel"]) == (symbol, "tick")
            for seq in numbers(told["seqs"])
        ]

    def up_to_date(self) -> bool:
        """Whether every reader that still reads has the newest tick of each instrument."""
        last = {symbol: self.server.tape.quote(symbol).seq for symbol in (BTC, ETH)}
        reading = [seen for seen in self.readers if not seen.ended]
        return all(seen.seqs[symbol][-1:] == [last[symbol]] for seen in reading for symbol in last)

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait for what sockets and other threads do; they take real time and tell nobody."""
        with trio.fail_after(10):
            while not reached():  # noqa: ASYNC110
                await trio.sleep(0.005)


async def drained(stream: Stream) -> None:
    """Read until the connection has ended."""
    while True:
        await anext(stream)


def numbers(text: str) -> Iterator[int]:
    """Numbers of ``12-15 17``."""
    for part in text.split():
        low, _, high = part.partition("-")
        yield from range(int(low), int(high or low) + 1)


@pytest.fixture
async def bench(server: Server, client: Client, nursery: trio.Nursery) -> AsyncIterator[Bench]:
    async with serving(server, client, nursery) as made:
        yield made


@asynccontextmanager
async def serving(server: Server, client: Client, nursery: trio.Nursery) -> AsyncIterator[Bench]:
    """Readers of the server, until the end of the test."""
    port = await server.stream()
    made = Bench(server, client, port)
    for seen in made.readers[:2]:
        await nursery.start(read_websocket, server, seen)
    for seen in made.readers[2:]:
        await nursery.start(read_grpc, port, seen)
    assert [seen.name for seen in made.readers] == ["ws-1", "ws-2", "grpc-1", "grpc-2"]
    yield made


async def test_every_lost_message_is_in_the_journal(bench: Bench) -> None:
    """The holes in what each reader saw are the numbers that the run tells for it, and only those."""
    run = await bench.play(f"feed: {{clients: 100%, symbols: {BTC}, loss: 30%, for: 60s}}", "wait: 5s")
    await bench.server.go(70)
    await bench.until(bench.up_to_date)

    losses = []
    for seen in bench.readers:
        last = bench.server.tape.quote(BTC).seq
        missing = sorted(set(range(seen.first, last + 1)) - set(seen.seqs[BTC]))
        assert missing == await bench.done(run, "loss", seen)
        assert seen.seqs[BTC] == sorted(set(seen.seqs[BTC]))
        assert seen.seqs[ETH] == list(range(seen.first, last + 1))
        assert 5 <= len(missing) <= 35
        losses.append(tuple(missing))
    assert len(dict.fromkeys(losses)) == len(losses), "each connection has draws of its own"
    counted = bench.server.faults.counted
    assert counted["loss", "websocket"] == len(losses[0]) + len(losses[1])
    assert counted["loss", "grpc"] == len(losses[2]) + len(losses[3])
    info = await bench.client.get(f"/chaos/scenarios/{run}")
    assert info["verdict"] == "passed"


async def test_half_of_the_clients_are_hit_and_stay_hit(bench: Bench) -> None:
    """The share is drawn once for each connection and step; the others see everything."""
    run = await bench.play(
        "feed: {clients: 50%, loss: 30%, for: 30s}",
        "feed: {clients: 50%, duplicate: 30%, for: 30s}",
        "wait: 2s",
        seed=4,
    )
    await bench.server.go(70)
    await bench.until(bench.up_to_date)

    last = bench.server.tape.quote(BTC).seq
    ended = await bench.entries(run, "feed_ended")
    for fault, told in zip(("loss", "duplicate"), ended, strict=True):
        hit = [seen.name for seen in bench.readers if await bench.done(run, fault, seen)]
        assert told["connections"] == len(hit)
        assert 0 < len(hit) < len(bench.readers), "the seed hits some and spares some"
    for seen in bench.readers:
        lost, doubled = await bench.done(run, "loss", seen), await bench.done(run, "duplicate", seen)
        kept = [seq for seq in range(seen.first, last + 1) if seq not in lost]
        assert seen.seqs[BTC] == sorted([*kept, *doubled])


async def test_damage_freezing_and_jumps_are_seen_as_they_are_told(bench: Bench) -> None:
    """Messages that cannot be read are counted, frozen prices stand still, numbers jump and come back."""
    run = await bench.play(
        f"move: {{symbol: {BTC}, by: -10%, over: 5s, then: revert over 10m}}",
        "feed: {clients: 100%, corrupt: 30%, for: 20s}",
        "feed: {clients: 100%, freeze: true, for: 10s}",
        f"feed: {{clients: 100%, symbols: {BTC}, gap: 1000, for: 10s}}",
        "wait: 5s",
    )
    await bench.server.go(55)
    await bench.until(bench.up_to_date)

    for seen in bench.readers:
        damaged = await bench.done(run, "corrupt", seen)
        assert len(damaged) + len(await bench.done(run, "corrupt", seen, ETH)) == seen.damaged > 0
        assert not set(damaged) & set(seen.seqs[BTC])
        frozen = await bench.done(run, "freeze", seen)
        assert len(frozen) >= 9
        still = [price for seq, price in zip(seen.seqs[BTC], seen.prices, strict=True) if seq in frozen]
        assert len(dict.fromkeys(still)) == 1 < len(dict.fromkeys(seen.prices))
        ahead = await bench.done(run, "gap", seen)
        assert [seq for seq in seen.seqs[BTC] if seq > 1000] == [seq + 1000 for seq in ahead]
        assert 0 < len(ahead) < len(seen.seqs[BTC])


async def test_connections_go_down_and_come_back(bench: Bench) -> None:
    """Closed politely or cut, refused meanwhile by name, and open again when the step has ended."""
    run = await bench.play("feed: {clients: 100%, disconnect: true, for: 10s}")
    await bench.server.go(2)
    await bench.until(lambda: all(seen.ended for seen in bench.readers))
    assert [seen.ended for seen in bench.readers] == ["1001", "1001", "UNAVAILABLE", "UNAVAILABLE"]

    async with Asking(bench.server.url) as asking:
        with pytest.raises(RefusedError, match="keeps ws-3 disconnected") as refused:
            async with asking.stream([BTC]):
                pass
        assert (refused.value.status, refused.value.code) == (503, "MD570")
        await bench.server.go(10)
        async with asking.stream([BTC]) as stream:
            assert (await anext(stream)).snapshot
            again = await bench.play("feed: {clients: 100%, reset: true, for: 5s}")
            await bench.server.go(2)
            with pytest.raises(StreamClosedError) as closed:
                await drained(stream)
            assert closed.value.close_code == 1006
    await bench.server.go(10)
    down = {(it["fault"], it["connection"]) for it in await bench.entries(run, "injected")}
    assert down == {("disconnect", name) for name in ("grpc-1", "grpc-2", "ws-1", "ws-2", "ws-3")}
    assert {it["connection"] for it in await bench.entries(again, "injected")} == {"ws-4"}
    ended = await bench.client.get(f"/chaos/scenarios/{again}")
    assert ended["verdict"] == "passed"


async def test_a_stop_lets_everything_out_at_once(bench: Bench) -> None:
    """What was held back arrives in order with the end of the run, and the next tick after it."""
    run = await bench.play("feed: {clients: 100%, latency: 1h, for: 10m}")
    await bench.server.go(10)
    before = [len(seen.seqs[BTC]) for seen in bench.readers]
    await bench.client.delete(f"/chaos/stop-scenario/{run}")
    await bench.until(bench.up_to_date)

    last = bench.server.tape.quote(BTC).seq
    for seen, had in zip(bench.readers, before, strict=True):
        assert had <= 1 < last - 1
        assert seen.seqs[BTC] == list(range(seen.first, last + 1))
        assert len(await bench.done(run, "latency", seen)) >= 9
    assert len(bench.server.faults) == 0


async def test_a_fault_that_reaches_nobody_proves_nothing(server: Server, client: Client) -> None:
    """Without a reader there is no message that something could have been done to."""
    playbook = "mdsim: 1\nname: alone\nsteps:\n  - feed: {clients: 100%, loss: 50%, for: 5s}\n"
    run = await client.post("/chaos/playbooks", {"playbook": playbook})
    await server.go(10)
    assert (await client.get(f"/chaos/scenarios/{run['scenario_id']}"))["verdict"] == "inconclusive"
