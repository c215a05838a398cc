"""What is read from a run's entries, and what is made of a journal that ends early."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from mdsim.core.events import Entry
from mdsim.core.time import SECOND
from mdsim.report.story import BARS_MOST, Bar, Story, tell
from mdsim.run.result import Verdict

if TYPE_CHECKING:
    from tests.report.conftest import Drawn

    Draw = Callable[..., Drawn]


def bars(story: Story) -> dict[str, Bar]:
    return {bar.path: bar for lane in story.lanes for row in lane.rows for bar in row}


def test_phases_and_lanes_are_those_of_the_run(crisis: Drawn) -> None:
    """In the order in which they began; a phase of plain steps is one lane without a name."""
    story = crisis.story

    assert [(it.name, it.start_ns // SECOND, it.end_ns // SECOND) for it in story.phases] == [
        ("calm", 0, 60),
        ("panic", 60, 180),
    ]
    assert [(it.phase, it.name) for it in story.lanes] == [
        ("calm", ""),
        ("panic", "prices"),
        ("panic", "loops"),
    ]


def test_bar_spans_its_step_and_points_at_its_line(crisis: Drawn) -> None:
    """Times are those of the run, the place is the verb's in the playbook."""
    move = bars(crisis.story)["panic/prices/1"]

    assert (move.start_ns // SECOND, move.end_ns // SECOND, move.cut) == (60, 100, False)
    assert move.place == "14:11"


def test_effect_that_acts_on_after_its_step_has_a_tail(crisis: Drawn) -> None:
    """A move on its way back is not over when its step is."""
    move = bars(crisis.story)["panic/prices/1"]

    assert move.tail_ns // SECOND == 130


def test_step_that_its_block_cut_is_marked(crisis: Drawn) -> None:
    """The wait would have lasted ten minutes, its phase ended after two."""
    wait = bars(crisis.story)["panic/loops/2"]

    assert wait.cut
    assert wait.end_ns // SECOND == 180


def test_iterations_are_steps_of_one_lane_with_the_line_they_were_written_in(crisis: Drawn) -> None:
    """Three rounds are three bars beside the bar of the repeat, not three lanes."""
    rounds = [bar for path, bar in bars(crisis.story).items() if path.startswith("panic/loops/1#")]

    assert len(rounds) == 3
    assert len({bar.place for bar in rounds}) == 1
    assert rounds[0].place


def test_bars_of_one_row_do_not_overlap(crisis: Drawn) -> None:
    """However lanes nest."""
    for lane in crisis.story.lanes:
        for row in lane.rows:
            assert all(one.tail_ns <= other.start_ns for one, other in itertools.pairwise(row))


def test_checks_keep_verdict_question_answer_and_place(crisis: Drawn) -> None:
    """As the run told them."""
    told = {check.kind: check for check in crisis.story.checks}

    assert crisis.story.verdict == "failed"
    assert (told["expect"].verdict, told["reaches"].verdict) == (Verdict.FAILED, Verdict.INCONCLUSIVE)
    assert told["expect"].place == "test.yaml:15:19"
    assert dict(told["expect"].seen) == {"price(BTC-USD)": "52800"}


def test_instruments_come_in_the_order_in_which_they_were_touched(draw: Draw) -> None:
    """The coin that breaks is drawn before the ones that are merely there."""
    text = "steps: [{move: {symbol: ETH-USD, by: -1%, over: 5s}}, {expect: price(BTC-USD) > 1}]\n"

    assert draw(text, "BTC-USD", "ETH-USD", "USDT-USD").story.touched == ("ETH-USD", "BTC-USD")


def test_journal_that_ends_early_is_unfinished_and_open_steps_are_cut(crisis: Drawn) -> None:
    """A run that was killed is drawn as far as it came."""
    half = crisis.entries[: len(crisis.entries) // 2]
    story = tell(half)

    assert (story.verdict, story.digest) == ("unfinished", "")
    assert all(bar.end_ns <= story.lasted_ns for bar in bars(story).values())
    assert story.phases[-1].end_ns == story.lasted_ns


def test_entries_of_a_later_version_are_passed_over() -> None:
    """A kind that nobody here knows, and fields that are not there, break nothing."""
    story = tell([Entry("run_started", 0, "", {}), Entry("comet", 5, "x", {"speed": "11 km/s"})])

    assert (story.verdict, story.lanes, story.text("playbook")) == ("unfinished", (), "")


def test_thousands_of_steps_are_told_and_not_all_drawn(draw: Draw) -> None:
    """The count is exact; the drawing stops where nobody could read it."""
    text = f"steps: [{{repeat: {{times: {BARS_MOST}, steps: [{{mark: x}}]}}}}]\n"
    story = draw(text, "BTC-USD").story

    assert story.steps == BARS_MOST + 1
    assert len(bars(story)) == BARS_MOST
