"""Runs to draw: small playbooks on a scripted market, as entries and series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from mdsim.core.events import Entry
from mdsim.core.instruments import ALL
from mdsim.core.ports import BaseFeed, CurveType, EffectType
from mdsim.core.registry import discover
from mdsim.core.time import SECOND
from mdsim.engine.view import View
from mdsim.playbook.compiler import World, compile_playbook
from mdsim.playbook.loader import load
from mdsim.report.page import Page
from mdsim.report.story import Story, tell
from mdsim.run.runner import RunSettings, play_blocking
from mdsim.run.series import Recorder, Series

EFFECTS = discover("mdsim.chaos.effects", "EFFECT", EffectType)
CURVES = discover("mdsim.chaos.curves", "CURVE", CurveType)

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & <b>bold</b>"
"""What a playbook may say about itself."""

CRISIS = f"""
about: "{HOSTILE}"
phases:
  - name: calm
    for: 1m
    steps: [{{mark: "<a href='javascript:alert(3)'>click</a>"}}, {{wait: 30s}}]
  - name: panic
    for: 2m
    reaches: price(ETH-USD) < 100
    lanes:
      prices:
        - move: {{symbol: BTC-USD, by: -12%, over: 40s, then: revert over 30s}}
        - expect: price(BTC-USD) > 70000
      loops:
        - repeat: {{times: 3, every: 20s, steps: [{{move: {{symbol: ETH-USD, by: -1%, over: 10s}}}}]}}
        - wait: {{until: price(ETH-USD) < 1, timeout: 10m, else: continue}}
expect:
  - price(BTC-USD) > 1
"""


class Kept:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def on_entry(self, entry: Entry) -> None:
        self.entries.append(entry)

    def on_progress(self, view: View, now_ns: int, at_ns: int) -> None:
        """Time passes."""


@dataclass(frozen=True)
class Drawn:
    """A run and what is made of it."""

    entries: list[Entry]
    story: Story
    series: Series

    def html(self, *, series: bool = True, again: str = "mdsim play test.yaml --seed 1") -> str:
        return Page(self.story, self.series if series else None, again).html()


Draw = Callable[..., Drawn]


@pytest.fixture
def draw(scripted: Callable[..., BaseFeed]) -> Draw:
    """``draw(text)``: one run at 1 s cycles on a scripted market, told and sampled."""

    def run(text: str, *symbols: str) -> Drawn:
        document = load("mdsim: 1\nname: test\n" + text, "test.yaml")
        plan = compile_playbook(document, World(EFFECTS, CURVES, ALL, ("synthetic",), ())).plan
        kept, recorder = Kept(), Recorder()
        feed = scripted(*(symbols or ("BTC-USD", "ETH-USD")))
        settings = RunSettings(seed=1, cycle_ns=SECOND)
        play_blocking(plan, feed, settings, EFFECTS, CURVES, [kept], [recorder])
        return Drawn(kept.entries, tell(kept.entries), recorder.series())

    return run


@pytest.fixture
def crisis(draw: Draw) -> Drawn:
    """A failing run with phases, lanes, a repeat, a revert, a cut step and hostile words."""
    return draw(CRISIS)
