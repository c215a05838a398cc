"""How nervous the market is: one multiplier of volatility, shared by every risky asset.

``multiplier² = daily GARCH(1,1) variance x two-factor log-OU x time-of-week curve``, each with mean 1, so
that the long-run variance is the assets' target. It moves on a grid of whole minutes UTC, whatever the
feed's step is: a feed with a finer step sees the same nervous hours.
"""

from __future__ import annotations

import math

from mdsim.core.seeds import SeedTree
from mdsim.core.time import DAY, MINUTE
from mdsim.sources._parameters import VolatilityParameters

_WEEK_MINUTES = 7 * 24 * 60
_WEEKEND_MINUTE = 5 * 24 * 60
_QUARTERS = 96  # quarters of an hour in a day
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0


def week_curve(parameters: VolatilityParameters) -> tuple[float, ...]:
    """Volatility by quarter of an hour of the week from Monday 00:00 UTC; mean square 1."""
    shape = [
        parameters.hours.at(minute / 60.0 % 24.0, weekend=minute >= _WEEKEND_MINUTE)
        for minute in range(7, _WEEK_MINUTES, 15)
    ]
    scale = math.sqrt(len(shape) / math.fsum(value * value for value in shape))
    return tuple(value * scale for value in shape)


class Volatility:
    """The multiplier, minute by minute.

    Attributes:
        next_ns: first instant at which ``advance`` has something to do.
        multiplier: the present value.
    """

    def __init__(self, parameters: VolatilityParameters, seeds: SeedTree, start_ns: int) -> None:
        self._parameters = parameters
        self._curve = week_curve(parameters)
        self._draw = seeds.stream("synthetic", "volatility").gauss
        # Both factors start in their stationary law: the first minute is a minute like any other.
        self._fast = parameters.fast_sd * self._draw()
        self._slow = parameters.slow_sd * self._draw()
        self._fast_keep, self._fast_noise = _ou(parameters.fast_sd, parameters.fast_half_life_ns)
        self._slow_keep, self._slow_noise = _ou(parameters.slow_sd, parameters.slow_half_life_ns)
        self._mean = parameters.fast_sd**2 + parameters.slow_sd**2  # E exp(2x) = exp(2 sd²)
        self._variance = 1.0
        self._minute = start_ns // MINUTE
        self.next_ns = (self._minute + 1) * MINUTE
        self.multiplier = self._now()

    def advance(self, to_ns: int, day_return: float) -> tuple[float, float]:
        """Enter every minute up to ``to_ns``.

        Args:
            to_ns: the present; must not lie before ``next_ns``.
            day_return: sum of the market factor's returns since midnight UTC, in units of a day's
                long-run standard deviation; it feeds GARCH when the day is over.

        Returns:
            The multiplier to use now (the root mean square over the minutes entered, so that a long step
            has the variance of its minutes), and what is left of ``day_return`` (0 after midnight).
        """
        alpha, beta = self._parameters.garch_alpha, self._parameters.garch_beta
        total, count = 0.0, 0
        while self.next_ns <= to_ns:
            self._minute += 1
            self.next_ns += MINUTE
            if self._minute % (DAY // MINUTE) == 0:
                square = day_return**2 / self._day_mean_square()
                self._variance = 1.0 - alpha - beta + alpha * square + beta * self._variance
                day_return = 0.0
            self._fast = self._fast * self._fast_keep + self._fast_noise * self._draw()
            self._slow = self._slow * self._slow_keep + self._slow_noise * self._draw()
            self.multiplier = self._now()
            total += self.multiplier * self.multiplier
            count += 1
        return math.sqrt(total / count), day_return

    def _day_mean_square(self) -> float:
        """Mean square of the week curve over the day that has just ended: GARCH must not see seasons."""
        ended = (self._minute // (DAY // MINUTE) - 1 + _EPOCH_WEEKDAY) % 7
        day = self._curve[ended * _QUARTERS : (ended + 1) * _QUARTERS]
        return math.fsum(value * value for value in day) / _QUARTERS

    def _now(self) -> float:
        """GARCH x log-OU x time of week at the present minute."""
        minute_of_week = (self._minute + _EPOCH_WEEKDAY * (DAY // MINUTE)) % _WEEK_MINUTES
        season = self._curve[minute_of_week // 15]
        return math.sqrt(self._variance) * math.exp(self._fast + self._slow - self._mean) * season


def _ou(sd: float, half_life_ns: int) -> tuple[float, float]:
    """Exact one-minute step of a log-OU factor: what is kept, and the noise that is added."""
    keep = 2.0 ** (-MINUTE / half_life_ns)
    return keep, sd * math.sqrt(1.0 - keep * keep)
