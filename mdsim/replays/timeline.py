"""Which instant of a recording an instant of the market is: at any speed, paused, moved."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(slots=True)
class Timeline:
    """From the market's time to recorded time and back, exact in both directions.

    Attributes:
        market_ns, recorded_ns: two instants that are one.
        speed: recorded time that passes in a unit of the market's.
        paused: recorded time stands still.
    """

    market_ns: int
    recorded_ns: int
    speed: Fraction = Fraction(1)
    paused: bool = False

    def recorded(self, market_ns: int) -> int:
        """Recorded time at an instant of the market."""
        if self.paused:
            return self.recorded_ns
        since_ns = market_ns - self.market_ns
        return self.recorded_ns + (since_ns if self.speed == 1 else int(since_ns * self.speed // 1))

    def market(self, recorded_ns: int) -> int:
        """The instant of the market at which a recorded time comes; while paused, came."""
        since_ns = recorded_ns - self.recorded_ns
        return self.market_ns + (since_ns if self.speed == 1 else -int(-since_ns / self.speed // 1))

    def move(self, market_ns: int, recorded_ns: int) -> None:
        """From an instant of the market on, go on from another recorded time."""
        self.market_ns, self.recorded_ns = market_ns, recorded_ns

    def pause(self, market_ns: int) -> None:
        """Stand still from an instant of the market on."""
        self.move(market_ns, self.recorded(market_ns))
        self.paused = True

    def resume(self, market_ns: int) -> None:
        """Go on from an instant of the market on."""
        self.move(market_ns, self.recorded(market_ns))
        self.paused = False
