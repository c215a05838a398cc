"""The W3C ``traceparent`` header: read, written, and found among headers; no tracing library needed.

Format: https://www.w3.org/TR/trace-context/, ``00-<32 hex>-<16 hex>-<2 hex>``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

HEADER = "traceparent"

_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 1


@dataclass(frozen=True, slots=True)
class TraceParent:
    """Where in which trace a caller stands."""

    trace_id: int
    span_id: int
    sampled: bool

    def __str__(self) -> str:
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{int(self.sampled):02x}"


def parse(text: str) -> TraceParent | None:
    """What a header says; None when it is no valid one, which the standard says to ignore."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or not int(trace_id, 16) or not int(span_id, 16):
        return None
    return TraceParent(int(trace_id, 16), int(span_id, 16), bool(int(flags, 16) & _SAMPLED))


def of_headers(headers: Mapping[str, str]) -> TraceParent | None:
    """From headers with lower-case names, as a REST call has them."""
    return parse(headers.get(HEADER, ""))


def of_pairs(pairs: Iterable[tuple[str | bytes, str | bytes]]) -> TraceParent | None:
    """From pairs, as a WebSocket's upgrade and gRPC's metadata have them; more than one is none."""
    found = [value for name, value in pairs if _text(name).lower() == HEADER]
    return parse(_text(found[0])) if len(found) == 1 else None


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
