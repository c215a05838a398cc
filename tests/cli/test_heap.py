"""What stays is taken out of the garbage collector's sight; what comes later is still collected."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from mdsim.cli import heap


class Knot:
    """Holds itself, so that only the collector can free it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def settled() -> Iterator[None]:
    """The heap of a process that has started; afterwards as before."""
    heap.settle()
    yield
    gc.unfreeze()


def test_what_is_alive_at_the_start_is_not_looked_through_again(settled: None) -> None:
    """All of it is frozen: the collector has next to nothing left."""
    assert gc.get_freeze_count() > 10 * len(gc.get_objects())


def test_garbage_of_before_is_not_kept() -> None:
    """It is collected first; frozen it would stay for ever."""
    gone = weakref.ref(Knot())
    heap.settle()
    try:
        assert gone() is None
    finally:
        gc.unfreeze()


def test_what_comes_later_is_collected_as_ever(settled: None) -> None:
    """A reader's knot of tasks and streams must not leak."""
    gone = weakref.ref(Knot())
    gc.collect()
    assert gone() is None
