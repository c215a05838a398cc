"""Tallies of trades do not depend on order or grouping."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.time import MINUTE
from mdsim.microstructure.prints import Print
from mdsim.microstructure.tally import Tally, by_span

TRADES = st.lists(
    st.tuples(st.integers(0, 5 * MINUTE), st.integers(1, 99), st.integers(1, 9)), min_size=1, max_size=30
).map(lambda rows: [Print(ts, number, True, price, size) for number, (ts, price, size) in enumerate(rows)])


def figures(tally: Tally) -> tuple[object, ...]:
    """Everything in it."""
    return tuple(getattr(tally, name) for name in Tally.__slots__)


def total(trades: list[Print]) -> Tally:
    """One tally of all."""
    tally = Tally(trades[0])
    for one in trades[1:]:
        tally.take(one)
    return tally


@settings(max_examples=100, deadline=None, derandomize=True)
@given(trades=TRADES, seed=st.integers(0, 9))
def test_any_order_and_any_grouping_give_the_same_tally(trades: list[Print], seed: int) -> None:
    """Taken one by one, shuffled, or merged from minutes; and right by definition."""
    whole = total(trades)
    shuffled = trades.copy()
    random.Random(seed).shuffle(shuffled)
    assert figures(total(shuffled)) == figures(whole)
    parts = list(by_span(shuffled, MINUTE).values())
    merged = parts[0].copy()
    for part in parts[1:]:
        merged.merge(part)
    assert figures(merged) == figures(whole)
    in_time = sorted(trades)
    assert (whole.open, whole.close) == (in_time[0].price, in_time[-1].price)
    assert whole.high == max(one.price for one in trades)
    assert whole.quote_volume == sum(one.price * one.size for one in trades)


def test_a_copy_goes_its_own_way() -> None:
    """Adding to the copy leaves the first alone."""
    first = Tally(Print(1, 1, True, 10, 1))
    twin = first.copy()
    twin.take(Print(2, 2, True, 20, 5))
    assert (first.close, first.volume, first.trades) == (10, 1, 1)
