"""Playing a playbook from text on a scripted market, in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from mdsim.core.events import Entry
from mdsim.core.instruments import ALL
from mdsim.core.ports import CurveType, EffectType
from mdsim.core.registry import discover
from mdsim.core.time import SECOND
from mdsim.engine.view import View
from mdsim.playbook.compiler import World, compile_playbook
from mdsim.playbook.loader import load
from mdsim.run.result import RunResult, Verdict
from mdsim.run.runner import RunSettings, play_blocking

EFFECTS = discover("mdsim.chaos.effects", "EFFECT", EffectType)
CURVES = discover("mdsim.chaos.curves", "CURVE", CurveType)


class Listener:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def on_entry(self, entry: Entry) -> None:
        self.entries.append(entry)

    def on_progress(self, view: View, now_ns: int, at_ns: int) -> None:
        """Time passes."""


@dataclass
class Played:
    """A result and everything that was told on the way."""

    result: RunResult
    entries: list[Entry]

    @property
    def verdict(self) -> Verdict:
        return self.result.verdict

    def kinds(self, *kinds: str) -> list[tuple[float, str, str]]:
        """Seconds, kind and path of the entries of these kinds."""
        return [(e.at_ns / SECOND, e.kind, e.path) for e in self.entries if e.kind in kinds]

    def checks(self) -> list[tuple[str, str, str, float]]:
        """Kind, path, verdict and second of every check."""
        return [(c.kind, c.path, c.verdict.value, c.at_ns / SECOND) for c in self.result.checks]


Play = Callable[..., Played]


@pytest.fixture
def listener() -> Listener:
    """An observer that remembers."""
    return Listener()


@pytest.fixture
def play(scripted: Callable[..., object]) -> Play:
    """``play(text, BTC=lambda at_s: …)``: one run at 1 s cycles on a scripted market."""

    def run(
        text: str,
        *,
        seed: int = 1,
        symbols: Sequence[str] = ("BTC-USD", "ETH-USD", "BTC-ETH", "BTC-USD-PERP"),
        cycle_ns: int = SECOND,
        keep_effects: bool = False,
        speed: float | None = None,
        **prices: Callable[[float], float],
    ) -> Played:
        document = load("mdsim: 1\nname: test\n" + text, "test.yaml")
        world = World(EFFECTS, CURVES, ALL, ("synthetic", "replay"), ())
        plan = compile_playbook(document, world).plan
        settings = RunSettings(seed=seed, cycle_ns=cycle_ns, keep_effects=keep_effects, speed=speed)
        listener = Listener()
        feed = scripted(*symbols, **prices)
        result = play_blocking(plan, feed, settings, EFFECTS, CURVES, [listener])  # type: ignore[arg-type]  # a fake feed
        return Played(result, listener.entries)

    return run
