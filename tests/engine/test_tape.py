"""The tape remembers what was published, bounded, and answers in Decimals."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from types import SimpleNamespace

import pytest

from mdsim.core.events import Bar, BookDelta, BookSnapshot, Tick, Trade
from mdsim.core.ports import CurveType, EffectType
from mdsim.core.registry import discover
from mdsim.core.seeds import SeedTree
from mdsim.core.serving import Published
from mdsim.core.time import MINUTE, SECOND
from mdsim.engine.corridor import Engine
from mdsim.engine.tape import Tape, TapeSettings

EFFECTS = discover("mdsim.chaos.effects", "EFFECT", EffectType)
CURVES = discover("mdsim.chaos.curves", "CURVE", CurveType)


class Taped:
    """Two minutes and ten seconds of a falling market, on tape."""

    def __init__(self, feed: object, settings: TapeSettings) -> None:
        self.engine = Engine(feed, EFFECTS, CURVES, seeds=SeedTree(3))  # type: ignore[arg-type]  # a fake feed
        self.tape = Tape(self.engine, settings)
        self.start_ns = self.engine.feed.start_ns
        self.published: list[Published] = []
        for second in range(131):
            self.engine.cycle(self.start_ns + second * SECOND)
            self.published += self.tape.record()


@pytest.fixture
def taped(scripted: Callable[..., object]) -> Taped:
    """BTC and ETH, 100 ticks and 50 trades kept."""
    feed = scripted("BTC-USD", "ETH-USD", BTC=lambda at_s: 60_000 - 10 * at_s)
    return Taped(feed, TapeSettings(ticks_kept=100, trades_kept=50, bars_kept=3, depth_every_ns=10 * SECOND))


def test_every_cycle_gives_a_tick_of_every_instrument(taped: Taped) -> None:
    """With rising sequence numbers of its own."""
    ticks = [one for one in taped.published if isinstance(one, Tick) and one.symbol == "BTC-USD"]
    assert [tick.seq for tick in ticks] == list(range(1, 132))


def test_only_so_many_ticks_are_kept_and_the_newest_of_them(taped: Taped) -> None:
    """Ring policy: the oldest makes room."""
    kept = taped.tape.ticks("BTC-USD", 0, 1 << 62, 1_000)
    assert len(kept) == 100
    assert (
        kept[-1] == [one for one in taped.published if isinstance(one, Tick) and one.symbol == "BTC-USD"][-1]
    )


def test_trades_are_told_once_each_inside_the_quote_of_their_time(taped: Taped) -> None:
    """Sequence numbers have no gap, times never fall, and sizes are positive."""
    trades = [one for one in taped.published if isinstance(one, Trade) and one.symbol == "BTC-USD"]
    assert [trade.seq for trade in trades] == list(range(1, len(trades) + 1))
    assert all(before.ts_event_ns <= after.ts_event_ns for before, after in pairwise(trades))
    assert all(trade.size > 0 for trade in trades)
    assert len(trades) > 20


def test_bars_add_up_to_the_trades(taped: Taped) -> None:
    """A minute's volume, count, high and low are those of its prints."""
    trades = [one for one in taped.published if isinstance(one, Trade) and one.symbol == "BTC-USD"]
    bars = [one for one in taped.published if isinstance(one, Bar) and one.symbol == "BTC-USD"]
    minute = next(bar for bar in bars if bar.interval == "1m" and bar.start_ns == taped.start_ns)
    inside = [t for t in trades if minute.start_ns <= t.ts_event_ns < minute.start_ns + MINUTE]
    assert minute.volume == sum((t.size for t in inside), Decimal(0))
    assert (minute.high, minute.low) == (max(t.price for t in inside), min(t.price for t in inside))
    assert minute.trades == len(inside)
    assert taped.tape.bars("BTC-USD", "1m", 0, 1 << 62, 10)[0].start_ns == taped.start_ns


def followed(taped: Taped | SimpleNamespace, symbol: str) -> list[BookSnapshot]:
    """The books that a reader has who takes every change in, as the page on streaming tells it to."""
    books: list[BookSnapshot] = []
    for one in taped.published:
        if isinstance(one, BookSnapshot) and one.symbol == symbol:
            books.append(one)
        elif isinstance(one, BookDelta) and one.symbol == symbol:
            books.append(books[-1].after(one))
    return books


def test_published_changes_rebuild_the_published_book(scripted: Callable[..., object]) -> None:
    """Change by change the book that stands published; a whole one comes first, and after a minute again."""
    feed = scripted("BTC-USD", "ETH-USD", BTC=lambda at_s: 60_000 + at_s % 7)
    engine = Engine(feed, EFFECTS, CURVES, seeds=SeedTree(3))  # type: ignore[arg-type]  # a fake feed
    tape, seen, told = Tape(engine, TapeSettings()), [], []
    for second in range(125):
        engine.cycle(engine.feed.start_ns + second * SECOND)
        told += tape.record()
        seen.append(tape.published_book("ETH-USD"))
        assert seen[-1] == tape.book("ETH-USD", 10)
    taped = SimpleNamespace(published=told)
    assert followed(taped, "ETH-USD") == seen
    whole = [one.seq for one in told if isinstance(one, BookSnapshot) and one.symbol == "ETH-USD"]
    assert {1, 61, 121} <= set(whole)
    assert len(whole) < 40


def test_the_published_book_is_that_of_its_time(taped: Taped) -> None:
    """Between two publications the book moves on; changes are told against what was published."""
    last = followed(taped, "BTC-USD")[-1]
    assert taped.tape.published_book("BTC-USD") == last
    taped.engine.cycle(taped.start_ns + 131 * SECOND)
    taped.tape.record()
    assert taped.tape.published_book("BTC-USD") == last
    assert taped.tape.book("BTC-USD", 10).bids != last.bids


def test_books_come_at_their_interval_and_are_never_crossed(taped: Taped) -> None:
    """Best first, with as many levels as were asked for."""
    books = followed(taped, "ETH-USD")
    assert len(books) == 14
    for book in books:
        assert book.bids[0].price < book.asks[0].price
        assert len(book.bids) == len(book.asks) == 10
    asked = taped.tape.book("ETH-USD", 3)
    assert len(asked.bids) == 3
    assert asked.bids == taped.tape.book("ETH-USD", 3).bids


def test_statistics_and_quote_tell_the_present(taped: Taped) -> None:
    """The last 24 hours hold all there is so far."""
    stats, quote = taped.tape.stats("BTC-USD"), taped.tape.quote("BTC-USD")
    assert stats.low <= stats.last <= stats.high
    assert stats.volume == quote.volume_24h > 0
    assert quote.state == "LIVE"
    assert quote.bid < quote.ask
    assert quote.confidence == 1


def test_correlations_are_symmetric_and_one_with_oneself(taped: Taped) -> None:
    """In the order asked."""
    found = taped.tape.correlations(("ETH-USD", "BTC-USD"), MINUTE)
    assert found.matrix[0][0] == found.matrix[1][1] == 1.0
    assert found.matrix[0][1] == found.matrix[1][0]
    assert found.samples == 60


def test_a_volume_profile_holds_all_the_volume(taped: Taped) -> None:
    """Bands do not overlap and nothing falls between them."""
    bands = taped.tape.volume_profile("BTC-USD", 0, 1 << 62, 8)
    kept = taped.tape.trades("BTC-USD", 0, 1 << 62, 1_000)
    assert sum((band.volume for band in bands), Decimal(0)) == sum((t.size for t in kept), Decimal(0))
    assert all(before.high <= after.low for before, after in pairwise(bands))


def test_buffers_tell_their_fill_and_bound(taped: Taped) -> None:
    """So that an operator sees what memory is spent on."""
    buffers = taped.tape.buffers()["BTC-USD"]
    assert buffers["ticks"] == buffers["ticks_most"] == 100
    assert buffers["trades"] <= buffers["trades_most"] == 50
    assert buffers["bars"] <= buffers["bars_most"]


def test_a_market_without_a_cycle_is_not_ready(scripted: Callable[..., object]) -> None:
    """It says why."""
    engine = Engine(scripted("BTC-USD"), EFFECTS, CURVES)  # type: ignore[arg-type]  # a fake feed
    assert Tape(engine).ready() == "no price has been published yet"
