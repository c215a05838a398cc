"""Reading typed arguments: the compiler has checked their kinds, this narrows them for the type checker."""

from __future__ import annotations

from typing import TypeVar

from mdsim.core.params import Args, DurationDraw

T = TypeVar("T")


def given(args: Args, name: str, kind: type[T]) -> T | None:
    """The argument if it was written (or has a default) and is of this kind, else None."""
    value = args.get(name)
    return value if isinstance(value, kind) else None


def shortest_ns(args: Args, name: str) -> int:
    """A duration, or the low end of a drawn one, in ns; 0 when it is absent."""
    value = args.get(name)
    if isinstance(value, DurationDraw):
        return value.low_ns
    return value if isinstance(value, int) else 0
