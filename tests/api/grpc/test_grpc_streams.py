"""What waits for a price stream: order while it keeps up, the newest and a count when it does not."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim._proto.v1 import market_pb2
from mdsim._proto.v1 import price_feed_pb2 as pb
from mdsim.api.asyncio_island import StoppingError, stopping
from mdsim.api.grpc_streams import Batch, GrpcCounters, PriceStream, Streams, part

BTC, ETH = frozenset({"BTC-USD"}), frozenset({"ETH-USD"})
BOTH = BTC | ETH


def batch(
    ts_publish_ns: int, missed: Mapping[str, int] | None = None, **seqs: int | tuple[int, ...]
) -> Batch:
    """A batch with ticks ``BTC=3`` or ``BTC=(3, 4)``."""
    parts = {}
    for asset, told in seqs.items():
        numbers = (told,) if isinstance(told, int) else told
        symbol = f"{asset}-USD"
        ticks = [
            market_pb2.Tick(symbol=symbol, seq=seq, price="1" * 200).SerializeToString() for seq in numbers
        ]
        parts[symbol] = [part(tick) for tick in ticks]
    return Batch(ts_publish_ns, parts, missed or {})


def stream(
    symbols: frozenset[str] = BOTH, interval_ns: int = 0, most_ticks: int = 100, update_ticks: int = 1_000
) -> PriceStream:
    return PriceStream(symbols, interval_ns, most_ticks, GrpcCounters(), update_ticks=update_ticks)


def read(made: bytes) -> pb.PriceUpdate:
    return pb.PriceUpdate.FromString(made)


def numbers(update: pb.PriceUpdate) -> list[tuple[str, int]]:
    return [(tick.symbol, tick.seq) for tick in update.ticks]


def test_joined_bytes_are_one_update() -> None:
    """Batches that wait leave as one message: their ticks in order, the time of the last."""
    one = stream()
    one.offer(batch(10, BTC=1, ETH=1))
    one.offer(batch(20, BTC=2))

    update = read(one.take())

    assert numbers(update) == [("BTC-USD", 1), ("ETH-USD", 1), ("BTC-USD", 2)]
    assert update.ts_publish_ns == 20
    assert not update.skipped
    assert one.take() == b""


def test_an_update_has_no_more_ticks_than_it_may_have() -> None:
    """A batch that is larger is split in order, and small ones are joined only up to the bound."""
    one = stream(update_ticks=2)
    one.offer(batch(10, BTC=(1, 2, 3), ETH=1))
    one.offer(batch(20, BTC=4))
    one.offer(batch(30, BTC=5))

    updates = [read(one.take()) for _ in range(3)]

    assert [numbers(update) for update in updates] == [
        [("BTC-USD", 1), ("BTC-USD", 2)],
        [("BTC-USD", 3), ("ETH-USD", 1)],
        [("BTC-USD", 4), ("BTC-USD", 5)],
    ]
    assert [update.ts_publish_ns for update in updates] == [10, 10, 30]
    assert one.take() == b""


def test_the_bound_holds_for_a_reader_that_fell_behind_too() -> None:
    """The newest of each leave in portions; what it missed is told once."""
    one = stream(most_ticks=1, update_ticks=1)
    one.offer(batch(1, BTC=1, ETH=1))
    one.offer(batch(2, BTC=2, ETH=2))

    first, second = read(one.take()), read(one.take())

    assert numbers(first) + numbers(second) == [("BTC-USD", 2), ("ETH-USD", 2)]
    assert dict(first.skipped) == {"BTC-USD": 1, "ETH-USD": 1}
    assert not second.skipped
    assert one.take() == b""


def test_streams_of_the_same_instruments_share_one_making() -> None:
    """The bytes are the same object; another set of instruments has its own."""
    made = batch(10, BTC=1, ETH=1)

    assert made.update(BTC)[0] is made.update(frozenset({"BTC-USD"}))[0]
    assert numbers(read(made.update(ETH)[0])) == [("ETH-USD", 1)]
    assert made.update(frozenset({"UST-USD"})) == (b"", 0)


def test_a_reader_that_falls_behind_gets_the_newest_and_the_number_it_missed() -> None:
    """Past the bound one tick an instrument waits, and what it replaced is counted for each."""
    one = stream(most_ticks=3)
    for seq in range(1, 6):
        one.offer(batch(seq, BTC=seq))
    one.offer(batch(6, ETH=(7, 8)))

    update = read(one.take())

    assert numbers(update) == [("BTC-USD", 5), ("ETH-USD", 8)]
    assert dict(update.skipped) == {"BTC-USD": 4, "ETH-USD": 1}
    assert update.ts_publish_ns == 6


def test_after_it_caught_up_a_reader_gets_every_tick_again() -> None:
    """Conflation ends with the update that tells of it."""
    one = stream(most_ticks=1)
    one.offer(batch(1, BTC=(1, 2)))
    one.take()
    one.offer(batch(2, BTC=3))

    update = read(one.take())

    assert numbers(update) == [("BTC-USD", 3)]
    assert not update.skipped


def test_what_never_crossed_to_the_thread_counts_as_missed() -> None:
    """Ticks that were held on the other side are told to those who asked for them, and to nobody else."""
    btc, eth = stream(BTC), stream(ETH)
    for one in (btc, eth):
        one.offer(batch(1, {"BTC-USD": 4}, BTC=9, ETH=1))

    assert dict(read(btc.take()).skipped) == {"BTC-USD": 4}
    assert not read(eth.take()).skipped


def test_a_paced_stream_leaves_on_its_grid_with_the_newest_and_misses_nothing() -> None:
    """What an interval leaves out was asked for, so it is not counted; late values leave on a later point."""
    one = stream(interval_ns=100)
    sent = []
    for ts_ns, seq in ((100, 1), (130, 2), (199, 3), (201, 4)):
        one.offer(batch(ts_ns, BTC=seq))
        if made := one.take():
            sent.append(read(made))
    one.offer(batch(305))
    assert one.take() == b""

    assert [numbers(update) for update in sent] == [[("BTC-USD", 1)], [("BTC-USD", 4)]]
    assert [update.ts_publish_ns for update in sent] == [100, 201]
    assert not any(update.skipped for update in sent)


def test_a_value_that_waits_for_the_grid_leaves_without_a_new_tick() -> None:
    """An instrument that falls silent still has its last price delivered."""
    one = stream(interval_ns=100)
    one.offer(batch(100, BTC=1))
    one.take()
    one.offer(batch(150, BTC=2))
    assert one.take() == b""

    one.offer(batch(210))

    assert numbers(read(one.take())) == [("BTC-USD", 2)]


def test_a_snapshot_stands_before_everything() -> None:
    """What was published while the snapshot was on its way comes after it, in an update of its own."""
    one = stream()
    one.offer(batch(5, BTC=2))
    one.begin(pb.PriceUpdate(snapshot=True).SerializeToString())

    assert read(one.take()).snapshot
    assert numbers(read(one.take())) == [("BTC-USD", 2)]


def test_a_stream_that_comes_while_the_server_stops_is_ended() -> None:
    """Whoever joins too late is not left waiting."""
    streams, early, late = Streams(), stream(), stream()
    streams.add(early, b"")
    streams.end_all(stopping())
    streams.add(late, b"")

    assert isinstance(early.error, StoppingError)
    assert isinstance(late.error, StoppingError)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    steps=st.lists(st.sampled_from(["BTC", "ETH", "both", "read", "held"]), max_size=60),
    most_ticks=st.integers(1, 6),
)
def test_every_tick_is_delivered_or_counted(steps: list[str], most_ticks: int) -> None:
    """Whatever a reader does, each number is delivered in order, or counted as skipped in that update."""
    one = stream(most_ticks=most_ticks)
    published = {"BTC": 0, "ETH": 0}
    seen = {"BTC-USD": 0, "ETH-USD": 0}

    def take() -> None:
        update = read(made) if (made := one.take()) else pb.PriceUpdate()
        for symbol in ("BTC-USD", "ETH-USD"):
            got = [tick.seq for tick in update.ticks if tick.symbol == symbol]
            assert all(before < after for before, after in zip([seen[symbol], *got], got, strict=False))
            count = len(got) + update.skipped.get(symbol, 0)
            assert count == (got[-1] - seen[symbol] if got else 0)
            seen[symbol] = got[-1] if got else seen[symbol]

    for at, step in enumerate(steps):
        if step == "read":
            take()
            continue
        missed = {}
        if step == "held":
            published["BTC"] += 1
            missed = {"BTC-USD": 1}
        assets = ["BTC", "ETH"] if step == "both" else ["BTC"] if step == "held" else [step]
        for asset in assets:
            published[asset] += 1
        one.offer(batch(at, missed, **{asset: published[asset] for asset in assets}))
    take()

    assert seen == {"BTC-USD": published["BTC"], "ETH-USD": published["ETH"]}
