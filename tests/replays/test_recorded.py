"""A recording as a source of reports: moved in time, faster, paused, sought, disturbed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from mdsim.chaos.pipeline import ImpairedPipeline
from mdsim.core.errors import DataError, UsageError
from mdsim.core.impairing import Disturbance
from mdsim.core.instruments import ALL
from mdsim.core.seeds import SeedTree
from mdsim.core.sourcing import Report
from mdsim.core.time import DAY, SECOND
from mdsim.replays.format import GAP, Line
from mdsim.replays.reader import Recording
from mdsim.replays.recorded import RecordedSources, open_recorded

START_NS = 1_700_000_000 * SECOND
LATER_NS = START_NS + DAY

Open = Callable[..., RecordedSources]


@pytest.fixture
def opened(write_recording: Callable[..., Path], recorded_rows: Callable[..., list[Line]]) -> Open:
    """A minute of quotes, one a second; the n-th bid is 50000.5 + n."""

    def make(quotes: int = 60, **options: Any) -> RecordedSources:
        return open_recorded(
            Recording(write_recording(recorded_rows(quotes))), ALL, ImpairedPipeline, **options
        )

    return make


def bids(reports: Sequence[Report]) -> list[int]:
    return [int(one.bid or 0) - 50_000 for one in reports]


def seconds(reports: Sequence[Report], since_ns: int) -> list[float]:
    return [(one.ts_recv_ns - since_ns) / SECOND for one in reports]


def test_on_its_own_timeline_nothing_is_changed(opened: Open) -> None:
    """Times and numbers are those of the recording."""
    sources = opened()
    given = list(sources.drain(START_NS + 3 * SECOND))
    assert bids(given) == [0, 1, 2]
    assert [one.seq for one in given] == [101, 102, 103]
    assert seconds(given, START_NS) == [1, 2, 3]
    assert sources.terms[0].symbols == ("BTC-USDT",)
    assert (sources.at_ns - sources.first_ns, sources.ended) == (3 * SECOND, False)


def test_reports_carry_the_market_s_time(opened: Open) -> None:
    """A recording of last year is heard today."""
    given = opened(market_ns=LATER_NS).drain(LATER_NS + 2 * SECOND)
    assert seconds(given, LATER_NS) == [1, 2]


def test_speed_makes_time_shorter(opened: Open) -> None:
    """Four recorded seconds in one of the market's, and none is told before its time."""
    sources = opened(market_ns=LATER_NS, speed=Fraction(4))
    given = sources.drain(LATER_NS + SECOND)
    assert bids(given) == [0, 1, 2, 3]
    assert seconds(given, LATER_NS) == [0.25, 0.5, 0.75, 1]
    assert len(sources.drain(LATER_NS + 2 * SECOND)) == 4


def test_a_pause_stops_reports_and_loses_none(opened: Open) -> None:
    """Silence while it lasts; then it goes on where it stood, at the new time."""
    sources = opened(market_ns=LATER_NS)
    sources.drain(LATER_NS + 2 * SECOND)
    sources.pause()
    assert sources.drain(LATER_NS + 30 * SECOND) == []
    assert sources.at_ns == START_NS + 2 * SECOND
    sources.resume()
    given = sources.drain(LATER_NS + 32 * SECOND)
    assert bids(given) == [2, 3]
    assert seconds(given, LATER_NS) == [31, 32]


def test_a_seek_tells_the_place_at_once(opened: Open) -> None:
    """The newest before it comes with the present time; numbers go on rising, forwards and back."""
    sources = opened(market_ns=LATER_NS)
    before = list(sources.drain(LATER_NS + 10 * SECOND))
    sources.sought(START_NS + 40 * SECOND)()
    forward = list(sources.drain(LATER_NS + 11 * SECOND))
    assert bids(forward) == [39, 40]
    assert seconds(forward, LATER_NS) == [10, 11]
    sources.sought(START_NS + 5 * SECOND)()
    back = list(sources.drain(LATER_NS + 12 * SECOND))
    assert bids(back) == [4, 5]
    numbers = [one.seq for one in (*before, *forward, *back)]
    assert numbers == sorted(set(numbers))


def test_finding_a_place_touches_nothing(opened: Open) -> None:
    """Until it is gone to, the old place is played on."""
    sources = opened(market_ns=LATER_NS)
    go = sources.sought(START_NS + 40 * SECOND)
    assert bids(sources.drain(LATER_NS + 2 * SECOND)) == [0, 1]
    go()
    assert bids(sources.drain(LATER_NS + 3 * SECOND)) == [39, 40]


def test_a_place_outside_is_refused(opened: Open) -> None:
    """With the span."""
    with pytest.raises(UsageError, match="lies outside the recording") as caught:
        opened(seek_ns=62 * SECOND)
    assert (caught.value.code, caught.value.hint) == ("MD656", "seek from 0s to 1m1s")


def test_faults_act_on_reports(opened: Open) -> None:
    """Held back by three seconds: each comes later, received when it comes."""
    sources = opened(market_ns=LATER_NS)
    step = Disturbance(
        run="run", order=(0,), path="late/1", since_ns=LATER_NS, source="binance", share=1.0,
        symbols=None, channel=None, args={"latency": 3 * SECOND},
        rng=lambda *path: SeedTree(7).stream("step", *path),
    )  # fmt: skip
    sources.disturb([step])
    assert sources.drain(LATER_NS + 3 * SECOND) == []
    given = sources.drain(LATER_NS + 5 * SECOND)
    assert (bids(given), seconds(given, LATER_NS)) == ([0, 1], [4, 5])
    assert {one.fault for one in sources.injections()} == {"latency"}


def test_the_end_is_silence(opened: Open) -> None:
    """Nothing comes any more, and it says so."""
    sources = opened(quotes=3)
    assert len(sources.drain(START_NS + DAY)) == 3
    assert sources.ended
    assert sources.drain(START_NS + 2 * DAY) == []


def test_what_was_lost_at_the_recording_is_a_note(
    write_recording: Callable[..., Path], recorded_rows: Callable[..., list[Line]]
) -> None:
    """And so is that nobody ended it."""
    lines = recorded_rows(3)
    gap = Line(ts_recv_ns=lines[-1].ts_recv_ns, kind=GAP, lost={"binance": 7})
    sources = open_recorded(Recording(write_recording([*lines, gap])), ALL, ImpairedPipeline)
    assert any(
        "has 1 gaps: messages were lost when it was written (7 of binance)" in n for n in sources.notes
    )
    assert any("was broken off" in note for note in sources.notes)


def test_what_is_not_known_here_is_refused(
    write_recording: Callable[..., Path], recorded_rows: Callable[..., list[Line]]
) -> None:
    """A provider, or an instrument, of another mdsim."""
    path = write_recording(recorded_rows(1))
    text = path.read_bytes()
    path.write_bytes(text.replace(b'"provider":"binance"', b'"provider":"bitmoon"'))
    with pytest.raises(DataError, match="does not read 'bitmoon' over 'websocket'") as caught:
        open_recorded(Recording(path), ALL, ImpairedPipeline)
    assert caught.value.code == "MD655"
    path.write_bytes(text.replace(b'["BTC-USDT"]', b'["SOL-USDT"]'))
    with pytest.raises(DataError, match="'SOL-USDT' is no instrument here"):
        open_recorded(Recording(path), ALL, ImpairedPipeline)
