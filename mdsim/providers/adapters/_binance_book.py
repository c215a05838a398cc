"""Binance's way to a local book: a snapshot laid under numbered changes, and the rules for a gap.

Ids are Binance's update ids of one symbol; one counter numbers changes of the book, quotes (bookTicker)
and snapshots alike. The rules are those of the vendor's page on local order books, with the border case
as recordings have it: a snapshot may sit exactly on the end of a change.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal

import msgspec

from mdsim.providers.adapters._books import Book, Level

MOST_BUFFERED = 6_000
"""Changes kept while a snapshot is fetched: ten minutes at 100 ms. Past it the oldest go, counted."""
MOST_QUOTES = 2_000
MOST_MISMATCHES = 3
"""A quote may overtake a change on the wire once; a book that disagrees three times running is wrong."""


class Change(msgspec.Struct, frozen=True, gc=False):
    """Levels that changed with the ids ``first`` to ``last``; sizes are absolute."""

    first: int
    last: int
    bids: list[Level]
    asks: list[Level]


class Quote(msgspec.Struct, frozen=True, gc=False):
    """Best bid and ask as of an update id."""

    id: int
    bid: Level
    ask: Level


class BookSync:
    """The local book of one symbol.

    Attributes:
        book: None until a snapshot lies under the changes.
        last_id: update id that the book has reached; -1 without a book.
        wanted: a snapshot is needed; whoever fetches it clears this.
        gaps, resyncs, dropped: jumps in the ids, books thrown away, changes lost by a full buffer.
        skipped: changes that the book already held.
        compared, mismatches: quotes held against the book, and those that disagreed.
    """

    def __init__(self) -> None:
        self.book: Book | None = None
        self.last_id = -1
        self.wanted = True
        self.gaps = self.resyncs = self.dropped = self.skipped = self.compared = self.mismatches = 0
        self._buffer: deque[Change] = deque()
        self._quotes: deque[Quote] = deque(maxlen=MOST_QUOTES)
        self._quote: Quote | None = None
        self._wrong_running = 0

    def change(self, change: Change) -> bool:
        """Take a change; whether the book moved."""
        if self.book is None:
            if len(self._buffer) >= MOST_BUFFERED:
                self._buffer.popleft()
                self.dropped += 1
            self._buffer.append(change)
            return False
        moved = self._apply(change)
        if moved:
            self._compare()
        return moved and self.last_id >= 0

    def snapshot(self, last_id: int, bids: list[Level], asks: list[Level]) -> bool:
        """Lay a snapshot under what is buffered; False when it is too old, so that another is needed."""
        if self._buffer and last_id < self._buffer[0].first - 1:
            self.wanted = True
            return False
        self.book, self.last_id, self.wanted = Book(bids, asks), last_id, False
        waiting, self._buffer = self._buffer, deque()
        while waiting and self.last_id >= 0:
            self._apply(waiting.popleft())
        self._buffer.extend(waiting)  # of a book that was lost again: a gap among what was buffered
        return self.last_id >= 0

    def quote(self, quote: Quote) -> None:
        """Remember a quote, to hold the book against it when it gets there."""
        self._quotes.append(quote)

    def _apply(self, change: Change) -> bool:
        if self.book is None or change.last <= self.last_id:
            self.skipped += 1
            return False
        if change.first > self.last_id + 1:
            self.gaps += 1
            self._start_over(change)
            return False
        self.book.apply(change.bids, change.asks)
        self.last_id = change.last
        return True

    def _compare(self) -> None:
        """Hold the book against itself, and against the newest quote that is not newer than it."""
        top = None if self.book is None else self.book.top()
        if top is not None and top[0][0] >= top[1][0]:  # a match would have been traded: a level is wrong
            self.mismatches += 1
            self._start_over(None)
            return
        while self._quotes and self._quotes[0].id <= self.last_id:
            self._quote = self._quotes.popleft()
        if self._quote is None or self.book is None:
            return
        self.compared += 1
        if top == (self._quote.bid, self._quote.ask):
            self._wrong_running = 0
            return
        self.mismatches += 1
        self._wrong_running += 1
        if self._wrong_running >= MOST_MISMATCHES:
            self._start_over(None)

    def _start_over(self, first: Change | None) -> None:
        self.resyncs += 1
        self.book, self.last_id, self.wanted = None, -1, True
        self._wrong_running, self._quote = 0, None
        self._buffer.clear()
        if first is not None:
            self._buffer.append(first)


def sized(levels: list[Level]) -> bool:
    """Whether every level is a finite price above zero and a finite size."""
    return all(
        price.is_finite() and price > 0 and size.is_finite() and size >= Decimal(0) for price, size in levels
    )
