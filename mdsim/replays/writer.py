"""Writing a recording while sources work: never in their way, never without bound."""

from __future__ import annotations

import gzip
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec
import trio

from mdsim.core.errors import DataError
from mdsim.providers.wire import ANSWER, MESSAGE, Heard
from mdsim.replays.format import END, GAP, Header, Line, line_of

MOST_QUEUED_BYTES = 64 << 20
"""What may wait for the disk; past it the newest messages are lost, counted, and marked by a gap."""
RESERVE = 1.25
"""How much more may wait for the sake of connections that come and go: a replay needs these most."""
LINE_BYTES = 250
"""What a line costs beside its text, in memory."""
LEVEL = 5
"""Of gzip: 9 takes five times as long for a sixth less."""
EVERY_S = 0.5
"""Between two visits to the disk; what a kill can cost."""


class RecordingWriter:
    """A recorder of sources that writes to a file.

    Attributes:
        lines: written or waiting, without the header.
        lost: messages that were lost, by source, because the disk was too slow.
        queued_bytes: what waits, roughly.
        file_bytes: size of the file as of the last visit to the disk.
    """

    def __init__(
        self,
        path: Path,
        header: Header,
        now: Callable[[], int],
        most_queued_bytes: int = MOST_QUEUED_BYTES,
    ) -> None:
        """Prepare; the file is opened by ``run``.

        Args:
            path: a new file; a name that ends in ``.gz`` is packed.
            header: its first line.
            now: the time of day in ns, for the last line.
            most_queued_bytes: bound of what waits.
        """
        self.path = path
        self.lines = self.file_bytes = self.queued_bytes = 0
        self.lost: dict[str, int] = {}
        self._header = header
        self._now = now
        self._most = most_queued_bytes
        self._queue: deque[Line] = deque()
        self._gap: dict[str, int] = {}
        self._gap_since_ns = 0
        self._stopping = trio.Event()
        self._encoder = msgspec.json.Encoder()

    def take(self, heard: Heard) -> None:
        """Take something that was heard; what does not fit is counted."""
        of_message = heard.kind in (MESSAGE, ANSWER)
        cost = LINE_BYTES + len(heard.raw)
        if self.queued_bytes + cost > self._most * (1.0 if of_message else RESERVE):
            if not self._gap:
                self._gap_since_ns = heard.recv_ns
            self._gap[heard.source] = self._gap.get(heard.source, 0) + 1
            self.lost[heard.source] = self.lost.get(heard.source, 0) + 1
            return
        self._mark_gap(heard.recv_ns)
        self._put(line_of(heard), cost)

    def stop(self) -> None:
        """Let ``run`` write what waits, and end."""
        self._stopping.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Write until ``stop`` or until cancelled; either way the file is whole. Started once it is open.

        Raises:
            DataError: the file is there already.
            OSError: the system refuses to write.
        """
        disk = _Disk(self.path)
        await trio.to_thread.run_sync(disk.open)
        try:
            await self._write(disk, [self._encoder.encode(self._header)])
            task_status.started()
            while not self._stopping.is_set():
                with trio.move_on_after(EVERY_S):
                    await self._stopping.wait()
                waiting_bytes = self.queued_bytes
                await self._write(disk, self._taken())
                self.queued_bytes -= waiting_bytes
        finally:
            now_ns = self._now()
            self._mark_gap(now_ns)
            end = Line(ts_recv_ns=now_ns, kind=END, lines=self.lines, lost=dict(sorted(self.lost.items())))
            with trio.CancelScope(shield=True):
                self.file_bytes = await trio.to_thread.run_sync(self._finish, disk, [*self._taken(), end])

    def _mark_gap(self, at_ns: int) -> None:
        if self._gap:
            lost, self._gap = self._gap, {}
            gap = Line(
                ts_recv_ns=at_ns, kind=GAP, since_ns=self._gap_since_ns, lost=dict(sorted(lost.items()))
            )
            self._put(gap, LINE_BYTES)

    def _put(self, line: Line, cost: int) -> None:
        self.lines += 1
        self.queued_bytes += cost
        self._queue.append(line)

    def _taken(self) -> Sequence[Line]:
        taken, self._queue = self._queue, deque()
        return taken

    async def _write(self, disk: _Disk, lines: Sequence[Line | bytes]) -> None:
        with trio.CancelScope(shield=True):  # what was taken out of the queue must not be lost
            self.file_bytes = await trio.to_thread.run_sync(disk.write, lines, self._encoder)

    def _finish(self, disk: _Disk, lines: Sequence[Line]) -> int:
        """Write the last lines and close; the size of the file."""
        try:
            disk.write(lines, self._encoder)
        finally:
            disk.close()
        return self.path.stat().st_size


class _Disk:
    """The file; used in threads, by one at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._plain: BinaryIO | None = None
        self._packed: gzip.GzipFile | None = None

    def open(self) -> None:
        try:
            self._plain = self._path.open("xb")
        except FileExistsError:
            message = f"{self._path} is there already, and a recording is never written over"
            raise DataError("MD659", message, hint="name another file, or remove this one") from None
        if self._path.suffix == ".gz":
            # No time and no name inside, so that equal recordings are equal files.
            self._packed = gzip.GzipFile(
                filename="", mode="wb", compresslevel=LEVEL, fileobj=self._plain, mtime=0
            )

    def write(self, lines: Sequence[Line | bytes], encoder: msgspec.json.Encoder) -> int:
        """Write lines so that they can be read though nothing follows; the size of the file."""
        if self._plain is None:
            return 0
        to = self._packed or self._plain
        for line in lines:
            to.write((line if isinstance(line, bytes) else encoder.encode(line)) + b"\n")
        if lines:
            to.flush()
            self._plain.flush()
        return self._plain.tell()

    def close(self) -> None:
        try:
            if self._packed is not None:
                self._packed.close()
        finally:
            if self._plain is not None:
                self._plain.close()
