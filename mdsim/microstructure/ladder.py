"""The levels of a book, as a pure function of the depth state and of keyed draws.

The price axis is cut into slots of fixed width. A slot holds one level or none, at a place and with a
size that its number and the time decide; each slot is drawn anew every 8 to 64 seconds. So levels stay
where they are while the touch moves over them, and a delta is small. The touch is always a level.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

from mdsim.core.keyed import GOLDEN, MASK, NORMALS, mix
from mdsim.core.time import SECOND
from mdsim.microstructure.book import Book
from mdsim.microstructure.depth import falloff
from mdsim.microstructure.profile import DepthLaw, LadderLaw

_FAR_QUARTERS = 1600
_ROUND: tuple[int, ...] = tuple(sorted(digit * 10**power for power in range(19) for digit in (1, 2, 5)))
"""1, 2, 5, 10, …: sizes that people type, in increments (which are powers of ten)."""
_OTHER_SIDE = 0xD1B54A32D192ED03
_TOUCH = 0x8CB92BA72F3D8DD7
_GRAIN = 16.0
"""Steps of the common size factor per e-fold: it moves in steps of 6 %, so sizes hold between."""


@dataclass(frozen=True, slots=True)
class LadderState:
    """What a ladder is made of, for one instrument at one instant.

    Attributes:
        key: of the instrument.
        now_ns: grid time of the state; draws hold for whole seconds.
        slot: width of a slot in price increments, at least 1.
        bid, ask: the touch, in price increments.
        bid_unit, ask_unit: mean size of a level near the touch, in size increments.
        knee: the distance in price increments up to which depth is linear.
    """

    key: int
    now_ns: int
    slot: int
    bid: int
    ask: int
    bid_unit: float
    ask_unit: float
    knee: float


@lru_cache(maxsize=64)
def size_table(law: LadderLaw) -> tuple[float, ...]:
    """Size of a level over the mean by ten uniform bits: some dust, else log-normal; mean 1."""
    dust = int(1024 * law.dust)
    span = math.log(law.dust_high / law.dust_low)
    small = [law.dust_low * math.exp(span * (index + 0.5) / dust) for index in range(dust)]
    large = [math.exp(law.size_sd * NORMALS[index * 1024 // (1024 - dust)]) for index in range(1024 - dust)]
    scale = (1024 - math.fsum(small)) / math.fsum(large)
    return (*small, *(value * scale for value in large))


def coarse(unit: float) -> float:
    """The nearest value on a grid of 6 % steps: sizes hold still while the state drifts a little."""
    return math.exp(round(_GRAIN * math.log(unit)) / _GRAIN)


def round_size(size: int) -> int:
    """The nearest of 1, 2, 5, 10, … by ratio."""
    index = bisect_left(_ROUND, size)
    if index == 0 or index == len(_ROUND):
        return _ROUND[min(index, len(_ROUND) - 1)]
    low, high = _ROUND[index - 1], _ROUND[index]
    return high if size * size > low * high else low


class Ladders:
    """Builds ladders under one law; holds tables only."""

    def __init__(self, ladder: LadderLaw, depth: DepthLaw) -> None:
        self._occupied = ladder.occupied
        self._round = ladder.round_share
        self._sizes = size_table(ladder)
        self._falloff = falloff(depth, _FAR_QUARTERS)

    def book(self, state: LadderState, levels: int) -> Book:
        """Both sides, best first; fewer bids than asked only where prices run out at one increment."""
        return Book(tuple(self._bids(state, levels)), tuple(self._asks(state, levels)))

    def _touch(self, key: int, second: int, price: int, unit: float) -> tuple[int, int]:
        bits = mix((key ^ _TOUCH) + price * GOLDEN + (second >> 1) * _OTHER_SIDE & MASK)
        return price, self._sized(bits, unit)

    def _sized(self, bits: int, unit: float) -> int:
        size = int(self._sizes[bits >> 24 & 1023] * unit + 0.5) or 1
        return round_size(size) if bits >> 34 & 3 < self._round else size

    def _bids(self, state: LadderState, levels: int) -> list[tuple[int, int]]:
        key, second, slot, touch = state.key, state.now_ns // SECOND, state.slot, state.bid
        made = [self._touch(key, second, touch, state.bid_unit)]
        number = touch // slot
        while len(made) < levels and number >= 0:
            bits = _slot_bits(key, number, second)
            if bits & 255 < self._occupied:
                price = number * slot + ((bits >> 8 & 0xFFFF) * slot >> 16)
                if 0 < price < touch:
                    made.append(
                        (price, self._sized(bits, state.bid_unit * self._fall(touch - price, state.knee)))
                    )
            number -= 1
        return made

    def _asks(self, state: LadderState, levels: int) -> list[tuple[int, int]]:
        key, second, slot, touch = state.key ^ _OTHER_SIDE, state.now_ns // SECOND, state.slot, state.ask
        made = [self._touch(key, second, touch, state.ask_unit)]
        number = touch // slot
        while len(made) < levels:
            bits = _slot_bits(key, number, second)
            if bits & 255 < self._occupied:
                price = number * slot + ((bits >> 8 & 0xFFFF) * slot >> 16)
                if price > touch:
                    made.append(
                        (price, self._sized(bits, state.ask_unit * self._fall(price - touch, state.knee)))
                    )
            number += 1
        return made

    def _fall(self, distance: int, knee: float) -> float:
        quarter = int(4.0 * distance / knee)
        return self._falloff[quarter] if quarter < _FAR_QUARTERS else self._falloff[-1]


def _slot_bits(key: int, number: int, second: int) -> int:
    """The draws of a slot; it lives 8, 16, 32 or 64 s, and slots do not change all at once."""
    epoch = (second + (number * 7919 & 63)) >> 3 + (number & 3)
    return mix((key + number * GOLDEN ^ epoch * _OTHER_SIDE) & MASK)
