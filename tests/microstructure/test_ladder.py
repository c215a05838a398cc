"""The ladder: its sizes add up to the depth law, its gaps are uneven, its levels stay."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from mdsim.core.time import SECOND
from mdsim.microstructure.depth import cumulative
from mdsim.microstructure.ladder import Ladders, LadderState, coarse, round_size, size_table
from mdsim.microstructure.profile import RETAIL_USD, DepthLaw, LadderLaw

LADDERS = Ladders(LadderLaw(), DepthLaw())
STATE = LadderState(
    key=12345, now_ns=0, slot=30, bid=6_000_000, ask=6_000_100, bid_unit=1e6, ask_unit=1e6, knee=6000.0
)
GAP = 30 * 256 / 192


def test_sizes_have_a_mean_of_1_and_much_dust() -> None:
    """The table keeps the depth and puts a quarter of the levels under 3 % of the mean."""
    table = size_table(RETAIL_USD.ladder)
    assert len(table) == 1024
    assert sum(table) / 1024 == pytest.approx(1)
    assert sum(value < 0.031 for value in table) / 1024 == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("knees", [0.5, 1.0, 2.5, 5.0])
def test_levels_add_up_to_the_depth_law(knees: float) -> None:
    """Over many keys the depth within a distance is that of the law, within 5 %."""
    edge, total = STATE.bid - knees * STATE.knee, 0
    keys = 60
    for key in range(keys):
        book = LADDERS.book(replace(STATE, key=key * 7919), 1200)
        assert book.bids[-1][0] < edge
        total += sum(size for price, size in book.bids[1:] if price >= edge)
    mean_levels = STATE.knee / GAP
    expected = cumulative(DepthLaw(), mean_levels * STATE.bid_unit, 10 * knees)
    assert total / keys == pytest.approx(expected, rel=0.06)


def test_gaps_are_irregular() -> None:
    """Their mean is what was asked for and their deviation half of it or more."""
    prices = [price for price, _ in LADDERS.book(STATE, 400).asks]
    gaps = [upper - lower for lower, upper in pairwise(prices)]
    mean = sum(gaps) / len(gaps)
    assert mean == pytest.approx(GAP, rel=0.1)
    assert (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5 > 0.5 * mean


def test_some_sizes_are_round() -> None:
    """About a quarter is 1, 2 or 5 times a power of ten."""
    book = LADDERS.book(STATE, 500)
    sizes = [size for _, size in book.bids + book.asks]
    assert 0.15 < sum(round_size(size) == size for size in sizes) / len(sizes) < 0.4


def test_levels_stay_when_the_touch_moves() -> None:
    """Most levels behind a touch that moved by a tick are the ones that were there."""
    before, after = LADDERS.book(STATE, 50), LADDERS.book(replace(STATE, bid=STATE.bid - 20), 50)
    assert len(set(before.bids) & set(after.bids)) >= 45


def test_levels_change_with_time_but_not_all_at_once() -> None:
    """A second later nearly all stand; after two minutes hardly one does."""
    now, soon, late = (LADDERS.book(replace(STATE, now_ns=t * SECOND), 50) for t in (100, 101, 220))
    assert len(set(now.bids) & set(soon.bids)) > 40
    assert len(set(now.bids) & set(late.bids)) < 10


def test_a_deeper_book_has_the_same_levels_with_more_in_them() -> None:
    """The common factor moves sizes alone."""
    thin, thick = LADDERS.book(STATE, 20), LADDERS.book(replace(STATE, bid_unit=5e6, ask_unit=5e6), 20)
    assert [price for price, _ in thin.bids] == [price for price, _ in thick.bids]
    assert sum(size for _, size in thick.bids) > 3 * sum(size for _, size in thin.bids)


def test_prices_run_out_at_one_increment() -> None:
    """Near zero there are fewer bids, never one under 1."""
    book = LADDERS.book(replace(STATE, slot=1, bid=3, ask=4, knee=0.01), 10)
    assert book.bids[0][0] == 3
    assert 1 <= len(book.bids) <= 3
    assert all(price >= 1 for price, _ in book.bids)


@pytest.mark.parametrize(
    ("size", "nearest"), [(1, 1), (3, 2), (4, 5), (70, 50), (72, 100), (10**40, 5 * 10**18)]
)
def test_round_sizes_are_1_2_5(size: int, nearest: int) -> None:
    """The nearest by ratio, kept within the table."""
    assert round_size(size) == nearest


def test_the_common_factor_moves_in_steps() -> None:
    """A drift of a percent changes nothing, one of ten does; never off by more than 3.2 %."""
    assert coarse(1000.0) == coarse(1004.0)
    assert coarse(1000.0) != coarse(1100.0)
    assert all(abs(coarse(x) / x - 1) < 0.032 for x in (1.0, 33.0, 470.0, 1e9))
