"""What the room has to tell beside prices: rejections and alerts, bounded until somebody takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mdsim.core.events import Json
from mdsim.core.sourcing import Rejection

REJECTIONS_MOST = 1_024
"""A cycle of a tenth of a second in which every one of 10,000 reports a second is refused."""
ALERTS_MOST = 256


@dataclass(frozen=True, slots=True)
class Alert:
    """News for the ``events`` channel.

    Attributes:
        event: ``source_stale``, ``anomaly``, ``circuit_breaker`` or ``depeg_alert``.
        symbol: the instrument.
        data: numbers as text.
    """

    event: str
    symbol: str
    at_ns: int
    data: Mapping[str, Json]


class Outbox:
    """Two lists; past its bound a list takes no newcomer and counts it instead.

    Attributes:
        rejections_dropped, alerts_dropped: newcomers that were not taken.
    """

    def __init__(self) -> None:
        self._rejections: list[Rejection] = []
        self._alerts: list[Alert] = []
        self.rejections_dropped = 0
        self.alerts_dropped = 0

    def reject(self, source: str, symbol: str, at_ns: int, reason: str, detail: str) -> None:
        """Tell that a source's price did not count."""
        if len(self._rejections) < REJECTIONS_MOST:
            self._rejections.append(Rejection(source, symbol, at_ns, reason, detail))
        else:
            self.rejections_dropped += 1

    def alert(self, event: str, symbol: str, at_ns: int, data: Mapping[str, Json]) -> None:
        """Tell something that an operator wants to hear."""
        if len(self._alerts) < ALERTS_MOST:
            self._alerts.append(Alert(event, symbol, at_ns, data))
        else:
            self.alerts_dropped += 1

    def rejections(self) -> list[Rejection]:
        """Rejections since the last call, oldest first."""
        taken, self._rejections = self._rejections, []
        return taken

    def alerts(self) -> list[Alert]:
        """Alerts since the last call, oldest first."""
        taken, self._alerts = self._alerts, []
        return taken
