"""Server-sent events (the text/event-stream of the HTML standard), taken apart as bytes arrive."""

from __future__ import annotations

from dataclasses import dataclass

from mdsim.client.failures import AnswerError

EVENT_MOST_BYTES = 8 << 20
"""Past this one event is refused; the largest honest one holds a compiled plan."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event.

    Attributes:
        id: the last id that the stream gave, empty before the first.
        kind: ``message`` without a name.
    """

    id: str
    kind: str
    data: bytes


class Reader:
    """Cuts bytes into events; lines are cut by CR, LF or both, and by nothing else that Unicode knows."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._id = ""
        self._kind = ""
        self._data: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._begun = False

    def feed(self, part: bytes) -> list[ServerEvent]:
        """The events that end in these bytes.

        Raises:
            AnswerError: an event is longer than any of an mdsim server.
        """
        if self._after_cr and part:
            part = part.removeprefix(b"\n")
            self._after_cr = False
        begin = max(0, len(self._bytes))
        self._bytes += part
        if not self._begun and len(self._bytes) >= 3:
            self._begun = True
            if self._bytes.startswith(b"\xef\xbb\xbf"):
                del self._bytes[:3]
                begin = 0
        found: list[ServerEvent] = []
        start = 0
        while True:
            ends = [at for at in (self._bytes.find(b"\n", begin), self._bytes.find(b"\r", begin)) if at >= 0]
            if not ends:
                break
            end = min(ends)
            event = self._line(bytes(self._bytes[start:end]))
            if event is not None:
                found.append(event)
            start = end + 1
            if self._bytes[end] == 0x0D:
                if start == len(self._bytes):
                    self._after_cr = True
                elif self._bytes[start] == 0x0A:
                    start += 1
            begin = start
        del self._bytes[:start]
        if len(self._bytes) + self._size > EVENT_MOST_BYTES:
            raise AnswerError("MD503", "an event is longer than any of an mdsim server")
        return found

    def _line(self, line: bytes) -> ServerEvent | None:
        if not line:
            return self._end()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            self._size += len(value)
        elif field == b"event":
            self._kind = value.decode("utf-8", "replace")
        elif field == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")
        return None

    def _end(self) -> ServerEvent | None:
        kind, data = self._kind, self._data
        self._kind, self._data, self._size = "", [], 0
        return ServerEvent(self._id, kind or "message", b"\n".join(data)) if data else None
