"""The room as a whole: what holds whatever happens, and what looking must not change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdsim.core.errors import UnavailableError, UsageError
from mdsim.core.factors import CALM, Factors
from mdsim.core.instruments import ALL, Catalogue
from mdsim.core.seeds import SeedTree
from mdsim.core.time import DAY, HOUR, MS, SECOND, parse_utc
from mdsim.microstructure.book import Book, apply, difference
from mdsim.microstructure.room import Microstructure

START_NS = parse_utc("2026-01-05T12:00:00Z")
STEP_NS = 100 * MS

Walk = Callable[..., list[list[int]]]
MakeRoom = Callable[..., Microstructure]

QUICK = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
MIDS = st.lists(st.integers(1, 10**7), min_size=4, max_size=4)
ASKED = st.tuples(
    st.sampled_from([0.05, 0.5, 1.0, 3.0, 20.0]),
    st.sampled_from([0.001, 0.1, 1.0, 5.0]),
    st.sampled_from([0.0, 0.3, 1.0, 20.0]),
    st.booleans(),
    st.booleans(),
)


def asked(values: tuple[float, float, float, bool, bool]) -> Factors:
    """The same factors for all four instruments."""
    spread, depth, volume, off, halted = values
    return Factors([spread] * 4, [depth] * 4, [volume] * 4, [off] * 4, [halted] * 4)


def run(
    room: Microstructure, path: list[list[int]], factors: Factors = CALM
) -> list[tuple[list[int], list[int]]]:
    """Advance step by step; the quotes on the way."""
    quotes = []
    for number, mids in enumerate(path):
        room.advance(START_NS + number * STEP_NS, mids, factors)
        quotes.append((room.bids, room.asks))
    return quotes


@QUICK
@given(
    path=st.lists(st.tuples(MIDS, ASKED), min_size=1, max_size=12),
    profile=st.sampled_from(["retail-usd", "liquid-usdt"]),
)
def test_no_book_is_ever_crossed_or_empty(
    make_room: MakeRoom, path: list[tuple[list[int], tuple[float, float, float, bool, bool]]], profile: str
) -> None:
    """Whatever the mids do and a playbook asks, quotes and ladders stay in order and hold a level."""
    room = make_room(profile=profile)
    for number, (mids, values) in enumerate(path):
        room.advance(START_NS + number * STEP_NS, mids, asked(values))
        for at, mid in enumerate(mids):
            assert 1 <= room.bids[at] <= mid <= room.asks[at]
            assert room.bids[at] < room.asks[at]
            book = room.book(at)
            bids, asks = [price for price, _ in book.bids], [price for price, _ in book.asks]
            assert bids[0] == room.bids[at]
            assert asks[0] == room.asks[at]
            assert bids == sorted(set(bids), reverse=True)
            assert asks == sorted(set(asks))
            assert bids[-1] >= 1
            assert len(asks) == 10
            assert len(bids) == 10 or mid < 10_000
            assert min(size for _, size in book.bids + book.asks) >= 1


@QUICK
@given(path=st.lists(st.tuples(MIDS, ASKED), min_size=2, max_size=12))
def test_deltas_on_a_snapshot_rebuild_every_later_snapshot(
    make_room: MakeRoom, path: list[tuple[list[int], tuple[float, float, float, bool, bool]]]
) -> None:
    """The first book and the differences are enough to follow the book exactly."""
    room = make_room()
    held = None
    for number, (mids, values) in enumerate(path):
        room.advance(START_NS + number * STEP_NS, mids, asked(values))
        book = room.book(0)
        held = book if held is None else apply(held, difference(held, book))
        assert held == book


def test_looking_changes_nothing(make_room: MakeRoom, walk: Walk) -> None:
    """A run whose books and prints are looked at in every cycle quotes and trades as one that is not."""
    path = walk(300)
    blind, watched = make_room(), make_room()
    quotes = run(blind, path)
    seen = []
    for number, mids in enumerate(path):
        now_ns = START_NS + number * STEP_NS
        watched.advance(now_ns, mids)
        assert (watched.bids, watched.asks) == quotes[number]
        for at in range(4):
            watched.book(at, levels=3 + number % 20)
            made = watched.prints(at, now_ns - STEP_NS, now_ns)
            if at == 0:
                seen += made
    assert blind.prints(0, START_NS, blind.now_ns) == seen
    assert len(seen) > 20
    assert [blind.book(at) for at in range(4)] == [watched.book(at) for at in range(4)]


def test_a_deep_look_begins_with_the_shallow_one(make_room: MakeRoom, walk: Walk) -> None:
    """More levels are the same levels and more behind them."""
    room = make_room()
    run(room, walk(30))
    ten, fifty = room.book(0, 10), room.book(0, 50)
    assert fifty.bids[:10] == ten.bids
    assert fifty.asks[:10] == ten.asks


def test_an_extra_cycle_shifts_no_draw(make_room: MakeRoom, walk: Walk) -> None:
    """A cycle between two steps of the grid leaves quotes, books and trade counts as they would be."""
    path = walk(200)
    plain, extra = make_room(), make_room()
    quotes = run(plain, path)
    for number, mids in enumerate(path):
        now_ns = START_NS + number * STEP_NS
        extra.advance(now_ns, mids)
        assert (extra.bids, extra.asks) == quotes[number]
        extra.advance(now_ns + 33 * MS, mids)
    assert extra.book(1) == plain.book(1)
    assert extra.prints(0, START_NS, plain.now_ns) == plain.prints(0, START_NS, plain.now_ns)


def test_an_instrument_more_shifts_nobody(walk: Walk) -> None:
    """Every instrument draws from streams of its own."""
    small, large = ALL.only(["BTC-USD", "USDT-USD"]), ALL.only(["BTC-USD", "ETH-USD", "USDT-USD"])
    rooms = [Microstructure(one, SeedTree(3), START_NS, STEP_NS) for one in (small, large)]
    for number, mids in enumerate(walk(100)):
        by_symbol = dict(zip(("BTC-USD", "ETH-USD", "USDT-USD"), mids, strict=False))
        for room in rooms:
            room.advance(
                START_NS + number * STEP_NS, [by_symbol[symbol] for symbol in room.catalogue.symbols]
            )
    for symbol in small.symbols:
        books = [room.book(room.catalogue.index[symbol]) for room in rooms]
        assert books[0] == books[1]
        prints = [room.prints(room.catalogue.index[symbol], START_NS, room.now_ns) for room in rooms]
        assert prints[0] == prints[1]


def test_a_factor_taken_back_leaves_no_trace(make_room: MakeRoom, walk: Walk) -> None:
    """After a spread, depth and volume factor of 20 everything is as if it had never been asked for."""
    path = walk(240)
    calm, asked_once = make_room(), make_room()
    loud = Factors([20.0] * 4, [0.1] * 4, [20.0] * 4, [False] * 4, [False] * 4)
    for number, mids in enumerate(path):
        now_ns = START_NS + number * STEP_NS
        calm.advance(now_ns, mids)
        asked_once.advance(now_ns, mids, loud if 50 <= number < 150 else CALM)
        if number == 100:
            width, wide = calm.asks[0] - calm.bids[0], asked_once.asks[0] - asked_once.bids[0]
            assert wide == pytest.approx(20 * width, rel=0.02)
            assert asked_once.depth_usd(0) == pytest.approx([0.1 * side for side in calm.depth_usd(0)])
    assert (calm.bids, calm.asks) == (asked_once.bids, asked_once.asks)
    assert [calm.book(at) for at in range(4)] == [asked_once.book(at) for at in range(4)]
    after_ns = START_NS + 150 * STEP_NS
    assert calm.prints(0, after_ns, calm.now_ns) == asked_once.prints(0, after_ns, calm.now_ns)
    during = (START_NS + 50 * STEP_NS, after_ns)
    assert len(asked_once.prints(0, *during)) > 5 * len(calm.prints(0, *during))


def test_factors_of_one_are_calm(make_room: MakeRoom, walk: Walk) -> None:
    """Lists of ones give exactly what the calm constant gives."""
    path = walk(100, sigma=3e-3)
    constant, ones = make_room(profile="liquid-usdt"), make_room(profile="liquid-usdt")
    assert run(constant, path) == run(ones, path, Factors.unit(4))
    assert constant.prints(0, START_NS, constant.now_ns) == ones.prints(0, START_NS, constant.now_ns)


@pytest.mark.parametrize("off", ["trades_off", "halted"])
def test_nothing_trades_while_trading_is_off(make_room: MakeRoom, walk: Walk, off: str) -> None:
    """Both flags silence the prints, and only of the instrument they name."""
    factors = Factors.unit(4)
    getattr(factors, off)[0] = True
    room = make_room()
    run(room, walk(300), factors)
    assert room.prints(0, START_NS, room.now_ns) == []
    assert room.prints(1, START_NS, room.now_ns)


def test_a_halted_book_stands_as_it_was_left(make_room: MakeRoom, walk: Walk) -> None:
    """Quotes and levels of its last moment, however deep one looks, and afterwards what would have been."""
    path = walk(900)
    free, halted = make_room(), make_room()
    run(free, path)
    factors = Factors.unit(4)
    factors.halted[0] = True
    left: tuple[int, int, Book, Book] | None = None
    for number, mids in enumerate(path):
        stops = 300 <= number < 600
        stands = [path[299][0], *mids[1:]] if stops else mids
        halted.advance(START_NS + number * STEP_NS, stands, factors if stops else CALM)
        if number == 299:
            left = (halted.bids[0], halted.asks[0], halted.book(0), halted.book(0, 50))
        if stops:
            assert (halted.bids[0], halted.asks[0], halted.book(0), halted.book(0, 50)) == left
    assert halted.book(1) == free.book(1)
    assert left is not None
    assert halted.book(0) != left[2]


def test_a_weekend_trades_half_as_much_though_it_is_calmer_too(catalogue: Catalogue, walk: Walk) -> None:
    """The share that was measured comes out once: not again through the volatility of a weekend."""
    traded = []
    for day, sigma in ((0, 1e-4), (5, 0.66e-4)):
        start_ns = START_NS + day * DAY
        room = Microstructure(catalogue, SeedTree(3), start_ns, SECOND, keep_ns=HOUR)
        for number, mids in enumerate(walk(3600, sigma=sigma)):
            room.advance(start_ns + number * SECOND, mids)
        traded.append(sum(len(room.prints(at, start_ns, room.now_ns)) for at in range(2)))
    assert 0.48 < traded[1] / traded[0] < 0.65


def test_less_volume_thins_the_trades(make_room: MakeRoom, walk: Walk) -> None:
    """A factor under 1 takes bursts away and adds none."""
    path = walk(600)
    full, thin = make_room(), make_room()
    run(full, path)
    run(thin, path, replace(Factors.unit(4), volume=[0.2] * 4))
    assert 0 < len(thin.prints(0, START_NS, thin.now_ns)) < 0.5 * len(full.prints(0, START_NS, full.now_ns))


def test_trades_happen_at_the_quote_in_force(make_room: MakeRoom, walk: Walk) -> None:
    """A buy prints at the ask and a sale at the bid of the last cycle before it, extra cycles included."""
    path, room, quotes = walk(200), make_room(profile="liquid-usdt"), []
    for number, mids in enumerate(path):
        now_ns = START_NS + number * STEP_NS
        room.advance(now_ns, mids)
        quotes.append((now_ns, room.bids[0], room.asks[0]))
        if number % 3 == 0:
            room.advance(now_ns + 40 * MS, [mid + 7 for mid in mids])
            quotes.append((now_ns + 40 * MS, room.bids[0], room.asks[0]))
    trades = room.prints(0, START_NS, room.now_ns)
    assert len(trades) > 100
    for one in trades:
        _, bid, ask = [quote for quote in quotes if quote[0] <= one.ts_ns][-1]
        assert one.price == (ask if one.buy else bid)
        assert one.size >= 1
    assert [one.trade_id for one in trades] == sorted({one.trade_id for one in trades})


def test_steps_that_no_cycle_saw_still_trade(make_room: MakeRoom, walk: Walk) -> None:
    """One cycle over many steps moves the state as many cycles do; the trades keep the old quote."""
    room = make_room()
    mids = walk(1)[0]
    room.advance(START_NS, mids)
    bid, ask = room.bids[0], room.asks[0]
    room.advance(START_NS + 60 * SECOND, [2 * mid for mid in mids])
    trades = room.prints(0, START_NS, room.now_ns)
    assert len(trades) > 20
    assert {one.price for one in trades} == {bid, ask}
    assert trades == sorted(trades)


def test_trades_that_are_no_longer_kept_are_refused(make_room: MakeRoom, walk: Walk) -> None:
    """Asking too far back is an error that names the limit, never a silent gap."""
    room = make_room()
    run(room, walk(3))
    room.advance(START_NS + HOUR, walk(1)[0])
    with pytest.raises(UnavailableError, match="no longer kept"):
        room.prints(0, START_NS, room.now_ns)
    assert room.prints(0, room.now_ns - 60 * SECOND, room.now_ns)


def test_a_thousand_steps_keep_a_bounded_memory(catalogue: Catalogue, walk: Walk) -> None:
    """What is kept for prints does not grow with the run."""
    room = Microstructure(catalogue, SeedTree(1), START_NS, STEP_NS, keep_ns=5 * SECOND)
    run(room, walk(1000))
    assert len(room._moments) <= 128


def test_an_unknown_profile_is_refused(make_room: MakeRoom) -> None:
    """The error lists the profiles there are."""
    with pytest.raises(UsageError, match="there is no market profile 'x'") as caught:
        make_room(profile="x")
    assert "retail-usd" in caught.value.hint
