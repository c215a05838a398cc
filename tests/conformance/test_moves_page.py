"""The page ``docs/moves.md`` keeps up with the code, and its examples compile."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mdsim.core.instruments import ALL
from mdsim.core.ports import CurveType, EffectType
from mdsim.core.registry import discover
from mdsim.playbook.compiler import World, compile_playbook
from mdsim.playbook.loader import load

PAGE = (Path(__file__).parents[2] / "docs" / "moves.md").read_text(encoding="utf-8")
CURVES = discover("mdsim.chaos.curves", "CURVE", CurveType)
EFFECTS = discover("mdsim.chaos.effects", "EFFECT", EffectType)
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", CURVES)
def test_every_curve_is_on_the_page(name: str) -> None:
    """With all of its arguments."""
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
    arguments = row.rsplit("|", 2)[1]
    assert re.findall(r"`(\w+)`", arguments) == [param.name for param in CURVES[name].params]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_compiles(example: str) -> None:
    """Without as much as a warning."""
    steps = "".join(f"  {line}\n" for line in example.splitlines())
    document = load(f"mdsim: 1\nname: example\nsteps:\n{steps}", "docs/moves.md")
    world = World(EFFECTS, CURVES, ALL, feeds=("synthetic",), datasets=())
    assert compile_playbook(document, world).warnings == ()


def test_there_are_examples() -> None:
    """Else the test above would test nothing."""
    assert len(EXAMPLES) == 3
