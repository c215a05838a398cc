"""Bars: boundaries, empty spans, lag, corrections, and equality with a recomputation."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.time import DAY, HOUR, MINUTE, SECOND, parse_utc
from mdsim.microstructure.bars import INTERVALS, Bar, Bars
from mdsim.microstructure.prints import Print

NOON = parse_utc("2026-01-05T12:00:00Z")
MakeTrade = Callable[..., Print]


def recomputed(trades: list[Print], interval: str, until_ns: int) -> dict[int, tuple[int, ...]]:
    """Bars straight from their definition: sort all trades, group, carry the close."""
    span_ns = INTERVALS[interval]
    bars: dict[int, tuple[int, ...]] = {}
    in_time = sorted(trades)
    start_ns = in_time[0].ts_ns // span_ns * span_ns
    close = 0
    while start_ns + span_ns <= until_ns:
        inside = [one for one in in_time if start_ns <= one.ts_ns < start_ns + span_ns]
        prices = [one.price for one in inside] or [close]
        close = prices[-1]
        bars[start_ns] = (
            prices[0],
            max(prices),
            min(prices),
            close,
            sum(one.size for one in inside),
            sum(one.size * one.price for one in inside),
            len(inside),
        )
        start_ns += span_ns
    return bars


def newest(bars: list[Bar]) -> dict[tuple[str, int], tuple[int, ...]]:
    """The last revision of every bar; each correction must be one higher and change something."""
    known: dict[tuple[str, int], Bar] = {}
    for one in bars:
        before = known.get((one.interval, one.start_ns))
        if before is None:
            assert one.revision == 0
        else:
            assert one.revision == before.revision + 1
            assert one.figures != before.figures
        known[one.interval, one.start_ns] = one
    return {key: one.figures for key, one in known.items()}


TRADES = st.lists(
    st.tuples(st.integers(0, 14 * MINUTE), st.integers(1, 99), st.integers(1, 9)), min_size=1, max_size=25
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(rows=TRADES, cuts=st.lists(st.integers(0, 25), max_size=6), late=st.booleans())
def test_bars_equal_a_recomputation_from_trades(
    rows: list[tuple[int, int, int]], cuts: list[int], late: bool
) -> None:
    """In any order of arrival, published at any times, the newest revisions are the bars of the trades."""
    trades = [Print(NOON + ts, number, True, price, size) for number, (ts, price, size) in enumerate(rows)]
    arriving = trades if late else sorted(trades)
    bars, made, now_ns = Bars(), [], NOON
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    for begin, end in pairwise(edges):
        batch = arriving[begin:end]
        bars.add(batch)
        now_ns = max([now_ns, *(one.ts_ns for one in batch)])
        made += bars.publish(now_ns)
    until_ns = NOON + 20 * MINUTE
    made += bars.publish(until_ns, complete_ns=until_ns)
    assert bars.refused == 0
    found = newest(made)
    for interval in ("1m", "5m", "15m", "1h"):
        expected = recomputed(trades, interval, until_ns)
        assert {start: one for (name, start), one in found.items() if name == interval} == expected


def test_boundaries_are_those_of_utc(a_trade: MakeTrade) -> None:
    """A bar of four hours or a day starts at a multiple of its length since midnight UTC."""
    bars = Bars()
    bars.add([a_trade(NOON + 17 * MINUTE + 3)])
    starts = {one.interval: one.start_ns for one in bars.publish(NOON + 2 * DAY) if one.volume}
    assert starts == {
        "1m": NOON + 17 * MINUTE,
        "5m": NOON + 15 * MINUTE,
        "15m": NOON + 15 * MINUTE,
        "1h": NOON,
        "4h": NOON,
        "1d": NOON - 12 * HOUR,
    }


def test_nothing_is_published_before_the_first_trade() -> None:
    """Without a previous close there is no empty bar."""
    assert Bars().publish(NOON) == []


def test_an_empty_span_takes_the_previous_close(a_trade: MakeTrade) -> None:
    """All four prices are the close, volume is zero."""
    bars = Bars(["1m"])
    bars.add([a_trade(NOON, 50), a_trade(NOON + SECOND, 60, 3)])
    first, empty = bars.publish(NOON + 2 * MINUTE, NOON + 2 * MINUTE)
    assert (first.open, first.high, first.low, first.close, first.volume) == (50, 60, 50, 60, 4)
    assert empty.figures == (60, 60, 60, 60, 0, 0, 0)


def test_a_bar_waits_for_late_trades_but_not_longer_than_its_lag(a_trade: MakeTrade) -> None:
    """Unknown completeness: five seconds. Known completeness: at once."""
    bars = Bars(["1m"])
    bars.add([a_trade(NOON)])
    assert bars.publish(NOON + MINUTE + 5 * SECOND - 1) == []
    bars.add([a_trade(NOON + MINUTE - 1, 70)])  # late, but in time
    (one,) = bars.publish(NOON + MINUTE + 5 * SECOND)
    assert (one.close, one.revision) == (70, 0)
    bars.add([a_trade(NOON + MINUTE)])
    assert len(bars.publish(NOON + 2 * MINUTE, complete_ns=NOON + 2 * MINUTE)) == 1


def test_a_late_trade_corrects_its_bar_and_the_empty_ones_after_it(a_trade: MakeTrade) -> None:
    """Each is published again, one revision higher; bars with trades of their own stay."""
    bars = Bars(["1m"])
    bars.add([a_trade(NOON, 50), a_trade(NOON + 3 * MINUTE, 40)])
    now_ns = NOON + 5 * MINUTE
    assert len(bars.publish(now_ns, now_ns)) == 5
    bars.add([a_trade(NOON + 30 * SECOND, 55, 2)])
    corrected = bars.publish(now_ns, now_ns)
    assert [(one.start_ns, one.close, one.volume, one.revision) for one in corrected] == [
        (NOON, 55, 3, 1),
        (NOON + MINUTE, 55, 0, 1),
        (NOON + 2 * MINUTE, 55, 0, 1),
    ]
    assert bars.publish(now_ns, now_ns) == []


def test_a_trade_that_is_too_old_is_counted_not_taken(a_trade: MakeTrade) -> None:
    """Past the limit a bar is final."""
    bars = Bars(["1m"], correct_ns=10 * MINUTE)
    bars.add([a_trade(NOON, 50)])
    bars.publish(NOON + 11 * MINUTE)
    bars.add([a_trade(NOON + 30 * SECOND, 99)])
    assert bars.refused == 1
    assert all(one.high == 50 for one in bars.publish(NOON + 12 * MINUTE))


def test_final_bars_are_forgotten_and_their_close_is_kept(a_trade: MakeTrade) -> None:
    """Memory stays bounded over a day, and the carried close is right at its end."""
    bars = Bars(["1m"])
    bars.add([a_trade(NOON, 77)])
    for minute in range(1, 1441):
        made = bars.publish(NOON + minute * MINUTE, NOON + minute * MINUTE)
        assert [one.close for one in made] == [77]
    assert len(bars._series[0]._published) <= 17
