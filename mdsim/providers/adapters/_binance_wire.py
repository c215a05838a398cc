"""Binance's messages as they are on the wire, and the one function that reads them."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from mdsim.providers.adapters._books import Level


class Event(msgspec.Struct, gc=False):
    """A payload of any stream; which one it is, ``e`` says, or its absence (bookTicker).

    Attributes:
        e, E: kind of event and its time in ms (µs where asked for).
        s: the venue's symbol.
        U, u: first and last update id.
        b, a: best price as text, or changed levels ``[price, size]``; B, A: best sizes.
        t, p: id and price of a trade.
        v, q: of a 24 h summary: base and quote volume.
    """

    e: str = ""
    E: int = 0
    s: str = ""
    U: int = 0
    u: int = 0
    b: Decimal | list[Level] | None = None
    a: Decimal | list[Level] | None = None
    B: Decimal | None = None
    A: Decimal | None = None
    t: int = 0
    p: Decimal | None = None
    v: Decimal | None = None
    q: Decimal | None = None


class Error(msgspec.Struct, gc=False):
    """What a refused request is answered with."""

    code: int = 0
    msg: str = ""


class Message(Event, gc=False):
    """Any frame: a payload alone, a payload in the wrapper of a combined stream, or an answer.

    Attributes:
        stream, data: the wrapper.
        id, result, error: of an answer; ``id`` is None in a payload.
    """

    stream: str = ""
    data: Event | None = None
    id: int | str | None = None
    result: msgspec.Raw = msgspec.Raw(b"")
    error: Error | None = None

    @property
    def payload(self) -> Event:
        """What was sent, without the wrapper."""
        return self if self.data is None else self.data


class Snapshot(msgspec.Struct, gc=False):
    """Answer of ``/api/v3/depth``."""

    lastUpdateId: int  # noqa: N815 their name
    bids: list[Level]
    asks: list[Level]


class Listed(msgspec.Struct, gc=False):
    """One symbol of ``/api/v3/exchangeInfo``."""

    symbol: str
    status: str
    baseAsset: str  # noqa: N815 their name
    quoteAsset: str  # noqa: N815 their name


class Listing(msgspec.Struct, gc=False):
    """Answer of ``/api/v3/exchangeInfo``."""

    symbols: list[Listed]


_MESSAGE = msgspec.json.Decoder(Message)
SNAPSHOT = msgspec.json.Decoder(Snapshot)
LISTING = msgspec.json.Decoder(Listing)
ERROR = msgspec.json.Decoder(Error)

_LAST_MS = 100_000_000_000_000
"""Stamps past it (the year 5138 in ms) are microseconds."""


def parse(raw: str | bytes, recv_ns: int) -> Message:
    """Read one frame.

    Numbers keep the text that Binance wrote: they become Decimals without passing through a float.

    Args:
        raw: the frame's text.
        recv_ns: when it came; Binance's frames need nothing of it.

    Raises:
        msgspec.DecodeError, ValueError, RecursionError: it is no frame of Binance.
    """
    del recv_ns
    return _MESSAGE.decode(raw)


def stamp_ns(stamp: int) -> int:
    """Nanoseconds of a stamp in ms or µs; 0 stays 0."""
    return stamp * (1_000_000 if stamp < _LAST_MS else 1_000)
