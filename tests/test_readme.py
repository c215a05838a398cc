"""What the README shows is what a reader gets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mdsim.cli.main import VERBS, app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def words_of(*command: str) -> str:
    """What a command writes, with every run of blanks as one."""
    result = CliRunner().invoke(app, [*command], env={"NO_COLOR": "1"})
    return " ".join(result.stdout.split())


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_run_shown_is_a_real_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line but wall time and digest (which may differ between platforms) comes out as printed."""
    monkeypatch.chdir(tmp_path)
    shown = next(block for block in blocks("text") if "FAILED" in block)
    real = words_of("play", "crash.yaml", "--set", "drop=-30%")
    lines = [" ".join(line.split()) for line in shown.splitlines() if line.strip() not in ("", "…")]
    stable = [line for line in lines if not line.startswith(("FAILED", "digest"))]
    assert len(stable) > 15
    assert [line for line in stable if line not in real] == []


def test_the_mistakes_shown_are_found_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample of diagnostics is what lint says of these very lines."""
    monkeypatch.chdir(tmp_path)
    shown = next(block for block in blocks("text") if "error[" in block)
    lines = {int(number): line for number, line in re.findall(r"^ +(\d+) \| (.*)$", shown, re.MULTILINE)}
    head = ["mdsim: 1", "name: bad", "phases:", "  - name: fall", "    steps:"]
    text = "\n".join([*head, *(lines[number] for number in sorted(lines))]) + "\n"
    (tmp_path / "bad.yaml").write_text(text, "utf-8")
    assert " ".join(shown.split()) in words_of("lint", "bad.yaml")


def test_every_command_shown_exists() -> None:
    """A reader who copies a line is not told that there is no such verb."""
    shown = set(re.findall(r"mdsim ([a-z]+) ", " ".join(blocks("sh"))))
    assert {"play", "lint", "plan"} <= shown <= {*VERBS, "config", "runs"}


def test_every_make_target_shown_exists() -> None:
    """The same for make, here and for contributors."""
    text = README + (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    shown = sorted(set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)`", text, re.MULTILINE)))
    targets = [first or second for first, second in shown]
    assert "play" in targets
    assert [name for name in targets if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


def test_the_sources_shown_are_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who copies them is not told of mistakes."""
    monkeypatch.chdir(tmp_path)
    shown = next(block for block in blocks("yaml") if "data_sources" in block)
    (tmp_path / "live.yaml").write_text(shown, "utf-8")
    assert words_of("config", "check", "live.yaml") == "configuration: no problems"


def test_every_link_leads_somewhere() -> None:
    """Relative links point at files of the repository."""
    links = re.findall(r"\]\(([^)#:]+)\)", README + (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []
