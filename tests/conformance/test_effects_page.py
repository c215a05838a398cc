"""The page ``docs/effects.md`` keeps up with the code, and its examples compile."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mdsim.chaos.effects.market import ASKS
from mdsim.chaos.innovations import LEAST, MEMORY
from mdsim.chaos.layers import HALF_LIFE_NS, TREND_NS
from mdsim.chaos.overlay import EASE_NS
from mdsim.core.instruments import ALL
from mdsim.core.ports import CurveType, EffectType
from mdsim.core.registry import discover
from mdsim.core.time import MINUTE
from mdsim.playbook.compiler import World, compile_playbook
from mdsim.playbook.loader import load

PAGE = (Path(__file__).parents[2] / "docs" / "effects.md").read_text(encoding="utf-8")
CURVES = discover("mdsim.chaos.curves", "CURVE", CurveType)
EFFECTS = discover("mdsim.chaos.effects", "EFFECT", EffectType)
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ELSEWHERE = ("move", "restore", "feed")
"""On the pages about moves and about delivery faults."""


@pytest.mark.parametrize("verb", [name for name in EFFECTS if name not in ELSEWHERE])
def test_every_verb_has_a_chapter_with_an_example(verb: str) -> None:
    """A new effect must be told."""
    chapter = PAGE.split(f"\n## {verb}\n")[1].split("\n## ")[0]
    assert f"\n- {verb}: {{" in chapter


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_compiles(example: str) -> None:
    """Without as much as a warning."""
    steps = "".join(f"  {line}\n" for line in example.splitlines())
    document = load(f"mdsim: 1\nname: example\nsteps:\n{steps}", "docs/effects.md")
    world = World(EFFECTS, CURVES, ALL, feeds=("synthetic",), datasets=())
    assert compile_playbook(document, world).warnings == ()


def test_every_parameter_of_a_market_is_in_the_table() -> None:
    """In no particular order."""
    told = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert told == {*ASKS, "keep_trend", "pattern"}


@pytest.mark.parametrize(
    ("sentence", "value", "wanted"),
    [
        ("a time constant of 10 minutes", TREND_NS, 10 * MINUTE),
        ("halves the offset\nevery 5 minutes", HALF_LIFE_NS, 5 * MINUTE),
        ("straight line over 5 minutes", EASE_NS, 5 * MINUTE),
        ("from the last 256 innovations", MEMORY, 256),
        ("In the first\neight steps", LEAST, 8),
    ],
)
def test_the_times_on_the_page_are_those_of_the_code(sentence: str, value: int, wanted: int) -> None:
    """Whoever changes one changes the other."""
    assert sentence in PAGE
    assert value == wanted
