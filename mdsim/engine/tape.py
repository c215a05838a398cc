"""The tape: what a live market remembers, and what it gives to those who stream it.

Called once a cycle, after the engine. Everything is bounded: quotes in rings, bars by count, prints by
count, statistics in minute buckets.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter

from mdsim.core.decimals import CONTEXT, rounded
from mdsim.core.errors import NotFoundError
from mdsim.core.events import Bar, BookDelta, BookSnapshot, Tick, Trade
from mdsim.core.instruments import Instrument
from mdsim.core.serving import Correlations, Published, Quote, Stats24h, VolumeAtPrice
from mdsim.core.time import HOUR, MINUTE, SECOND
from mdsim.engine.corridor import Engine
from mdsim.engine.rings import QuoteRing
from mdsim.microstructure import edge
from mdsim.microstructure.bars import INTERVALS, Bars
from mdsim.microstructure.book import Book, difference
from mdsim.microstructure.correlations import Correlations as RollingCorrelations
from mdsim.microstructure.stats24h import Stats24h as DayWindow

_WHOLE_EVERY = 60
"""One published book in so many is told whole: who missed a change is right again after a minute or so."""


@dataclass(frozen=True, slots=True)
class TapeSettings:
    """How much is kept and how often the slower channels speak.

    Attributes:
        ticks_kept: quotes an instrument; 36,000 are an hour at ten a second.
        trades_kept: prints an instrument.
        bars_kept: bars an instrument and interval.
        depth_levels, depth_every_ns: size and period of the published book.
        lag_ns: longest wait for late trades before a bar is published.
    """

    ticks_kept: int = 36_000
    trades_kept: int = 5_000
    bars_kept: int = 1_500
    depth_levels: int = 10
    depth_every_ns: int = SECOND
    intervals: tuple[str, ...] = tuple(INTERVALS)
    lag_ns: int = 5 * SECOND


class _Memory:
    """What is kept of one instrument."""

    def __init__(self, settings: TapeSettings) -> None:
        self.quotes = QuoteRing(settings.ticks_kept)
        self.trades: deque[Trade] = deque(maxlen=settings.trades_kept)
        self.making = Bars(settings.intervals, lag_ns=settings.lag_ns)
        self.bars: dict[str, deque[Bar]] = {
            name: deque(maxlen=settings.bars_kept) for name in settings.intervals
        }
        self.bar_seqs = dict.fromkeys(settings.intervals, 0)
        self.day = DayWindow()
        self.trade_seq = 0
        self.depth_seq = 0
        self.book: tuple[Book, int] | None = None  # the last published, and when


class Tape:
    """The in-memory market port of a server.

    A durable store may stand behind the same port later.
    """

    def __init__(
        self, engine: Engine, settings: TapeSettings | None = None, *, since_ns: int | None = None
    ) -> None:
        """Begin empty: with the engine's first cycle, or after the one at ``since_ns``."""
        self.settings = settings or TapeSettings()
        self.catalogue = engine.feed.catalogue
        self._engine = engine
        self._market = engine.market
        self._memories = [_Memory(self.settings) for _ in self.catalogue]
        size = len(self.catalogue)
        self._seconds = RollingCorrelations(size, period_ns=SECOND, window_ns=HOUR)
        self._minutes = RollingCorrelations(size, period_ns=MINUTE, window_ns=24 * HOUR)
        self._until_ns = engine.feed.start_ns if since_ns is None else since_ns
        self._depth_due_ns = self._until_ns

    # Recording

    def record(self) -> list[Published]:
        """Remember the engine's last cycle; everything it published, by instrument and channel."""
        market, now_ns = self._market, self._market.now_ns
        published: list[Published] = []
        depth = now_ns >= self._depth_due_ns
        if depth:
            every_ns = self.settings.depth_every_ns
            self._depth_due_ns += every_ns * ((now_ns - self._depth_due_ns) // every_ns + 1)
        references = market.references()
        for at, (item, memory) in enumerate(zip(self.catalogue, self._memories, strict=True)):
            if not market.halted(at):
                memory.quotes.push(now_ns, market.mids[at], market.bids[at], market.asks[at], references[at])
                published.append(market.tick(at))
            self._record_trades(at, item, memory, now_ns, published)
            if depth and not market.halted(at):
                published.append(self._told(at, item, memory, now_ns))
        self._seconds.push(now_ns, market.mids)
        self._minutes.push(now_ns, market.mids)
        self._until_ns = now_ns
        return published

    def _record_trades(
        self, at: int, item: Instrument, memory: _Memory, now_ns: int, published: list[Published]
    ) -> None:
        prints = self._engine.micro.prints(at, self._until_ns, now_ns)
        if prints:
            memory.making.add(prints)
            memory.day.add(prints)
            for one in prints:
                memory.trade_seq += 1
                trade = edge.trade(item, one, memory.trade_seq)
                memory.trades.append(trade)
                published.append(trade)
        for made in memory.making.publish(now_ns, now_ns):
            memory.bar_seqs[made.interval] += 1
            bar = edge.bar(item, made, memory.bar_seqs[made.interval])
            self._keep_bar(memory.bars[made.interval], bar)
            published.append(bar)

    @staticmethod
    def _keep_bar(bars: deque[Bar], bar: Bar) -> None:
        for back in range(1, len(bars) + 1):
            if bars[-back].start_ns == bar.start_ns:
                bars[-back] = bar
                return
            if bars[-back].start_ns < bar.start_ns:
                break
        bars.append(bar)

    def _told(self, at: int, item: Instrument, memory: _Memory, now_ns: int) -> BookSnapshot | BookDelta:
        """The book as it is published: what has changed of it, or all of it where that is less."""
        book = self._engine.micro.book(at, self.settings.depth_levels)
        before, memory.book = memory.book, (book, now_ns)
        memory.depth_seq += 1
        if before is not None and memory.depth_seq % _WHOLE_EVERY != 1:
            change = difference(before[0], book)
            if len(change.bids) + len(change.asks) < len(book.bids) + len(book.asks):
                return edge.delta(item, change, now_ns, memory.depth_seq)
        return edge.snapshot(item, book, now_ns, memory.depth_seq)

    # Asking

    def now_ns(self) -> int:
        """Market time of the last publication."""
        return self._market.now_ns

    def ready(self) -> str | None:
        """None once prices flow, otherwise why not."""
        if self._market.cycles == 0:
            return "no price has been published yet"
        if all(self._market.halted(at) for at in range(len(self.catalogue))):
            return "every instrument is halted"
        return None

    def quote(self, symbol: str) -> Quote:
        """The present of an instrument."""
        at = self.catalogue.index[symbol]
        tick = self._market.tick(at)
        volume = self._memories[at].day.volume(self._market.now_ns)
        item = self.catalogue.instruments[at]
        judged = None if self._engine.judged is None else self._engine.judged.judgement(at)
        state = "LIVE" if judged is None else judged.state
        return Quote(
            symbol=symbol,
            seq=tick.seq,
            ts_event_ns=tick.ts_event_ns,
            price=tick.price,
            bid=tick.bid,
            ask=tick.ask,
            reference=tick.reference,
            confidence=Decimal(1) if judged is None else rounded(judged.confidence, 4),
            sources_used=1 if judged is None else judged.used,
            sources_total=1 if judged is None else judged.total,
            state="HALTED" if self._market.halted(at) else state,
            age_ns=max(0, self._market.now_ns - min(self._engine.feed.updated_ns[at], tick.ts_event_ns)),
            volume_24h=CONTEXT.multiply(Decimal(volume), item.size_increment),
        )

    def book(self, symbol: str, depth: int) -> BookSnapshot:
        """The ladder as it is now; ``seq`` is that of the last published one."""
        at = self.catalogue.index[symbol]
        book = self._engine.micro.book(at, depth)
        item = self.catalogue.instruments[at]
        return edge.snapshot(item, book, self._market.now_ns, self._memories[at].depth_seq)

    def published_book(self, symbol: str) -> BookSnapshot:
        """The ladder as it was last published; before that, as it is now."""
        at = self.catalogue.index[symbol]
        memory = self._memories[at]
        if memory.book is None:
            return self.book(symbol, self.settings.depth_levels)
        book, ts_ns = memory.book
        return edge.snapshot(self.catalogue.instruments[at], book, ts_ns, memory.depth_seq)

    def ticks(self, symbol: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Tick]:
        """Published ticks of a span, oldest first."""
        at = self.catalogue.index[symbol]
        decimal = self._market.decimal
        return [
            Tick(
                symbol, seq, ts, decimal(at, mid), decimal(at, bid), decimal(at, ask), decimal(at, reference)
            )
            for seq, ts, mid, bid, ask, reference in self._memories[at].quotes.between(
                start_ns, end_ns, limit
            )
        ]

    def trades(self, symbol: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Trade]:
        """Prints of a span, oldest first."""
        kept = self._memories[self.catalogue.index[symbol]].trades
        found = [one for one in kept if start_ns <= one.ts_event_ns < end_ns]
        return found[:limit]

    def bars(self, symbol: str, interval: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Bar]:
        """Bars that began in a span, oldest first.

        Raises:
            NotFoundError: there are none of this interval.
        """
        kept_by_interval = self._memories[self.catalogue.index[symbol]].bars
        if interval not in kept_by_interval:
            hint = f"there are {', '.join(kept_by_interval)}"
            raise NotFoundError("MD582", f"bars of {interval} are not kept on this server", hint=hint)
        kept = list(kept_by_interval[interval])
        first = bisect_left(kept, start_ns, key=attrgetter("start_ns"))
        return [bar for bar in kept[first : first + limit] if bar.start_ns < end_ns]

    def stats(self, symbol: str) -> Stats24h:
        """Statistics of the last 24 hours; before the first trade, the present price and no volume."""
        at = self.catalogue.index[symbol]
        item, market = self.catalogue.instruments[at], self._market
        day = self._memories[at].day.now(market.now_ns)
        price = market.decimal(at, market.mids[at])
        if day is None:
            zero = Decimal(0)
            now_ns = market.now_ns
            return Stats24h(symbol, now_ns, now_ns, price, price, price, price, zero, zero, zero, 0)
        return Stats24h(
            symbol=symbol,
            since_ns=max(day.start_ns, self._engine.feed.start_ns),
            until_ns=day.end_ns,
            open=market.decimal(at, day.open),
            high=market.decimal(at, day.high),
            low=market.decimal(at, day.low),
            last=market.decimal(at, day.last),
            volume=CONTEXT.multiply(Decimal(day.volume), item.size_increment),
            quote_volume=edge.quote_amount(item, day.quote_volume),
            change=day.change_share.quantize(Decimal("0.000001"), context=CONTEXT),
            trades=day.trades,
        )

    def correlations(self, symbols: Sequence[str], window_ns: int) -> Correlations:
        """From returns a second up to an hour, from returns a minute beyond."""
        rolling = self._seconds if window_ns <= HOUR else self._minutes
        found = rolling.matrix(window_ns)
        at = [self.catalogue.index[symbol] for symbol in symbols]
        if found is None:
            return Correlations(tuple(symbols), window_ns, 0, tuple((None,) * len(at) for _ in at))
        matrix = tuple(tuple(round(found.values[row][column], 6) for column in at) for row in at)
        return Correlations(tuple(symbols), found.window_ns, found.samples, matrix)

    def volume_profile(self, symbol: str, start_ns: int, end_ns: int, levels: int) -> Sequence[VolumeAtPrice]:
        """Volume by price band over the prints that are kept."""
        item = self.catalogue[symbol]
        prints = self.trades(symbol, start_ns, end_ns, self.settings.trades_kept)
        if not prints:
            return []
        low, high = min(one.price for one in prints), max(one.price for one in prints)
        span = high - low + item.price_increment
        volumes, counts = [Decimal(0)] * levels, [0] * levels
        for one in prints:
            band = int(CONTEXT.multiply(CONTEXT.divide(one.price - low, span), Decimal(levels)))
            volumes[band] = CONTEXT.add(volumes[band], one.size)
            counts[band] += 1
        edges = [
            CONTEXT.add(low, CONTEXT.divide(CONTEXT.multiply(span, Decimal(band)), Decimal(levels))).quantize(
                item.price_increment, context=CONTEXT
            )
            for band in range(levels + 1)
        ]
        return [
            VolumeAtPrice(edges[band], edges[band + 1], volumes[band], counts[band])
            for band in range(levels)
            if counts[band]
        ]

    def buffers(self) -> Mapping[str, Mapping[str, int]]:
        """Fill and bound of every buffer by symbol."""
        return {
            item.symbol: {
                "ticks": len(memory.quotes),
                "ticks_most": memory.quotes.size,
                "trades": len(memory.trades),
                "trades_most": self.settings.trades_kept,
                "bars": sum(len(bars) for bars in memory.bars.values()),
                "bars_most": self.settings.bars_kept * len(memory.bars),
            }
            for item, memory in zip(self.catalogue, self._memories, strict=True)
        }
