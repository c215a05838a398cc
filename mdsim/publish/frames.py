"""WebSocket frames of a server (RFC 6455, section 5.2): unmasked, so the same bytes serve every reader."""

from __future__ import annotations

import struct

TEXT = 0x1
BINARY = 0x2
CLOSE = 0x8
PING = 0x9

CONTROL_MOST = 125
"""Bytes that a control frame may carry."""


def frame(opcode: int, payload: bytes) -> bytes:
    """One whole message in one frame."""
    first, size = 0x80 | opcode, len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65_536:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload


def close_frame(code: int, reason: str) -> bytes:
    """A close frame; a reason that is too long is cut at a character."""
    text = reason.encode()[: CONTROL_MOST - 2].decode(errors="ignore").encode()
    return frame(CLOSE, struct.pack("!H", code) + text)


PING_FRAME = frame(PING, b"")


def is_close(data: bytes) -> bool:
    """Whether the bytes begin with a whole close frame, as a WebSocket library sends it."""
    return bool(data) and data[0] == 0x80 | CLOSE
