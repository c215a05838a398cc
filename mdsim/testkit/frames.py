"""What passes between a double and a client: requests, replies, and the text of numbers and times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from mdsim.core.decimals import CONTEXT
from mdsim.core.time import SECOND


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that a client asked for.

    Attributes:
        kind: ``GET``, ``OPEN`` (a WebSocket) or ``SEND`` (a message on one).
        path: without the query; ``query``: its parameters, of a repeated one the last.
        headers: names in lower case.
        text: of a message.
    """

    at_ns: int
    kind: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer over HTTP.

    Attributes:
        delay_ns: how long it is held back.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_ns: int = 0


def reply(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer in JSON."""
    return Reply(status, msgspec.json.encode(data), headers or {})


def number(value: Decimal) -> msgspec.Raw:
    """A JSON number with every digit that the Decimal has, zeros at the end too."""
    return msgspec.Raw(format(value, "f").encode())


def text(data: object) -> str:
    """A frame in JSON."""
    return msgspec.json.encode(data).decode()


def fixed(value: Decimal, places: int = 8) -> str:
    """A number with so many decimals."""
    return format(CONTEXT.quantize(value, Decimal(1).scaleb(-places, CONTEXT)), "f")


def iso(ts_ns: int, digits: int = 6) -> str:
    """RFC 3339 in UTC with 3, 6 or 9 digits of a second."""
    seconds, rest_ns = divmod(ts_ns, SECOND)
    moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}.{rest_ns:09d}"[: len(moment) + 1 + digits] + "Z"
