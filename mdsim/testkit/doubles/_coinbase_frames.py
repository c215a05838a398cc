"""Coinbase's frames: numbers as text without padding, times with microseconds, integers for counters."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from mdsim.core.decimals import plain
from mdsim.testkit.desk import Beat, Desk, Trade
from mdsim.testkit.frames import iso

Event = Mapping[str, object]


def ticker(desk: Desk, trade: Trade, sequence: int, stamp_ns: int) -> Event:
    """``ticker``: ``side`` is the taker's."""
    (bid, bid_size), (ask, ask_size) = desk.top
    day = desk.day
    return {
        "type": "ticker",
        "sequence": sequence,
        "product_id": desk.listed,
        "price": plain(trade.price),
        "open_24h": plain(day.open),
        "volume_24h": f"{desk.pair.volume_24h:.8f}",
        "low_24h": plain(day.low),
        "high_24h": plain(day.high),
        "volume_30d": f"{desk.pair.volume_24h * 30:.8f}",
        "best_bid": plain(bid),
        "best_bid_size": plain(bid_size),
        "best_ask": plain(ask),
        "best_ask_size": plain(ask_size),
        "side": "buy" if trade.buy else "sell",
        "time": iso(stamp_ns),
        "trade_id": trade.number,
        "last_size": plain(trade.size),
    }


def match(desk: Desk, trade: Trade, sequence: int, stamp_ns: int, kind: str) -> Event:
    """``match`` or ``last_match``: ``side`` is the maker's."""
    return {
        "type": kind,
        "trade_id": trade.number,
        "maker_order_id": str(uuid.UUID(int=trade.number * 2)),
        "taker_order_id": str(uuid.UUID(int=trade.number * 2 + 1)),
        "side": "sell" if trade.buy else "buy",
        "size": plain(trade.size),
        "price": plain(trade.price),
        "product_id": desk.listed,
        "sequence": sequence,
        "time": iso(stamp_ns),
    }


def snapshot(desk: Desk, stamp_ns: int) -> Event:
    """``snapshot``: the whole book, best first."""
    return {
        "type": "snapshot",
        "product_id": desk.listed,
        "asks": [(plain(price), plain(size)) for price, size in desk.asks.items()],
        "bids": [(plain(price), plain(size)) for price, size in desk.bids.items()],
        "time": iso(stamp_ns),
    }


def l2update(desk: Desk, beat: Beat, stamp_ns: int) -> Event:
    """``l2update``: sizes are absolute, zero deletes."""
    changes = [
        (side, plain(price), plain(size) if size else "0.00000000")
        for side, levels in (("buy", beat.bids), ("sell", beat.asks))
        for price, size in levels.items()
    ]
    return {"type": "l2update", "product_id": desk.listed, "changes": changes, "time": iso(stamp_ns)}


def heartbeat(desk: Desk, sequence: int, stamp_ns: int) -> Event:
    """``heartbeat``, once a second."""
    return {
        "type": "heartbeat",
        "sequence": sequence,
        "last_trade_id": desk.last.number,
        "product_id": desk.listed,
        "time": iso(stamp_ns),
    }
