"""Five providers over real sockets, recorded while they work: the replay tells what was told live."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import msgspec
import trio

from mdsim import testkit
from mdsim.chaos.pipeline import ImpairedPipeline
from mdsim.core.instruments import ALL
from mdsim.core.secret import Secret
from mdsim.core.seeds import SeedTree
from mdsim.core.sourcing import Report
from mdsim.providers.pool import LiveSources
from mdsim.providers.source import SourceSpec, Surroundings
from mdsim.providers.specs import make_spec
from mdsim.replays.format import header_of
from mdsim.replays.reader import Recording
from mdsim.replays.recorded import open_recorded
from mdsim.replays.writer import RecordingWriter
from mdsim.run.clock import Steady, utc_ns
from mdsim.testkit.double import Double
from mdsim.testkit.market import Market

MAKERS: dict[str, Callable[[Market], AbstractAsyncContextManager[Double]]] = {
    "coingecko": testkit.coingecko,
    "coinmarketcap": testkit.coinmarketcap,
    "binance": testkit.binance,
    "coinbase": testkit.coinbase,
    "kraken": testkit.kraken,
}
POLLED = ("coingecko", "coinmarketcap")
ENOUGH = 20


async def test_five_providers_are_replayed_byte_for_byte(tmp_path: Path) -> None:
    """Books, tickers, polls, a connection that breaks in the midst: every report is the same."""
    now = Steady(utc_ns())
    path = tmp_path / "five.ndjson.gz"
    live: list[Report] = []
    market = Market.scripted()
    with trio.fail_after(30):
        async with AsyncExitStack() as stack:
            doubles = {name: await stack.enter_async_context(make(market)) for name, make in MAKERS.items()}
            specs = tuple(_spec(name, double.url) for name, double in doubles.items())
            writer = RecordingWriter(path, header_of(specs, now(), "test"), now)
            around = Surroundings.real(now, lambda name: SeedTree(1).stream(name), {}, record=writer.take)
            sources = LiveSources(specs, around, ImpairedPipeline)
            async with trio.open_nursery() as writing:
                await writing.start(writer.run)
                async with trio.open_nursery() as working:
                    working.start_soon(sources.run)
                    cut = False
                    while _least(live) < ENOUGH:
                        await trio.sleep(0.01)
                        live += sources.drain(now())
                        if not cut and _least(live) >= ENOUGH // 2:
                            cut = True
                            for socket in list(doubles["kraken"].sockets):
                                socket.close(1011)
                    working.cancel_scope.cancel()
                live += sources.drain(now())
                writer.stop()
    replay = open_recorded(Recording(path), ALL, ImpairedPipeline)
    again = list(replay.drain(replay.last_ns))
    assert {one.source for one in again} == set(MAKERS)
    assert msgspec.json.encode(again) == msgspec.json.encode(live)
    assert replay.counters["kraken"].messages == sources.status()[4].messages
    assert replay.terms == sources.terms


def _spec(name: str, url: str) -> SourceSpec:
    return make_spec(
        name,
        tier="primary" if name in POLLED else "exchange_feeds",
        kind="rest_api" if name in POLLED else "websocket",
        url=url,
        priority=1,
        catalogue=ALL,
        symbols=("BTC-USD", "ETH-USD", "BTC-USDT", "USDT-USD"),
        keys=(Secret("a key"),) if name == "coinmarketcap" else (),
    )


def _least(live: list[Report]) -> int:
    """Reports of the exchange that has given the fewest, once the others have given any."""
    counts = {name: sum(one.source == name for one in live) for name in MAKERS}
    return min(count if name not in POLLED else count and ENOUGH for name, count in counts.items())
