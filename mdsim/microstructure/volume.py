"""When volume comes: time of day, weekend, bursts on the quarter hour, all as factors on a mean rate."""

from __future__ import annotations

import math

from mdsim.core.time import DAY, HOUR, MINUTE, SECOND
from mdsim.microstructure.profile import VolumeLaw

_QUARTER = 15 * MINUTE
_EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday; Monday is 0."""


def hour_of_day(law: VolumeLaw, now_ns: int) -> float:
    """Volume at this time of day against the day's mean, which is 1; always positive.

    ``1 + day cos(2 pi (h - peak) / 24) + half_day cos(4 pi (h - peak) / 24)``, h in hours UTC.
    """
    angle = 2.0 * math.pi * (now_ns % DAY / HOUR - law.peak_hour) / 24.0
    return 1.0 + law.day * math.cos(angle) + law.half_day * math.cos(2.0 * angle)


def is_weekend(now_ns: int) -> bool:
    """Saturday or Sunday, UTC."""
    return (now_ns // DAY + _EPOCH_WEEKDAY) % 7 >= 5


def quarter_burst(law: VolumeLaw, now_ns: int, over_ns: int) -> float:
    """Extra volume because a quarter hour began, averaged over the ``over_ns`` that follow ``now_ns``.

    Bars of 15 minutes begin then, and machines act on them: ``burst exp(-t / decay)``, t since the quarter.
    """
    since_s = now_ns % _QUARTER / SECOND
    over_s = min(over_ns, _QUARTER) / SECOND
    decay = law.burst_decay_s
    area = law.burst * decay * (math.exp(-since_s / decay) - math.exp(-(since_s + over_s) / decay))
    return area / over_s


def seasonal(law: VolumeLaw, now_ns: int, over_ns: int) -> float:
    """All of them: the factor on a weekday's mean rate for the ``over_ns`` that follow ``now_ns``."""
    day = law.weekend if is_weekend(now_ns) else 1.0
    return day * hour_of_day(law, now_ns) * (1.0 + quarter_burst(law, now_ns, over_ns))


def usual_volatility(law: VolumeLaw, now_ns: int) -> float:
    """How volatile this time of the week usually is; 1 is the mean of a weekday, always positive."""
    return law.nervous.at(now_ns % DAY / HOUR, weekend=is_weekend(now_ns))
