"""Whole playbooks on the pages of the documentation compile and pass."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mdsim.cli import wiring
from mdsim.playbook.compiler import compile_playbook
from mdsim.playbook.loader import load

DOCS = Path(__file__).parent.parent / "docs"
BLOCK = re.compile(r"^```yaml\n(mdsim: 1\n.*?)^```", re.DOTALL | re.MULTILINE)
EXAMPLES = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in sorted(DOCS.glob("*.md"))
    if page.name != "errors.md"  # its examples are wrong on purpose
    for number, block in enumerate(BLOCK.findall(page.read_text("utf-8")), start=1)
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_a_playbook_of_the_documentation_compiles_without_a_warning(text: str) -> None:
    """What a reader copies must work."""
    assert compile_playbook(load(text, "page.yaml"), wiring.world()).warnings == ()


def test_the_page_about_playbooks_has_examples() -> None:
    """The pattern above finds something."""
    assert any("playbooks.md" in str(example.id) for example in EXAMPLES)
