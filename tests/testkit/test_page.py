"""docs/testkit.md: its examples run, and its tables name what there is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from mdsim import pytest_plugin
from mdsim.testkit.faults import ALL, FAULTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "testkit.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def run(command: list[str]) -> str:
    """What a process says; it must end well."""
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # this plugin, and none that is slow
    done = subprocess.run(
        command, cwd=ROOT, env=alone, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_suite_of_the_page_passes(tmp_path: Path) -> None:
    """A synchronous suite with nothing but pytest and a client."""
    (tmp_path / "test_theirs.py").write_text(EXAMPLES[0], "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", str(tmp_path)]
    assert "3 passed" in run([*command, "-p", "mdsim.pytest_plugin", str(tmp_path)])


def test_pytest_finds_the_plugin_by_itself() -> None:
    """The project names it where pytest looks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"mdsim": pytest_plugin.__name__}


def test_the_script_of_the_page_runs() -> None:
    """On trio, to its end."""
    run([sys.executable, "-c", EXAMPLES[1]])


def test_the_page_names_every_fault_double_and_fixture() -> None:
    """A row each, and nothing that does not exist."""
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert [row for row in rows if row in ALL] == list(ALL)
    assert sorted(row for row in rows if row not in ALL and not row.startswith("mdsim")) == sorted(FAULTS)
    fixtures = [name for name in vars(pytest_plugin) if name.startswith("mdsim_")]
    assert fixtures
    assert all(f"`{name}`" in PAGE for name in fixtures)
