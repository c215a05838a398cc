"""One pair on one venue of the testkit: its book, its trades and its numbering, one beat after another."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count

from mdsim.core.decimals import CONTEXT, from_steps
from mdsim.core.keyed import at as bits_at
from mdsim.core.keyed import key_of, poisson, unit
from mdsim.core.seeds import SeedTree
from mdsim.core.time import DAY, MINUTE, SECOND
from mdsim.microstructure.ladder import Ladders, LadderState
from mdsim.microstructure.profile import DepthLaw, LadderLaw
from mdsim.venues.wander import Wander

LEVELS = 50
TRADES_KEPT = 1_000
BARS_KEPT = 1_440
WEEK_MINUTES = 7 * 1_440
MONDAY_NS = 4 * DAY
"""1 January 1970 was a Thursday."""
_LEVEL_USD = 4_000.0
_LADDERS = Ladders(LadderLaw(), DepthLaw())


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair as a venue lists it.

    Attributes:
        base, quote: our assets.
        price_places, size_places: decimals of its grids.
        spread_bps: what it quotes on a calm day.
        volume_24h: base units; trades come at that rate.
        noise_bps: how far it strays from the market, one standard deviation.
    """

    base: str
    quote: str
    price_places: int
    size_places: int
    spread_bps: float
    volume_24h: float
    noise_bps: float = 0.5


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade.

    Attributes:
        buy: the taker bought, at the ask.
    """

    number: int
    ts_ns: int
    buy: bool
    price: Decimal
    size: Decimal


@dataclass(slots=True)
class Bar:
    """A minute of trades, or several.

    Attributes:
        first, last: numbers of its trades, -1 without any; ``bought``: by takers.
    """

    open_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    first: int
    last: int
    volume: Decimal = Decimal(0)
    quote_volume: Decimal = Decimal(0)
    bought: Decimal = Decimal(0)
    quote_bought: Decimal = Decimal(0)
    trades: int = 0

    def take(self, later: Bar) -> None:
        """Take in a bar that follows: the two become one."""
        if later.trades and not self.trades:
            self.open, self.high, self.low, self.first = later.open, later.high, later.low, later.first
        elif later.trades:
            self.high, self.low = max(self.high, later.high), min(self.low, later.low)
        self.close, self.last = later.close, later.last if later.trades else self.last
        for name in ("volume", "quote_volume", "bought", "quote_bought"):
            setattr(self, name, CONTEXT.add(getattr(self, name), getattr(later, name)))
        self.trades += later.trades

    def add(self, trade: Trade) -> None:
        """Take a trade in."""
        worth = CONTEXT.multiply(trade.price, trade.size)
        if not self.trades:
            self.open = self.high = self.low = trade.price
        self.high, self.low, self.close = max(self.high, trade.price), min(self.low, trade.price), trade.price
        self.volume = CONTEXT.add(self.volume, trade.size)
        self.quote_volume = CONTEXT.add(self.quote_volume, worth)
        if trade.buy:
            self.bought = CONTEXT.add(self.bought, trade.size)
            self.quote_bought = CONTEXT.add(self.quote_bought, worth)
        self.first = trade.number if self.first < 0 else self.first
        self.last = trade.number
        self.trades += 1


Levels = dict[Decimal, Decimal]
"""Size by price; in changes a size of 0 takes the level away."""


@dataclass(frozen=True, slots=True)
class Beat:
    """What changed in one beat.

    Attributes:
        first, last: numbers of the changes; ``last`` is below ``first`` when nothing changed.
        touch: the best quotes or their sizes changed.
    """

    first: int
    last: int
    bids: Levels
    asks: Levels
    touch: bool
    trades: tuple[Trade, ...]

    @property
    def changed(self) -> bool:
        return self.last >= self.first


@dataclass(slots=True)
class Day:
    """What happened since the double started, which stands for the last 24 hours."""

    open: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    low: Decimal = Decimal(0)
    volume: Decimal = Decimal(0)
    quote_volume: Decimal = Decimal(0)
    trades: int = 0


class Desk:
    """One pair on one venue.

    Attributes:
        listed: the venue's name of it.
        bids, asks: the book, best first.
        seq: number of the newest change; one counter for everything that tells of the book.
        trades: newest last; ``last``: the newest.
        bars: minutes, newest last.
    """

    def __init__(self, listed: str, pair: Pair, seeds: SeedTree, venue: str) -> None:
        self.listed = listed
        self.pair = pair
        self.bids: Levels = {}
        self.asks: Levels = {}
        self.trades: deque[Trade] = deque(maxlen=TRADES_KEPT)
        self.bars: deque[Bar] = deque(maxlen=BARS_KEPT)
        self.day = Day()
        self._key = key_of(seeds, "testkit", venue, listed)
        self._wander = Wander(self._key, pair.noise_bps * 1e-4, 4 * SECOND)
        self.seq = 1_000_000 + self._key % 1_000_000
        self._trade_numbers: Iterator[int] = count(500_000 + self._key % 100_000)
        self._increment = Decimal(1).scaleb(-pair.price_places, CONTEXT)
        self._size_increment = Decimal(1).scaleb(-pair.size_places, CONTEXT)
        self._beats = 0
        self._told_ns = 0
        self._laid = 0.0
        self._strayed = 1.0

    def price(self, value: float) -> Decimal:
        """The nearest price on the grid."""
        return from_steps(max(1, round(value / float(self._increment))), self._increment)

    @property
    def top(self) -> tuple[tuple[Decimal, Decimal], tuple[Decimal, Decimal]]:
        """Best bid and best ask, each with its size."""
        return next(iter(self.bids.items())), next(iter(self.asks.items()))

    @property
    def last(self) -> Trade:
        """The newest trade."""
        return self.trades[-1]

    def beat(self, mid: float, usd: float, now_ns: int, *, still: bool = False) -> Beat:
        """Move to the present.

        Args:
            mid: the market's price of the pair, before the venue's own wandering.
            usd: of one base unit, for sizes.
            now_ns: the present.
            still: the best quotes stay as they are, and nothing trades; sizes and deeper levels move on.
        """
        self._strayed = self._strayed if still else math.exp(self._wander.at(now_ns))
        mid *= self._strayed
        bids, asks = self._ladder(mid, usd, now_ns)
        before = self.top if self.bids else None
        changed_bids, changed_asks = _changes(self.bids, bids), _changes(self.asks, asks)
        self.bids, self.asks = bids, asks
        first = self.seq + 1
        self.seq += len(changed_bids) + len(changed_asks)
        trades = () if still else self._trade(now_ns)
        return Beat(first, self.seq, changed_bids, changed_asks, self.top != before, trades)

    def _ladder(self, mid: float, usd: float, now_ns: int) -> tuple[Levels, Levels]:
        """The book around a mid, best first."""
        steps = mid / float(self._increment)
        half = steps * self.pair.spread_bps * 0.5e-4
        bid = max(1, math.floor(steps - half))
        ask = max(math.ceil(steps + half), bid + 1)
        # Slots stay as wide as they were laid out: a width that follows the price redraws every level.
        if not self._laid or not 0.67 < steps / self._laid < 1.5:
            self._laid = steps
        unit_size = _LEVEL_USD / max(usd, 1e-9) / float(self._size_increment)
        state = LadderState(
            key=self._key,
            now_ns=now_ns,
            slot=max(1, int(self._laid * 0.2e-4)),
            bid=bid,
            ask=ask,
            bid_unit=unit_size,
            ask_unit=unit_size,
            knee=max(1.0, self._laid * 10e-4),
        )
        book = _LADDERS.book(state, LEVELS)
        return self._levels(book.bids), self._levels(book.asks)

    def _levels(self, levels: tuple[tuple[int, int], ...]) -> Levels:
        return {
            from_steps(price, self._increment): from_steps(size, self._size_increment)
            for price, size in levels
        }

    def _trade(self, now_ns: int) -> tuple[Trade, ...]:
        """Trades of a beat: at least one in the first, so that there is a last price."""
        elapsed_ns = now_ns - self._told_ns if self._told_ns else 0
        self._told_ns = now_ns
        self._beats += 1
        (bid, bid_size), (ask, ask_size) = self.top
        mean_size = max(float(bid_size), float(self._size_increment)) * 0.2
        rate = min(20.0, self.pair.volume_24h / 86_400 / mean_size)
        bits = bits_at(self._key ^ 0x7A, self._beats)
        number = poisson(min(rate, 5.0) * min(elapsed_ns, SECOND) / SECOND, unit(bits))
        made = []
        for at in range(number if self.trades else max(1, number)):
            draw = bits_at(self._key ^ 0x7B, self._beats * 64 + at)
            buy = bool(draw & 1)
            share = unit(bits_at(draw, 1))
            most = ask_size if buy else bid_size
            steps = max(1, int(float(most) * share / float(self._size_increment)))
            trade = Trade(
                next(self._trade_numbers),
                now_ns,
                buy,
                ask if buy else bid,
                from_steps(steps, self._size_increment),
            )
            made.append(trade)
            self._book_trade(trade)
        return tuple(made)

    def _book_trade(self, trade: Trade) -> None:
        self.trades.append(trade)
        day = self.day
        if not day.trades:
            day.open = day.high = day.low = trade.price
        day.high, day.low = max(day.high, trade.price), min(day.low, trade.price)
        day.volume = CONTEXT.add(day.volume, trade.size)
        day.quote_volume = CONTEXT.fma(trade.size, trade.price, day.quote_volume)
        day.trades += 1
        self.bar(trade.ts_ns).add(trade)

    def bar(self, now_ns: int) -> Bar:
        """The minute of an instant; minutes without a trade before it repeat the close."""
        open_ns = now_ns // MINUTE * MINUTE
        if not self.bars:
            price = self.last.price
            self.bars.append(Bar(open_ns, price, price, price, price, -1, -1))
        next_ns = max(self.bars[-1].open_ns, open_ns - BARS_KEPT * MINUTE) + MINUTE
        for begin_ns in range(next_ns, open_ns + 1, MINUTE):
            price = self.bars[-1].close
            self.bars.append(Bar(begin_ns, price, price, price, price, -1, -1))
        return self.bars[-1]

    def bars_of(self, minutes: int, now_ns: int) -> list[Bar]:
        """Bars of so many minutes, oldest first; the last is open. Weeks begin on Mondays."""
        self.bar(now_ns)
        length_ns = minutes * MINUTE
        offset_ns = MONDAY_NS if minutes % WEEK_MINUTES == 0 else 0
        found: list[Bar] = []
        for bar in self.bars:
            open_ns = (bar.open_ns - offset_ns) // length_ns * length_ns + offset_ns
            if found and found[-1].open_ns == open_ns:
                found[-1].take(bar)
            else:
                found.append(replace(bar, open_ns=open_ns))
        return found


def _changes(old: Levels, new: Levels) -> Levels:
    """Levels that are new or other, and those that went, with size 0."""
    changed = {price: size for price, size in new.items() if old.get(price) != size}
    for price in old:
        if price not in new:
            changed[price] = Decimal(0)
    return changed
