"""Finding plug-ins: one module that ends in one constant, and no edit anywhere else."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol, TypeVar

from mdsim.core.errors import InternalError


class Named(Protocol):
    """What every plug-in has: a name that users write and one line that says what it does."""

    @property
    def name(self) -> str: ...

    @property
    def summary(self) -> str: ...


T = TypeVar("T", bound=Named)


def discover(package: str, constant: str, kind: type[T]) -> Mapping[str, T]:
    """Every ``constant`` of the modules of ``package``, by name, sorted.

    Modules whose name starts with an underscore hold shared parts and are passed over.

    Raises:
        InternalError: a module lacks the constant or its description, or two share a name;
            the message names the files.
    """
    root = importlib.import_module(package)
    found: dict[str, T] = {}
    files: dict[str, str] = {}
    for info in sorted(pkgutil.iter_modules(root.__path__), key=lambda info: info.name):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package}.{info.name}")
        plugin = getattr(module, constant, None)
        here = f"{package}.{info.name}"
        if not isinstance(plugin, kind):
            raise InternalError("MD902", f"{here} must end in {constant} = {kind.__name__}(…)")
        if not plugin.summary:
            raise InternalError("MD903", f"{here}: {constant} has no summary")
        if plugin.name in found:
            raise InternalError("MD904", f"{here} and {files[plugin.name]} both define {plugin.name!r}")
        found[plugin.name] = plugin
        files[plugin.name] = here
    return MappingProxyType(dict(sorted(found.items())))
