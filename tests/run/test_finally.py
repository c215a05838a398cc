"""Whatever `finally` could not do is told, and one step of it does not take the others along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mdsim.run import performance
from mdsim.run.result import Verdict

Play = Callable[..., Any]


def test_a_last_step_that_takes_too_long_fails_and_the_others_still_run(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In real time the release cannot wait for ever; the step that was cut is no pass."""
    monkeypatch.setattr(performance, "FINALLY_S", 0.05)
    played = play("steps: [mark: on]\nfinally: [wait: 1h, mark: after, wait: 2h, mark: last]", speed=50.0)
    assert [path for _, _, path in played.kinds("mark")] == ["main/1", "finally/2", "finally/4"]
    failed = [(kind, path, verdict) for kind, path, verdict, _ in played.checks()]
    assert failed == [("timeout", "finally/1", "failed"), ("timeout", "finally/3", "failed")]
    assert played.verdict is Verdict.FAILED


def test_last_steps_take_their_time_in_virtual_time(play: Play) -> None:
    """Nobody waits for them there."""
    played = play("steps: [mark: on]\nfinally: [wait: 1h, mark: after]")
    assert played.kinds("mark")[1:] == [(3600.0, "mark", "finally/2")]
    assert played.verdict is Verdict.PASSED
