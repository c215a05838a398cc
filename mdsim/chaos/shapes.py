"""The curves that ship: found once, for effects that must know a shape before anything is running."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

from mdsim.core.params import CurveSpec
from mdsim.core.ports import Curves, CurveType
from mdsim.core.registry import discover

LINEAR = CurveSpec("linear", MappingProxyType({}))
STEP = "step"
PATH = "path"
HISTORY = "history"


@cache
def shipped() -> Curves:
    """Every curve under ``chaos/curves``, by name."""
    return discover("mdsim.chaos.curves", "CURVE", CurveType)
