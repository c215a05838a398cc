"""The circuit breaker of one instrument: what moves too far in a minute is not published."""

from __future__ import annotations

from mdsim.consensus.settings import Limits
from mdsim.consensus.window import PriceWindow
from mdsim.core.time import SECOND


class Breaker:
    """Closed while prices pass; open from the first that lies too far from any of the last minute.

    It closes again in two ways: the price came back within half of the threshold of the last one that was
    published and stayed for ``breaker_return_ns``; or several sources have agreed on a new level, within
    half of the threshold, for ``breaker_settle_ns``.

    Attributes:
        why: what opened it, empty while it is closed.
    """

    def __init__(self, threshold: float, limits: Limits) -> None:
        self._threshold = threshold
        self._limits = limits
        self._window = PriceWindow(limits.breaker_window_ns)
        self.why = ""
        self._published = 0.0
        self._level = 0.0
        self._level_ns = 0
        self._home_ns = -1

    @property
    def open(self) -> bool:
        """Whether nothing may be published."""
        return self.why != ""

    def check(self, price: float, sure: bool, now_ns: int) -> bool:
        """Hear the price that would be published; True when it may be.

        Args:
            price: the agreed price.
            sure: enough sources agree on it that it may become a new level.
            now_ns: the present.
        """
        if self.why:
            self._settle(price, sure, now_ns)
            if self.why:
                return False
        window = self._window
        window.forget(now_ns)
        if not window.empty and (self._far(price, window.lowest) or self._far(price, window.highest)):
            # A quotient falls as its divisor grows, so some price of the window is too far only if one of
            # its extremes is; the oldest that is too far is told.
            self._trip(next(past for past in window if self._far(price, past)), price, now_ns)
            return False
        self._published = price
        window.add(price, now_ns)
        return True

    def _far(self, price: float, past: float) -> bool:
        return abs(price / past - 1.0) > self._threshold

    def _trip(self, past: float, price: float, now_ns: int) -> None:
        change = price / past - 1.0
        window_s = self._limits.breaker_window_ns / SECOND
        self.why = (
            f"circuit breaker: {100 * change:+.1f} % within {window_s:g} s "
            f"({past:.10g} to {price:.10g}), limit {100 * self._threshold:g} %"
        )
        self._level, self._level_ns, self._home_ns = price, now_ns, -1

    def _settle(self, price: float, sure: bool, now_ns: int) -> None:
        near = self._threshold / 2.0
        if abs(price / self._published - 1.0) <= near:
            if self._home_ns < 0:
                self._home_ns = now_ns
            if now_ns - self._home_ns >= self._limits.breaker_return_ns:
                self._close()
        else:
            self._home_ns = -1
        if not sure or abs(price / self._level - 1.0) > near:
            self._level, self._level_ns = price, now_ns
        elif now_ns - self._level_ns >= self._limits.breaker_settle_ns:
            self._close()

    def _close(self) -> None:
        self.why = ""
        self._window.clear()  # the level before is no measure for what follows
