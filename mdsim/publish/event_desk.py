"""The desk of the ``events`` channel: news is left here, and goes out with the next cycle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mdsim.core.events import Json
from mdsim.core.serving import MarketEvent
from mdsim.publish.feeds import EVERYWHERE

WAITING_MOST = 4_096
"""Events that may wait for a cycle: some hundred runs that all begin at once."""


class EventDesk:
    """Numbers market events, +1 each per symbol, and keeps them until the hub takes them.

    Bounded: past ``most`` the newcomer is not taken and counted instead. It gets no number, so what
    readers receive never has a hole.

    Attributes:
        told: events taken in.
        dropped: events that were not, because too many waited.
        most: how many may wait.
    """

    def __init__(self, most: int = WAITING_MOST) -> None:
        self.most = most
        self.told = 0
        self.dropped = 0
        self._seqs: dict[str, int] = {}
        self._waiting: list[MarketEvent] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def tell(self, event: str, symbols: Sequence[str], ts_event_ns: int, data: Mapping[str, Json]) -> None:
        """Leave news of one or more instruments; each gets an event of its own.

        Args:
            event: ``source_stale``, ``failover``, ``anomaly``, ``circuit_breaker``, ``depeg_alert`` or
                ``scenario``.
            symbols: instruments it concerns; none means the whole market, told under the symbol ``*``.
            ts_event_ns: when it happened, in market time.
            data: what else there is to say; keep it small, everyone is sent it.
        """
        for symbol in dict.fromkeys(symbols or (EVERYWHERE,)):
            if len(self._waiting) >= self.most:
                self.dropped += 1
                continue
            seq = self._seqs.get(symbol, 0) + 1
            self._seqs[symbol] = seq
            self.told += 1
            self._waiting.append(MarketEvent(symbol, seq, ts_event_ns, event, dict(data)))

    def take(self) -> Sequence[MarketEvent]:
        """Everything that waits, in the order in which it was told; it waits no more."""
        waiting, self._waiting = self._waiting, []
        return waiting
