"""Blocks, lanes and steps do what the language says, at the instant it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mdsim.core.errors import ExitCode
from mdsim.run.result import Verdict

Play = Callable[..., Any]


def test_a_sequence_waits_for_each_step(play: Play) -> None:
    """A step with `over` takes that long, a wait too, a mark no time."""
    played = play("""
steps:
  - move: {symbol: BTC-USD, by: -10%, over: 30s}
  - wait: 10s
  - mark: done
""")
    assert played.kinds("mark") == [(40.0, "mark", "main/3")]
    assert played.verdict is Verdict.PASSED


def test_a_target_is_met_exactly_at_the_end_of_its_move(play: Play) -> None:
    """Even on a base feed that moves, and an `expect` right after sees it."""
    played = play(
        """
steps:
  - move: {symbol: BTC-USD, to: 51234.56, over: 33s, curve: sigmoid}
  - expect: price(BTC-USD) == 51234.56
""",
        BTC=lambda at_s: 60_000 + 7 * at_s,
    )
    assert played.checks() == [("expect", "main/2", "passed", 33.0)]


def test_an_expectation_right_after_a_jump_looks_at_the_next_cycle(play: Play) -> None:
    """A command acts in the first cycle after its stamp; the lane that gave it waits for that."""
    played = play("""
steps:
  - move: {symbol: BTC-USD, by: -10%, curve: step}
  - expect: deviation(BTC-USD) <= -9.99%
""")
    assert played.checks() == [("expect", "main/2", "passed", 1.0)]


def test_lanes_run_at_once_and_a_phase_ends_with_its_last_lane(play: Play) -> None:
    """The phase lasts as long as the longest lane."""
    played = play("""
phases:
  - name: both
    lanes:
      short: [wait: 5s, mark: short]
      long: [wait: 9s, mark: long]
  - name: after
    steps: [mark: after]
""")
    assert played.kinds("mark") == [
        (5.0, "mark", "both/short/2"),
        (9.0, "mark", "both/long/2"),
        (9.0, "mark", "after/1"),
    ]


def test_a_phase_with_for_waits_for_its_end_and_cuts_what_is_longer(play: Play) -> None:
    """Exactly that long, in both directions; a cut move keeps what it reached."""
    played = play("""
phases:
  - name: short-content
    for: 10s
    steps: [mark: early]
  - name: long-content
    for: 10s
    steps:
      - move: {symbol: BTC-USD, by: -10%, over: 20s}
      - mark: never
  - name: end
    steps:
      - expect: deviation(BTC-USD) within -5.2%..-5.1%
""")
    assert played.kinds("phase_started", "mark") == [
        (0.0, "phase_started", "short-content"),
        (0.0, "mark", "short-content/1"),
        (10.0, "phase_started", "long-content"),
        (20.0, "phase_started", "end"),
    ]
    assert played.verdict is Verdict.PASSED
    ended = [e for e in played.entries if e.kind == "effect_ended"]
    assert [e.data["reason"] for e in ended] == ["cut"]


def test_content_that_ends_exactly_at_the_end_of_its_phase_is_finished(play: Play) -> None:
    """Steps go before ends of blocks."""
    played = play("""
phases:
  - name: exact
    for: 20s
    steps:
      - move: {symbol: BTC-USD, by: -10%, over: 20s}
      - mark: finished
""")
    assert played.kinds("mark") == [(20.0, "mark", "exact/2")]
    assert [e.data["reason"] for e in played.entries if e.kind == "effect_ended"] == ["done"]


def test_a_condition_that_comes_true_at_its_deadline_is_met(play: Play) -> None:
    """The cycle of that instant is evaluated before deadlines are."""
    played = play(
        "steps: [{wait: {until: price(BTC-USD) <= 59000, timeout: 10s}}]",
        BTC=lambda at_s: 60_000 - 100 * at_s,
    )
    assert played.checks() == [("wait", "main/1", "passed", 10.0)]


def test_a_wait_that_times_out_fails_and_ends_the_run(play: Play) -> None:
    """Nothing after it is done, `finally` is."""
    played = play("""
steps:
  - wait: {until: price(BTC-USD) < 1, timeout: 10s}
  - mark: never
finally:
  - mark: cleaned up
""")
    assert played.checks() == [("wait", "main/1", "failed", 10.0)]
    assert [path for _, _, path in played.kinds("mark")] == ["finally/1"]
    assert played.verdict is Verdict.FAILED
    assert played.result.exit_code is ExitCode.FAILED


def test_a_wait_may_go_on_after_its_timeout(play: Play) -> None:
    """`else: continue` is no failure."""
    played = play("""
steps:
  - wait: {until: price(BTC-USD) < 1, timeout: 10s, else: continue}
  - mark: on
""")
    assert played.kinds("mark") == [(10.0, "mark", "main/2")]
    assert played.verdict is Verdict.PASSED


def test_a_failed_expectation_is_recorded_with_what_was_seen_and_the_run_goes_on(play: Play) -> None:
    """One run tells everything."""
    played = play("""
steps:
  - expect: {that: price(BTC-USD) < 100, within: 5s}
  - expect: price(ETH-USD) == 3000
""")
    assert played.checks() == [("expect", "main/1", "failed", 5.0), ("expect", "main/2", "passed", 5.0)]
    failed = played.result.checks[0]
    assert failed.seen == (("price(BTC-USD)", "60000"),)
    assert failed.place.startswith("test.yaml:5:")
    assert failed.note == "not within 5s"


def test_a_warning_expectation_does_not_fail_the_run(play: Play) -> None:
    """`level: warn` is reported only."""
    played = play("steps: [{expect: {that: price(BTC-USD) < 100, level: warn}}]")
    assert played.verdict is Verdict.PASSED
    assert played.result.checks[0].verdict is Verdict.FAILED


def test_a_schedule_starts_each_step_at_its_offset(play: Play) -> None:
    """Steps with `at` overlap freely."""
    played = play("""
steps:
  - {at: 0s, move: {symbol: BTC-USD, by: -10%, over: 30s}}
  - {at: 10s, mark: ten}
  - {at: 5s, mark: five}
""")
    assert played.kinds("mark") == [(5.0, "mark", "main/3"), (10.0, "mark", "main/2")]
    assert played.result.lasted_ns >= 30_000_000_000


def test_repeat_numbers_its_iterations_and_keeps_their_rhythm(play: Play) -> None:
    """`every` is counted from start to start."""
    played = play("""
steps:
  - repeat:
      every: 10s
      times: 3
      steps:
        - wait: 2s
        - mark: beat
""")
    assert played.kinds("mark") == [
        (2.0, "mark", "main/1#1/2"),
        (12.0, "mark", "main/1#2/2"),
        (22.0, "mark", "main/1#3/2"),
    ]


def test_repeat_until_stops_when_its_condition_holds(play: Play) -> None:
    """It is asked before every iteration."""
    played = play(
        """
steps:
  - repeat:
      until: price(BTC-USD) <= 59700
      times: 100
      steps: [{wait: 1s}]
  - mark: out
""",
        BTC=lambda at_s: 60_000 - 100 * at_s,
    )
    assert played.kinds("mark") == [(3.0, "mark", "main/2")]


def test_repeat_for_cuts_its_last_iteration(play: Play) -> None:
    """Its time is its end."""
    played = play("""
steps:
  - repeat: {for: 25s, steps: [{wait: 10s}, {mark: beat}]}
  - mark: out
""")
    assert [second for second, _, _ in played.kinds("mark")] == [10.0, 20.0, 25.0]


def test_nested_repeats_number_both_levels(play: Play) -> None:
    """Paths and draws of inner iterations are their own."""
    played = play("""
steps:
  - repeat:
      times: 2
      steps:
        - repeat: {times: 2, steps: [{wait: 1s}, {mark: beat}]}
""")
    assert [path for _, _, path in played.kinds("mark")] == [
        "main/1#1/1#1/2",
        "main/1#1/1#2/2",
        "main/1#2/1#1/2",
        "main/1#2/1#2/2",
    ]


def test_if_takes_one_branch(play: Play) -> None:
    """Unknown counts as false."""
    played = play("""
steps:
  - if: price(BTC-USD) > 1
    then: [mark: then]
    else: [mark: else]
  - if: change(BTC-USD over 1h) > +1%
    then: [mark: then]
    else: [mark: else]
""")
    assert [e.data["text"] for e in played.entries if e.kind == "mark"] == ["then", "else"]


def test_choose_is_drawn_from_the_seed_and_its_weights(play: Play) -> None:
    """The same seed draws the same; over many seeds the share is near the weight."""
    text = """
steps:
  - choose:
      - {weight: 70, name: a, steps: [mark: a]}
      - {weight: 30, name: b, steps: [mark: b]}
"""
    drawn = [play(text, seed=seed).entries for seed in range(40)]
    names = [next(e.data["branch"] for e in entries if e.kind == "branch_taken") for entries in drawn]
    again = play(text, seed=7).entries
    assert next(e.data["branch"] for e in again if e.kind == "branch_taken") == names[7]
    assert 18 <= names.count("a") <= 37


def test_a_guard_skips_its_step(play: Play) -> None:
    """`when` is asked when the step's turn comes."""
    played = play("steps: [{when: price(BTC-USD) < 1, mark: never}, {when: price(BTC-USD) > 1, mark: on}]")
    assert [e.data["text"] for e in played.entries if e.kind == "mark"] == ["on"]
    assert [kind for _, kind, _ in played.kinds("step_skipped")] == ["step_skipped"]


def test_stop_ends_early_without_failing_and_fail_fails(play: Play) -> None:
    """Both run `finally` and release everything."""
    stopped = play("steps: [{stop: enough}, {mark: never}]")
    assert stopped.verdict is Verdict.PASSED
    assert stopped.kinds("mark") == []
    failed = play("steps: [{fail: too much}, {mark: never}]")
    assert failed.checks() == [("fail", "main/1", "failed", 0.0)]


def test_a_phase_past_its_timeout_fails(play: Play) -> None:
    """What is left of it is cut; the next phase goes on."""
    played = play("""
phases:
  - {name: slow, timeout: 5s, steps: [{wait: 60s}]}
  - {name: next, steps: [mark: next]}
""")
    assert played.checks() == [("timeout", "slow", "failed", 5.0)]
    assert played.kinds("mark") == [(5.0, "mark", "next/1")]


def test_a_step_past_its_timeout_fails(play: Play) -> None:
    """The step is cut and the lane goes on."""
    played = play("""
steps:
  - timeout: 5s
    repeat: {times: 100, steps: [{wait: 1s}]}
  - mark: next
""")
    assert ("timeout", "main/1", "failed", 5.0) in played.checks()
    assert played.kinds("mark") == [(5.0, "mark", "main/2")]


def test_reaches_that_never_comes_true_makes_the_run_inconclusive(play: Play) -> None:
    """Nothing was tested, so nothing passed."""
    played = play("""
phases:
  - name: panic
    for: 10s
    reaches: price(BTC-USD) < 1
""")
    assert played.verdict is Verdict.INCONCLUSIVE
    assert played.result.exit_code is ExitCode.INCONCLUSIVE


def test_reaches_tells_when_it_came_true(play: Play) -> None:
    """The first cycle that shows it."""
    played = play(
        """
phases:
  - name: fall
    for: 10s
    reaches: price(BTC-USD) <= 59500
""",
        BTC=lambda at_s: 60_000 - 100 * at_s,
    )
    assert played.checks() == [("reaches", "fall", "passed", 5.0)]


def test_an_effect_that_touches_no_tick_makes_the_run_inconclusive(play: Play) -> None:
    """A restore with nothing to restore tested nothing."""
    played = play("steps: [{restore: {symbols: all, over: 10s}}]")
    assert played.verdict is Verdict.INCONCLUSIVE
    assert played.checks()[0][0] == "effect"


def test_always_is_broken_at_the_first_cycle_that_breaks_it(play: Play) -> None:
    """It is told once, with that cycle's time, and the run goes on."""
    played = play(
        """
always: [price(BTC-USD) > 59750]
phases:
  - {name: fall, for: 10s}
""",
        BTC=lambda at_s: 60_000 - 100 * at_s,
    )
    assert played.checks() == [("always", "", "failed", 3.0)]


def test_never_and_allow_count_cycles(play: Play) -> None:
    """Four of ten cycles are below: 50 % is allowed, 30 % is not."""
    text = """
phases:
  - name: fall
    for: 10s
    never:
      - {that: price(BTC-USD) < 59350, allow: ALLOW}
"""
    fall = {"BTC": lambda at_s: 60_000 - 100 * at_s}
    assert play(text.replace("ALLOW", "50%"), **fall).verdict is Verdict.PASSED
    assert play(text.replace("ALLOW", "30%"), **fall).verdict is Verdict.FAILED


def test_an_unmet_requirement_is_not_run(play: Play) -> None:
    """Never failed: the case says nothing."""
    played = play("requires: [price(BTC-USD) < 1]\nsteps: [mark: never]")
    assert played.verdict is Verdict.NOT_RUN
    assert played.kinds("mark") == []


def test_final_expectations_are_asked_before_anything_is_released(play: Play) -> None:
    """They see the end of the playbook, and may look back over the whole run."""
    played = play("""
steps:
  - move: {symbol: BTC-USD, by: -10%, over: 10s}
expect:
  - deviation(BTC-USD) within -10.01%..-9.99%
  - min(price(BTC-USD)) == 54000
  - max(spread(BTC-USD)) < 5%
""")
    assert [check[2] for check in played.checks()] == ["passed"] * 3


def test_everything_is_released_at_the_end_unless_it_is_kept(play: Play) -> None:
    """The last tick is the base feed's again, exactly; with --keep-effects it is not."""
    text = "steps: [{move: {symbol: BTC-USD, by: -10%, over: 10s}}]"
    last = {one.symbol: str(one.last) for one in play(text).result.symbols}
    assert last["BTC-USD"] == "60000.00"
    kept = {one.symbol: str(one.last) for one in play(text, keep_effects=True).result.symbols}
    assert kept["BTC-USD"] == "54000.00"


@pytest.mark.parametrize("cycle_ms", [100, 250, 1000, 5000])
def test_the_plan_keeps_its_instants_at_any_cycle_interval(play: Play, cycle_ms: int) -> None:
    """Steps have times of their own; a coarse cycle only looks less often between them."""
    played = play(
        """
steps:
  - move: {symbol: BTC-USD, to: 50000, over: 7300ms}
  - expect: price(BTC-USD) == 50000
  - wait: 1700ms
  - mark: here
""",
        cycle_ns=cycle_ms * 1_000_000,
    )
    assert played.kinds("mark") == [(9.0, "mark", "main/4")]
    assert played.verdict is Verdict.PASSED


def test_revert_outlives_its_block(play: Play) -> None:
    """`then: revert` takes no time of the step and goes on after the phase."""
    played = play("""
phases:
  - name: hit
    steps:
      - move: {symbol: BTC-USD, by: -10%, over: 5s, then: revert over 10s}
  - name: after
    for: 15s
    steps:
      - expect: deviation(BTC-USD) < -9.9%
      - wait: 10s
      - expect: deviation(BTC-USD) == 0%
""")
    assert played.verdict is Verdict.PASSED
    assert played.checks()[0][3] == 5.0
