"""The log of a run."""

from __future__ import annotations

from mdsim.cli.lines import Lines
from mdsim.core.events import Entry
from mdsim.core.time import MINUTE


def test_every_line_has_both_times_and_its_place() -> None:
    """Scenario offset and market time stand in front, then the path."""
    written: list[str] = []
    lines = Lines(written.append)
    lines.on_entry(Entry("run_started", 0, "", {"playbook": "demo", "start": "2024-08-05T00:00:00Z"}))
    lines.on_entry(Entry("mark", 90 * MINUTE, "crash/checks/2", {"text": "low"}))
    assert written[-1] == "+01:30:00  2024-08-05T01:30:00Z  ⚑ [crash/checks/2] low"


def test_plain_lines_are_ascii() -> None:
    """For a stream that cannot encode more."""
    written: list[str] = []
    lines = Lines(written.append, plain=True)
    lines.on_entry(Entry("mark", 0, "", {"text": "low"}))
    assert written == ["+00:00:00  1970-01-01T00:00:00Z  * low"]


def test_entries_without_words_of_their_own_write_nothing() -> None:
    """The end of a run is the recap's to tell."""
    written: list[str] = []
    Lines(written.append).on_entry(Entry("run_ended", 0, "", {"verdict": "passed"}))
    assert written == []
