"""CoinMarketCap's messages: three shapes of quotes over REST, and the frames of its stream (beta)."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Quote(msgspec.Struct, gc=False):
    """A price in one currency; ``symbol`` names that in version 3, in older ones a key does."""

    price: Decimal | None = None
    volume_24h: Decimal | None = None
    last_updated: str | None = None
    symbol: str = ""


class Coin(msgspec.Struct, gc=False):
    """A coin with its quotes: an object by currency (v1, v2) or a list (v3)."""

    id: int
    symbol: str = ""
    quote: dict[str, Quote] | list[Quote] = {}

    def quoted(self, currency: str) -> Quote | None:
        """Its quote in a currency."""
        if isinstance(self.quote, dict):
            return self.quote.get(currency)
        return next((quote for quote in self.quote if quote.symbol == currency), None)


class Quotes(msgspec.Struct, gc=False):
    """An answer: coins, or a problem.

    Attributes:
        code: CoinMarketCap's number of a problem, 0 for none.
    """

    coins: list[Coin] = []
    code: int = 0
    problem: str = ""


class _Status(msgspec.Struct, gc=False):
    error_code: int | str = 0
    error_message: str | None = None
    error_detail: str | None = None


class _Envelope(msgspec.Struct, gc=False):
    status: _Status | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_LIST = msgspec.json.Decoder(list[Coin])
_DATA = msgspec.json.Decoder(list[Coin] | dict[str, Coin | list[Coin]] | None)


def parse_quotes(raw: str | bytes, recv_ns: int) -> Quotes:
    """Read the body of an answer of ``/v1|v2|v3/cryptocurrency/quotes/latest``.

    v1 gives an object of coins; v2 too, or of lists of coins where symbols were asked for; v3 gives a list.
    A bare list of coins is read as well, as the vendor's own client expects one.

    Args:
        raw: the body.
        recv_ns: when it came; nothing of it is needed.

    Raises:
        msgspec.DecodeError, ValueError, ArithmeticError, RecursionError: it is no such answer.
    """
    del recv_ns
    text = raw.encode() if isinstance(raw, str) else raw
    if text.lstrip()[:1] == b"[":
        return Quotes(_LIST.decode(text))
    envelope = _ENVELOPE.decode(text)
    if envelope.status is not None and (code := number(envelope.status.error_code)):
        return Quotes([], code, envelope.status.error_message or "")
    data = _DATA.decode(envelope.data)
    if data is None:
        raise ValueError("neither data nor a problem")
    if isinstance(data, list):
        return Quotes(data)
    coins: list[Coin] = []
    for value in data.values():
        coins += value if isinstance(value, list) else [value]
    return Quotes(coins)


class Push(msgspec.Struct, gc=False):
    """What ``data`` of a frame may hold: a price, or the settings of a welcome.

    Attributes:
        cid: number of the coin.
        p: price in USD; vu: volume of 24 hours in USD.
    """

    cid: int = 0
    p: Decimal | None = None
    vu: Decimal | None = None
    ping_interval_ms: int = 0


class Frame(msgspec.Struct, gc=False):
    """A frame of the stream: ``welcome``, ``ack``, ``data``, ``error`` or ``pong``.

    Attributes:
        id, code, msg: of the answer to a request; code 0 is good.
        status: of an error.
        ts: ms.
    """

    type: str
    id: int | str | None = None
    code: int | str = 0
    msg: str | None = None
    data: Push | None = None
    ts: int = 0
    ping_interval_ms: int = 0
    status: _Status | None = None

    @property
    def problem(self) -> tuple[int, str]:
        """The number of what went wrong (0 for nothing) and what is said about it."""
        if self.status is not None:
            detail = self.status.error_detail or self.status.error_message
            return number(self.status.error_code), detail or ""
        return number(self.code), self.msg or ""


_FRAME = msgspec.json.Decoder(Frame)


def parse(raw: str | bytes, recv_ns: int) -> Frame:
    """Read a frame of the stream.

    Args:
        raw: the frame's text.
        recv_ns: when it came; nothing of it is needed.

    Raises:
        msgspec.DecodeError, ValueError, ArithmeticError, RecursionError: it is no such frame.
    """
    del recv_ns
    frame = _FRAME.decode(raw)
    if frame.type in ("error", "ack"):
        _ = frame.problem  # a number that is none is found here, not later
    return frame


def number(code: int | str) -> int:
    """A code that newer endpoints print as text.

    Raises:
        ValueError: it is no number.
    """
    return int(code[:9]) if isinstance(code, str) else code
