"""What delivery faults do to one message: damaged, aged, renumbered, and never in place."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim._proto.v1 import market_pb2
from mdsim.core.errors import InternalError
from mdsim.core.events import Bar, BookDelta, BookLevel, BookSnapshot, Tick, Trade
from mdsim.core.serving import MarketEvent
from mdsim.publish.codecs import json_text, protobuf
from mdsim.publish.feeds import Outgoing, feed_of
from mdsim.publish.handling import Delivery, MessageHandling
from mdsim.publish.message import CodecType, Message

if TYPE_CHECKING:
    Stage = Any  # of conftest.py, which tests cannot import

HANDLING = MessageHandling()
ONE, TWO = Decimal(1), Decimal(2)
LEVEL, OTHER = BookLevel(ONE, ONE), BookLevel(TWO, TWO)


def delivery(event: Outgoing, codec: CodecType = json_text.CODEC, *, volume: int | None = None) -> Delivery:
    """An event on its way."""
    return Message(feed_of(event), event, 77, volume=None if volume is None else Decimal(volume)), codec


def tick(seq: int, price: Decimal = ONE, symbol: str = "BTC-USD") -> Tick:
    return Tick(symbol, seq, seq * 10, price, price, price, price)


def told(item: Delivery) -> Any:
    """The JSON that its reader gets."""
    return msgspec.json.decode(item[0].payload(json_text.CODEC))


def test_a_message_is_named_by_its_feed() -> None:
    """Scopes of faults are words of the subscription."""
    bar = Bar("ETH-USD", 7, 0, "1m", 0, ONE, ONE, ONE, ONE, ONE, ONE, 1, 0)
    item = delivery(bar)
    assert (HANDLING.symbol(item), HANDLING.channel(item), HANDLING.seq(item)) == ("ETH-USD", "ohlcv_1m", 7)


@given(seed=st.integers(0, 10_000), price=st.decimals("0.0001", "99999999", places=4))
@settings(deadline=None, derandomize=True, max_examples=60)
@pytest.mark.parametrize("codec", [json_text.CODEC, protobuf.CODEC], ids=lambda codec: codec.name)
def test_damage_never_passes_for_a_message(codec: CodecType, seed: int, price: Decimal) -> None:
    """Wherever it is torn, a parser refuses it, and the frame around it is whole."""
    item = delivery(tick(4, price), codec, volume=3)
    message, same = HANDLING.corrupt(item, random.Random(seed))

    payload = message.payload(same)
    read = msgspec.json.decode if codec is json_text.CODEC else market_pb2.StreamMessage.FromString
    with pytest.raises((msgspec.DecodeError, DecodeError)):
        read(payload)
    assert message.frame(same).endswith(payload)
    assert len(message.frame(same)) == len(payload) + 2 + 2 * (len(payload) > 125)
    assert told(item)["price"] == format(price, "f")


def test_a_text_is_torn_between_characters() -> None:
    """A text frame has to be UTF-8, or the connection ends instead of the message being damaged."""
    event = MarketEvent("BTC-USD", 1, 2, "anomaly", {"text": "ÄÖÜ€" * 20})
    whole = json_text.encode(delivery(event)[0])
    for at in range(100):
        json_text.damage(whole, at / 100).decode()


def test_damage_stays_when_the_message_waits(stage: Stage) -> None:
    """A slow reader gets the damaged message late, and still damaged."""
    reader, line = stage.reader(stage.line(room=0))
    reader.write([HANDLING.corrupt(delivery(tick(seq)), random.Random(1)) for seq in (1, 2, 3)])

    line.room = None
    assert reader.drain()

    frames = [payload for _, payload in stage.decode(bytes(line.taken))]
    assert len(frames) >= 1
    for payload in frames:
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(payload)


def test_a_repeated_tick_is_old_news_under_a_new_number() -> None:
    """Number and time are its own, prices and volume those of the last."""
    last, item = delivery(tick(1, ONE), volume=10), delivery(tick(2, TWO), volume=11)
    found = told(HANDLING.repeat(last, item))
    assert (found["seq"], found["ts_event_ns"], found["price"], found["volume"]) == (2, 20, "1", "10")
    assert told(item)["price"] == "2"


def test_trades_bars_and_events_are_repeated_alike() -> None:
    """What was told is told again; which message it is, and of when, is its own."""
    trades = (Trade("BTC-USD", 1, 1, 5, "buy", ONE, ONE), Trade("BTC-USD", 2, 2, 6, "sell", TWO, TWO))
    found = told(HANDLING.repeat(delivery(trades[0]), delivery(trades[1])))
    assert [found[key] for key in ("seq", "trade_id", "side", "price")] == [2, 6, "buy", "1"]
    bars = [
        Bar("BTC-USD", at, at, "1m", at, it, it, it, it, it, it, at, 0) for at, it in ((1, ONE), (2, TWO))
    ]
    found = told(HANDLING.repeat(delivery(bars[0]), delivery(bars[1])))
    assert [found[key] for key in ("seq", "start_ns", "close", "trades")] == [2, 2, "1", 1]
    events = [MarketEvent("BTC-USD", at, at, "scenario", {"at": at}) for at in (1, 2)]
    found = told(HANDLING.repeat(delivery(events[0]), delivery(events[1])))
    assert (found["seq"], found["data"]) == (2, {"at": 1})


def test_a_frozen_book_does_not_change() -> None:
    """A change after a whole book tells nothing, a change after a change tells the old one again."""
    book = BookSnapshot("BTC-USD", 1, 1, (LEVEL,), ())
    first, second = BookDelta("BTC-USD", 2, 2, (LEVEL,), ()), BookDelta("BTC-USD", 3, 3, (OTHER,), ())
    found = told(HANDLING.repeat(delivery(book), delivery(second)))
    assert (found["seq"], found["bids"], found["asks"]) == (3, [], [])
    assert told(HANDLING.repeat(delivery(first), delivery(second)))["bids"] == [["1", "1"]]
    assert told(HANDLING.repeat(delivery(first), delivery(book)))["bids"] == [["1", "1"]]


def test_a_number_jumps_and_damage_survives_it() -> None:
    """Faults of one message combine, whichever comes first."""
    item = HANDLING.corrupt(delivery(tick(5)), random.Random(3))
    moved = HANDLING.skip(item, 4)
    assert HANDLING.seq(moved) == 9
    with pytest.raises(msgspec.DecodeError):
        told(moved)


def test_faults_of_sources_never_reach_a_client() -> None:
    """The language refuses them; if one came here nevertheless, it would be an error of ours."""
    with pytest.raises(InternalError, match="tick to a client"):
        HANDLING.scale(delivery(tick(1)), 2.0)
    with pytest.raises(InternalError, match="tick to a client"):
        HANDLING.shift(delivery(tick(1)), 5)
