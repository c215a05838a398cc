r"""The form of a recording: a line about the sources, then one line for everything that came.

A recording is newline-delimited JSON, mostly packed with gzip. Its first line is a ``Header``. Every other
line is one thing that passed at the wire, in the order in which it did, so that a replay can call the same
sessions at the same times with the same bytes::

    {"ts_recv_ns":1730000000000000000,"source":"binance","kind":"ws","conn":1,"raw":"{\"u\":100,…"}

``kind`` is ``open`` and ``close`` (a connection), ``ws`` (a message), ``rest`` (an answer), ``turn`` (the
session was asked what it wants), ``gap`` (messages that were lost before they were written) and ``end`` (the
recording was ended, not broken off).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from mdsim.core.time import format_utc
from mdsim.providers.source import SourceSpec
from mdsim.providers.wire import ANSWER, CLOSED, MESSAGE, OPENED, TURNED, Heard

VERSION = 1
KINDS = {"open": OPENED, "ws": MESSAGE, "rest": ANSWER, "turn": TURNED, "close": CLOSED}
"""Kind of a line → kind of what was heard."""
GAP, END = "gap", "end"
KEPT_HEADERS = ("content-type", "date", "retry-after")
"""Headers of an answer that are written; others may name a session or an account."""

_WORDS = {heard: word for word, heard in KINDS.items()}
_Ns = Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]


class RecordedTerms(msgspec.Struct, frozen=True, kw_only=True):
    """One source of a recording: what its sessions were opened with.

    Attributes:
        provider: name of the adapter.
        kind: ``rest_api`` or ``websocket``.
        url: its address, without user, query and fragment.
        keyed: whether a key was at hand; the key itself is nowhere.
        interval_ns: how often the quota let a session poll.
    """

    name: str
    provider: str
    kind: str
    url: str
    tier: str
    priority: int
    keyed: bool
    interval_ns: _Ns
    symbols: tuple[str, ...]


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line.

    Attributes:
        version: of the form; ``mdsim``: the program that wrote it.
        start_ns, start: when it was begun, as a number and to be read.
    """

    version: int = msgspec.field(name="mdsim_recording")
    mdsim: str
    start_ns: _Ns
    start: str
    sources: tuple[RecordedTerms, ...]


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every other line.

    Attributes:
        conn: counts the connections of a source from 1.
        raw: the text as it came; ``raw64``: bytes that are no text, in base64.
        tag, path, status, headers: of an answer.
        since_ns, lost: of a gap: when it began, and how many messages of each source it took.
        lines: of the end: how many lines stand between it and the header.
    """

    ts_recv_ns: _Ns
    source: str = ""
    kind: str
    conn: int = 0
    tag: str = ""
    path: str = ""
    status: int = 0
    headers: dict[str, str] = {}
    raw: str = ""
    raw64: str = ""
    since_ns: _Ns = 0
    lost: dict[str, int] = {}
    lines: int = 0


def header_of(specs: Sequence[SourceSpec], start_ns: int, version: str) -> Header:
    """What a recording of these sources begins with.

    Args:
        specs: the sources.
        start_ns: now.
        version: of mdsim.
    """
    sources = tuple(
        RecordedTerms(
            name=spec.name,
            provider=spec.provider.name,
            kind=spec.offer.kind,
            url=_public(spec.url),
            tier=spec.tier,
            priority=spec.priority,
            keyed=bool(spec.keys),
            interval_ns=spec.interval_ns,
            symbols=tuple(item.symbol for item in spec.instruments),
        )
        for spec in specs
    )
    return Header(
        version=VERSION, mdsim=version, start_ns=start_ns, start=format_utc(start_ns), sources=sources
    )


def line_of(heard: Heard) -> Line:
    """The line of something that was heard.

    Text keeps its text. An answer's body is text where its bytes are, otherwise base64; so is a message
    that came as bytes, because a session may tell the two apart.
    """
    raw, text, packed = heard.raw, "", ""
    if isinstance(raw, str):
        text = raw
    else:
        as_text = _text(raw) if heard.kind == ANSWER else None
        if as_text is None:
            packed = base64.b64encode(raw).decode("ascii")
        else:
            text = as_text
    return Line(
        ts_recv_ns=heard.recv_ns,
        source=heard.source,
        kind=_WORDS[heard.kind],
        conn=heard.connection,
        tag=heard.tag,
        path=heard.path,
        status=heard.status,
        headers=_kept(heard.headers),
        raw=text,
        raw64=packed,
    )


def heard_of(line: Line) -> Heard:
    """What a line tells of, as the tap gave it.

    Args:
        line: of one of ``KINDS``.

    Raises:
        ValueError: its bytes are no base64.
    """
    kind = KINDS[line.kind]
    raw: str | bytes = line.raw
    if line.raw64:
        raw = unpacked(line.raw64)
    elif kind == ANSWER:
        raw = line.raw.encode()
    return Heard(
        line.source, line.conn, line.ts_recv_ns, kind, raw, line.tag, line.path, line.status, line.headers
    )


def unpacked(raw64: str) -> bytes:
    """The bytes of a ``raw64``.

    Raises:
        ValueError: it is no base64.
    """
    try:
        return base64.b64decode(raw64, validate=True)
    except ValueError:
        message = "raw64 is no base64"
        raise ValueError(message) from None


def _text(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in KEPT_HEADERS if name in headers}


def _public(url: str) -> str:
    """An address without what may be a secret; keys of gateways stand in queries."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    place = host if parts.port is None else f"{host}:{parts.port}"
    return f"{parts.scheme}://{place}{parts.path}"
