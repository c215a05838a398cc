"""The circuit breaker of one instrument: what moves too far in a minute is not published."""

from __future__ import annotations

from collections import deque

from mdsim.consensus.settings import Limits
from mdsim.core.time import SECOND

SAMPLE_NS = SECOND
"""The window holds the lowest and the highest price of each of these, so it is bounded by its length."""


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
        self._window: deque[tuple[int, float, float]] = deque()
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
        if self.open:
            self._settle(price, sure, now_ns)
            if self.open:
                return False
        while self._window and now_ns - self._window[0][0] > self._limits.breaker_window_ns:
            self._window.popleft()
        for _, low, high in self._window:
            for past in (low, high):
                change = price / past - 1.0
                if abs(change) > self._threshold:
                    self._trip(past, price, change, now_ns)
                    return False
        self._keep(price, now_ns)
        return True

    def _trip(self, past: float, price: float, change: float, now_ns: int) -> None:
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

    def _keep(self, price: float, now_ns: int) -> None:
        self._published = price
        bucket_ns = now_ns - now_ns % SAMPLE_NS
        if self._window and self._window[-1][0] == bucket_ns:
            _, low, high = self._window[-1]
            self._window[-1] = (bucket_ns, min(low, price), max(high, price))
        else:
            self._window.append((bucket_ns, price, price))
