"""Coinbase Exchange's messages as they are on the wire, and the one function that reads them."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from mdsim.providers.adapters._books import Level


class Channel(msgspec.Struct, gc=False):
    """A channel in an acknowledgement, which lists everything that is subscribed by now."""

    name: str = ""
    product_ids: list[str] = []


class Message(msgspec.Struct, gc=False):
    """Any frame; which one it is, ``type`` says.

    Attributes:
        time: RFC 3339; now and then of year 1, and absent in old snapshots.
        sequence: of ``ticker`` and ``heartbeat``: rises within a product, with gaps.
        side: of a ticker the taker's; of a match the maker's.
        best_bid, best_ask: of a ticker; recordings before 2022 have no sizes with them.
        bids, asks: of a snapshot: ``[price, size]``, the best first.
        changes: of an l2update: ``[buy|sell, price, size]``; sizes are absolute, 0 deletes.
        last_trade_id: of a heartbeat.
        message, reason: of an error.
    """

    type: str
    product_id: str = ""
    sequence: int = 0
    time: str = ""
    price: Decimal | None = None
    side: str = ""
    trade_id: int = 0
    last_size: Decimal | None = None
    volume_24h: Decimal | None = None
    best_bid: Decimal | None = None
    best_bid_size: Decimal | None = None
    best_ask: Decimal | None = None
    best_ask_size: Decimal | None = None
    bids: list[Level] = []
    asks: list[Level] = []
    changes: list[tuple[str, Decimal, Decimal]] = []
    last_trade_id: int = 0
    channels: list[Channel] = []
    message: str = ""
    reason: str = ""


class Product(msgspec.Struct, gc=False):
    """One entry of ``/products``; what old lists lack counts as fine."""

    id: str
    status: str = "online"
    trading_disabled: bool = False

    @property
    def trades(self) -> bool:
        """Whether it has a market that is open."""
        return self.status == "online" and not self.trading_disabled


_MESSAGE = msgspec.json.Decoder(Message)
_PRODUCTS = msgspec.json.Decoder(list[Product])


def parse(raw: str | bytes, recv_ns: int) -> Message:
    """Read one frame; numbers keep the text that Coinbase wrote.

    Args:
        raw: the frame's text.
        recv_ns: when it came; Coinbase's frames need nothing of it.

    Raises:
        msgspec.DecodeError, ValueError, ArithmeticError, RecursionError: it is no frame of Coinbase.
    """
    del recv_ns
    return _MESSAGE.decode(raw)


def parse_products(body: bytes) -> dict[str, Product]:
    """What ``/products`` lists, by id.

    Raises:
        As ``parse``.
    """
    return {product.id: product for product in _PRODUCTS.decode(body)}
