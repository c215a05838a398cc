"""The connections behind a served market: how each does, and what is told of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
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
        sources: the connections.
        dropped: news that was lost because nobody took it in time.
    """

    sources: Live

    def __init__(self) -> None:
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
        return {one.name: _status(one) for one in self.sources.status()}


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
