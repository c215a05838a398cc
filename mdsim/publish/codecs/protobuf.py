"""Protocol Buffers in binary frames: one ``mdsim.v1.StreamMessage`` each, of ``market.proto``."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from mdsim._proto.v1 import market_pb2 as pb
from mdsim.core.events import Bar, BookDelta, BookLevel, BookSnapshot, Tick, Trade
from mdsim.core.serving import MarketEvent
from mdsim.publish.frames import BINARY
from mdsim.publish.message import CodecType, Message

_SIDES = {"buy": pb.SIDE_BUY, "sell": pb.SIDE_SELL}


def encode(message: Message) -> bytes:
    """The event in its field of the message, and what was published about it."""
    out = pb.StreamMessage(
        ts_publish_ns=message.ts_publish_ns, snapshot=message.snapshot, skipped=message.skipped
    )
    event = message.event
    match event:
        case Tick():
            volume = "" if message.volume is None else _text(message.volume)
            out.tick.CopyFrom(_tick(event, volume))
        case Trade():
            out.trade.CopyFrom(_trade(event))
        case BookSnapshot():
            out.book.CopyFrom(_book(event))
        case BookDelta():
            out.book_delta.CopyFrom(_delta(event))
        case Bar():
            out.bar.CopyFrom(_bar(event))
        case MarketEvent():
            out.market_event.CopyFrom(_event(event))
    return out.SerializeToString()


def _text(value: Decimal) -> str:
    return format(value, "f")


def _tick(tick: Tick, volume: str) -> pb.Tick:
    return pb.Tick(
        symbol=tick.symbol,
        seq=tick.seq,
        ts_event_ns=tick.ts_event_ns,
        price=_text(tick.price),
        bid=_text(tick.bid),
        ask=_text(tick.ask),
        reference=_text(tick.reference),
        volume=volume,
    )


def _trade(trade: Trade) -> pb.Trade:
    return pb.Trade(
        symbol=trade.symbol,
        seq=trade.seq,
        ts_event_ns=trade.ts_event_ns,
        trade_id=trade.trade_id,
        side=_SIDES[trade.side],
        price=_text(trade.price),
        size=_text(trade.size),
    )


def _levels(levels: Iterable[BookLevel]) -> list[pb.BookLevel]:
    return [pb.BookLevel(price=_text(level.price), size=_text(level.size)) for level in levels]


def _book(book: BookSnapshot) -> pb.OrderBook:
    return pb.OrderBook(
        symbol=book.symbol,
        seq=book.seq,
        ts_event_ns=book.ts_event_ns,
        bids=_levels(book.bids),
        asks=_levels(book.asks),
    )


def _delta(delta: BookDelta) -> pb.BookDelta:
    return pb.BookDelta(
        symbol=delta.symbol,
        seq=delta.seq,
        ts_event_ns=delta.ts_event_ns,
        bids=_levels(delta.bids),
        asks=_levels(delta.asks),
    )


def _bar(bar: Bar) -> pb.Bar:
    return pb.Bar(
        symbol=bar.symbol,
        seq=bar.seq,
        ts_event_ns=bar.ts_event_ns,
        interval=bar.interval,
        start_ns=bar.start_ns,
        open=_text(bar.open),
        high=_text(bar.high),
        low=_text(bar.low),
        close=_text(bar.close),
        volume=_text(bar.volume),
        quote_volume=_text(bar.quote_volume),
        trades=bar.trades,
        revision=bar.revision,
    )


def _event(event: MarketEvent) -> pb.MarketEvent:
    return pb.MarketEvent(
        symbol=event.symbol,
        seq=event.seq,
        ts_event_ns=event.ts_event_ns,
        event=event.event,
        data_json=msgspec.json.encode(event.data).decode(),
    )


_NO_TAG = b"\x07"
"""Field 0 of a wire type that there is not: every parser refuses it, whatever follows."""


def damage(payload: bytes, place: float) -> bytes:
    """The tail torn off, and the first byte spoilt: a torn message alone might still be a whole one."""
    kept = min(len(payload) - 1, max(1, int(place * len(payload))))
    return _NO_TAG + payload[1:kept]


CODEC = CodecType(
    name="protobuf",
    summary="mdsim.v1.StreamMessage in binary frames; prices and sizes are text, times are nanoseconds",
    opcode=BINARY,
    encode=encode,
    damage=damage,
)
