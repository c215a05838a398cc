"""Tickets: what a POST asked for, kept until the WebSocket that its address names is opened."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from mdsim.api.asks import Ask
from mdsim.core.errors import NotFoundError

KEPT_MOST = 10_000
KEPT_S = 300.0
_BYTES = 18


class Tickets:
    """Asks by ticket. One may be used again, as after a lost connection, until it has rested too long.

    Bounded: of more than ``most`` tickets the one unused for longest is forgotten.

    Args:
        now_s: a clock that never goes back, such as ``trio.current_time``.
        kept_s: how long a ticket is kept after it was issued or last used.

    Attributes:
        forgotten: tickets that had to make room before their time.
    """

    def __init__(self, now_s: Callable[[], float], *, most: int = KEPT_MOST, kept_s: float = KEPT_S) -> None:
        self.forgotten = 0
        self.kept_s = kept_s
        self._now_s = now_s
        self._most = most
        self._asks: dict[str, tuple[float, Ask]] = {}

    def __len__(self) -> int:
        return len(self._asks)

    def issue(self, ask: Ask) -> str:
        """A new ticket that stands for what is asked."""
        self._expire()
        if len(self._asks) >= self._most:
            del self._asks[next(iter(self._asks))]
            self.forgotten += 1
        ticket = secrets.token_urlsafe(_BYTES)
        self._asks[ticket] = (self._now_s() + self.kept_s, ask)
        return ticket

    def redeem(self, ticket: str) -> Ask:
        """What a ticket stands for; from now on it is kept as long as a new one.

        Raises:
            NotFoundError: it was never issued, or has rested too long.
        """
        self._expire()
        found = self._asks.pop(ticket, None)
        if found is None:
            raise NotFoundError(
                "MD409",
                "no such ticket: it was never issued, or was not used in time",
                hint="POST /api/v1/subscribe again for a new address",
            )
        self._asks[ticket] = (self._now_s() + self.kept_s, found[1])
        return found[1]

    def _expire(self) -> None:
        now_s = self._now_s()
        while self._asks:
            ticket = next(iter(self._asks))
            if self._asks[ticket][0] > now_s:
                return
            del self._asks[ticket]
