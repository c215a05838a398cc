"""Formats and frames: what every codec must do, and the bytes around it."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from wsproto.frame_protocol import FrameDecoder, Opcode

from mdsim._proto.v1 import market_pb2
from mdsim.core.events import Bar, BookDelta, BookLevel, BookSnapshot, Tick, Trade
from mdsim.core.registry import discover
from mdsim.core.serving import MarketEvent
from mdsim.publish.feeds import CHANNELS, Outgoing, feed_of
from mdsim.publish.frames import BINARY, PING_FRAME, TEXT, close_frame, frame, is_close
from mdsim.publish.message import CodecType, Message

ONE = Decimal("1.50")
LEVELS = (BookLevel(ONE, Decimal("0E-7")),)
EVENTS: list[Outgoing] = [
    Tick("BTC-USD", 3, 4, ONE, ONE, ONE, ONE),
    Trade("BTC-USD", 3, 4, 5, "sell", ONE, ONE),
    BookSnapshot("BTC-USD", 3, 4, LEVELS, LEVELS),
    BookDelta("BTC-USD", 3, 4, LEVELS, ()),
    Bar("BTC-USD", 3, 4, "5m", 1, ONE, ONE, ONE, ONE, Decimal("0E-12"), ONE, 2, 1),
    MarketEvent("BTC-USD", 3, 4, "anomaly", {"by": "0.1", "at": [1, None]}),
]
CODECS = discover("mdsim.publish.codecs", "CODEC", CodecType)


def kind(event: Outgoing) -> str:
    return type(event).__name__


@pytest.mark.parametrize("event", EVENTS, ids=kind)
@pytest.mark.parametrize("codec", CODECS.values(), ids=lambda codec: codec.name)
def test_every_format_tells_every_kind_of_event(codec: CodecType, event: Outgoing) -> None:
    """Each event has a payload; what was said about its delivery changes it."""
    feed = feed_of(event)
    plain = codec.encode(Message(feed, event, 9))

    assert feed.channel in CHANNELS
    assert plain
    assert codec.opcode in (TEXT, BINARY)
    assert codec.encode(Message(feed, event, 9, snapshot=True)) != plain
    assert codec.encode(Message(feed, event, 9, skipped=2)) != plain


@pytest.mark.parametrize("event", EVENTS, ids=kind)
def test_json_has_the_promised_fields_and_no_exponents(event: Outgoing) -> None:
    """Every message has type, symbol, seq and both times; every Decimal is plain text."""
    payload = CODECS["json"].encode(Message(feed_of(event), event, 9, volume=Decimal("1E+3"), skipped=2))
    fields = msgspec.json.decode(payload)

    assert (fields["symbol"], fields["seq"], fields["ts_event_ns"], fields["ts_publish_ns"]) == (
        "BTC-USD",
        3,
        4,
        9,
    )
    assert (fields["skipped"], fields["volume"]) == (2, "1000")
    assert fields["type"] in ("tick", "trade", "book", "book_delta", "bar", "event")
    assert b"E-" not in payload
    assert b"E+" not in payload


def test_text_that_looks_like_an_exponent_is_left_alone() -> None:
    """Only whole Decimals are rewritten: a symbol such as USDE-USD stays what it is."""
    event = Trade("USDE-USD", 1, 1, 1, "buy", Decimal("1E-9"), Decimal("2E+2"))
    fields = msgspec.json.decode(CODECS["json"].encode(Message(feed_of(event), event, 9)))

    assert (fields["symbol"], fields["price"], fields["size"]) == ("USDE-USD", "0.000000001", "200")


@pytest.mark.parametrize("event", EVENTS, ids=kind)
def test_protobuf_and_json_agree(event: Outgoing) -> None:
    """Symbol, number and times are the same in both formats."""
    message = Message(feed_of(event), event, 9, snapshot=True, skipped=2)
    fields = msgspec.json.decode(CODECS["json"].encode(message))
    out = market_pb2.StreamMessage.FromString(CODECS["protobuf"].encode(message))
    inner = getattr(out, str(out.WhichOneof("event")))

    assert (inner.symbol, inner.seq, inner.ts_event_ns) == (
        fields["symbol"],
        fields["seq"],
        fields["ts_event_ns"],
    )
    assert (out.ts_publish_ns, out.snapshot, out.skipped) == (9, True, 2)


def test_a_message_is_encoded_once_for_each_format() -> None:
    """However often its frame is asked for, the payload is made once."""
    calls: list[Message] = []

    def encode(message: Message) -> bytes:
        calls.append(message)
        return b"x"

    codec = CodecType("count", "counts", TEXT, encode, lambda payload, _place: payload)
    message = Message(feed_of(EVENTS[0]), EVENTS[0], 9)

    assert message.frame(codec) is message.frame(codec)
    assert len(calls) == 1


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 100_000])
def test_frames_are_what_a_websocket_library_reads(size: int) -> None:
    """Every length form is read back whole by another implementation."""
    decoder = FrameDecoder(client=True)
    decoder.receive_bytes(frame(BINARY, b"x" * size))
    found = decoder.process_buffer()

    assert found is not None
    assert (found.opcode, found.frame_finished, len(found.payload)) == (Opcode.BINARY, True, size)


def test_a_close_frame_is_known_and_never_too_long() -> None:
    """A long reason is cut at a character, and close frames are told from others."""
    data = close_frame(4408, "ü" * 200)

    assert data[1] <= 125
    assert data[4:].decode() == "ü" * 61
    assert is_close(data)
    assert not is_close(PING_FRAME)
    assert not is_close(b"")
