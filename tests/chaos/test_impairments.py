"""Each kind of trouble by itself: what it does to what passes, and that it tells it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdsim.chaos.impairment import shipped
from mdsim.core.time import MS, SECOND

if TYPE_CHECKING:
    from tests.chaos.conftest import Line

EXAMPLES = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
SHARES = st.decimals(Decimal("0.05"), Decimal("0.95"), places=2)
WORDS = st.text("abcdef", min_size=1, max_size=5)


def test_every_impairment_of_the_language_ships() -> None:
    """The names of the language, in the order in which they act."""
    assert list(shipped()) == [
        *("disconnect", "reset"),
        *("loss", "rate", "silence"),
        *("clock_skew", "decimals", "freeze", "gap", "outlier"),
        "corrupt",
        "duplicate",
        *("jitter", "latency"),
        "reorder",
    ]
    assert [name for name, one in shipped().items() if one.sources_only] == [
        *("clock_skew", "decimals", "outlier")
    ]


@EXAMPLES
@given(SHARES, WORDS)
def test_loss_takes_about_its_share_and_tells_which(line: Line, share: Decimal, path: str) -> None:
    """Within five standard deviations of 1,000 draws; what arrives is as it was sent."""
    pipeline = line.pipeline(line.disturbance(path, loss=share))
    notes = [line.note(seq) for seq in range(1, 1001)]
    arrived = [note for _, note in line.send(pipeline, notes)]
    lost = [one.seq for one in pipeline.injections()]
    assert [note for note in notes if note.seq not in lost] == arrived
    assert abs(len(lost) - 1000 * float(share)) < 80


@EXAMPLES
@given(SHARES, WORDS)
def test_duplicates_have_the_same_number_and_come_behind_the_first(
    line: Line, share: Decimal, path: str
) -> None:
    """Every told one twice in a row, all others once."""
    pipeline = line.pipeline(line.disturbance(path, duplicate=share))
    arrived = [note.seq for _, note in line.send(pipeline, [line.note(seq) for seq in range(1, 201)])]
    twice = [one.seq for one in pipeline.injections()]
    assert arrived == [seq for seq in range(1, 201) for _ in range(2 if seq in twice else 1)]
    assert abs(len(twice) - 200 * float(share)) < 36


@EXAMPLES
@given(SHARES, WORDS)
def test_reordered_messages_come_right_behind_the_next_and_none_is_lost(
    line: Line, share: Decimal, path: str
) -> None:
    """Neighbours change places, and the one that was overtaken is told."""
    pipeline = line.pipeline(line.disturbance(path, reorder=share, latency=SECOND))
    sent = list(range(1, 201))
    arrived = [note.seq for _, note in line.send(pipeline, [line.note(seq) for seq in sent])]
    overtaken = [one.seq for one in pipeline.injections() if one.fault == "reorder"]
    expected = sent.copy()
    for seq in overtaken:
        expected[seq - 1], expected[seq] = expected[seq], expected[seq - 1]
    assert arrived == expected
    assert overtaken


def test_a_message_that_nothing_overtakes_leaves_after_ten_seconds(line: Line) -> None:
    """A stream that falls silent keeps nothing back for good."""
    pipeline = line.pipeline(line.disturbance(reorder=Decimal(1)))
    assert line.send(pipeline, [line.note(1)]) == [(10 * SECOND, line.note(1))]
    assert pipeline.injections() == []


def test_reorder_of_two_steps_delivers_everything_once(line: Line) -> None:
    """Whoever holds what, all of it comes."""
    half = Decimal("0.5")
    pipeline = line.pipeline(line.disturbance("a", reorder=half), line.disturbance("b", reorder=half))
    arrived = [note.seq for _, note in line.send(pipeline, [line.note(seq) for seq in range(1, 101)])]
    assert sorted(arrived) == list(range(1, 101))
    assert arrived != sorted(arrived)


@EXAMPLES
@given(st.integers(1, 5_000), WORDS)
def test_jitter_is_within_its_bound_or_waits_for_those_before(line: Line, most: int, path: str) -> None:
    """No message leaves before it was sent, nor later than the bound allows to it or to one before it."""
    pipeline = line.pipeline(line.disturbance(path, jitter=most * MS))
    notes = [line.note(seq) for seq in range(1, 51)]
    sent = {note.seq: at * 100 * MS for at, note in enumerate(notes)}
    arrived = line.send(pipeline, notes)
    assert all(0 <= due_ns - sent[note.seq] <= most * MS for due_ns, note in arrived)
    assert [note for _, note in arrived] == notes


def test_freeze_repeats_the_first_value_under_new_numbers(line: Line) -> None:
    """Each symbol its own; the first message itself is not touched."""
    pipeline = line.pipeline(line.disturbance(freeze=True))
    notes = [
        line.note(1, 10.0),
        line.note(1, 7.0, "ETH-USD"),
        line.note(2, 11.0),
        line.note(2, 8.0, "ETH-USD"),
        line.note(3, 12.0),
    ]
    arrived = [(note.symbol, note.seq, note.value) for _, note in line.send(pipeline, notes)]
    assert arrived == [
        ("BTC-USD", 1, 10.0),
        ("ETH-USD", 1, 7.0),
        ("BTC-USD", 2, 10.0),
        ("ETH-USD", 2, 7.0),
        ("BTC-USD", 3, 10.0),
    ]
    assert [one.seq for one in pipeline.injections()] == [2, 2, 3]


def test_a_rate_passes_a_second_at_once_and_then_one_at_a_time(line: Line) -> None:
    """5/s, ten a second are sent: five from the full bucket, then every other one."""
    pipeline = line.pipeline(line.disturbance(rate=Decimal(5)))
    arrived = [note.seq for _, note in line.send(pipeline, [line.note(seq) for seq in range(1, 101)])]
    assert arrived[:9] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert arrived[9:] == list(range(11, 101, 2))
    assert [one.seq for one in pipeline.injections()] == list(range(10, 101, 2))


def test_a_rate_below_one_a_second_passes_one_message_at_a_time(line: Line) -> None:
    """One in two seconds."""
    pipeline = line.pipeline(line.disturbance(rate=Decimal("0.5")))
    arrived = [note.seq for _, note in line.send(pipeline, [line.note(seq) for seq in range(1, 61)])]
    assert arrived == [1, 21, 41]


def test_silence_lets_nothing_pass_while_the_connection_stands(line: Line) -> None:
    """Not down, and every message is told."""
    pipeline = line.pipeline(line.disturbance(silence=True))
    assert line.send(pipeline, [line.note(1), line.note(2)]) == []
    assert [one.seq for one in pipeline.injections()] == [1, 2]
    assert pipeline.down == ""


@pytest.mark.parametrize("way", ["disconnect", "reset"])
def test_a_line_that_is_down_says_how_and_tells_what_it_swallowed(line: Line, way: str) -> None:
    """First the connection itself, then what was on its way, then what was sent to it."""
    slow = line.disturbance("a", latency=SECOND)
    pipeline = line.pipeline(slow)
    pipeline.put(line.note(1), 0)
    assert [one.fault for one in pipeline.injections()] == ["latency"]
    pipeline.disturb((slow, line.disturbance("b", disconnect=way == "disconnect", reset=way == "reset")))
    pipeline.put(line.note(2), 1)
    assert pipeline.down == way
    assert [(one.fault, one.symbol, one.seq) for one in pipeline.injections()] == [
        (way, "", 0),
        (way, "BTC-USD", 1),
        (way, "BTC-USD", 2),
    ]
    assert pipeline.flush() == []
    pipeline.disturb((slow,))
    assert pipeline.down == ""


def test_a_reset_is_stronger_than_a_disconnection(line: Line) -> None:
    """Whichever step came first."""
    polite, rude = line.disturbance("a", disconnect=True), line.disturbance("b", reset=True)
    assert line.pipeline(polite, rude).down == line.pipeline(rude, polite).down == "reset"


def test_a_gap_moves_every_number_and_loses_nothing(line: Line) -> None:
    """Messages without a number have none to move."""
    pipeline = line.pipeline(line.disturbance(gap=5))
    notes = [line.note(1), line.note(0), line.note(2)]
    assert [note.seq for _, note in line.send(pipeline, notes)] == [6, 0, 7]
    assert [(one.seq, one.amount) for one in pipeline.injections()] == [(1, 5), (2, 5)]


def test_what_is_wrong_with_a_source_adds_up(line: Line) -> None:
    """Five percent too high and two places too low; its clock a second behind."""
    pipeline = line.pipeline(
        line.disturbance("a", source="binance", outlier=Decimal("0.05"), clock_skew=SECOND, clock="behind"),
        line.disturbance("b", source="binance", decimals=Decimal(-2)),
    )
    (_, note), *_ = line.send(pipeline, [line.note(1, 100.0)])
    assert note.value == pytest.approx(1.05)
    assert note.ts_ns == -SECOND
    assert [one.fault for one in pipeline.injections()] == ["clock_skew", "decimals", "outlier"]


def test_corrupt_damages_about_its_share(line: Line) -> None:
    """Those that are told, and only those."""
    pipeline = line.pipeline(line.disturbance(corrupt=Decimal("0.2")))
    arrived = line.send(pipeline, [line.note(seq) for seq in range(1, 1001)])
    damaged = [note.seq for _, note in arrived if note.damaged]
    assert [one.seq for one in pipeline.injections()] == damaged
    assert 135 < len(damaged) < 265


def test_a_fault_that_says_false_or_0_asks_for_nothing(line: Line) -> None:
    """``freeze: false`` and ``loss: 0%`` are none, as parameters of a playbook may have it."""
    pipeline = line.pipeline(line.disturbance(freeze=False, reset=None, latency=0, loss=Decimal(0)))
    assert [note.value for _, note in line.send(pipeline, [line.note(1, 1.0), line.note(2, 2.0)])] == [
        1.0,
        2.0,
    ]
    assert pipeline.injections() == []
