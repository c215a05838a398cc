"""How volatile the hours of the week usually are: made by the base feed, taken off again by volume."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NervousHours:
    """Volatility by hour of the day and day of the week (measured: hourly ranges 2022 to 2026).

    Attributes:
        day_amplitude, day_peak_hour: first harmonic of the day, hours UTC.
        half_day_amplitude, half_day_peak_hour: second harmonic.
        weekend: volatility on Saturday and Sunday against the other days (measured .64 to .68).
    """

    day_amplitude: float = 0.23
    day_peak_hour: float = 17.3
    half_day_amplitude: float = 0.11
    half_day_peak_hour: float = 14.7
    weekend: float = 0.66

    def at(self, hour: float, *, weekend: bool) -> float:
        """Volatility at an hour of the day, UTC; 1 is the mean of a weekday."""
        day_angle = 2.0 * math.pi * (hour - self.day_peak_hour) / 24.0
        half_day_angle = 4.0 * math.pi * (hour - self.half_day_peak_hour) / 24.0
        shape = (
            1.0
            + self.day_amplitude * math.cos(day_angle)
            + self.half_day_amplitude * math.cos(half_day_angle)
        )
        return shape * (self.weekend if weekend else 1.0)


NERVOUS_HOURS = NervousHours()
