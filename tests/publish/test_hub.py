"""The hub: who gets what, in which order, and what happens to those who are slow."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdsim._proto.v1 import market_pb2
from mdsim.core.events import Bar
from mdsim.core.serving import MarketEvent
from mdsim.core.time import MINUTE, MS
from mdsim.publish.feeds import EVERYWHERE, Feed
from mdsim.publish.hub import FullError
from mdsim.publish.subscriber import Terms

if TYPE_CHECKING:
    Stage = Any  # of conftest.py, which tests cannot import
    MakeStage = Any

BTC = Feed("tick", "BTC-USD")
ETH = Feed("tick", "ETH-USD")
DEPTH = Feed("depth", "BTC-USD")
TRADES = Feed("trades", "BTC-USD")
JSON = Terms("json", 0)


def test_a_snapshot_comes_first_and_numbers_go_on_from_it(stage: Stage) -> None:
    """The first message says how things stand, the next one is numbered one higher."""
    stage.hub.publish([stage.tick(1)])
    subscriber, line = stage.reader()

    stage.hub.subscribe(subscriber, {BTC: JSON})
    stage.now_ns = 77
    stage.hub.publish([stage.tick(2)])

    first, second = line.messages()
    assert (first["type"], first["seq"], first["snapshot"]) == ("tick", 1, True)
    assert (second["seq"], second["ts_publish_ns"], second["volume"]) == (2, 77, "12.5")
    assert "snapshot" not in second
    assert "skipped" not in second


def test_nothing_is_told_before_anything_was_published(stage: Stage) -> None:
    """A subscription to a market that has not begun waits for its first message."""
    subscriber, line = stage.reader()

    stage.hub.subscribe(subscriber, {BTC: JSON, DEPTH: JSON, TRADES: JSON})

    assert line.messages() == []


def test_readers_get_what_they_asked_for_and_no_more(stage: Stage) -> None:
    """Feeds of others, and of instruments nobody reads, are not sent."""
    one, one_line = stage.reader()
    two, two_line = stage.reader()
    stage.hub.subscribe(one, {BTC: JSON})
    stage.hub.subscribe(two, {BTC: JSON, ETH: JSON})

    stage.hub.publish([stage.tick(1), stage.tick(1, "ETH-USD"), stage.tick(1, "USDT-USD")])

    assert [message["symbol"] for message in one_line.messages()] == ["BTC-USD"]
    assert [message["symbol"] for message in two_line.messages()] == ["BTC-USD", "ETH-USD"]


def test_a_batch_is_sent_to_each_line_at_once(stage: Stage) -> None:
    """However many messages a cycle has for a reader, its line is used once."""
    subscriber, line = stage.reader()
    stage.hub.subscribe(subscriber, {BTC: JSON, TRADES: JSON})
    calls: list[int] = []
    take = line.send

    def count(data: bytes) -> int:
        calls.append(len(data))
        return int(take(data))

    line.send = count
    stage.hub.unsubscribe(subscriber, [TRADES])
    stage.hub.subscribe(subscriber, {TRADES: JSON})

    stage.hub.publish([stage.tick(1), stage.trade(1), stage.trade(2)])

    assert len(calls) == 1
    assert [message["seq"] for message in line.messages()] == [1, 1, 2]


def test_formats_hold_the_same(stage: Stage) -> None:
    """JSON and protobuf readers of one feed get the same message, each in frames of its kind."""
    one, one_line = stage.reader()
    two, two_line = stage.reader()
    stage.hub.subscribe(one, {BTC: JSON})
    stage.hub.subscribe(two, {BTC: Terms("protobuf", 0)})

    stage.hub.publish([stage.tick(1)])

    ((opcode, payload),) = stage.decode(bytes(two_line.taken))
    message = market_pb2.StreamMessage.FromString(payload)
    (text,) = one_line.messages()
    assert opcode == 2
    assert (message.tick.seq, message.tick.price) == (text["seq"], text["price"])
    assert (message.tick.volume, message.ts_publish_ns) == ("12.50", text["ts_publish_ns"])


def test_an_interval_sends_the_newest_on_its_grid(stage: Stage) -> None:
    """With an interval of 250 ms, of ten ticks a second four are sent, each the newest of its time."""
    subscriber, line = stage.reader()
    stage.hub.subscribe(subscriber, {BTC: Terms("json", 250 * MS)})

    for seq in range(1, 21):
        stage.now_ns = seq * 100 * MS
        stage.hub.publish([stage.tick(seq)])

    assert [message["seq"] for message in line.messages()] == [1, 3, 5, 8, 10, 13, 15, 18, 20]


def test_an_interval_of_depth_sends_whole_books(stage: Stage) -> None:
    """Changes cannot be left out, so a conflated book is sent whole."""
    stage.hub.publish([stage.delta(1)])
    subscriber, line = stage.reader()
    stage.hub.subscribe(subscriber, {DEPTH: Terms("json", 250 * MS)})

    for seq in range(2, 8):
        stage.now_ns = seq * 100 * MS
        stage.hub.publish([stage.delta(seq)])

    told = [(message["type"], message["seq"]) for message in line.messages()]
    assert told == [("book", 1), ("book", 2), ("book", 3), ("book", 5)]


def test_a_hole_in_the_changes_is_mended_with_a_book(stage: Stage) -> None:
    """Where a change does not follow on the one before, readers get the book, and the hole is counted."""
    subscriber, line = stage.reader()
    stage.hub.subscribe(subscriber, {DEPTH: JSON})

    for seq in (1, 2, 4):
        stage.hub.publish([stage.delta(seq)])

    assert [message["type"] for message in line.messages()] == ["book_delta", "book_delta", "book"]
    assert stage.hub.sequences.holes == 1


def test_events_of_the_whole_market_reach_whoever_reads_events(stage: Stage) -> None:
    """An event of the whole market is sent once to each reader of any instrument's events."""
    subscriber, line = stage.reader()
    events = Feed("events", "BTC-USD")
    stage.hub.subscribe(subscriber, {events: JSON, Feed("events", "ETH-USD"): JSON})

    stage.hub.publish([MarketEvent(EVERYWHERE, 1, 0, "scenario", {"scenario_id": "a"})])
    stage.hub.unsubscribe(subscriber, [events, Feed("events", "ETH-USD")])
    stage.hub.publish([MarketEvent(EVERYWHERE, 2, 0, "scenario", {"scenario_id": "b"})])

    assert [message["data"] for message in line.messages()] == [{"scenario_id": "a"}]


def test_the_last_trade_and_the_last_bar_begin_their_feeds(stage: Stage) -> None:
    """What only passes by is repeated as a snapshot to those who come later."""
    one = Decimal(1)
    ends_ns = 10**18 // MINUTE * MINUTE
    bar = Bar("BTC-USD", 9, ends_ns, "1m", ends_ns - MINUTE, one, one, one, one, one, one, 1, 0)
    stage.market.bars_kept = [bar]
    stage.hub.publish([stage.trade(4)])
    subscriber, line = stage.reader()

    stage.hub.subscribe(subscriber, {TRADES: JSON, Feed("ohlcv_1m", "BTC-USD"): JSON})

    told = [(message["type"], message["seq"], message["snapshot"]) for message in line.messages()]
    assert told == [("trade", 4, True), ("bar", 9, True)]


def test_a_full_instrument_refuses_and_changes_nothing(make_stage: MakeStage) -> None:
    """Past the bound a reader is refused whole; who is in may change his terms, who goes makes room."""
    stage = make_stage(subscribers_per_symbol=1)
    one, _ = stage.reader()
    two, two_line = stage.reader()
    stage.hub.subscribe(one, {BTC: JSON})

    with pytest.raises(FullError, match="BTC-USD has 1 readers"):
        stage.hub.subscribe(two, {ETH: JSON, BTC: JSON})
    stage.hub.subscribe(one, {BTC: Terms("json", MS), DEPTH: JSON})

    assert (stage.hub.readers(), two.wants, two_line.messages()) == ({"BTC-USD": 1}, {}, [])
    stage.hub.leave(one)
    stage.hub.subscribe(two, {BTC: JSON})
    assert stage.hub.readers() == {"BTC-USD": 1}
    assert stage.hub.counters.refused == 1


def test_nothing_is_left_of_readers_who_went(stage: Stage) -> None:
    """When the last reader of a feed goes, nothing is made for it any more."""
    subscriber, line = stage.reader()
    stage.hub.subscribe(subscriber, {BTC: Terms("json", MS), DEPTH: JSON})
    assert stage.hub.listened("depth", "BTC-USD")

    stage.hub.leave(subscriber)
    stage.hub.leave(subscriber)
    stage.now_ns = MINUTE
    stage.hub.publish([stage.tick(1), stage.delta(1)])

    assert not stage.hub.listened("tick", "BTC-USD")
    assert not stage.hub.listened("depth", "BTC-USD")
    assert (stage.hub.readers(), len(stage.hub.subscribers), line.taken) == ({}, 0, bytearray())


def test_a_dead_line_is_cut_and_the_others_are_served(stage: Stage) -> None:
    """A reader whose line broke is taken out at once; the batch reaches everyone else."""
    lines = []
    for at in range(3):
        subscriber, line = stage.reader()
        stage.hub.subscribe(subscriber, {BTC: JSON})
        line.dead = at == 1
        lines.append(line)

    stage.hub.publish([stage.tick(1)])
    stage.hub.publish([stage.tick(2)])

    assert [len(line.messages()) for line in lines] == [2, 0, 2]
    assert (lines[1].cuts, stage.hub.counters.lost) == (1, 1)


def test_a_dead_reader_that_leaves_late_takes_nobody_along(stage: Stage) -> None:
    """Others may have come and gone before its connection is cleared up; who reads then goes on reading."""
    dead, line = stage.reader()
    stage.hub.subscribe(dead, {BTC: JSON})
    line.dead = True
    stage.hub.publish([stage.tick(1)])
    passing, _ = stage.reader()
    stage.hub.subscribe(passing, {BTC: JSON})
    stage.hub.leave(passing)
    staying, line = stage.reader()
    stage.hub.subscribe(staying, {BTC: JSON})

    stage.hub.leave(dead)
    stage.hub.publish([stage.tick(2)])

    assert [message["seq"] for message in line.messages() if not message.get("snapshot")] == [2]
    stage.hub.leave(staying)
    assert not stage.hub.listened("tick", "BTC-USD")


def test_a_slow_reader_gets_the_newest_and_learns_how_many_it_missed(stage: Stage) -> None:
    """While the line is full the newest message of each feed waits; the rest of a frame is never torn."""
    subscriber, line = stage.reader()
    stage.hub.subscribe(subscriber, {BTC: JSON, ETH: JSON})
    line.room = 50

    for seq in range(1, 6):
        stage.hub.publish([stage.tick(seq)])
    stage.hub.publish([stage.tick(1, "ETH-USD")])
    line.room = None
    assert subscriber.drain()
    stage.hub.publish([stage.tick(6)])

    told = [(m["symbol"], m["seq"], m.get("skipped", 0)) for m in line.messages()]
    assert told == [("BTC-USD", 1, 0), ("BTC-USD", 5, 3), ("ETH-USD", 1, 0), ("BTC-USD", 6, 0)]
    assert (line.stalls, stage.hub.counters.conflated, stage.hub.counters.stalls) == (1, 3, 1)


def test_a_slow_reader_of_depth_gets_the_whole_book(stage: Stage) -> None:
    """A change that stands for others would not fit what the reader has; one that follows on it does."""
    subscriber, line = stage.reader()
    stage.hub.subscribe(subscriber, {DEPTH: JSON})
    line.room = 1
    for seq in (1, 2, 3):
        stage.hub.publish([stage.delta(seq)])
    line.room = None
    subscriber.drain()
    line.room = 1
    for seq in (4, 5):
        stage.hub.publish([stage.delta(seq)])
    line.room = None
    subscriber.drain()

    told = [(m["type"], m["seq"], m.get("skipped", 0)) for m in line.messages()]
    assert told == [("book_delta", 1, 0), ("book", 3, 1), ("book_delta", 4, 0), ("book_delta", 5, 0)]


def test_an_overtaken_snapshot_is_not_counted_as_missed(stage: Stage) -> None:
    """The message that stands for a snapshot is one itself: what it repeats was published before."""
    stage.hub.publish([stage.tick(1)])
    subscriber, line = stage.reader()
    line.room = 0
    subscriber.post(b"\x89\x00")
    stage.hub.subscribe(subscriber, {BTC: JSON})

    stage.hub.publish([stage.tick(2)])
    line.room = None
    subscriber.drain()

    (message,) = line.messages()
    assert (message["seq"], message["snapshot"]) == (2, True)
    assert "skipped" not in message


def test_what_a_reader_no_longer_wants_does_not_wait_for_it(stage: Stage) -> None:
    """After unsubscribing, nothing of the feed is sent, even when it was already waiting."""
    subscriber, line = stage.reader()
    stage.hub.subscribe(subscriber, {BTC: JSON, ETH: JSON})
    line.room = 1
    stage.hub.publish([stage.tick(1), stage.tick(1, "ETH-USD")])
    stage.hub.publish([stage.tick(2), stage.tick(2, "ETH-USD")])

    assert stage.hub.unsubscribe(subscriber, [BTC, DEPTH]) == (BTC,)
    line.room = None
    subscriber.drain()

    told = [(m["symbol"], m["seq"]) for m in line.messages()]
    assert told == [("BTC-USD", 1), ("ETH-USD", 1), ("ETH-USD", 2)]


def test_nothing_follows_the_last_bytes(stage: Stage) -> None:
    """After a close frame no message is sent, whether the line was free or full when it was written."""
    for room in (None, 10):
        subscriber, line = stage.reader(stage.line(room))
        stage.hub.subscribe(subscriber, {BTC: JSON})
        stage.hub.publish([stage.tick(1), stage.tick(2)])
        stage.hub.publish([stage.tick(3)])

        subscriber.finish(b"\x88\x00")
        stage.hub.publish([stage.tick(4)])
        subscriber.post(b"\x89\x00")
        line.room = None
        subscriber.drain()
        stage.hub.publish([stage.tick(5)])

        frames = stage.decode(bytes(line.taken))
        assert frames[-1] == (8, b"")
        assert [opcode for opcode, _ in frames].count(8) == 1
        stage.hub.leave(subscriber)


def test_a_big_batch_is_pushed_in_bounded_parts(make_stage: MakeStage) -> None:
    """What a full line keeps of one push is bounded; the messages after it are conflated."""
    stage = make_stage(push_bytes=600)
    subscriber, line = stage.reader()
    stage.hub.subscribe(subscriber, {TRADES: JSON})
    line.room = 100

    stage.hub.publish([stage.trade(seq) for seq in range(1, 101)])
    line.room = None
    subscriber.drain()

    messages = line.messages()
    kept = [message["seq"] for message in messages[:-1]]
    assert kept == list(range(1, len(kept) + 1))
    assert len(kept) < 10
    assert (messages[-1]["seq"], messages[-1]["skipped"]) == (100, 99 - len(kept))


def test_a_fault_stands_between_the_hub_and_one_reader(stage: Stage) -> None:
    """A disturbed reader gets what its fault lets through, in its format; the others get everything."""

    class EveryOther:
        def deliver(self, reader: Any, messages: Any) -> None:
            reader.write([(message, codec) for message, codec in messages if message.event.seq % 2])

    one, one_line = stage.reader()
    two, two_line = stage.reader()
    for subscriber in (one, two):
        stage.hub.subscribe(subscriber, {BTC: JSON})

    one.disturb(EveryOther())
    stage.hub.publish([stage.tick(seq) for seq in range(1, 5)])
    one.disturb(None)
    stage.hub.publish([stage.tick(6)])

    assert [m["seq"] for m in one_line.messages()] == [1, 3, 6]
    assert [m["seq"] for m in two_line.messages()] == [1, 2, 3, 4, 6]


def test_every_link_is_asked_to_close(stage: Stage) -> None:
    """When the server stops, each reader is told why."""
    lines = [stage.reader()[1] for _ in range(2)]

    stage.hub.close_all(1001, "bye")

    assert [line.closes for line in lines] == [[(1001, "bye")]] * 2


@settings(
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # it makes a stage, and keeps none
)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("publish"), st.integers(1, 4)),
            st.tuples(st.just("room"), st.integers(0, 900)),
            st.tuples(st.just("drain"), st.just(0)),
        ),
        max_size=40,
    )
)
def test_numbers_always_add_up(make_stage: MakeStage, steps: list[tuple[str, int]]) -> None:
    """Whatever a line takes and when, a number is the last one plus 1 plus what was skipped."""
    stage = make_stage()
    subscriber, line = stage.reader(stage.line(0))
    stage.hub.subscribe(subscriber, {BTC: JSON, TRADES: JSON})
    seq = 0
    for what, amount in steps:
        if what == "publish":
            events = []
            for _ in range(amount):
                seq += 1
                events += [stage.tick(seq), stage.trade(seq)]
            stage.hub.publish(events)
        elif what == "room":
            line.room = amount
        elif not subscriber.flowing:
            subscriber.drain()
    line.room = None
    if not subscriber.flowing:
        assert subscriber.drain()

    for kind in ("tick", "trade"):
        messages = [m for m in line.messages() if m["type"] == kind]
        before = 0
        for message in messages:
            assert message["seq"] == before + 1 + message.get("skipped", 0)
            before = message["seq"]
        assert before == seq


def test_text_frames_are_utf_8_json(stage: Stage) -> None:
    """Every text frame is one JSON object on its own."""
    subscriber, line = stage.reader()
    stage.hub.subscribe(subscriber, {BTC: JSON})
    stage.hub.publish([stage.tick(1), stage.tick(2)])

    for opcode, payload in stage.decode(bytes(line.taken)):
        assert opcode == 1
        assert isinstance(msgspec.json.decode(payload), dict)
