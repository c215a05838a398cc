"""How entries read."""

from __future__ import annotations

import pytest

from mdsim.cli.words import Line, Narrator
from mdsim.core.events import Entry, Json


def tell(entry: str, /, **data: Json) -> Line | None:
    """The line of a single entry."""
    return Narrator().line(Entry(entry, 0, "", data))


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        ("phase_started", {"name": "crash", "for": "5m"}, "phase crash for 5m"),
        ("phase_ended", {"name": "crash", "cut": True}, "phase crash is cut short"),
        ("lane_ended", {"name": "peg"}, "lane peg is done"),
        ("step_skipped", {"verb": "move", "when": "risk.ok"}, "skipped move, as not risk.ok"),
        ("mark", {"text": "the fall is on"}, "the fall is on"),
        ("branch_taken", {"branch": "squeeze"}, "takes the branch squeeze"),
        ("ending_early", {"reason": "stop"}, "ends early: stop"),
        (
            "feed_ended",
            {"faults": {"jitter": 9, "loss": 3}, "connections": 2},
            "feed: did jitter 9, loss 3 on 2 connections",
        ),
        ("feed_ended", {"faults": {}, "connections": 0}, "feed: did nothing"),
        (
            "feed_received",
            {
                "connections": [
                    {"received": 5, "late": 1, "damaged": 0, "lost": 2},
                    {"received": 7, "lost": 1},
                ]
            },
            "2 virtual subscribers: 12 received, 1 late, 0 damaged, 3 lost",
        ),
        ("paused", {"text": "asked for"}, "paused: asked for"),
        ("resumed", {"text": "asked for"}, "goes on: asked for"),
    ],
)
def test_entries_read_as_sentences(kind: str, data: dict[str, Json], text: str) -> None:
    """What happened stands in plain words."""
    line = tell(kind, **data)
    assert line is not None
    assert line.text == text


def test_a_check_says_question_verdict_and_what_was_seen() -> None:
    """A reader needs no second look to see why it failed."""
    line = tell("check", kind="expect", text="a < 1", verdict="failed", seen={"a": "2"}, note="not within 5s")
    assert line == Line("✗", "failed: expect a < 1 not within 5s (saw a = 2)", "bold red")


def test_a_failed_warning_is_no_alarm() -> None:
    """A check of level warn is told as a warning."""
    line = tell("check", kind="never", text="a < 1", verdict="failed", level="warn")
    assert line is not None
    assert line.text.startswith("warning, failed")
    assert line.style == "yellow"


def test_the_end_of_a_step_repeats_what_the_step_was() -> None:
    """An ended step is named by its summary, which its start told."""
    narrator = Narrator()
    narrator.line(Entry("step_started", 0, "a/1", {"verb": "move", "summary": "move BTC-USD by -5%"}))
    line = narrator.line(Entry("step_ended", 9, "a/1", {"verb": "move"}))
    assert line is not None
    assert line.text == "done: move BTC-USD by -5%"


def test_an_unknown_kind_is_shown_rather_than_swallowed() -> None:
    """A newer kind of entry appears with its fields."""
    line = tell("source_stale", source="binance", ages={"BTC-USD": 3})
    assert line is not None
    assert line.text == "source stale: source binance, ages BTC-USD 3"


def test_ascii_keeps_the_text_and_replaces_the_sign() -> None:
    """A terminal without Unicode still tells failed from passed."""
    assert Line("✗", "failed").ascii().mark == "FAIL"
    assert Line("✓", "passed").ascii().mark == "ok"


def test_single_injections_are_left_to_the_journal() -> None:
    """The sums come at the end of the step."""
    assert tell("injected", fault="loss", connection="ws-1", count=2) is None
    assert tell("effect_ended", effect="feed", reason="ended", ticks_touched=3) is None
