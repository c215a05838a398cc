"""Whether a stablecoin holds its peg: one state machine for the agreed price, one for each venue's own."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from mdsim.consensus.settings import Limits

PEGGED, STRESSED, DEPEGGED = "PEGGED", "STRESSED", "DEPEGGED"
LEVELS = (PEGGED, STRESSED, DEPEGGED)


@dataclass(frozen=True, slots=True)
class PegState:
    """How a stablecoin stands.

    Attributes:
        symbol: such as ``USDT-USD``.
        source: the venue whose own price it is, empty for the agreed one.
        deviation_bps: signed distance from 1.
        since_ns: since when the state holds, -1 before the first price.
    """

    symbol: str
    source: str
    state: str
    deviation_bps: float
    since_ns: int


class Peg:
    """Up when the price was off for long enough, down when it was under half of that for as long.

    Attributes:
        state: ``PEGGED``, ``STRESSED`` or ``DEPEGGED``; ``since_ns``: since when.
        deviation_bps: signed, of the last price.
    """

    def __init__(self, alert: float, limits: Limits) -> None:
        alert_bps = 1e4 * alert
        self._up = (
            (alert_bps, limits.stressed_after_ns),
            (alert_bps * limits.depegged_times, limits.depegged_after_ns),
        )
        self._over_ns = [-1, -1]
        self._under_ns = [-1, -1]
        self.state = PEGGED
        self.since_ns = -1
        self.deviation_bps = 0.0

    def hear(self, price: float, now_ns: int) -> bool:
        """Take the present price; True when the state changed."""
        self.deviation_bps = 1e4 * log(price)
        off_bps = abs(self.deviation_bps)
        if self.since_ns < 0:
            self.since_ns = now_ns
        level = LEVELS.index(self.state)
        for at, (limit_bps, dwell_ns) in enumerate(self._up):
            self._over_ns[at] = _since(self._over_ns[at], off_bps > limit_bps, now_ns)
            self._under_ns[at] = _since(self._under_ns[at], off_bps < limit_bps / 2.0, now_ns)
            over, under = self._over_ns[at], self._under_ns[at]
            if level <= at and over >= 0 and now_ns - over >= dwell_ns:
                level = at + 1
            elif level > at and under >= 0 and now_ns - under >= dwell_ns:
                level = at
                break
        changed = LEVELS[level] != self.state
        if changed:
            self.state, self.since_ns = LEVELS[level], now_ns
        return changed


def _since(before_ns: int, holds: bool, now_ns: int) -> int:
    if not holds:
        return -1
    return before_ns if before_ns >= 0 else now_ns
