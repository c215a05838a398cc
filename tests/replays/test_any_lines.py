"""Whatever a file holds, a replay either plays it or says what is wrong: it never breaks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdsim.chaos.pipeline import ImpairedPipeline
from mdsim.core.errors import DataError, MdsimError
from mdsim.core.instruments import ALL
from mdsim.core.time import SECOND
from mdsim.replays.format import KINDS, Line
from mdsim.replays.reader import Recording
from mdsim.replays.recorded import open_recorded

START_NS = 1_700_000_000 * SECOND
FIXTURES = [HealthCheck.function_scoped_fixture]

texts = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(
        [
            '{"result":null,"id":1}',
            '{"u":5,"s":"BTCUSDT","b":"1.0","B":"1","a":"2.0","A":"1"}',
            '{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":6,"u":6,"b":[],"a":[]}',
            '{"e":"serverShutdown"}',
            '{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT"}]}',
            "null",
        ]
    ),
)
lines = st.builds(
    Line,
    ts_recv_ns=st.integers(START_NS, START_NS + SECOND),
    source=st.just("binance"),
    kind=st.sampled_from(sorted(KINDS)),
    conn=st.integers(0, 2),
    tag=st.sampled_from(["", "info:BTCUSDT", "depth:BTCUSDT"]),
    status=st.sampled_from([0, 200, 400, 429]),
    raw=texts,
)


@settings(deadline=None, derandomize=True, max_examples=80, suppress_health_check=FIXTURES)
@given(found=st.lists(lines, max_size=25))
def test_any_order_of_lines_is_played(write_recording: Callable[..., Path], found: list[Line]) -> None:
    """Messages before a connection, answers that nobody asked for, connections twice."""
    recording = Recording(write_recording(sorted(found, key=lambda line: line.ts_recv_ns)))
    sources = open_recorded(recording, ALL, ImpairedPipeline)
    sources.drain(sources.last_ns)
    assert sources.ended
    sources.close()


@settings(deadline=None, derandomize=True, max_examples=80, suppress_health_check=FIXTURES)
@given(data=st.data())
def test_any_damage_is_told_as_such(
    write_recording: Callable[..., Path], recorded_rows: Callable[..., list[Line]], data: st.DataObject
) -> None:
    """One byte changed, or the end cut off: it is played, or refused with a code and a fix."""
    path = write_recording(recorded_rows(3))
    raw = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        raw[at] = data.draw(st.integers(0, 255))
    else:
        del raw[at:]
    path.write_bytes(raw)
    caught: MdsimError | None = None
    try:
        sources = open_recorded(Recording(path), ALL, ImpairedPipeline)
        sources.drain(sources.last_ns)
        sources.close()
    except DataError as error:
        caught = error
    if caught is not None:
        assert caught.code in ("MD651", "MD652", "MD653", "MD654", "MD655")
        assert caught.hint
