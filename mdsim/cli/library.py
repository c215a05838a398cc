"""Where data that travels with mdsim lies: beside the package in a wheel, in the repository otherwise."""

from __future__ import annotations

from pathlib import Path

import mdsim

_PACKAGE = Path(mdsim.__file__).parent


def _data(in_wheel: str, in_repository: str) -> Path:
    installed = _PACKAGE / in_wheel
    return installed if installed.is_dir() else _PACKAGE.parent / in_repository


def _root() -> Path:
    return _data("library", "playbooks")


def shown(file: Path) -> str:
    """A shipped playbook's path in the library."""
    return file.relative_to(_root()).as_posix()


def playbooks() -> dict[str, Path]:
    """The shipped playbooks by their path in the library, such as ``crises/2021-05-19.yaml``, sorted."""
    found = {shown(path): path for path in _root().rglob("*.yaml")}
    return dict(sorted(found.items(), key=lambda item: ("/" in item[0], item[0])))


def example_configuration() -> Path:
    """The configuration with every key, to copy."""
    return _data("example", "config") / "config.example.yaml"


def find(name: str) -> Path | None:
    """The shipped playbook of that path or bare file name, with or without its ending."""
    shipped = playbooks()
    for known in (name, f"{name}.yaml"):
        for path, file in shipped.items():
            if known in (path, file.name):
                return file
    return None
