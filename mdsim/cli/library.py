"""Where data that travels with mdsim lies: beside the package in a wheel, in the repository otherwise."""

from __future__ import annotations

from pathlib import Path

import mdsim

_PACKAGE = Path(mdsim.__file__).parent


def _data(in_wheel: str, in_repository: str) -> Path:
    installed = _PACKAGE / in_wheel
    return installed if installed.is_dir() else _PACKAGE.parent / in_repository


def playbooks() -> dict[str, Path]:
    """The shipped playbooks by file name, sorted."""
    return {path.name: path for path in sorted(_data("library", "playbooks").glob("*.yaml"))}
