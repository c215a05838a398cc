"""How much of a core each stage of a path takes, by the time of the thread and not of the wall."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_PROBES = 20_000


@dataclass(slots=True)
class Stage:
    """What one name has taken so far.

    Attributes:
        own_ns: without the timed functions that ran inside it.
        calls: of it; ``inner``: timed calls that it made itself.
    """

    own_ns: int = 0
    calls: int = 0
    inner: int = 0


class Stages:
    """Functions that are timed under a name; one may run inside another.

    Reading the clock takes about as long as what is measured here, so it is measured first and taken off.
    """

    def __init__(self) -> None:
        self._stages: dict[str, Stage] = {}
        self._running: list[Stage] = []

    def timed(self, name: str, work: Callable[P, T]) -> Callable[P, T]:
        """The same function, counted."""
        stage, running, now = self._stages.setdefault(name, Stage()), self._running, time.thread_time_ns

        @functools.wraps(work)
        def run(*args: P.args, **kwargs: P.kwargs) -> T:
            running.append(stage)
            since = now()
            try:
                return work(*args, **kwargs)
            finally:
                lasted = now() - since
                running.pop()
                stage.own_ns += lasted
                stage.calls += 1
                if running:
                    running[-1].own_ns -= lasted
                    running[-1].inner += 1

        return run

    @contextmanager
    def on(self, owner: type, method: str, name: str) -> Iterator[None]:
        """Time a method of every instance of a class while the block runs."""
        plain = getattr(owner, method)
        setattr(owner, method, self.timed(name, plain))
        try:
            yield
        finally:
            setattr(owner, method, plain)

    def clear(self) -> None:
        """Begin anew; call it while nothing timed runs."""
        for stage in self._stages.values():
            stage.own_ns = stage.calls = stage.inner = 0

    def seconds(self, name: str) -> float:
        """What a stage took by itself."""
        stage, (within_ns, whole_ns) = self._stages.get(name, Stage()), _clock_ns()
        spent_ns = stage.own_ns - stage.calls * within_ns - stage.inner * (whole_ns - within_ns)
        return max(0.0, spent_ns) / 1e9

    def clock_s(self) -> float:
        """What the timing itself took."""
        return sum(stage.calls for stage in self._stages.values()) * _clock_ns()[1] / 1e9


@functools.cache
def _clock_ns() -> tuple[float, float]:
    """Of a function that does nothing: what is measured, and what its timing takes as a whole."""
    found = []
    for _ in range(5):
        probe = Stages()
        nothing = probe.timed("nothing", lambda: None)
        since = time.thread_time_ns()
        for _ in range(_PROBES):
            nothing()
        whole = time.thread_time_ns() - since
        found.append((probe._stages["nothing"].own_ns / _PROBES, whole / _PROBES))
    return min(found)
