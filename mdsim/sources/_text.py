"""A recording's bytes as plain text: what comes before any thought about columns."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import Protocol

from mdsim.core.errors import DataError

BYTES_MAX = 256 * 1024 * 1024
"""Unpacked size that is still read: about four million rows, and a gzip bomb is refused early."""

_NEWLINE = b"\n"


class Opener(Protocol):
    """What can be read whole: a file of the user's, or one inside a package."""

    def read_bytes(self) -> bytes: ...


def read_text(file: Opener, label: str) -> str:
    """Bytes to text: unpacked if they are gzipped (told by the first bytes), line ends as one newline.

    Raises:
        DataError: missing, unreadable, empty, damaged, too large, or no plain text.
    """
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        raise DataError("MD210", f"{label}: there is no such file", hint="check the path") from None
    except OSError as error:
        what = error.strerror or str(error)
        raise DataError("MD210", f"{label}: cannot be read: {what}", hint="check the file") from None
    if raw[:2] == b"\x1f\x8b":
        raw = _unpacked(raw, label)
    if len(raw) > BYTES_MAX:
        raise DataError(
            "MD223",
            f"{label}: over {BYTES_MAX // 1024**2} MiB of text",
            hint="cut the recording to the days that are needed",
        )
    raw = raw.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    if not raw.strip():
        raise DataError("MD213", f"{label}:1: the file is empty", hint="record it again")
    if b"\x00" not in raw and raw.isascii():
        return raw.decode("ascii")
    bad = next(at for at, byte in enumerate(raw) if byte == 0 or byte > 127)
    raise DataError(
        "MD211",
        f"{label}:{raw.count(_NEWLINE, 0, bad) + 1}: this is not plain text",
        hint="a recording is CSV text, plain or gzipped; export it as that",
    )


def _unpacked(raw: bytes, label: str) -> bytes:
    """Gunzip at most one byte more than is allowed: a bomb stops there."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
            return stream.read(BYTES_MAX + 1)
    except (EOFError, OSError, zlib.error):
        raise DataError(
            "MD212",
            f"{label}: the gzip data is cut off or damaged",
            hint="copy the file again; 'gzip -t' tells whether it is whole",
        ) from None
