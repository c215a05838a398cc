"""Every code that mdsim can show is explained, and every explanation is of a code that it can show."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import mdsim
from mdsim.core.codes import CODES

CODE = re.compile(r"MD\d{3}")
INTERNAL = "MD9"


def _codes_in_source() -> Iterator[str]:
    """Every literal that is a code, but for the keys of the explanations themselves."""
    for path in sorted(Path(mdsim.__file__).parent.rglob("*.py")):
        if path.name.startswith("codes"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
                yield node.value


def test_codes_and_explanations_are_the_same_set() -> None:
    """No code is raised that ``mdsim explain`` does not know, and none is explained that is never raised."""
    raised = {code for code in _codes_in_source() if not code.startswith(INTERNAL)}
    explained = {code for code in CODES if not code.startswith(INTERNAL)}

    assert sorted(raised - explained) == []
    assert sorted(explained - raised) == []


def test_explanations_are_sorted_and_complete() -> None:
    """The list reads in order, and each entry says what it is and why, with both halves of an example."""
    assert list(CODES) == sorted(CODES)
    for code, entry in CODES.items():
        assert CODE.fullmatch(code)
        assert entry.title, code
        assert entry.title[-1] not in ".!", code
        assert entry.text.endswith("."), code
        assert bool(entry.wrong) == bool(entry.right), code
