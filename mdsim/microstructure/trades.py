"""When orders come: self-exciting arrivals (Hawkes 1971), one count a step and instrument.

The counts advance with every step, whoever looks; ``prints`` expands them into trades on demand. A burst
excites the rate of later bursts, with an exponential kernel; what follows within milliseconds is part of
the burst and expands with it. Both branchings together give that of the orders.
"""

from __future__ import annotations

from mdsim.core.factors import CALM, Factors
from mdsim.core.instruments import ASSETS, AssetKind, Catalogue
from mdsim.core.keyed import at as bits_at
from mdsim.core.keyed import key_of, poisson, unit
from mdsim.core.seeds import SeedTree
from mdsim.core.time import SECOND
from mdsim.microstructure.profile import Profile


class Arrivals:
    """Bursts of orders per step.

    Attributes:
        rates: expected bursts a step that no earlier burst brought about, one an instrument.
        excited: expected bursts a step that earlier ones bring about.
    """

    def __init__(self, profile: Profile, catalogue: Catalogue, seeds: SeedTree, step_ns: int) -> None:
        law = profile.trades
        own = (1.0 - law.fast) * (1.0 - law.slow) * step_ns / SECOND
        self._bases = [profile.of(item).orders_per_s * own for item in catalogue]
        self._draws = [seeds.stream("micro", symbol, "arrivals").random for symbol in catalogue.symbols]
        self._keys = [key_of(seeds, "micro", symbol, "asked") for symbol in catalogue.symbols]
        self._keep = 2.0 ** (-step_ns / law.slow_half_life_ns)
        self._gain = law.slow * (1.0 - self._keep)
        self._exponent = profile.volume.volatility_exponent
        # A pegged coin is as calm on one day of the week as on another.
        self._risky = [
            any(ASSETS[code].kind is AssetKind.CRYPTO for code in (item.base, item.quote))
            for item in catalogue
        ]
        self.rates = list(self._bases)
        self.excited = [base * law.slow / (1.0 - law.slow) for base in self._bases]

    def update(self, ratios: list[float], season: float, usual: float = 1.0) -> None:
        """Take the slow factors.

        Args:
            ratios: volatility against calm.
            season: the time of day and week, of all volume.
            usual: the volatility ratio that this time brings along, which is in ``season`` already.
        """
        exponent = self._exponent
        for at, (base, ratio) in enumerate(zip(self._bases, ratios, strict=True)):
            nervous = ratio / usual if self._risky[at] else ratio
            self.rates[at] = base * season * (nervous if exponent == 1.0 else nervous**exponent)

    def step(self, number: int, factors: Factors) -> list[int]:
        """One step on: bursts by instrument, with what a playbook asks for applied to them.

        The state feeds on what would have come without the playbook, so releasing it leaves no trace.
        """
        keep, gain, rates, excited = self._keep, self._gain, self.rates, self.excited
        counts = []
        means = None if factors is CALM else [rate + more for rate, more in zip(rates, excited, strict=True)]
        for at, draw in enumerate(self._draws):
            mean = rates[at] + excited[at]
            uniform = draw()
            if uniform <= 1.0 - mean:  # exp(-mean) is larger: certainly none
                counts.append(0)
                excited[at] *= keep
            else:
                count = poisson(mean, uniform)
                counts.append(count)
                excited[at] = keep * excited[at] + gain * count
        if means is not None:
            return [self._asked(at, number, counts[at], means[at], factors) for at in range(len(counts))]
        return counts

    def _asked(self, at: int, number: int, count: int, mean: float, factors: Factors) -> int:
        """A count under a playbook: none, thinned, or joined by an independent Poisson number of others."""
        if factors.trades_off[at] or factors.halted[at]:
            return 0
        factor = factors.volume[at]
        bits = bits_at(self._keys[at], number)
        if factor >= 1.0:
            return count + poisson((factor - 1.0) * mean, unit(bits)) if factor > 1.0 else count
        return sum(unit(bits_at(bits, index)) < factor for index in range(count))


def branching(profile: Profile) -> float:
    """Expected orders that one order brings about, at first and second hand: .6 to .8."""
    law = profile.trades
    return 1.0 - (1.0 - law.fast) * (1.0 - law.slow)
