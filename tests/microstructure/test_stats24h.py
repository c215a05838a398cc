"""Statistics of 24 hours equal a recomputation, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.time import DAY, HOUR, MINUTE, parse_utc
from mdsim.microstructure.prints import Print
from mdsim.microstructure.stats24h import Stats24h

NOON = parse_utc("2026-01-05T12:00:00Z")
MakeTrade = Callable[..., Print]
TRADES = st.lists(
    st.tuples(st.integers(0, 60 * HOUR), st.integers(1, 99), st.integers(1, 9)), min_size=1, max_size=40
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(rows=TRADES, end=st.integers(0, 60 * HOUR))
def test_the_window_equals_a_recomputation(rows: list[tuple[int, int, int]], end: int) -> None:
    """Whatever trades came in whatever order, the figures are those of the trades in the window."""
    trades = [Print(NOON + ts, number, True, price, size) for number, (ts, price, size) in enumerate(rows)]
    end_ns = NOON + end
    past = [one for one in trades if one.ts_ns <= end_ns]
    stats = Stats24h()
    stats.add(past)
    inside = sorted(one for one in past if one.ts_ns >= (end_ns - DAY) // MINUTE * MINUTE)
    assert stats.volume(end_ns) == sum(one.size for one in inside)
    found = stats.now(end_ns)
    if not inside:
        assert found is None
        return
    assert found is not None
    assert (found.open, found.last) == (inside[0].price, inside[-1].price)
    assert (found.high, found.low) == (max(o.price for o in inside), min(o.price for o in inside))
    assert found.volume == sum(one.size for one in inside)
    assert found.quote_volume == sum(one.size * one.price for one in inside)
    assert found.trades == len(inside)
    assert found.change == found.last - found.open


@settings(max_examples=60, deadline=None, derandomize=True)
@given(rows=TRADES, looks=st.lists(st.integers(0, 60 * HOUR), max_size=8))
def test_the_volume_goes_along_as_trades_come_and_leave(
    rows: list[tuple[int, int, int]], looks: list[int]
) -> None:
    """However often it is asked between them, also when trades come late."""
    stats = Stats24h()
    trades = [Print(NOON + ts, number, True, price, size) for number, (ts, price, size) in enumerate(rows)]
    for number, look in enumerate(sorted(looks)):
        stats.add(trades[number : number + 1])
        from_ns = (NOON + look - DAY) // MINUTE * MINUTE
        inside = [one for one in trades[: number + 1] if one.ts_ns >= from_ns]
        assert stats.volume(NOON + look) == sum(one.size for one in inside)


def test_the_change_is_a_share_of_the_open(a_trade: MakeTrade) -> None:
    """From 80 to 100 is a quarter."""
    stats = Stats24h()
    stats.add([a_trade(NOON, 80), a_trade(NOON + 1, 100)])
    found = stats.now(NOON + HOUR)
    assert found is not None
    assert found.change_share == Decimal("0.25")


def test_memory_is_bounded_by_the_minutes_of_a_day(a_trade: MakeTrade) -> None:
    """Three days of trades leave at most 1,441 buckets; a trade from before the window is ignored."""
    stats = Stats24h()
    for minute in range(3 * 1440):
        stats.add([a_trade(NOON + minute * MINUTE)])
        if minute % 360 == 0:
            stats.now(NOON + minute * MINUTE)
    found = stats.now(NOON + 3 * DAY)
    assert found is not None
    assert found.trades == 1440
    assert len(stats._minutes) <= 1441
    stats.add([a_trade(NOON, 9999)])
    again = stats.now(NOON + 3 * DAY)
    assert again is not None
    assert again.high == 100
