"""The line between a sender and a receiver: what passes, in which order, and that every deed is told."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdsim.chaos.pipeline import chosen, make_pipeline, on_connection, on_source
from mdsim.core.time import MS, SECOND

if TYPE_CHECKING:
    from tests.chaos.conftest import Line

EXAMPLES = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
HALF = Decimal("0.5")


@EXAMPLES
@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from(["BTC-USD", "ETH-USD"])), max_size=30))
def test_a_line_that_nothing_disturbs_changes_nothing(line: Line, sent: list[tuple[int, str]]) -> None:
    """The same notes, at their own times, and nothing to tell."""
    notes = [line.note(seq, symbol=symbol) for seq, symbol in sent]
    pipeline = line.pipeline()
    assert line.send(pipeline, notes) == [(at * 100 * MS, note) for at, note in enumerate(notes)]
    assert (pipeline.injections(), pipeline.down, pipeline.next_due_ns()) == ([], "", None)


def test_latencies_of_two_steps_add(line: Line) -> None:
    """300 ms and 500 ms are 800 ms."""
    pipeline = line.pipeline(line.disturbance("a", latency=300 * MS), line.disturbance("b", latency=500 * MS))
    assert line.send(pipeline, [line.note(1)]) == [(800 * MS, line.note(1))]
    assert [(one.path, one.amount) for one in pipeline.injections()] == [("a", 300 * MS), ("b", 500 * MS)]


def test_losses_of_two_steps_combine_as_independent_ones(line: Line) -> None:
    """Half and half leave a quarter, within five standard deviations of 4,000 draws."""
    pipeline = line.pipeline(line.disturbance("a", loss=HALF), line.disturbance("b", loss=HALF))
    arrived = line.send(pipeline, [line.note(seq) for seq in range(1, 4001)])
    assert 860 < len(arrived) < 1140


def test_many_steps_that_double_a_message_do_not_flood(line: Line) -> None:
    """Forty of them would never end; every copy that there is has been told."""
    doubling = [line.disturbance(f"{at}", duplicate=Decimal(1)) for at in range(40)]
    pipeline = line.pipeline(*doubling)
    assert len(line.send(pipeline, [line.note(1), line.note(2)])) == 2 * 64
    assert len(pipeline.injections()) == 2 * 63


def test_everything_sent_has_arrived_or_is_told_as_lost(line: Line) -> None:
    """The missing numbers are those of the injections, no more and no fewer."""
    pipeline = line.pipeline(line.disturbance(loss=Decimal("0.3"), latency=SECOND, jitter=SECOND))
    arrived = line.send(pipeline, [line.note(seq) for seq in range(1, 501)])
    lost = [one.seq for one in pipeline.injections() if one.fault == "loss"]
    assert sorted([*lost, *(note.seq for _, note in arrived)]) == list(range(1, 501))


def test_another_symbol_or_connection_shifts_no_draw(line: Line) -> None:
    """What is lost of BTC-USD on ws-1 is the same beside ETH-USD."""
    lossy = line.disturbance(loss=HALF)
    btc = [line.note(seq) for seq in range(1, 101)]
    alone = [note for _, note in line.send(line.pipeline(lossy), btc)]
    mixed = [pair for note in btc for pair in (note, line.note(note.seq, symbol="ETH-USD"))]
    beside = [note for _, note in line.send(line.pipeline(lossy), mixed)]
    assert [note for note in beside if note.symbol == "BTC-USD"] == alone
    assert [note for _, note in line.send(line.pipeline(lossy, at="ws-2"), btc)] != alone


def test_another_fault_of_the_step_shifts_no_draw(line: Line) -> None:
    """What is lost is the same with latency on top."""
    notes = [line.note(seq) for seq in range(1, 101)]
    plain = line.send(line.pipeline(line.disturbance(loss=HALF)), notes)
    late = line.send(line.pipeline(line.disturbance(loss=HALF, latency=SECOND)), notes)
    assert [note for _, note in late] == [note for _, note in plain]


def test_a_step_confined_to_a_symbol_or_channel_leaves_the_others_alone(line: Line) -> None:
    """Only what it names is late; an acknowledgement, which is about nothing, passes too."""
    ack = line.note(0, symbol="", channel="")
    notes = [ack, line.note(1), line.note(2, symbol="ETH-USD"), line.note(3, channel="depth")]
    by_symbol = line.pipeline(line.disturbance(latency=SECOND, symbol="ETH-USD"))
    assert [note.seq for _, note in line.send(by_symbol, notes)] == [0, 1, 3, 2]
    by_channel = line.pipeline(line.disturbance(latency=SECOND, channel="tick"))
    assert [note.seq for _, note in line.send(by_channel, notes)] == [0, 3, 1, 2]


@EXAMPLES
@given(st.integers(1, 3_000), st.integers(1, 3_000), st.integers(0, 1 << 16))
def test_jitter_never_lets_messages_overtake(line: Line, jitter: int, latency: int, path: int) -> None:
    """One step on everything, one on a symbol alone: each symbol's order stands."""
    pipeline = line.pipeline(
        line.disturbance(f"a{path}", jitter=jitter * MS),
        line.disturbance(f"b{path}", jitter=latency * MS, latency=latency * MS, symbol="ETH-USD"),
    )
    notes = [line.note(seq, symbol=("BTC-USD", "ETH-USD")[seq % 2]) for seq in range(1, 41)]
    arrived = [note for _, note in line.send(pipeline, notes)]
    for symbol in ("BTC-USD", "ETH-USD"):
        assert [note for note in arrived if note.symbol == symbol] == [
            note for note in notes if note.symbol == symbol
        ]


def test_what_waits_leaves_at_once_when_the_disturbance_has_ended(line: Line) -> None:
    """In its order, and what comes later passes untouched."""
    pipeline = line.pipeline(line.disturbance(latency=5 * SECOND))
    for seq in (1, 2, 3):
        pipeline.put(line.note(seq), seq)
    assert pipeline.due(SECOND) == []
    pipeline.disturb(())
    pipeline.put(line.note(4), SECOND)
    assert [note.seq for note in pipeline.due(SECOND)] == [1, 2, 3, 4]


def test_flush_gives_all_that_waits_in_order(line: Line) -> None:
    """Whatever its times."""
    pipeline = line.pipeline(line.disturbance(jitter=9 * SECOND, latency=SECOND))
    for seq in range(1, 20):
        pipeline.put(line.note(seq), seq)
    assert [note.seq for note in pipeline.flush()] == list(range(1, 20))
    assert pipeline.next_due_ns() is None


def test_a_step_that_goes_on_keeps_its_draws_when_another_begins_or_ends(line: Line) -> None:
    """The same losses as if the other had never been, and its waiting messages keep their order."""
    lossy = line.disturbance("a", loss=HALF)
    notes = [line.note(seq) for seq in range(1, 201)]
    alone = [note for _, note in line.send(line.pipeline(lossy), notes)]
    pipeline = line.pipeline(lossy)
    arrived = [note for _, note in line.send(pipeline, notes[:50])]
    slow = line.disturbance("b", latency=3 * SECOND)
    pipeline.disturb((lossy, slow))
    arrived += [note for _, note in line.send(pipeline, notes[50:150])]
    pipeline.disturb((lossy,))
    arrived += [note for _, note in line.send(pipeline, notes[150:])]
    assert arrived == alone


def test_a_late_message_is_not_overtaken_when_a_second_step_begins(line: Line) -> None:
    """Its way changes while it waits; those behind it still wait for it."""
    slow = line.disturbance("a", jitter=9 * SECOND)
    pipeline = line.pipeline(slow)
    for seq in range(1, 10):
        pipeline.put(line.note(seq), seq)
    pipeline.disturb((slow, line.disturbance("b", latency=MS)))
    for seq in range(10, 20):
        pipeline.put(line.note(seq), seq)
    assert [note.seq for _, note in line.arrivals(pipeline, 1 << 60)] == list(range(1, 20))


def test_a_full_queue_drops_what_would_leave_next_and_tells_it(line: Line) -> None:
    """Ten of thirteen wait, three are told as overflow."""
    pipeline = line.pipeline(line.disturbance(latency=SECOND), queue_most=10)
    for seq in range(1, 14):
        pipeline.put(line.note(seq), seq)
    assert [one.seq for one in pipeline.injections() if one.fault == "overflow"] == [1, 2, 3]
    assert [note.seq for note in pipeline.flush()] == list(range(4, 14))


def test_injections_that_nobody_asks_for_are_counted_in_the_end(line: Line) -> None:
    """Memory stays bounded, and the number of those left out is told."""
    pipeline = line.pipeline(line.disturbance(silence=True), injections_most=5)
    for seq in range(1, 10):
        pipeline.put(line.note(seq), seq)
    told = pipeline.injections()
    assert [(one.fault, one.amount) for one in told[4:]] == [("silence", 0), ("untold", 4)]
    assert pipeline.injections() == []


def test_a_share_of_connections_is_drawn_by_name_and_sticks(line: Line) -> None:
    """About a third of a thousand, the same ones each time, and others for another step."""
    one, other = line.disturbance("a", share=0.33, freeze=True), line.disturbance("b", share=0.33)
    names = [f"ws-{at}" for at in range(1000)]
    hit = [name for name in names if chosen(one, name)]
    assert 260 < len(hit) < 400
    assert hit == [name for name in names if chosen(one, name)]
    assert hit != [name for name in names if chosen(other, name)]


def test_sources_and_connections_are_disturbed_apart(line: Line) -> None:
    """A step on binance is no step on clients, and the other way."""
    source, clients = line.disturbance("a", source="binance"), line.disturbance("b")
    assert on_source((source, clients), "binance") == (source,)
    assert on_connection((source, clients), "ws-1") == (clients,)
    assert make_pipeline((), line.handling, "ws-1").down == ""
