"""A price that follows another with a half-life; what it says does not depend on how often it is asked."""

from __future__ import annotations

from math import exp, log

_LN2 = log(2.0)


class Smoothed:
    """Exponential smoothing in log price.

    Between two changes the way there is known in closed form, so cycles in between change nothing.
    """

    def __init__(self, half_life_ns: int) -> None:
        self._half_life_ns = half_life_ns
        self._target = 0.0
        self._from = 0.0
        self._since_ns = 0
        self._begun = False

    def follow(self, price: float, now_ns: int) -> float:
        """Head for ``price`` from now on; answers where it stands now."""
        if self._half_life_ns <= 0:
            return price
        goal = log(price)
        if not self._begun:
            self._begun, self._from = True, goal
        else:
            self._from = self._at(now_ns)
        self._target, self._since_ns = goal, now_ns
        return exp(self._from)

    def restart(self) -> None:
        """Forget the past: the next price is met at once."""
        self._begun = False

    def _at(self, now_ns: int) -> float:
        left = exp(-_LN2 * (now_ns - self._since_ns) / self._half_life_ns)
        return self._target + (self._from - self._target) * left
