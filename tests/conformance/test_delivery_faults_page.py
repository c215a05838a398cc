"""The page ``docs/delivery-faults.md`` tells every fault as the code has it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mdsim.chaos.feed_faults import _every_ns
from mdsim.chaos.impairment import shipped
from mdsim.chaos.impairments.reorder import HELD_MOST_NS
from mdsim.chaos.pipeline import QUEUE_MOST
from mdsim.chaos.shapes import shipped as curves
from mdsim.core.instruments import ALL
from mdsim.core.ports import EffectType
from mdsim.core.registry import discover
from mdsim.core.time import MINUTE, SECOND
from mdsim.engine.virtual import SUBSCRIBERS
from mdsim.playbook.compiler import World, compile_playbook
from mdsim.playbook.loader import load

PAGE = (Path(__file__).parents[2] / "docs" / "delivery-faults.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| `[^`]+` \|.* \| (both|source) \|$", PAGE, re.MULTILINE))
BLOCKS: list[str] = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
EXAMPLES = [block for block in BLOCKS if not block.startswith("mdsim:")]
WORLD = World(
    discover("mdsim.chaos.effects", "EFFECT", EffectType), curves(), ALL, ("synthetic",), (), ("binance",)
)


def test_every_fault_has_its_row_and_its_place() -> None:
    """A new one must be told."""
    where = {name: "source" if one.sources_only else "both" for name, one in shipped().items()}
    assert where == ROWS


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_compiles(example: str) -> None:
    """Where there is a source of that name."""
    steps = "".join(f"  {line}\n" for line in example.splitlines())
    document = load(f"mdsim: 1\nname: example\nsteps:\n{steps}", "docs/delivery-faults.md")
    assert compile_playbook(document, WORLD).plan.phases


@pytest.mark.parametrize("row", re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", PAGE, re.MULTILINE), ids=str)
def test_every_fault_is_written_as_the_page_says(row: tuple[str, str]) -> None:
    """Its example is a value of it."""
    text = f"mdsim: 1\nname: x\nsteps:\n  - feed: {{source: binance, {row[0]}: {row[1]}, for: 1s}}\n"
    assert compile_playbook(load(text, "x.yaml"), WORLD).warnings == ()


@pytest.mark.parametrize(
    ("sentence", "value", "wanted"),
    [
        ("bounded: 4,096 for", QUEUE_MOST, 4096),
        ("within 10 seconds leaves", HELD_MOST_NS, 10 * SECOND),
        ("20 virtual subscribers", SUBSCRIBERS, 20),
        ("whole seconds in the first minute", _every_ns(MINUTE), SECOND),
        ("then every 10 seconds", _every_ns(10 * MINUTE), 10 * SECOND),
        ("every minute, and when", _every_ns(11 * MINUTE), MINUTE),
    ],
)
def test_the_figures_on_the_page_are_those_of_the_code(sentence: str, value: int, wanted: int) -> None:
    """Whoever changes one changes the other."""
    assert sentence in PAGE.replace("\n", " ")
    assert value == wanted
