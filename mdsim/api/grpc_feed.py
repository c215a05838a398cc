"""The way of prices to the gRPC thread, on trio's side: who listens, and what is handed over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mdsim._proto.v1 import price_feed_pb2 as pb
from mdsim.api import grpc_messages as messages
from mdsim.api.asyncio_island import AsyncioIsland
from mdsim.api.grpc_limits import GrpcLimits
from mdsim.api.grpc_streams import Batch, GrpcCounters, PriceStream, Streams, part
from mdsim.core.events import Tick
from mdsim.core.serving import MarketEvent, MarketPort, Published
from mdsim.publish.hub import FullError


class PriceFeed:
    """Counts the streams of each instrument and hands over what one cycle published, with one call.

    Everything here runs on trio's thread.

    Args:
        clock_ns: wall time, for ``ts_publish_ns``; the hub's own.
        others: readers of each instrument on other ways, who count against the same limit.
    """

    def __init__(
        self,
        market: MarketPort,
        limits: GrpcLimits,
        counters: GrpcCounters,
        streams: Streams,
        *,
        clock_ns: Callable[[], int],
        others: Callable[[], Mapping[str, int]],
    ) -> None:
        self.island: AsyncioIsland | None = None
        self._market = market
        self._limits = limits
        self._counters = counters
        self._streams = streams
        self._clock_ns = clock_ns
        self._others = others
        self._joined: dict[PriceStream, None] = {}
        self._readers: dict[str, int] = {}
        self._paced = 0
        self._posted = 0
        self._held: dict[str, bytes] = {}
        self._missed: dict[str, int] = {}
        self._begun = False

    def readers(self) -> Mapping[str, int]:
        """Streams of each instrument that has any."""
        return self._readers

    @property
    def crossing(self) -> int:
        """Batches on their way to the gRPC thread."""
        return self._posted - self._streams.handled

    def publish(self, batch: Sequence[Published | MarketEvent]) -> None:
        """Hand over the ticks of one cycle; never waits."""
        self._begun = True
        if self.island is None or not self._joined:
            return
        ticks = [event for event in batch if type(event) is Tick and event.symbol in self._readers]
        if not ticks and not self._paced and not self._held:
            return
        found = [(tick.symbol, self._part(tick)) for tick in ticks]
        if self.crossing >= self._limits.crossing_batches:
            for symbol, made in found:
                self._hold(symbol, made)
            return
        parts: dict[str, list[bytes]] = {symbol: [made] for symbol, made in self._held.items()}
        for symbol, made in found:
            parts.setdefault(symbol, []).append(made)
        missed, self._missed, self._held = self._missed, {}, {}
        self._posted += 1
        self.island.post(self._streams.publish, Batch(self._clock_ns(), parts, missed))

    def join(self, stream: PriceStream) -> None:
        """Let a stream have a snapshot and all that follows it.

        Raises:
            FullError: an instrument has all the readers that it may have.
        """
        assert self.island is not None
        others, most = self._others(), self._limits.subscribers_per_symbol
        for symbol in sorted(stream.symbols):
            if self._readers.get(symbol, 0) + others.get(symbol, 0) >= most:
                self._counters.refused += 1
                raise FullError(
                    "MD411",
                    f"{symbol} has {most} readers, and that is all it may have",
                    hint="raise publication.max_subscribers_per_symbol, or MAX_SUBSCRIBERS",
                )
        for symbol in sorted(stream.symbols):
            self._readers[symbol] = self._readers.get(symbol, 0) + 1
        self._joined[stream] = None
        self._paced += stream.interval_ns > 0
        self.island.post(self._streams.add, stream, self._snapshot(stream))

    def leave(self, stream: PriceStream) -> None:
        """Count a stream no more; one that never joined is no error."""
        if stream not in self._joined:
            return
        del self._joined[stream]
        self._paced -= stream.interval_ns > 0
        for symbol in sorted(stream.symbols):
            self._readers[symbol] -= 1
            if not self._readers[symbol]:
                del self._readers[symbol]
                self._held.pop(symbol, None)
                self._missed.pop(symbol, None)

    def _part(self, tick: Tick) -> bytes:
        volume = self._market.quote(tick.symbol).volume_24h
        return part(messages.tick(tick, volume).SerializeToString())

    def _hold(self, symbol: str, made: bytes) -> None:
        if symbol in self._held:
            self._missed[symbol] = self._missed.get(symbol, 0) + 1
            self._counters.held += 1
        self._held[symbol] = made

    def _snapshot(self, stream: PriceStream) -> bytes:
        if not self._begun and self._market.ready() is not None:
            return b""
        symbols = [symbol for symbol in self._market.catalogue.symbols if symbol in stream.symbols]
        ticks = [messages.present(self._market.quote(symbol)) for symbol in symbols]
        return pb.PriceUpdate(ticks=ticks, ts_publish_ns=self._clock_ns(), snapshot=True).SerializeToString()
