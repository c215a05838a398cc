"""What a playbook asks of the market's condition, as factors on calm values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Factors:
    """One entry an instrument, in catalogue order; 1.0 and False mean calm.

    They act outside the random state: what is asked for multiplies what would have been, and taking it
    back gives exactly what would have been.

    Attributes:
        spread: times the quoted spread (after the floor of one increment, so 20 makes 20 increments of one).
        depth: times every size on the ladder; it leaves the spread alone, so that a factor asked for is the
            factor that comes out.
        volume: times the rate of trades.
        trades_off: no prints.
        halted: nothing is published: no ticks, and no prints either.
    """

    spread: list[float]
    depth: list[float]
    volume: list[float]
    trades_off: list[bool]
    halted: list[bool]

    @classmethod
    def unit(cls, size: int) -> Factors:
        """Fresh calm lists for ``size`` instruments, to be changed entry by entry."""
        return cls([1.0] * size, [1.0] * size, [1.0] * size, [False] * size, [False] * size)


CALM = Factors([], [], [], [], [])
"""Nothing asked: the usual case, known by identity, for a catalogue of any size."""
