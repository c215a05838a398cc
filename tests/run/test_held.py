"""A condition that must hold `for` a while is watched all that while, wherever it is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mdsim.run.result import Verdict

Play = Callable[..., Any]


@pytest.mark.parametrize(("held", "verdict"), [("5s", "passed"), ("7s", "passed"), ("8s", "failed")])
def test_the_last_questions_look_back_over_the_run(play: Play, held: str, verdict: str) -> None:
    """Below 100 from the third second to the tenth, it has held for seven when the run ends."""
    played = play(
        f"steps: [wait: 10s]\nexpect: [price(BTC-USD) < 100 for {held}]",
        BTC=lambda at_s: 50.0 if at_s >= 3 else 200.0,
    )
    assert played.checks() == [("final", "", verdict, 10.0)]


def test_an_invariant_is_not_broken_before_it_could_hold(play: Play) -> None:
    """Nothing is known of the time before the first cycle, and unknown breaks nothing."""
    played = play(
        "always: [price(BTC-USD) < 100 for 3s]\nsteps: [wait: 10s]",
        BTC=lambda _at_s: 50.0,
    )
    assert played.checks() == [("always", "", "passed", 10.0)]


def test_an_invariant_that_never_had_the_time_to_hold_proves_nothing(play: Play) -> None:
    """A run of ten seconds cannot tell what would have held for thirty."""
    played = play("never: [price(BTC-USD) < 100 for 30s]\nsteps: [wait: 10s]", BTC=lambda _at_s: 50.0)
    assert played.verdict is Verdict.INCONCLUSIVE


def test_a_repeat_sees_what_breaks_between_two_iterations(play: Play) -> None:
    """The price is above 100 whenever an iteration begins, and below it in between."""
    played = play(
        "steps:\n  - repeat: {until: price(BTC-USD) > 100 for 3s, times: 4, steps: [wait: 2s]}",
        BTC=lambda at_s: 50.0 if at_s % 2 else 200.0,
    )
    assert len(played.kinds("iteration")) == 4
