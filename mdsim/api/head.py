"""The head of a request, as far as the front door must know it to say who answers."""

from __future__ import annotations

import re
from dataclasses import dataclass

import h11

_END = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Head:
    """Method, target and headers; header names are lower-case, of a repeated one the last counts."""

    method: str
    target: str
    headers: dict[str, str]

    @property
    def upgrades(self) -> bool:
        """Whether it asks for a WebSocket."""
        tokens = [token.strip() for token in self.headers.get("upgrade", "").lower().split(",")]
        return self.method == "GET" and "websocket" in tokens


def is_whole(data: bytes | bytearray, begin: int = 0) -> bool:
    """Whether the head ends in the bytes; what lies more than 4 bytes before ``begin`` was looked at."""
    return _END.search(data, max(0, begin - 4)) is not None


def parse_upgrade(data: bytes) -> Head | None:
    """The head, when it is well-formed and asks for a WebSocket; None leaves it to the HTTP server.

    Most requests do not, and are told apart by one search.
    """
    if b"upgrade" not in data.lower():
        return None
    parser = h11.Connection(h11.SERVER, max_incomplete_event_size=len(data))
    parser.receive_data(data)
    try:
        event = parser.next_event()
    except h11.RemoteProtocolError:
        return None
    if not isinstance(event, h11.Request):
        return None
    headers = {name.decode("ascii"): value.decode("latin-1") for name, value in event.headers}
    head = Head(event.method.decode("ascii"), event.target.decode("latin-1"), headers)
    return head if head.upgrades else None
