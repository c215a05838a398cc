"""Kraken's messages (WebSocket v2) as they are on the wire, and the one function that reads them.

Kraken prints numbers as JSON numbers with the pair's fixed count of decimals, and its checksums are made
of those digits. They become Decimals straight from the text, so ``0.01000000`` keeps its zeros.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec


class BookLevel(msgspec.Struct, gc=False):
    """One level; ``qty`` is absolute, 0 deletes."""

    price: Decimal
    qty: Decimal


class BookData(msgspec.Struct, gc=False):
    """A snapshot of a book, or changes; ``checksum`` is of the book after them."""

    symbol: str
    bids: list[BookLevel]
    asks: list[BookLevel]
    checksum: int
    timestamp: str = ""


class TickerData(msgspec.Struct, gc=False):
    """Best quotes, last trade, 24 h volume in the base; ``last`` is 0 where nothing was ever traded."""

    symbol: str
    bid: Decimal
    ask: Decimal
    last: Decimal | None = None
    volume: Decimal | None = None
    timestamp: str = ""


class StatusData(msgspec.Struct, gc=False):
    """State of the engine: ``online``, ``maintenance``, ``cancel_only``, ``limit_only``, ``post_only``."""

    system: str


class PairData(msgspec.Struct, gc=False):
    """A pair in the list of instruments."""

    symbol: str
    status: str = "online"

    @property
    def trades(self) -> bool:
        """Whether its prices are those of an open market."""
        return self.status in ("online", "limit_only", "reduce_only")


class Instruments(msgspec.Struct, gc=False):
    """The list of instruments, or what changed in it."""

    pairs: list[PairData] = []


class Frame(msgspec.Struct, gc=False):
    """What every frame may have; ``data`` is read by ``channel``."""

    channel: str = ""
    type: str = ""
    method: str = ""
    success: bool | None = None
    error: str = ""
    symbol: str | None = None
    req_id: int | None = None
    data: msgspec.Raw = msgspec.Raw(b"")


class Message(msgspec.Struct, gc=False):
    """A frame that has been read; one of the lists is filled, or none.

    Attributes:
        channel, type: of data, such as ``book`` and ``snapshot``; ``heartbeat`` has no type.
        method, success, error, symbol, req_id: of an answer to a request.
    """

    channel: str
    type: str
    method: str = ""
    success: bool = True
    error: str = ""
    symbol: str = ""
    req_id: int | None = None
    books: list[BookData] = []
    tickers: list[TickerData] = []
    pairs: list[PairData] = []
    status: list[StatusData] = []


_FRAME = msgspec.json.Decoder(Frame)
_BOOKS = msgspec.json.Decoder(list[BookData])
_TICKERS = msgspec.json.Decoder(list[TickerData])
_STATUS = msgspec.json.Decoder(list[StatusData])
_INSTRUMENTS = msgspec.json.Decoder(Instruments)


def parse(raw: str | bytes, recv_ns: int) -> Message:
    """Read one frame.

    Args:
        raw: the frame's text.
        recv_ns: when it came; Kraken's frames need nothing of it.

    Raises:
        msgspec.DecodeError, ValueError, ArithmeticError, RecursionError: it is no frame of Kraken.
    """
    del recv_ns
    frame = _FRAME.decode(raw)
    channel = frame.channel
    if channel == "book":
        return Message(channel, frame.type, books=_BOOKS.decode(frame.data))
    if channel == "ticker":
        return Message(channel, frame.type, tickers=_TICKERS.decode(frame.data))
    if channel == "instrument":
        return Message(channel, frame.type, pairs=_INSTRUMENTS.decode(frame.data).pairs)
    if channel == "status":
        return Message(channel, frame.type, status=_STATUS.decode(frame.data))
    success = frame.success is not False
    return Message(channel, frame.type, frame.method, success, frame.error, frame.symbol or "", frame.req_id)
