"""Playing recordings: every touch is met exactly, and nothing goes beyond."""

from __future__ import annotations

import math
import statistics
from bisect import bisect_right
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.seeds import SeedTree
from mdsim.core.time import MINUTE, SECOND
from mdsim.sources._recording import Bars, Events, Ohlc
from mdsim.sources._tracks import BarTrack, EventTrack, touches

T0 = 1_722_816_000 * SECOND


def make_bar(levels: list[int], up: bool) -> Ohlc:
    """A sound bar out of any four prices."""
    low, one, two, high = sorted(levels)
    return (one, high, low, two) if up else (two, high, low, one)


bar_rows = st.builds(make_bar, st.lists(st.integers(50, 150), min_size=4, max_size=4), st.booleans())


def play(track: BarTrack | EventTrack, start_ns: int, step_ns: int, count: int) -> list[float]:
    """Log prices at ``count`` grid instants from the start."""
    found = [track.log]
    for at in range(1, count):
        track.advance(start_ns + at * step_ns)
        found.append(track.log)
    return found


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    rows=st.lists(bar_rows, min_size=1, max_size=5), per_bar=st.integers(4, 40), seed=st.integers(0, 2**32)
)
def test_a_bar_shows_open_low_high_and_close_and_never_leaves_them(
    rows: list[Ohlc], per_bar: int, seed: int
) -> None:
    """With four instants or more: open first, close last, both extremes exactly, in the right order."""
    step_ns = MINUTE // 10
    bars = Bars("x", T0, per_bar * step_ns, rows)
    path = play(BarTrack(bars, "BTC", SeedTree(seed), T0, step_ns), T0, step_ns, per_bar * len(rows) + 1)
    for at, (opened, high, low, closed) in enumerate(rows):
        part = path[at * per_bar : (at + 1) * per_bar]
        assert part[0] == math.log(opened)
        assert part[-1] == math.log(closed)
        assert min(part) == math.log(low)
        assert max(part) == math.log(high)
        first, second = (low, high) if closed >= opened else (high, low)
        assert math.log(second) in part[part.index(math.log(first)) :]
    assert path[-1] == math.log(rows[-1][3])  # the last close holds at the very end


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, [(0, 100)]),
        (2, [(0, 100), (1, 103)]),
        (3, [(0, 100), (1, 90), (2, 103)]),
        (4, [(0, 100), (1, 90), (2, 105), (3, 103)]),
    ],
)
def test_short_bars_show_what_fits(count: int, expected: list[tuple[int, float]]) -> None:
    """One instant: the open; two: open and close; three: also the farther extreme; four: all."""
    found = touches((100, 105, 90, 103), count, 0.5, 0.5)
    assert found == [(at, math.log(price)) for at, price in expected]


def test_a_falling_bar_goes_up_first() -> None:
    """Open, high, low, close when the close is below the open."""
    assert [price for _, price in touches((100, 105, 90, 95), 9, 0.1, 0.9)] == [
        math.log(price) for price in (100, 105, 90, 95)
    ]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    count=st.integers(4, 400), one=st.floats(0, 1, exclude_max=True), two=st.floats(0, 1, exclude_max=True)
)
def test_touches_stand_in_order_inside_the_bar(count: int, one: float, two: float) -> None:
    """Whatever is drawn, the instants rise strictly from first to last."""
    at = [position for position, _ in touches((100, 105, 90, 103), count, one, two)]
    assert at == sorted(set(at))
    assert (at[0], at[-1], len(at)) == (0, count - 1, 4)


def test_a_bar_that_opens_at_its_low_needs_no_second_touch() -> None:
    """An extreme that is the open or the close is already shown."""
    assert len(touches((90, 105, 90, 105), 50, 0.2, 0.7)) == 2
    assert len(touches((100, 100, 100, 100), 50, 0.2, 0.7)) == 2


def test_where_a_run_starts_changes_nothing() -> None:
    """Each bar draws for itself, so a start in the middle of a bar sees the same prices."""
    rows: list[Ohlc] = [(100, 110, 90, 105), (105, 120, 95, 100), (100, 130, 99, 120)]
    bars, step_ns = Bars("x", T0, 5 * MINUTE, rows), SECOND
    whole = play(BarTrack(bars, "BTC", SeedTree(3), T0, step_ns), T0, step_ns, 901)
    for offset in (1, 150, 299, 300, 450):
        late_ns = T0 + offset * step_ns
        track = BarTrack(bars, "BTC", SeedTree(3), late_ns, step_ns)
        assert play(track, late_ns, step_ns, 901 - offset) == whole[offset:]


def test_seed_and_asset_choose_the_path_between_touches() -> None:
    """Two assets, or two seeds, take different paths."""
    bars = Bars("x", T0, 5 * MINUTE, [(100, 110, 90, 105)])
    paths = [
        tuple(play(BarTrack(bars, asset, SeedTree(seed), T0, SECOND), T0, SECOND, 300))
        for asset, seed in (("BTC", 1), ("BTC", 1), ("BTC", 2), ("ETH", 1))
    ]
    assert paths[0] == paths[1]
    assert len({*paths}) == 3


@pytest.mark.parametrize(("other", "low", "high"), [("ETH", 0.6, 0.95), ("USDT", -0.2, 0.2)])
def test_coins_move_together_inside_a_bar_and_a_stablecoin_does_not(
    other: str, low: float, high: float
) -> None:
    """At a second bars of five minutes would otherwise know nothing of each other; .67 was measured."""
    rows: list[Ohlc] = [
        (100, 102, 98, 101),
        (101, 104, 100, 103),
        (103, 103, 99, 100),
        (100, 101, 97, 98),
    ] * 3
    returns = []
    for asset in ("BTC", other):
        track = BarTrack(Bars("x", T0, 5 * MINUTE, rows), asset, SeedTree(2), T0, SECOND)
        path = play(track, T0, SECOND, 300 * len(rows))
        returns.append([after - before for before, after in pairwise(path)])
    assert low < statistics.correlation(*returns) < high


def test_the_path_is_rough_between_touches_not_a_straight_line() -> None:
    """Steps have the size that the bar's range tells (Parkinson)."""
    bars = Bars("x", T0, 50 * MINUTE, [(100, 110, 90, 100)])
    path = play(BarTrack(bars, "BTC", SeedTree(1), T0, SECOND), T0, SECOND, 3000)
    steps = [b - a for a, b in pairwise(path)]
    sd = math.sqrt(math.fsum(step * step for step in steps) / len(steps))
    assert sd == pytest.approx(math.log(110 / 90) / math.sqrt(4 * math.log(2) * 3000), rel=0.1)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(step_s=st.integers(1, 1000), rows=st.lists(bar_rows, min_size=2, max_size=6))
def test_any_step_stays_inside_the_bar_that_holds_the_instant(step_s: int, rows: list[Ohlc]) -> None:
    """Also steps that divide no bar, or skip some."""
    bars, step_ns = Bars("x", T0, 2 * MINUTE, rows), step_s * SECOND
    track = BarTrack(bars, "BTC", SeedTree(1), T0, step_ns)
    for at, log in enumerate(play(track, T0, step_ns, (bars.end_ns - 1 - T0) // step_ns + 1)):
        _, high, low, _ = rows[at * step_s // 120]
        assert math.log(low) <= log <= math.log(high)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(gaps=st.lists(st.integers(0, 3000), min_size=1, max_size=30), step_ms=st.integers(1, 2500))
def test_events_show_the_last_price_at_each_instant(gaps: list[int], step_ms: int) -> None:
    """Never a price from the future; the update time is the trade's own."""
    times = [T0]
    for gap in gaps:
        times.append(times[-1] + gap * 1_000_000)
    events = Events("x", times, [100.0 + at for at in range(len(times))])
    step_ns = step_ms * 1_000_000
    track = EventTrack(events, T0, step_ns)
    for at in range((events.end_ns - T0) // step_ns + 1):
        now_ns = T0 + at * step_ns
        track.advance(now_ns + step_ns - 1)  # an odd instant: the grid instant before it counts
        last = bisect_right(times, now_ns) - 1
        assert track.log == math.log(events.prices[last])
        assert track.updated_ns == times[last]
