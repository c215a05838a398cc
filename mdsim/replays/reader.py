"""Reading a recording: every line checked, in order, with file, line and fix when one is wrong."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec

from mdsim.core.errors import DataError, UsageError
from mdsim.core.spelling import shown
from mdsim.core.time import format_utc
from mdsim.replays.format import END, GAP, KINDS, VERSION, Header, Line, unpacked

LINE_MOST_BYTES = 256 << 20
"""Longer than any line that is written: the longest message, with every character escaped."""
_GZIP = b"\x1f\x8b"


@dataclass(slots=True)
class Survey:
    """What a recording holds, found by reading all of it.

    Attributes:
        first_ns, last_ns: times of its first and last line.
        lines: without the header; ``messages``: messages and answers by source.
        lost: messages that were lost when it was written, by source; ``gaps``: how many times.
        complete: it was ended, not broken off.
    """

    first_ns: int
    last_ns: int
    lines: int = 0
    messages: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    gaps: int = 0
    complete: bool = False


class Recording:
    """A recording on disk.

    Attributes:
        path: the file; ``label``: as messages name it.
        header: its first line.
    """

    def __init__(self, path: Path) -> None:
        """Open it and read its first line.

        Raises:
            UsageError: there is no such file, or it cannot be read.
            DataError: it is no recording, or one of another version.
        """
        self.path = path
        self.label = str(path)
        with self._open() as file:
            self.header = self._header(file)

    def lines(self) -> Iterator[Line]:
        """Every line after the header.

        Raises:
            DataError: a line is damaged, unknown or goes back in time; or the file is cut off.
        """
        decoder = msgspec.json.Decoder(Line)
        known = frozenset(source.name for source in self.header.sources)
        before_ns, number = self.header.start_ns, 1
        with self._open() as file:
            self._next(file, number)
            while raw := self._next(file, number + 1):
                number += 1
                try:
                    line = decoder.decode(raw)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    raise self._damaged(number, str(error)) from None
                if line.kind in KINDS:
                    if line.source not in known:
                        what = f"{shown(line.source)} is not among the sources of the first line"
                        raise self._damaged(number, what)
                elif line.kind not in (GAP, END):
                    raise self._damaged(number, f"there is no kind {shown(line.kind)}")
                if line.raw64:
                    try:
                        unpacked(line.raw64)
                    except ValueError as error:
                        raise self._damaged(number, str(error)) from None
                if line.ts_recv_ns < before_ns:
                    raise DataError(
                        "MD654",
                        f"{self.label}:{number}: time goes back, from {format_utc(before_ns)} to"
                        f" {format_utc(line.ts_recv_ns)}",
                        hint=f"sort the lines after the first by ts_recv_ns, or {self._cut(number)}",
                    )
                before_ns = line.ts_recv_ns
                yield line

    def survey(self) -> Survey:
        """Read all of it.

        Raises:
            DataError: as ``lines``.
        """
        found = Survey(self.header.start_ns, self.header.start_ns)
        for line in self.lines():
            if not found.lines:
                found.first_ns = line.ts_recv_ns
            found.lines += 1
            found.last_ns = line.ts_recv_ns
            found.complete = line.kind == END
            if line.kind == GAP:
                found.gaps += 1
                for source, count in line.lost.items():
                    found.lost[source] = found.lost.get(source, 0) + count
            elif line.kind in ("ws", "rest"):
                found.messages[line.source] = found.messages.get(line.source, 0) + 1
        return found

    def _open(self) -> BinaryIO:
        try:
            if self._packed():
                return gzip.open(self.path, "rb")  # type: ignore[return-value]  # it reads as one
            return self.path.open("rb")
        except OSError as error:
            message = f"{self.label} cannot be read: {error.strerror}"
            raise UsageError("MD650", message, hint="name a file that 'mdsim record' has written") from None

    def _packed(self) -> bool:
        with self.path.open("rb") as file:
            return file.read(2) == _GZIP

    def _header(self, file: BinaryIO) -> Header:
        raw = self._next(file, 1)
        try:
            version = msgspec.json.decode(raw, type=_Version).version
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise DataError(
                "MD651",
                f"{self.label}:1: the first line is not that of a recording",
                hint="name a file that 'mdsim record' has written",
            ) from None
        if version != VERSION:
            raise DataError(
                "MD652",
                f"{self.label}:1: the recording has form {version}, and this mdsim reads form {VERSION}",
                hint="replay it with the mdsim that wrote it, or record again",
            )
        try:
            return msgspec.json.decode(raw, type=Header)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DataError(
                "MD651", f"{self.label}:1: {error}", hint="name a file that 'mdsim record' has written"
            ) from None

    def _next(self, file: BinaryIO, number: int) -> bytes:
        """The next line, empty at the end."""
        try:
            raw = file.readline(LINE_MOST_BYTES)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise self._damaged(number, "the packed file is damaged or cut off here") from None
        except OSError as error:
            raise self._damaged(number, error.strerror or str(error)) from None
        if raw and not raw.endswith(b"\n"):
            raise self._damaged(number, "the line is cut off")
        return raw

    def _damaged(self, number: int, what: str) -> DataError:
        return DataError("MD653", f"{self.label}:{number}: {what}", hint=self._cut(number))

    def _cut(self, number: int) -> str:
        """How to keep what stands before a line."""
        if number <= 2:
            return "record again: nothing stands before it"
        shows = "gzip -dc" if self._packed() else "cat"
        cut = f"{shows} {self.label} 2>/dev/null | head -n {number - 1} > whole.ndjson"
        return f"keep what stands before it: {cut}"


class _Version(msgspec.Struct):
    version: int = msgspec.field(name="mdsim_recording")
