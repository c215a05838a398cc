"""Writing recordings: whole however it ends, bounded however slow the disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import trio
import trio.testing

from mdsim.core.errors import DataError
from mdsim.providers.wire import CLOSED, MESSAGE, OPENED, Heard
from mdsim.replays.format import END, GAP, Header, Line, line_of
from mdsim.replays.reader import Recording
from mdsim.replays.writer import RecordingWriter

AT_NS = 1_700_000_000 * 10**9


@pytest.fixture
def header(write_recording: Callable[..., Path]) -> Header:
    """Of a Binance."""
    return Recording(write_recording([])).header


def message(at: int, text: str = "x") -> Heard:
    return Heard("binance", 1, AT_NS + at, MESSAGE, text)


@pytest.mark.parametrize("name", ["new.ndjson", "new.ndjson.gz"])
async def test_what_was_taken_can_be_read(tmp_path: Path, header: Header, name: str) -> None:
    """In order, with an end line, packed or not."""
    path = tmp_path / name
    writer = RecordingWriter(path, header, lambda: AT_NS + 9)
    async with trio.open_nursery() as nursery:
        await nursery.start(writer.run)
        heard = [message(at) for at in range(5)]
        for one in heard:
            writer.take(one)
        writer.stop()
    recording = Recording(path)
    *lines, end = recording.lines()
    assert recording.header == header
    assert lines == [line_of(one) for one in heard]
    assert (end.kind, end.lines, end.ts_recv_ns) == (END, 5, AT_NS + 9)
    assert writer.file_bytes == path.stat().st_size


async def test_a_cancelled_writer_leaves_a_whole_file(tmp_path: Path, header: Header) -> None:
    """Ctrl-C in the midst: what was taken is there, and the last line too."""
    path = tmp_path / "cut.ndjson.gz"
    writer = RecordingWriter(path, header, lambda: AT_NS + 9)
    async with trio.open_nursery() as nursery:
        await nursery.start(writer.run)
        writer.take(message(1))
        nursery.cancel_scope.cancel()
    found = Recording(path).survey()
    assert (found.lines, found.complete) == (2, True)


async def test_a_writer_that_is_cancelled_on_its_way_to_the_disk_loses_nothing(
    tmp_path: Path, header: Header
) -> None:
    """Stopped and cancelled at one moment, with lines already out of the queue."""
    path = tmp_path / "cut.ndjson"
    writer = RecordingWriter(path, header, lambda: AT_NS + 9)
    async with trio.open_nursery() as nursery:
        await nursery.start(writer.run)
        await trio.testing.wait_all_tasks_blocked()
        writer.take(message(1))
        writer.stop()
        nursery.cancel_scope.cancel()
    assert [line.kind for line in Recording(path).lines()] == ["ws", END]


async def test_what_does_not_fit_is_lost_counted_and_marked(tmp_path: Path, header: Header) -> None:
    """The newest messages go; connections that come and go still fit; a gap stands where they were."""
    path = tmp_path / "full.ndjson"
    writer = RecordingWriter(path, header, lambda: AT_NS + 99, most_queued_bytes=1_000)
    for at in range(6):
        writer.take(message(at))
    writer.take(Heard("binance", 1, AT_NS + 7, CLOSED, "closed"))
    assert writer.lost == {"binance": 3}
    async with trio.open_nursery() as nursery:
        await nursery.start(writer.run)
        writer.stop()
    kinds = [line.kind for line in Recording(path).lines()]
    assert kinds == ["ws", "ws", "ws", GAP, "close", END]
    gap = list(Recording(path).lines())[3]
    assert (gap.since_ns, gap.lost) == (AT_NS + 3, {"binance": 3})
    assert Recording(path).survey().lost == {"binance": 3}


async def test_losses_up_to_the_end_are_marked_too(tmp_path: Path, header: Header) -> None:
    """Nothing comes after them, and they are told all the same."""
    path = tmp_path / "full.ndjson"
    writer = RecordingWriter(path, header, lambda: AT_NS + 99, most_queued_bytes=600)
    for at in range(6):
        writer.take(message(at))
    async with trio.open_nursery() as nursery:
        await nursery.start(writer.run)
        writer.stop()
    lines: list[Line] = list(Recording(path).lines())
    assert [line.kind for line in lines] == ["ws", "ws", GAP, END]
    assert lines[-1].lost == {"binance": 4}


async def test_a_recording_is_never_written_over(tmp_path: Path, header: Header) -> None:
    """It cannot be had again."""
    path = tmp_path / "old.ndjson"
    path.write_text("precious")
    with pytest.raises(BaseExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            await nursery.start(RecordingWriter(path, header, lambda: AT_NS).run)
    assert caught.group_contains(DataError, match="never written over")
    assert path.read_text() == "precious"


async def test_a_session_that_opens_at_the_full_queue_is_kept(tmp_path: Path, header: Header) -> None:
    """Without its opening nothing of a connection could be replayed."""
    writer = RecordingWriter(tmp_path / "x.ndjson", header, lambda: AT_NS, most_queued_bytes=1_200)
    for at in range(5):
        writer.take(message(at))
    writer.take(Heard("binance", 2, AT_NS + 4, OPENED))
    assert writer.lost == {"binance": 1}
    assert writer.lines == 6  # four messages, the gap, the opening
