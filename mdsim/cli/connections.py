"""The connections behind a served market: how each does, and what is told of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from mdsim.api.debug import SourceStatus

if TYPE_CHECKING:
    from mdsim.providers.pool import SourceState
    from mdsim.providers.wire import SourceEvent

NEWS_MOST = 1_000
"""Events that wait for the next cycle; past it the oldest go, counted."""


class Live(Protocol):
    """What is asked of live sources."""

    def status(self) -> tuple[SourceState, ...]:
        """How every source does, in the order of the configuration."""


class Connections:
    """What a server knows of its real sources beyond their prices.

    Attributes:
        sources: the connections; None before they are opened.
        dropped: news that was lost because nobody took it in time.
    """

    sources: Live | None

    def __init__(self) -> None:
        self.sources = None
        self._news: deque[SourceEvent] = deque()
        self.dropped = 0

    def tell(self, event: SourceEvent) -> None:
        """Keep news until somebody takes it."""
        if len(self._news) >= NEWS_MOST:
            self._news.popleft()
            self.dropped += 1
        self._news.append(event)

    def take(self) -> Sequence[SourceEvent]:
        """What was told since the last call."""
        taken = list(self._news)
        self._news.clear()
        return taken

    def statuses(self) -> Mapping[str, SourceStatus]:
        """How every connection does, by name."""
        return {} if self.sources is None else {one.name: _status(one) for one in self.sources.status()}

    def awaited(self) -> str:
        """Why there are no prices yet, for people."""
        if self.sources is None:
            return "the market is being opened"
        return f"waiting for the first prices: {how_they_do(self.sources.status())}"


def how_they_do(states: Iterable[SourceState]) -> str:
    """One clause a source, with the reason where there is one."""
    return "; ".join(
        f"{one.name} is {one.state}" + (f" ({one.reason})" if one.reason else "") for one in states
    )


def _status(one: SourceState) -> SourceStatus:
    refused = [f"{symbol}: {why}" for symbol, why in one.refused.items()]
    counts = {
        "gaps": one.gaps,
        "resyncs": one.resyncs,
        "duplicates": one.duplicates,
        "limited": one.limited,
    }
    return SourceStatus(
        name=one.name,
        kind=one.kind,
        state=one.state.upper(),
        priority=one.priority,
        symbols=one.symbols,
        age_ns=one.age_ns,
        updates=one.updates,
        errors=one.errors | {name: count for name, count in counts.items() if count},
        reason="; ".join([*([one.reason] if one.reason else []), *refused]),
        tier=one.tier,
        leads=one.leads,
    )
