"""Same seed, same bytes: whatever the scheduler, the hash seed or another lane does."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdsim.run.journal import line

Play = Callable[..., Any]

BUSY = """
phases:
  - name: storm
    for: 60s
    always: [price(BTC-USD) > 40000]
    lanes:
      one:
        - move: {symbol: BTC-USD, by: -5%, over: 20s, curve: bridge, jitter: 5bp}
        - wait: 3s..9s
        - move: {symbols: [BTC-USD, ETH-USD], by: -3%, over: 10s, correlation: 0.8}
      two:
        - wait: {until: change(BTC-USD over 5s) < -0.5%, timeout: 30s, else: continue}
        - mark: falling
        - lanes:
            left: [{wait: 5s}, {mark: left}]
            right: [{wait: 5s}, {mark: right}]
      three:
        - repeat:
            every: 7s
            times: 20
            steps:
              - move: {symbol: BTC-USD-PERP, by: -0.3%, over: 2s, then: revert over 4s}
        - mark: never
  - name: after
    steps:
      - {restore: {symbols: all, over: 20s}}
"""


def wobbling(at_s: float) -> float:
    """A base price that moves without being random."""
    return 60_000 + 250 * ((at_s * 0.37) % 1.0)


def journal(played: Any) -> bytes:
    """What the journal of a run holds."""
    return b"".join(line(entry) for entry in played.entries)


def test_the_scheduler_has_no_say(play: Play) -> None:
    """trio reorders tasks at random; twelve runs write one journal."""
    written = {journal(play(BUSY, BTC=wobbling)) for _ in range(12)}
    assert len(written) == 1


def test_another_seed_is_another_run(play: Play) -> None:
    """Ticks and drawn waits differ."""
    one, two = play(BUSY, seed=1, BTC=wobbling), play(BUSY, seed=2, BTC=wobbling)
    assert one.result.digest != two.result.digest


def test_one_more_lane_leaves_the_draws_of_the_others_as_they_were(play: Play) -> None:
    """The drawn wait of lane one and the path of its moves are the same with a lane in front."""
    before = play(BUSY, BTC=wobbling)
    drawing = "zero: [{wait: 4s}, {choose: [{weight: 1, name: a, steps: [mark: a]}]}]"
    more = BUSY.replace("    lanes:\n      one:", f"    lanes:\n      {drawing}\n      one:", 1)
    after = play(more, BTC=wobbling)
    mine = [(e.at_ns, e.kind, e.path, e.data) for e in before.entries if e.path.startswith("storm/one")]
    theirs = [(e.at_ns, e.kind, e.path, e.data) for e in after.entries if e.path.startswith("storm/one")]
    assert mine == theirs
    assert len(mine) > 6
    assert before.result.digest == after.result.digest


LANE = st.recursive(
    st.sampled_from(
        ["wait: 2s", "wait: 3s", "wait: 1s..5s", "mark: here", "move: {symbol: BTC-USD, by: -1%, over: 4s}"]
    ),
    lambda inner: st.builds(
        lambda left, right: f"lanes: {{left: [{{{left}}}], right: [{{{right}}}]}}",
        inner,
        inner,
    ),
    max_leaves=4,
)


@given(st.lists(st.lists(LANE, min_size=1, max_size=3), min_size=1, max_size=4), st.integers(5, 15))
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_random_trees_end_with_the_same_trace_twice(play: Play, lanes: list[list[str]], for_s: int) -> None:
    """Whatever the tree: it ends, every turn is given back, and a second run writes the same bytes."""
    text = f"phases:\n  - name: random\n    for: {for_s}s\n    lanes:\n"
    for number, steps in enumerate(lanes):
        text += f"      lane{number}:\n" + "".join(f"        - {{{step}}}\n" for step in steps)
    random.seed()  # the scheduler's own shuffling must not matter
    assert journal(play(text)) == journal(play(text))
