"""The wheel is what users get: it must hold the data files, and run from a folder of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from hatchling.build import build_wheel

from mdsim import __version__

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built offline in this process."""
    folder = tmp_path_factory.mktemp("wheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return folder / build_wheel(str(folder))


@pytest.fixture(scope="module")
def unpacked(wheel: Path) -> Path:
    """The wheel's files, laid out as an installer would."""
    folder = wheel.parent / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_wheel_is_pure_python_and_carries_the_version(wheel: Path) -> None:
    """One wheel serves every platform, named after ``mdsim.__version__``."""
    assert wheel.name == f"mdsim-{__version__}-py3-none-any.whl"


@pytest.mark.parametrize(
    "name",
    [
        "mdsim/py.typed",
        "mdsim/library/crash.yaml",
        "mdsim/report/page.css",
        "mdsim/report/page.js",
        "mdsim/schemas/playbook.schema.json",
        "mdsim/datasets/2024-08-05/dataset.json",
        "mdsim/datasets/2024-08-05/NOTICE",
        "mdsim/datasets/crises/2021-05-19.json",
    ],
)
def test_wheel_holds_what_a_run_needs(unpacked: Path, name: str) -> None:
    """Playbooks, schema, recordings, their notices and the typing marker travel in the wheel."""
    assert (unpacked / name).is_file()


def test_wheel_holds_every_shipped_playbook(unpacked: Path) -> None:
    """No playbook of the repository is left behind."""
    ours = sorted(path.name for path in (ROOT / "playbooks").rglob("*.yaml"))
    assert ours == sorted(path.name for path in (unpacked / "mdsim/library").rglob("*.yaml"))


def test_wheel_holds_every_module_and_no_test(wheel: Path) -> None:
    """The package is complete, and nothing but the package is inside."""
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if name.endswith(".py")}
    assert inside == {path.relative_to(ROOT).as_posix() for path in (ROOT / "mdsim").rglob("*.py")}


def test_the_image_is_built_from_all_that_the_wheel_needs(
    tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheel of nothing but what the Dockerfile copies is the wheel of the repository."""
    copied = re.findall(
        r"^COPY (?!--from)(.+) (\S+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE
    )
    for names, target in copied:
        for name in names.split():
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, tmp_path / target)
            else:
                shutil.copy(ROOT / name, tmp_path / target)
    monkeypatch.chdir(tmp_path)
    image = tmp_path / build_wheel(str(tmp_path))
    with zipfile.ZipFile(wheel) as ours, zipfile.ZipFile(image) as theirs:
        assert sorted(theirs.namelist()) == sorted(ours.namelist())


def test_wheel_carries_the_licences(unpacked: Path) -> None:
    """Our licence and the notices of the recordings are in the metadata."""
    licences = sorted(
        path.name for path in unpacked.glob("mdsim-*.dist-info/licenses/**/*") if path.is_file()
    )
    assert "LICENSE" in licences
    assert "NOTICE" in licences


def test_command_runs_from_the_wheel_alone(unpacked: Path, tmp_path: Path) -> None:
    """``mdsim list playbooks`` finds its data with the repository out of sight."""
    asked = subprocess.run(
        [sys.executable, "-m", "mdsim", "list", "playbooks"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(unpacked), "NO_COLOR": "1", "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (asked.returncode, asked.stderr) == (0, "")
    assert "crash.yaml" in asked.stdout


def test_changelog_has_an_entry_for_this_version() -> None:
    """A release cannot be cut without telling users what changed."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(rf"^## \[{re.escape(__version__)}\]", text, re.MULTILINE)


def test_every_runtime_dependency_is_bounded() -> None:
    """A dependency has a floor and a ceiling, so that its next major release breaks nobody's install."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    unbounded = [item for item in project["dependencies"] if not re.search(r">=.+,<", item)]
    assert unbounded == []
