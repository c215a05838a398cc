"""The way of prices to the gRPC thread, on trio's side: who listens, and what is handed over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from mdsim._proto.v1 import price_feed_pb2 as pb
from mdsim.api import grpc_messages as messages
from mdsim.api.asyncio_island import AsyncioIsland
from mdsim.api.grpc_disturbed import PART, Reception, refusal
from mdsim.api.grpc_limits import GrpcLimits
from mdsim.api.grpc_streams import Batch, GrpcCounters, PriceStream, Streams, part
from mdsim.core.events import Tick
from mdsim.core.serving import MarketEvent, MarketPort, Published
from mdsim.publish.disturber import Disturber
from mdsim.publish.feeds import Feed
from mdsim.publish.handling import Delivery
from mdsim.publish.hub import FullError
from mdsim.publish.message import Message
from mdsim.publish.offer import EVERYTHING, Offer


class PriceFeed:
    """Counts the streams of each instrument and hands over what one cycle published, with one call.

    Everything here runs on trio's thread.

    Args:
        clock_ns: wall time, for ``ts_publish_ns``; the hub's own.
        others: readers of each instrument on other ways, who count against the same limit.
        disturber: of delivery faults; None where there are none.
        offer: what is published.
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
        disturber: Disturber | None = None,
        offer: Offer = EVERYTHING,
    ) -> None:
        self._offer = offer
        self.island: AsyncioIsland | None = None
        self._market = market
        self._limits = limits
        self._counters = counters
        self._streams = streams
        self._clock_ns = clock_ns
        self._others = others
        self._joined: dict[PriceStream, Reception] = {}
        self._named = 0
        self._readers: dict[str, int] = {}
        self._paced = 0
        self._posted = 0
        self._held: dict[str, bytes] = {}
        self._missed: dict[str, int] = {}
        self._begun = False
        self._disturber = disturber
        if disturber is not None:
            disturber.after.append(self._post_apart)

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
        if self._disturber is not None and len(self._disturber) and not self._publish_apart(ticks):
            self._held, self._missed = {}, {}  # everyone that they are for has caught up with them
            return
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

    def join(self, stream: PriceStream) -> str:
        """Let a stream have a snapshot and all that follows it; the name of its connection.

        Raises:
            FullError: an instrument has all the readers that it may have.
            DownError, ResetError: a delivery fault keeps it down.
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
        self._named += 1
        reception = Reception(f"grpc-{self._named}", stream, self.island.post, self._catch_up)
        self._draw(reception)
        for symbol in sorted(stream.symbols):
            self._readers[symbol] = self._readers.get(symbol, 0) + 1
        self._joined[stream] = reception
        self._paced += stream.interval_ns > 0
        ticks = self._present(stream)
        if reception.fault is None:
            self.island.post(self._streams.add, stream, self._snapshot(ticks))
        else:
            self.island.post(self._streams.add, stream, b"")
            reception.fault.deliver(reception, self._deliveries(ticks, snapshot=True))
            self._post_apart()
        return reception.name

    def leave(self, stream: PriceStream) -> None:
        """Count a stream no more; one that never joined is no error."""
        if stream not in self._joined:
            return
        reception = self._joined.pop(stream)
        if self._disturber is not None:
            self._disturber.leave(reception)
        self._paced -= stream.interval_ns > 0
        for symbol in sorted(stream.symbols):
            self._readers[symbol] -= 1
            if not self._readers[symbol]:
                del self._readers[symbol]
                self._held.pop(symbol, None)
                self._missed.pop(symbol, None)

    def _part(self, tick: Tick) -> bytes:
        return part(messages.tick(tick, self._volume(tick.symbol)).SerializeToString())

    def _volume(self, symbol: str) -> Decimal | None:
        return self._market.quote(symbol).volume_24h if self._offer.tick_volume else None

    def _hold(self, symbol: str, made: bytes) -> None:
        if symbol in self._held:
            self._missed[symbol] = self._missed.get(symbol, 0) + 1
            self._counters.held += 1
        self._held[symbol] = made

    # Delivery faults

    def _draw(self, reception: Reception) -> None:
        """Let the disturber look at a stream that comes; raises when it may not."""
        if self._disturber is None:
            return
        down = self._disturber.join(reception, "grpc")
        if down:
            self._disturber.leave(reception)
            raise refusal(down, reception.name)

    def _catch_up(self, reception: Reception) -> None:
        reception.catch_up(self._held.items(), self._missed.items())

    def _publish_apart(self, ticks: Sequence[Tick]) -> int:
        """Give those that are disturbed the ticks of a cycle by way of it; how many others there are."""
        others = 0
        found = self._deliveries(ticks)
        for reception in self._joined.values():
            if reception.fault is not None:
                wanted = [it for it in found if it[0].feed.symbol in reception.stream.symbols]
                reception.fault.deliver(reception, wanted)
            else:
                others += 1
        self._post_apart()
        return others

    def _deliveries(self, ticks: Sequence[Tick], *, snapshot: bool = False) -> list[Delivery]:
        now_ns = self._clock_ns()
        return [(self._message(tick, now_ns, snapshot=snapshot), PART) for tick in ticks]

    def _message(self, tick: Tick, now_ns: int, *, snapshot: bool) -> Message:
        volume = self._volume(tick.symbol)
        return Message(Feed("tick", tick.symbol), tick, now_ns, volume=volume, snapshot=snapshot)

    def _post_apart(self) -> None:
        """Hand over what has left for those that are, or were, disturbed; with one call."""
        if self.island is None:
            return
        if self.crossing >= self._limits.crossing_batches:
            self._counters.held += sum(reception.shorten() for reception in self._joined.values())
            return
        now_ns = self._clock_ns()
        partings = [parting for one in self._joined.values() if (parting := one.leave(now_ns)) is not None]
        if partings:
            self._posted += 1
            self.island.post(self._streams.publish_apart, partings)

    # Snapshots

    def _present(self, stream: PriceStream) -> list[Tick]:
        """How things stand for a stream that begins."""
        if not self._begun and self._market.ready() is not None:
            return []
        symbols = [symbol for symbol in self._market.catalogue.symbols if symbol in stream.symbols]
        return [messages.present(self._market.quote(symbol)) for symbol in symbols]

    def _snapshot(self, ticks: Sequence[Tick]) -> bytes:
        if not ticks:
            return b""
        told = [messages.tick(tick, self._volume(tick.symbol)) for tick in ticks]
        return pb.PriceUpdate(ticks=told, ts_publish_ns=self._clock_ns(), snapshot=True).SerializeToString()
