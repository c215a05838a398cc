"""Delivery faults on readers: whom they reach, when what waits leaves, and what is left when they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mdsim.publish.feeds import Feed
from mdsim.publish.subscriber import Terms

if TYPE_CHECKING:
    Stage = Any  # of conftest.py, which tests cannot import
    Faults = Any

BTC = Feed("tick", "BTC-USD")
ETH = Feed("tick", "ETH-USD")
JSON = Terms("json", 0)


def seqs(line: Any) -> list[object]:
    """Numbers of the messages that a line took."""
    return [message["seq"] for message in line.messages()]


def test_only_readers_that_were_drawn_lose_messages(stage: Stage, faults: Faults) -> None:
    """The others get everything, and each loss is told with the name of its connection."""
    (one, one_line), (two, two_line) = stage.reader(), stage.reader()
    for reader in (one, two):
        stage.hub.subscribe(reader, {BTC: JSON})
    faults.drawn = ("ws-2",)

    faults.apply(faults.fault(lose=(2, 3)))
    stage.hub.publish([stage.tick(seq) for seq in (1, 2, 3, 4)])

    assert (one.name, two.name) == ("ws-1", "ws-2")
    assert seqs(one_line) == [1, 2, 3, 4]
    assert seqs(two_line) == [1, 4]
    assert [(it.at, it.fault, it.channel, it.symbol, it.seq) for it in faults.told] == [
        ("ws-2", "loss", "tick", "BTC-USD", 2),
        ("ws-2", "loss", "tick", "BTC-USD", 3),
    ]
    assert faults.disturber.counted == {("loss", "websocket"): 2}


def test_a_delay_ends_between_two_cycles(stage: Stage, faults: Faults) -> None:
    """Whoever keeps the time is told when the next message leaves, and it leaves then."""
    reader, line = stage.reader()
    stage.hub.subscribe(reader, {BTC: JSON})
    sooner: list[int | None] = []
    faults.disturber.on_sooner = lambda: sooner.append(faults.disturber.next_due_ns())
    faults.apply(faults.fault(latency_ns=30))

    stage.hub.publish([stage.tick(1)])
    stage.now_ns = 10
    stage.hub.publish([stage.tick(2)])

    assert sooner == [30]
    stage.now_ns = 29
    faults.disturber.release()
    assert seqs(line) == []
    stage.now_ns = 30
    faults.disturber.release()
    assert (seqs(line), faults.disturber.next_due_ns()) == ([1], 40)
    stage.now_ns = 45
    faults.disturber.release()
    assert (seqs(line), faults.disturber.next_due_ns()) == ([1, 2], None)


def test_faults_come_and_go_under_one_another(stage: Stage, faults: Faults) -> None:
    """Latencies add; what waits when one ends waits for the other alone, and a third joins in."""
    reader, line = stage.reader()
    stage.hub.subscribe(reader, {BTC: JSON})
    first, second = faults.fault(latency_ns=10, lose=(1,)), faults.fault(order=1, latency_ns=5, lose=(2,))
    faults.apply(first, second)
    stage.hub.publish([stage.tick(seq) for seq in (1, 2, 3)])
    assert faults.disturber.next_due_ns() == 15

    stage.now_ns = 1
    faults.apply(second)
    assert faults.disturber.next_due_ns() == 5
    stage.now_ns = 5
    faults.disturber.release()
    assert seqs(line) == [3]

    faults.apply(second, faults.fault(order=2, lose=(4,)))
    stage.hub.publish([stage.tick(4), stage.tick(5)])
    stage.now_ns = 10
    faults.disturber.release()
    assert seqs(line) == [3, 5]
    assert [it.path for it in faults.told] == ["step 0", "step 1", "step 2"]


def test_the_end_of_a_fault_leaves_nothing_behind(stage: Stage, faults: Faults) -> None:
    """What waits leaves in order, before anything that is published after."""
    reader, line = stage.reader()
    stage.hub.subscribe(reader, {BTC: JSON, ETH: JSON})
    faults.apply(faults.fault(latency_ns=1000), faults.fault(order=1, latency_ns=1000))
    stage.hub.publish([stage.tick(1)])
    stage.now_ns = 1000
    stage.hub.publish([stage.tick(1, "ETH-USD"), stage.tick(2)])

    faults.apply()
    stage.hub.publish([stage.tick(3)])

    assert [(it["symbol"], it["seq"]) for it in line.messages()] == [
        ("BTC-USD", 1),
        ("ETH-USD", 1),
        ("BTC-USD", 2),
        ("BTC-USD", 3),
    ]
    assert reader.fault is None
    assert (len(faults.disturber), faults.disturber.next_due_ns()) == (0, None)


def test_who_comes_during_a_fault_is_drawn_too(stage: Stage, faults: Faults) -> None:
    """Its snapshot is a message like any other."""
    stage.hub.publish([stage.tick(1)])
    faults.apply(faults.fault(lose=(1,)))

    reader, line = stage.reader()
    stage.hub.subscribe(reader, {BTC: JSON})
    stage.hub.publish([stage.tick(2)])

    assert seqs(line) == [2]
    assert reader.refused == ""


def test_connections_go_down_and_new_ones_are_refused(stage: Stage, faults: Faults) -> None:
    """One is closed politely or cut, one that comes meanwhile knows how it is refused, later ones come."""
    for how, expected in (("disconnect", (1, 0)), ("reset", (0, 1))):
        _, line = stage.reader()
        faults.apply(faults.fault(down=how))
        assert (len(line.closes), line.resets) == expected
        late, late_line = stage.reader()
        assert (late.refused, late_line.closes, late_line.resets) == (how, [], 0)
        faults.apply()
        after, _ = stage.reader()
        assert (after.refused, after.fault) == ("", None)
    assert {it.fault for it in faults.told} == {"disconnect", "reset"}


def test_what_a_reader_takes_back_does_not_come_late(stage: Stage, faults: Faults) -> None:
    """A delayed message of a feed that was unsubscribed meanwhile is dropped."""
    reader, line = stage.reader()
    stage.hub.subscribe(reader, {BTC: JSON, ETH: JSON})
    faults.apply(faults.fault(latency_ns=5))
    stage.hub.publish([stage.tick(1), stage.tick(1, "ETH-USD")])

    stage.hub.unsubscribe(reader, [BTC])
    faults.apply()

    assert [it["symbol"] for it in line.messages()] == ["ETH-USD"]


def test_a_reader_that_left_is_forgotten(stage: Stage, faults: Faults) -> None:
    """What waits for it wakes nobody."""
    reader, line = stage.reader()
    stage.hub.subscribe(reader, {BTC: JSON})
    faults.apply(faults.fault(latency_ns=5))
    stage.hub.publish([stage.tick(1)])

    stage.hub.leave(reader)

    assert faults.disturber.next_due_ns() is None
    stage.now_ns = 9
    faults.disturber.release()
    assert (seqs(line), len(faults.disturber)) == ([], 0)


def test_faults_of_sources_are_passed_by(stage: Stage, faults: Faults) -> None:
    """What a provider sends is disturbed elsewhere."""
    reader, _ = stage.reader()
    faults.apply(faults.fault(source="binance", down="reset"))
    assert reader.fault is None


def test_time_that_is_set_back_stands_still(stage: Stage, faults: Faults) -> None:
    """A pipeline is never given an earlier time than before."""
    reader, line = stage.reader()
    stage.hub.subscribe(reader, {BTC: JSON})
    stage.now_ns = 100
    faults.apply(faults.fault(latency_ns=10))
    stage.now_ns = 50
    stage.hub.publish([stage.tick(1)])

    assert faults.disturber.next_due_ns() == 110
    stage.now_ns = 110
    faults.disturber.release()
    assert seqs(line) == [1]


def test_what_a_disturbed_reader_is_sent_is_counted(stage: Stage, faults: Faults) -> None:
    """The totals hold what left, not what was lost."""
    one, line = stage.reader()
    stage.hub.subscribe(one, {BTC: JSON})
    faults.apply(faults.fault(lose=(1,)))

    stage.hub.publish([stage.tick(seq) for seq in (1, 2, 3)])

    assert stage.hub.counters.messages == 2
    assert stage.hub.counters.payload_bytes == len(line.taken)


def crowd(stage: Stage, count: int = 200) -> list[Any]:
    """Lines of readers of one instrument; far more than what is done for in one go."""
    lines = []
    for _ in range(count):
        reader, line = stage.reader()
        stage.hub.subscribe(reader, {BTC: JSON})
        lines.append(line)
    return lines


def work_off(faults: Faults) -> int:
    """Do what waits, a slice at a time; how many there were."""
    slices = 0
    while faults.disturber.behind:
        faults.disturber.release()
        slices += 1
    return slices


def test_a_fault_of_many_readers_is_put_up_a_slice_at_a_time(stage: Stage, faults: Faults) -> None:
    """Nothing that they lose comes through meanwhile, and who is not drawn has its messages at once."""
    lines = crowd(stage)
    spared, spared_line = stage.reader()
    stage.hub.subscribe(spared, {BTC: JSON})
    faults.drawn = tuple(f"ws-{number}" for number in range(1, 201))
    woken: list[int] = []
    faults.disturber.on_sooner = lambda: woken.append(len(faults.disturber))

    faults.apply(faults.fault(lose=(1,)))
    stage.hub.publish([stage.tick(1), stage.tick(2)])

    assert seqs(spared_line) == [1, 2]
    assert not any(1 in seqs(line) for line in lines)
    assert len(faults.disturber.counted) == 0
    assert woken == [21]  # those who are beyond the first slice
    assert work_off(faults) > 10
    assert all(seqs(line) == [2] for line in lines)
    assert faults.disturber.counted == {("loss", "websocket"): 200}


def test_what_was_done_is_told_before_the_next_cycle(stage: Stage, faults: Faults) -> None:
    """A step that ends there still counts it; only what the step's own begin left to do may wait."""
    lines = crowd(stage)
    faults.apply(faults.fault(lose=(1,)))
    assert faults.told == []
    stage.hub.publish([stage.tick(1)])
    assert faults.disturber.behind

    assert len(faults.told) == 200
    assert not faults.disturber.behind

    stage.hub.publish([stage.tick(2)])
    faults.apply()
    assert all(seqs(line) == [2] for line in lines[:50])


def test_the_end_of_a_fault_of_many_readers_keeps_the_order(stage: Stage, faults: Faults) -> None:
    """What is published before a reader's turn has come does not pass what it still waits for."""
    lines = crowd(stage)
    faults.apply(faults.fault(latency_ns=1_000))
    stage.hub.publish([stage.tick(1)])
    work_off(faults)

    faults.apply()
    stage.hub.publish([stage.tick(2)])
    faults.disturber.release()
    stage.hub.publish([stage.tick(3)])
    work_off(faults)

    assert all(seqs(line) == [1, 2, 3] for line in lines)
    assert (len(faults.disturber), faults.disturber.next_due_ns()) == (0, None)
    assert all(reader.fault is None for reader in stage.hub.subscribers)


def test_a_fault_that_follows_another_takes_over_readers_that_still_wait(
    stage: Stage, faults: Faults
) -> None:
    """They are never left undisturbed in between, and nothing of the first is left."""
    lines = crowd(stage)
    faults.apply(faults.fault(lose=(1,)))
    faults.apply()
    faults.apply(faults.fault(order=1, lose=(2,)))
    stage.hub.publish([stage.tick(1), stage.tick(2), stage.tick(3)])
    work_off(faults)

    assert all(seqs(line) == [1, 3] for line in lines)
    assert len(faults.disturber) == 200


def test_nothing_is_done_for_a_reader_that_left_before_its_turn(stage: Stage, faults: Faults) -> None:
    """Its line is gone; the others go on."""
    lines = crowd(stage)
    faults.apply(faults.fault(lose=(1,)))
    stage.hub.publish([stage.tick(1), stage.tick(2)])
    last = list(stage.hub.subscribers)[-1]
    stage.hub.leave(last)
    work_off(faults)

    assert [seqs(line) for line in lines[-2:]] == [[2], []]
    assert len(faults.disturber) == 199
