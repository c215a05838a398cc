"""Reading recordings: what is wrong is told with file, line and fix."""

from __future__ import annotations

import gzip
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from mdsim.core.errors import DataError, MdsimError, UsageError
from mdsim.core.time import SECOND
from mdsim.replays.format import END, GAP, Line
from mdsim.replays.reader import Recording

Write = Callable[..., Path]
Rows = Callable[..., list[Line]]


def test_a_survey_counts_everything(write_recording: Write, recorded_rows: Rows) -> None:
    """First and last time, lines, messages, what was lost, and that nobody ended it."""
    lines = recorded_rows(3)
    gap = Line(ts_recv_ns=lines[-1].ts_recv_ns, kind=GAP, since_ns=5, lost={"binance": 7})
    found = Recording(write_recording([*lines, gap])).survey()
    assert (found.lines, found.gaps, found.lost) == (11, 1, {"binance": 7})
    assert found.messages == {"binance": 5}
    assert found.last_ns - found.first_ns == 4 * SECOND
    assert not found.complete
    end = Line(ts_recv_ns=gap.ts_recv_ns, kind=END, lines=11)
    assert Recording(write_recording([*lines, gap, end])).survey().complete


def test_a_packed_recording_is_told_by_its_bytes(
    write_recording: Write, recorded_rows: Rows, tmp_path: Path
) -> None:
    """Whatever it is called."""
    plain = write_recording(recorded_rows(3))
    packed = tmp_path / "packed.anything"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert list(Recording(packed).lines()) == list(Recording(plain).lines())


BROKEN: list[tuple[bytes, str]] = [
    (b'{"ts_recv_ns":', "Input data was truncated"),
    (
        b'{"ts_recv_ns":1700000009000000000,"kind":"ws","source":"kraken"}',
        "'kraken' is not among the sources",
    ),
    (b'{"ts_recv_ns":1700000009000000000,"kind":"frob","source":"binance"}', "there is no kind 'frob'"),
    (b'{"ts_recv_ns":"x","kind":"ws","source":"binance"}', "Expected `int`"),
    (b'{"kind":"ws","source":"binance"}', "missing required field `ts_recv_ns`"),
    (b'{"ts_recv_ns":1700000009000000000,"kind":"ws","source":"binance","raw64":"#"}', "no base64"),
    (b"\xff\xfe", "malformed"),
    (b"", "Input data was truncated"),
]


@pytest.mark.parametrize(("line", "says"), BROKEN)
def test_a_broken_line_is_named_with_its_fix(
    write_recording: Write, recorded_rows: Rows, line: bytes, says: str
) -> None:
    """The number of the line as an editor counts, what is wrong, and how to keep the rest."""
    good = recorded_rows(3)[:8]
    path = write_recording([*good, line])
    with pytest.raises(DataError) as caught:
        Recording(path).survey()
    assert caught.value.code == "MD653"
    assert caught.value.message.startswith(f"{path}:10: ")
    assert says in caught.value.message
    assert f"cat {path} 2>/dev/null | head -n 9 > whole.ndjson" in caught.value.hint


def test_a_line_without_its_end_is_cut_off(write_recording: Write, recorded_rows: Rows) -> None:
    """A killed writer leaves half a line, which may even be JSON."""
    path = write_recording(recorded_rows(3))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r":11: the line is cut off"):
        Recording(path).survey()


def test_a_packed_file_that_breaks_off_is_repaired_by_its_own_advice(
    write_recording: Write, recorded_rows: Rows, tmp_path: Path
) -> None:
    """What the help says is a command that works."""
    whole = gzip.compress(write_recording(recorded_rows(5_000)).read_bytes())
    path = tmp_path / "cut.ndjson.gz"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(DataError) as caught:
        Recording(path).survey()
    assert caught.value.code == "MD653"
    command = caught.value.hint.partition(": ")[2]
    subprocess.run(command, shell=True, check=True, cwd=tmp_path)  # our own words
    found = Recording(tmp_path / "whole.ndjson").survey()
    assert found.lines > 2_000


def test_time_that_goes_back_is_refused(write_recording: Write, recorded_rows: Rows) -> None:
    """With both times."""
    lines = recorded_rows(3)
    lines[7], lines[8] = lines[8], lines[7]
    with pytest.raises(DataError, match="time goes back, from 2023-11-14T22:13:23") as caught:
        Recording(write_recording(lines)).survey()
    assert caught.value.code == "MD654"


HEADERS = [
    (b"", "MD651"),
    (b"timestamp_ms,open,high,low,close\n1,2,3,4,5\n", "MD651"),
    (b'{"mdsim_recording":2,"anything":true}\n', "MD652"),
    (b'{"mdsim_recording":1,"sources":[]}\n', "MD651"),
    (b"\x1f\x8b\x08\x00garbage", "MD653"),
]


@pytest.mark.parametrize(("raw", "code"), HEADERS)
def test_what_is_no_recording_is_refused_at_once(tmp_path: Path, raw: bytes, code: str) -> None:
    """By its first line."""
    path = tmp_path / "some.file"
    path.write_bytes(raw)
    with pytest.raises(MdsimError, match=f"{path}:1: ") as caught:
        Recording(path)
    assert caught.value.code == code


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    """And so is a folder."""
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(UsageError, match="cannot be read") as caught:
            Recording(path)
        assert caught.value.code == "MD650"


def test_an_empty_recording_holds_nothing(write_recording: Write) -> None:
    """A header alone is a recording of no time."""
    path = write_recording([])
    assert msgspec.json.decode(path.read_bytes().splitlines()[0])["mdsim_recording"] == 1
    found = Recording(path).survey()
    assert (found.lines, found.first_ns) == (0, found.last_ns)
