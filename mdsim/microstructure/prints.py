"""Trade prints: the bursts of one step expanded into trades, from draws keyed by instrument and step.

A burst is one or more orders of mostly one side within milliseconds; an order prints once or, when it
eats through several resting orders, many times at one instant. Not asking costs nothing; asking later
gives the same prints.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from mdsim.core.keyed import GOLDEN, MASK, NORMALS, mix
from mdsim.core.time import SECOND
from mdsim.microstructure.profile import Liquidity, Split, TradeLaw

_ID_BITS = 20

BURSTS_A_SECOND_MOST = 1_000
BURSTS_A_STEP = 100, 20_000
"""How many bursts are expanded one by one: so many a second, within these bounds.

Playbooks on top of each other can ask for any multiple of calm volume, and a cycle must end in time. Past the
bound orders get larger instead of more, so that volume holds.
"""


class Print(NamedTuple):
    """One trade in whole increments.

    Attributes:
        ts_ns: when, within its step.
        trade_id: rises with time in one instrument; the same for the same trade, however often asked.
        buy: the side of the order that came; it traded at the ask.
        price: in price increments.
        size: in size increments, at least 1.
    """

    ts_ns: int
    trade_id: int
    buy: bool
    price: int
    size: int


class Quote(NamedTuple):
    """A quote in force from an instant on, in price increments."""

    since_ns: int
    bid: int
    ask: int


@lru_cache(maxsize=64)
def notional_table(law: TradeLaw, liquidity: Liquidity) -> tuple[float, ...]:
    """Notional in USD of an order by ten uniform bits: log-normal, with a floor, without its tail."""
    least, median, sd = law.least_usd, liquidity.median_usd, liquidity.notional_sd
    return tuple(max(least, median * math.exp(sd * normal)) for normal in NORMALS)


@lru_cache(maxsize=64)
def further_prints_table(split: Split, most: int) -> tuple[int, ...]:
    """Prints of an order beyond its first, by twelve uniform bits: none, else a Lomax law cut off."""
    table = []
    for index in range(4096):
        rest = (4096 - index - 0.5) / 4096 / split.share  # probability left, given that it splits
        further = split.scale * (rest ** (-1.0 / split.tail) - 1.0) + 1.0 if rest < 1.0 else 0.0
        table.append(min(int(further), most - 1))
    return tuple(table)


class Expansion:
    """What turns a count of bursts into prints, for one instrument."""

    def __init__(self, law: TradeLaw, liquidity: Liquidity, key: int, step_ns: int) -> None:
        self._key = key
        self._step_ns = step_ns
        self._notionals = notional_table(law, liquidity)
        tables = [further_prints_table(split, law.split_most) for split in law.splits]
        self._further = [
            tables[max(at for at, split in enumerate(law.splits) if index >= split.rank * 1024)]
            for index in range(1024)
        ]
        self._tail_from = int(1024 * (1.0 - law.tail_from))
        self._tail_power = -1.0 / law.tail_index
        self._tail_most = law.tail_most
        self._least = law.least_usd
        self._more = int(law.fast * 1024)
        self._same = int(law.burst_same * 1024)
        self._with_flow = int(law.flow_same * 1024)
        self._momentum = int(law.momentum * 1024)
        self._block_ns = max(law.flow_block_ns, 1)
        self._gap_ns = law.burst_gap_ns
        least, most = BURSTS_A_STEP
        self._bursts_most = min(most, max(least, step_ns * BURSTS_A_SECOND_MOST // SECOND))

    def prints(
        self, step: int, start_ns: int, bursts: int, move: int, per_usd: float, quotes: list[Quote]
    ) -> list[Print]:
        """Every print of one step, by time.

        Args:
            step: its number; with the key it decides every draw.
            start_ns: where it begins; every print lies within it.
            bursts: how many; past a bound they are merged into larger ones of the same volume.
            move: the mid's last change, whose sign the flow often follows.
            per_usd: size increments that one USD buys.
            quotes: those in force within the step, by time; the first at or before its start.
        """
        state = mix((self._key + step * GOLDEN) & MASK)
        leans_to_buy = self._lean(state, start_ns, move)
        found: list[tuple[int, bool, int]] = []
        last_ns = self._step_ns - 1
        if bursts > self._bursts_most:
            per_usd *= bursts / self._bursts_most
            bursts = self._bursts_most
        for _ in range(bursts):
            state = (state + GOLDEN) & MASK
            bits = mix(state)
            buy = leans_to_buy if bits & 1023 < self._with_flow else not leans_to_buy
            offset_ns = (bits >> 10 & 0xFFFFFFFF) * self._step_ns >> 32
            side = buy
            while True:
                state = (state + GOLDEN) & MASK
                bits = mix(state)
                state = self._order(bits, state, offset_ns, side, per_usd, found)
                if bits & 1023 >= self._more:
                    break
                offset_ns += int(-math.log(((bits >> 10 & 1023) + 1) / 1024) * self._gap_ns)
                offset_ns = min(offset_ns, last_ns)
                side = buy if bits >> 20 & 1023 < self._same else not buy
        found.sort(key=itemgetter(0))
        return self._priced(found, step << _ID_BITS, start_ns, quotes)

    def _lean(self, state: int, start_ns: int, move: int) -> bool:
        """Which side the flow leans to in this step: that of the last move, or of the block of seconds."""
        bits = mix(state ^ MASK)
        if move and bits & 1023 < self._momentum:
            return move > 0
        return bool(mix((self._key ^ MASK) + start_ns // self._block_ns * GOLDEN & MASK) & 1)

    def _order(
        self,
        bits: int,
        state: int,
        offset_ns: int,
        buy: bool,
        per_usd: float,
        found: list[tuple[int, bool, int]],
    ) -> int:
        """Append the prints of one order; the generator's state after it."""
        index = bits >> 30 & 1023
        usd = self._notionals[index]
        if index >= self._tail_from:
            tail = ((bits >> 52) + 0.5) / 4096
            usd = self._notionals[self._tail_from] * min(tail**self._tail_power, self._tail_most)
        size = usd * per_usd
        further = self._further[index][bits >> 40 & 4095]
        if further:
            further = min(further, int(usd / self._least) - 1)  # no print under the least notional
        if further <= 0:
            found.append((offset_ns, buy, int(size + 0.5) or 1))
            return state
        weights: list[int] = []
        while len(weights) <= further:
            state = (state + GOLDEN) & MASK
            draw = mix(state)
            weights += [(draw & 0xFFFF) + 1, (draw >> 16 & 0xFFFF) + 1, (draw >> 32 & 0xFFFF) + 1]
        del weights[further + 1 :]
        # Fourth powers of uniforms: a coefficient of variation of 4/3, as measured (1.3).
        weights = [weight * weight * weight * weight for weight in weights]
        least = self._least * per_usd
        share = max(0.0, size - (further + 1) * least) / sum(weights)
        found += [(offset_ns, buy, int(least + weight * share + 0.5) or 1) for weight in weights]
        return state

    @staticmethod
    def _priced(
        found: list[tuple[int, bool, int]], first_id: int, start_ns: int, quotes: list[Quote]
    ) -> list[Print]:
        """A buy at the ask and a sale at the bid of the quote in force."""
        if len(quotes) == 1:
            _, bid, ask = quotes[0]
            return [
                Print(start_ns + offset_ns, first_id + index, buy, ask if buy else bid, size)
                for index, (offset_ns, buy, size) in enumerate(found)
            ]
        since = [quote.since_ns for quote in quotes]
        made = []
        for index, (offset_ns, buy, size) in enumerate(found):
            quote = quotes[max(0, bisect_right(since, start_ns + offset_ns) - 1)]
            made.append(
                Print(start_ns + offset_ns, first_id + index, buy, quote.ask if buy else quote.bid, size)
            )
        return made
