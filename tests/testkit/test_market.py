"""The market behind the doubles: prices that are set, the synthetic market, a recording moved to now."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mdsim.core.errors import UsageError
from mdsim.core.seeds import SeedTree
from mdsim.core.time import DAY, MINUTE, MS, SECOND, parse_utc
from mdsim.testkit.desk import Desk, Pair
from mdsim.testkit.market import Market

PAIR = Pair("BTC", "USD", 2, 5, 0.4, 8_200.0)


def test_a_scripted_market_stands_where_it_was_put() -> None:
    """Crosses follow from the worth of the assets; what is not named stands at its typical level."""
    market = Market.scripted({"BTC": "50000", "USDT": Decimal("0.5")})
    assert market.mid("BTC", "USD", 0) == 50_000
    assert market.mid("BTC", "USDT", 0) == 100_000
    assert market.mid("ETH", "USD", 0) == 3_000
    market.set("BTC", "40000")
    assert market.mid("BTC", "USD", 1) == 40_000


@pytest.mark.parametrize(
    ("asset", "price", "says"),
    [
        ("BTC-USD", "1", "no asset"),
        ("BTC", "zero", "no price"),
        ("BTC", "0", "no price"),
        ("BTC", "inf", "no"),
    ],
)
def test_what_is_no_price_is_refused(asset: str, price: str, says: str) -> None:
    """With MD640 and what to write instead."""
    with pytest.raises(UsageError, match=says) as told:
        Market.scripted().set(asset, price)
    assert told.value.code == "MD640"


def test_a_synthetic_market_moves_and_cannot_be_set() -> None:
    """The same seed gives the same first price; it starts where it is told to."""
    market = Market.synthetic(4, {"BTC": Decimal(70_000)})
    now_ns = market.now_ns()
    assert market.mid("BTC", "USD", now_ns) == pytest.approx(70_000, rel=0.001)
    assert market.mid("BTC", "USD", now_ns + MINUTE) != market.mid("ETH", "USD", now_ns + MINUTE)
    assert market.mid("BTC", "USD", now_ns + MINUTE) != 70_000
    with pytest.raises(TypeError, match="scripted"):
        market.set("BTC", "1")


def test_a_recording_plays_as_if_it_happened_now() -> None:
    """The crash of August 2024 from its worst hour on: bitcoin moves by percents within minutes."""
    market = Market.recorded("2024-08-05", parse_utc("2024-08-05T01:00:00Z"))
    now_ns = market.now_ns()
    prices = [market.mid("BTC", "USD", now_ns + minute * MINUTE) for minute in range(30)]
    assert 45_000 < min(prices) < 0.99 * max(prices) < 65_000


def test_a_desk_is_a_book_that_changes_into_itself() -> None:
    """Applying the changes of every beat gives the book; ids never jump; the touch never crosses."""
    desk = Desk("BTC-USD", PAIR, SeedTree(1), "test")
    book: list[dict[Decimal, Decimal]] = [{}, {}]
    newest = desk.seq
    for step in range(100):
        beat = desk.beat(60_000 + step, 60_000.0, step * 100 * MS)
        assert beat.first == newest + 1
        newest = beat.last
        for side, changes in zip(book, (beat.bids, beat.asks), strict=True):
            for price, size in changes.items():
                side[price] = size
                if not size:
                    del side[price]
        assert book == [desk.bids, desk.asks]
        (bid, _), (ask, _) = desk.top
        assert bid < ask
        assert list(desk.bids) == sorted(desk.bids, reverse=True)


def test_trades_are_numbered_without_a_gap_and_fill_bars() -> None:
    """Each at a best quote; the bars and the day hold all of them."""
    desk = Desk("BTC-USD", PAIR, SeedTree(1), "test")
    for step in range(900):
        beat = desk.beat(60_000.0, 60_000.0, step * 100 * MS)
        for trade in beat.trades:
            (bid, _), (ask, _) = desk.top
            assert trade.price == (ask if trade.buy else bid)
            assert trade.size > 0
    numbers = [trade.number for trade in desk.trades]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(desk.bars) == 2
    assert sum(bar.trades for bar in desk.bars) == desk.day.trades == len(numbers)
    assert sum(bar.volume for bar in desk.bars) == desk.day.volume
    bar = desk.bar(10 * MINUTE)
    assert (bar.open, bar.trades, bar.first) == (desk.last.price, 0, -1)


def test_longer_bars_are_made_of_minutes_and_empty_ones_repeat_the_close() -> None:
    """Five minutes and an hour hold what their minutes hold; a week begins on a Monday."""
    desk = Desk("BTC-USD", PAIR, SeedTree(1), "test")
    for step in range(240):
        desk.beat(60_000.0 + step, 60_000.0, step * 3 * SECOND)
    minutes = desk.bars_of(1, 20 * MINUTE)
    assert [bar.open_ns // MINUTE for bar in minutes] == list(range(21))
    assert minutes[-1].trades == 0
    assert minutes[-1].open == minutes[-1].close == desk.last.price
    fives = desk.bars_of(5, 20 * MINUTE)
    assert [bar.open_ns // MINUTE for bar in fives] == [0, 5, 10, 15, 20]
    for at, five in enumerate(fives[:3]):
        parts = [bar for bar in minutes[5 * at : 5 * at + 5] if bar.trades]
        assert (five.open, five.close) == (parts[0].open, parts[-1].close)
        assert (five.high, five.low) == (max(bar.high for bar in parts), min(bar.low for bar in parts))
        assert (five.first, five.last) == (parts[0].first, parts[-1].last)
        assert five.volume == sum(bar.volume for bar in parts)
        assert five.trades == sum(bar.trades for bar in parts)
    (hour,) = desk.bars_of(60, 20 * MINUTE)
    assert (hour.trades, hour.volume) == (desk.day.trades, desk.day.volume)
    assert minutes == desk.bars_of(1, 20 * MINUTE)  # nothing was added to the minutes themselves
    (week,) = desk.bars_of(7 * 1_440, 20 * MINUTE)
    assert week.open_ns == -3 * DAY  # Monday, 29 December 1969


def test_a_still_desk_keeps_its_touch() -> None:
    """While it is still nothing trades and the best prices stand, though the book lives."""
    desk = Desk("BTC-USD", PAIR, SeedTree(1), "test")
    desk.beat(60_000.0, 60_000.0, 0)
    before, seq = [price for price, _ in desk.top], desk.seq
    for second in range(1, 30):
        assert desk.beat(60_000.0, 60_000.0, second * SECOND, still=True).trades == ()
        assert [price for price, _ in desk.top] == before
    assert desk.seq > seq
