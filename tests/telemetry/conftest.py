"""A log that keeps its lines, and a real run to follow."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from mdsim.cli import wiring
from mdsim.core.secret import Secret
from mdsim.core.time import SECOND
from mdsim.playbook.compiler import compile_playbook
from mdsim.playbook.loader import load
from mdsim.run.ledger import Observer
from mdsim.run.result import RunResult
from mdsim.run.runner import RunSettings, play_blocking
from mdsim.telemetry.logs import Log, open_log

START_NS = 1_767_603_600 * SECOND

SHOCK = """\
mdsim: 1
name: shock
baseline: {source: still}
phases:
  - name: panic
    lanes:
      seller:
        - move: {symbol: BTC-USD, by: -5%, over: 30s, then: revert over 60s}
        - wait: 70s
      risk:
        - expect: price(BTC-USD) > 1
        - expect: price(BTC-USD) < 1
"""


class Lines:
    """A log and what was written to it."""

    def __init__(self, level: str = "debug", secrets: Sequence[Secret] = ()) -> None:
        self.stream = io.StringIO()
        self.log: Log = open_log(self.stream, level=level, clock_ns=lambda: START_NS, secrets=secrets)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def lines() -> Callable[..., Lines]:
    """``lines(level="info", secrets=[...])``."""
    return Lines


@pytest.fixture
def play() -> Callable[..., RunResult]:
    """Plays ``SHOCK``, or another playbook, in virtual time for observers."""

    def run(*observers: Observer, text: str = SHOCK) -> RunResult:
        plan = compile_playbook(load(text, "shock.yaml"), wiring.world()).plan
        feed = wiring.open_feed(plan, 1, SECOND)
        settings = RunSettings(seed=1, cycle_ns=SECOND)
        return play_blocking(plan, feed, settings, wiring.effects(), wiring.curves(), observers)

    return run
