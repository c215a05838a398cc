"""Price streams, on the island: what waits for each, and how it is sent.

A published batch comes here once, its ticks already bytes. The field ``ticks`` of a PriceUpdate is
repeated, so updates are made by joining bytes: streams of the same instruments share one join, and two
updates that wait become one by standing one behind the other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from mdsim._proto.v1 import price_feed_pb2 as pb
from mdsim.api.grpc_errors import Context, SlowError
from mdsim.core.errors import MdsimError


@dataclass(slots=True)
class GrpcCounters:
    """Totals since the start; plain attributes, so that metrics can read them without a lock.

    Attributes:
        updates, update_bytes: written to streams.
        conflated: ticks that a newer one of the same instrument replaced before a slow reader got them.
        held: ticks that likewise never crossed to a gRPC thread that was held up.
        slow: streams ended because their reader took nothing.
        closed: streams that had begun and ended, by reason: ``left``, ``too_slow``, ``server_stop``.
        refused: subscriptions refused because an instrument had all the subscribers it may have.
    """

    updates: int = 0
    update_bytes: int = 0
    conflated: int = 0
    held: int = 0
    slow: int = 0
    closed: dict[str, int] = field(default_factory=dict)
    refused: int = 0


def part(tick: bytes) -> bytes:
    """A PriceUpdate of one serialised tick: field 1, a length, the tick."""
    length, size = len(tick), bytearray(b"\x0a")
    while length > 0x7F:
        size.append(length & 0x7F | 0x80)
        length >>= 7
    size.append(length)
    return bytes(size) + tick


class Batch:
    """What one cycle published.

    Attributes:
        ts_publish_ns: when it was handed over.
        parts: instrument -> the ticks of it, each as ``part`` makes it, oldest first.
        missed: ticks of an instrument that could not be handed over before these.
    """

    __slots__ = ("_made", "_split", "missed", "parts", "tail", "ts_publish_ns")

    def __init__(
        self, ts_publish_ns: int, parts: Mapping[str, Sequence[bytes]], missed: Mapping[str, int]
    ) -> None:
        self.ts_publish_ns = ts_publish_ns
        self.parts = parts
        self.missed = missed
        self.tail = pb.PriceUpdate(ts_publish_ns=ts_publish_ns).SerializeToString()
        self._made: dict[frozenset[str], tuple[bytes, int]] = {}
        self._split: dict[tuple[frozenset[str], int], tuple[Batch, ...]] = {}

    def update(self, symbols: frozenset[str]) -> tuple[bytes, int]:
        """The update for some instruments and how many ticks it has; made once for each set of them."""
        made = self._made.get(symbols)
        if made is None:
            ticks = [tick for symbol, found in self.parts.items() if symbol in symbols for tick in found]
            made = self._made[symbols] = (b"".join(ticks) + self.tail if ticks else b"", len(ticks))
        return made

    def split(self, symbols: frozenset[str], most_ticks: int) -> tuple[Batch, ...]:
        """Batches of at most so many ticks of these instruments, in order; itself when it has no more."""
        if self.update(symbols)[1] <= most_ticks:
            return (self,)
        made = self._split.get((symbols, most_ticks))
        if made is None:
            ticks = [(name, tick) for name, found in self.parts.items() if name in symbols for tick in found]
            chunks = [ticks[at : at + most_ticks] for at in range(0, len(ticks), most_ticks)]
            made = tuple(Batch(self.ts_publish_ns, _by_name(chunk), {}) for chunk in chunks)
            self._split[symbols, most_ticks] = made
        return made


def _by_name(ticks: Sequence[tuple[str, bytes]]) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for name, tick in ticks:
        found.setdefault(name, []).append(tick)
    return found


class PriceStream:
    """One subscription.

    What is published waits in order. Once more than ``most_ticks`` wait, only the newest tick of each
    instrument is kept, and the next update says how many its reader missed. An update has at most
    ``update_ticks`` ticks, but for the snapshot at the begin.

    Attributes:
        interval_ns: shortest time between updates, 0 for every tick. They leave on a grid of this width, so
            that cycles that come a little early never halve the pace; what is left out then is not missed.
        compress: whether updates are compressed where the server does so and the caller accepts it.
        error: what ended it, None while it goes on.
        apart: its delivery is disturbed, so that it gets batches of its own.
    """

    def __init__(
        self,
        symbols: frozenset[str],
        interval_ns: int,
        most_ticks: int,
        counters: GrpcCounters,
        *,
        update_ticks: int,
        compress: bool = False,
    ) -> None:
        self.symbols = symbols
        self.interval_ns = interval_ns
        self.compress = compress
        self.error: MdsimError | None = None
        self.apart = False
        self._most_ticks = most_ticks
        self._counters = counters
        self._update_ticks = update_ticks
        self._batches: deque[Batch] = deque()
        self._ticks = 0
        self._first = b""
        self._newest: dict[str, bytes] = {}
        self._skipped: dict[str, int] = {}
        self._tail = b""
        self._paced: dict[str, bytes] = {}
        self._slot = -1
        self._something = asyncio.Event()

    def begin(self, snapshot: bytes) -> None:
        """Put the snapshot in line, before anything else; empty for none, and a second joins the first."""
        self._first += snapshot
        if snapshot:
            self._something.set()

    def set_apart(self, apart: bool) -> None:
        """Whether the batches of all are not for it."""
        self.apart = apart

    def end(self, error: MdsimError) -> None:
        """Let it end with an error as soon as it does not write."""
        self.error = error
        self._something.set()

    def offer(self, batch: Batch) -> None:
        """Take in what was published."""
        for symbol, count in batch.missed.items():
            if symbol in self.symbols:
                self._skipped[symbol] = self._skipped.get(symbol, 0) + count
        if self.interval_ns:
            self._pace(batch)
            return
        _, count = batch.update(self.symbols)
        if not count:
            return
        if self._newest:
            self._keep_newest(batch)
        else:
            self._batches.extend(batch.split(self.symbols, self._update_ticks))
            self._ticks += count
            if self._ticks > self._most_ticks:
                self._conflate()
        self._something.set()

    def take(self) -> bytes:
        """The next update, empty when nothing waits."""
        if self._first:
            first, self._first = self._first, b""
            return first
        if self._batches:
            made = self._next_batches()
        elif self._newest:
            names = list(islice(self._newest, self._update_ticks))
            made = b"".join([self._newest.pop(name) for name in names]) + self._tail
        else:
            return b""
        if self._skipped:
            made += pb.PriceUpdate(skipped=self._skipped).SerializeToString()
            self._skipped = {}
        return made

    def _next_batches(self) -> bytes:
        """As many of the batches that wait as one update may have, and one at least."""
        found: list[bytes] = []
        ticks = 0
        while self._batches:
            made, count = self._batches[0].update(self.symbols)
            if found and ticks + count > self._update_ticks:
                break
            self._batches.popleft()
            found.append(made)
            ticks += count
        self._ticks -= ticks
        return b"".join(found)

    async def run(self, context: Context, write_grace_s: float) -> None:
        """Write updates until the call is cancelled.

        Raises:
            MdsimError: what ``end`` said, or ``SlowError`` when a write takes longer than the grace.
        """
        while self.error is None:
            update = self.take()
            if not update:
                self._something.clear()
                await self._something.wait()
                continue
            if not self.compress:
                context.disable_next_message_compression()
            try:
                async with asyncio.timeout(write_grace_s):
                    await context.write(update)  # type: ignore[arg-type]  # bytes: it has no serialiser
            except TimeoutError:
                self._counters.slow += 1
                raise SlowError(
                    "MD432",
                    f"the reader took nothing for {write_grace_s:g} s",
                    hint="read faster, ask for fewer instruments, or set interval_ns",
                ) from None
            self._counters.updates += 1
            self._counters.update_bytes += len(update)
        raise self.error

    def _conflate(self) -> None:
        batches, self._batches, self._ticks = self._batches, deque(), 0
        for batch in batches:
            self._keep_newest(batch)

    def _keep_newest(self, batch: Batch) -> None:
        for symbol, ticks in batch.parts.items():
            if symbol in self.symbols:
                gone = len(ticks) - 1 + (symbol in self._newest)
                self._put(symbol, ticks[-1], gone)
        self._tail = batch.tail

    def _put(self, symbol: str, tick: bytes, gone: int) -> None:
        self._newest[symbol] = tick
        if gone:
            self._skipped[symbol] = self._skipped.get(symbol, 0) + gone
            self._counters.conflated += gone

    def _pace(self, batch: Batch) -> None:
        for symbol, ticks in batch.parts.items():
            if symbol in self.symbols:
                self._paced[symbol] = ticks[-1]
        slot = batch.ts_publish_ns // self.interval_ns
        if self._paced and slot != self._slot:
            self._slot = slot
            for symbol, tick in self._paced.items():
                self._put(symbol, tick, int(symbol in self._newest))
            self._paced = {}
            self._tail = batch.tail
            self._something.set()


class Streams:
    """Every price stream.

    Attributes:
        handled: batches that have come; compared with those that were sent to bound the way between.
    """

    def __init__(self) -> None:
        self.handled = 0
        self._streams: dict[PriceStream, None] = {}
        self._stopping: MdsimError | None = None

    def __len__(self) -> int:
        return len(self._streams)

    def add(self, stream: PriceStream, snapshot: bytes) -> None:
        """Let a stream have what comes from now on; one that has ended meanwhile is passed by."""
        if stream.error is None:
            stream.begin(snapshot)
            self._streams[stream] = None
            if self._stopping is not None:
                stream.end(self._stopping)

    def remove(self, stream: PriceStream, why: MdsimError) -> None:
        """Forget a stream, whether it was added or is still to be."""
        stream.error = stream.error or why
        self._streams.pop(stream, None)

    def publish(self, batch: Batch) -> None:
        """Offer a batch to every stream that is not set apart."""
        self.handled += 1
        for stream in self._streams:
            if not stream.apart:
                stream.offer(batch)

    def publish_apart(self, partings: Sequence[tuple[PriceStream, bytes, Batch]]) -> None:
        """Give streams that are disturbed what has left for each: a snapshot or nothing, and a batch."""
        self.handled += 1
        for stream, snapshot, batch in partings:
            if stream in self._streams:
                stream.begin(snapshot)
                stream.offer(batch)

    def end_all(self, error: MdsimError) -> None:
        """Let every stream end, and every one that is still to come."""
        self._stopping = error
        for stream in self._streams:
            stream.end(error)
