"""The series: few points, every extreme, the same bytes for the same run."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdsim.core.errors import DataError
from mdsim.core.ports import BaseFeed
from mdsim.core.time import MS
from mdsim.engine.corridor import Engine
from mdsim.run.series import SERIES, Points, Recorder, Series, Track, read, write

Feed = Callable[..., BaseFeed]


def sampled(scripted: Feed, prices: list[tuple[int, float]], recorder: Recorder) -> Track:
    """A track of prices published at times (ms)."""
    by_ms = dict(prices)
    first_ms = prices[0][0]
    feed = scripted("BTC-USD", BTC=lambda at_s: by_ms.get(round(at_s * 1_000), by_ms[first_ms]))
    engine = Engine(feed, {}, {})
    for at_ms, _ in prices:
        engine.cycle(feed.start_ns + at_ms * MS)
        recorder.on_cycle(engine, at_ms * MS)
    return recorder.series().tracks[0]


TIMES = st.lists(
    st.tuples(st.integers(1, 2_000), st.floats(50.0, 200.0, allow_nan=False)), min_size=1, max_size=200
)


@settings(
    deadline=None,
    derandomize=True,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # it only makes feeds
)
@given(steps=TIMES)
def test_extremes_and_ends_are_kept_whatever_is_left_out(
    scripted: Feed, steps: list[tuple[int, float]]
) -> None:
    """First, last, lowest and highest price survive, at the time they had; times rise."""
    at_ms, prices = 0, []
    for gap_ms, price in steps:
        at_ms += gap_ms
        prices.append((at_ms, price))
    track = sampled(scripted, prices, Recorder(4))
    steps_of = {at * MS: round(price * 100) for at, price in prices}

    assert track.price[0] == steps_of[prices[0][0] * MS]
    assert track.price[-1] == steps_of[prices[-1][0] * MS]
    assert min(track.price) == min(steps_of.values())
    assert max(track.price) == max(steps_of.values())
    assert all(steps_of[at] == price for at, price in zip(track.at_ns, track.price, strict=True))
    assert track.at_ns == sorted(set(track.at_ns))
    assert len(track.at_ns) <= 5 * 4


def test_short_run_is_kept_whole(scripted: Feed) -> None:
    """Nothing is thinned out that did not have to be."""
    track = sampled(scripted, [(0, 100.0), (1, 101.0), (2, 99.0)], Recorder())

    assert track.price == [10_000, 10_100, 9_900]
    assert track.reference == track.price
    assert all(depth > 1_000 for depth in track.depth)
    assert all(bid < ask for bid, ask in zip(track.bid, track.ask, strict=True))


def test_one_spike_in_a_long_run_is_not_lost(scripted: Feed) -> None:
    """A tick at half the price among three thousand is a point of the series."""
    prices = [(at, 50.0 if at == 1_777 else 100.0) for at in range(3_000)]
    track = sampled(scripted, prices, Recorder(4))

    assert track.at_ns[track.price.index(5_000)] == 1_777 * MS


def test_length_of_a_run_makes_no_difference_to_what_a_bucket_keeps() -> None:
    """Merging neighbours gives what twice as long buckets would have given from the start."""
    grown, straight = Points(1, 4), Points(1, 4)
    straight._width_ns = 1_024 * MS  # where the other one arrives
    for at_ms in range(0, 4_000, 3):
        mid = round(10_000 + 100 * math.sin(at_ms / 37.0))
        for points in (grown, straight):
            points.add(0, (at_ms * MS, mid, 10_000, mid - 1, mid + 1 + at_ms % 7, 500))
    assert grown.columns(0) == straight.columns(0)
    assert len(grown.columns(0)[0]) <= 4 * 5


def test_series_is_written_and_read_without_loss(tmp_path: Path, scripted: Feed) -> None:
    """Integers in increments, so nothing is rounded; the same series gives the same bytes."""
    series = Series(1, "ab" * 32, [sampled(scripted, [(0, 100.0), (5, 90.0)], Recorder())])
    write(series, tmp_path)
    first = (tmp_path / SERIES).read_bytes()
    write(series, tmp_path)

    assert (tmp_path / SERIES).read_bytes() == first
    assert read(tmp_path / SERIES) == series
    assert f"{series.tracks[0].decimal(series.tracks[0].price[1]):f}" == "90.00"


def test_recorder_that_saw_nothing_has_no_tracks() -> None:
    """A run that was refused before its first cycle leaves an empty series, not an error."""
    assert Recorder().series() == Series(1, "", [])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"not json", "is no series"),
        (b'{"series": 2, "digest": "", "tracks": []}', "of version 2"),
        (b"\xff\xfe", "is no series"),
    ],
)
def test_file_that_is_no_series_is_told_with_its_name(tmp_path: Path, text: bytes, says: str) -> None:
    """Damaged or of another version: the message names the file and the way out."""
    path = tmp_path / SERIES
    path.write_bytes(text)
    with pytest.raises(DataError, match=says) as caught:
        read(path)

    assert caught.value.code == "MD382"
    assert "--journal" in caught.value.hint


def test_columns_of_different_lengths_are_refused(tmp_path: Path, scripted: Feed) -> None:
    """A file that was edited by hand cannot draw a wrong picture."""
    track = sampled(scripted, [(0, 100.0), (1_000, 90.0)], Recorder())
    path = tmp_path / SERIES
    damaged = Series(1, "", [msgspec.structs.replace(track, bid=[1])])
    path.write_bytes(msgspec.json.encode(damaged))
    with pytest.raises(DataError, match="BTC-USD has columns of different lengths"):
        read(path)
