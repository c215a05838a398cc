"""The synthetic market: every asset's log price in USD, the basis of perpetuals, the slack of cross rates.

Method, for a step of any length dt:

- Returns have variance proportional to dt. One normal market factor and one normal part per asset share
  a random scale: ``volatility multiplier x sqrt((nu - 2) / chi²_nu)``, so that they are jointly Student-t
  with unit variance. The scale is drawn for windows of one second, or for each step if that is longer,
  with ``nu = 4 + (nu(1 s) - 4) window / 1 s``: the excess kurtosis of ``t_nu`` is ``6 / (nu - 4)`` and that
  of a sum of n independent parts is n times smaller, so the tails do not depend on the step.
- The leader takes the market factor at once, the others ``lead_ns`` later. Each step's factor is drawn in
  two independent parts split where the lead cuts the step; followers take them shifted by the lead. No
  variance is lost, nobody's own returns are autocorrelated, and the correlation over a horizon h is
  ``rho (1 - lead / h)`` at any step: the Epps effect.
- Jumps (Merton 1976) come at exponential times, the same instants at every step; their mean is given
  back as a drift, so the log price has none.
- Pegs, bases and pair terms are Ornstein-Uhlenbeck processes in their exact discretisation.

Each asset, basis and pair draws from a stream of its own: another instrument never shifts its draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from mdsim.core.decimals import log
from mdsim.core.instruments import ASSETS, AssetKind, Instrument
from mdsim.core.seeds import SeedTree
from mdsim.core.time import DAY, SECOND
from mdsim.sources._parameters import DEFAULTS, YEAR_NS, MarketParameters, MeanReverting, Risky
from mdsim.sources._volatility import Volatility

BP = 1e-4

Gauss = Callable[[], float]


class SyntheticMarket:
    """Log prices on a grid of steps.

    Attributes:
        values: one log value per slot, updated in place; slot 0 is USD and stays 0.
        slots: slot by asset code or, for a perpetual's basis and a cross rate's pair term, by symbol.
    """

    def __init__(
        self,
        seeds: SeedTree,
        start_ns: int,
        step_ns: int,
        *,
        assets: Iterable[str],
        terms: Iterable[Instrument],
        prices: Mapping[str, Decimal],
        parameters: MarketParameters = DEFAULTS,
    ) -> None:
        """Lay out the slots.

        Args:
            seeds: where every stream of random numbers comes from.
            start_ns: the instant of the first values.
            step_ns: the grid.
            assets: codes of the assets to move, without USD.
            terms: the perpetuals and cross rates whose own term is wanted.
            prices: start levels in USD; others start at ``Asset.typical_usd``.
            parameters: the numbers of the model.
        """
        self.values: list[float] = [0.0]
        self.slots: dict[str, int] = {"USD": 0}
        self._now_ns = start_ns
        self._step_ns = step_ns
        self._seeds = seeds
        self._parameters = parameters
        self._reverting: list[tuple[int, Gauss, float, float, float, float, float]] = []
        self._leaders: list[tuple[int, Gauss, float, float, float]] = []
        self._followers: list[tuple[int, Gauss, float, float, float]] = []
        self._jumpers: list[tuple[int, float]] = []
        for code in assets:
            asset = ASSETS[code]
            slot = self._add(code, log(prices.get(code, asset.typical_usd)))
            if asset.kind is AssetKind.STABLE:
                self._revert(slot, "asset", code, parameters.stable.get(code, parameters.other_stable))
            else:
                self._wander(slot, code, parameters.risky.get(code, parameters.other_risky))
        for term in terms:
            law = parameters.basis if term.perpetual else parameters.pair
            slot = self._add(term.symbol, law.mean_bps * BP)
            self._revert(slot, "basis" if term.perpetual else "pair", term.symbol, law)
        self._jump_draw = seeds.stream("synthetic", "jumps")
        self._next_jump_ns = start_ns + self._jump_wait_ns()
        self._factor_draw: Gauss = seeds.stream("synthetic", "market").gauss
        self._mixing = seeds.stream("synthetic", "tails").gammavariate
        self._window_ns = max(step_ns, SECOND)
        self._degrees = 4.0 + (parameters.tail_degrees - 4.0) * self._window_ns / SECOND
        self._tail, self._tail_until_ns = 1.0, start_ns
        self._volatility = Volatility(parameters.volatility, seeds, start_ns)
        self._multiplier = self._volatility.multiplier
        self._day_return, self._day_scale = 0.0, math.sqrt(step_ns / DAY)
        whole, rest_ns = divmod(parameters.lead_ns, step_ns)
        self._late_share = math.sqrt(rest_ns / step_ns)
        self._early_share = math.sqrt(1.0 - rest_ns / step_ns)
        # News on its way to the followers: parts (early, late) of the last steps, a ring by step number.
        self._early = [0.0] * (whole + 1)
        self._late = [0.0] * (whole + 2)
        self._count = 0

    def advance(self, steps: int) -> None:
        """Move every slot ``steps`` steps on."""
        # One loop with everything in local names: it runs for every cycle of every run.
        values, reverting, sqrt = self.values, self._reverting, math.sqrt
        leaders, followers, moves = self._leaders, self._followers, bool(self._leaders or self._followers)
        factor_draw, mixing, volatility = self._factor_draw, self._mixing, self._volatility
        early_share, late_share, early, late = self._early_share, self._late_share, self._early, self._late
        early_size, late_size = len(early), len(late)
        shape, spread = 0.5 * self._degrees, 0.5 * (self._degrees - 2.0)
        step_ns, count, now_ns = self._step_ns, self._count, self._now_ns
        multiplier, day_return, day_scale = self._multiplier, self._day_return, self._day_scale
        window_ns, tail, tail_until_ns = self._window_ns, self._tail, self._tail_until_ns
        for _ in range(steps):
            if moves and now_ns >= tail_until_ns:
                tail = sqrt(spread / mixing(shape, 1.0))
                tail_until_ns += window_ns
            now_ns += step_ns
            if moves:
                if now_ns >= volatility.next_ns:
                    multiplier, day_return = volatility.advance(now_ns, day_return)
                scale = multiplier * tail
                first = scale * early_share * factor_draw()
                second = scale * late_share * factor_draw()
                factor = first + second
                day_return += factor * day_scale
                for slot, gauss, loading, own, drift in leaders:
                    values[slot] += drift + loading * factor + own * scale * gauss()
                early[count % early_size] = first
                late[count % late_size] = second
                count += 1
                factor = early[count % early_size] + late[count % late_size]
                for slot, gauss, loading, own, drift in followers:
                    values[slot] += drift + loading * factor + own * scale * gauss()
                if now_ns >= self._next_jump_ns:
                    self._jump(now_ns)
            for slot, gauss, keep, noise, mean, low, high in reverting:
                value = mean + keep * (values[slot] - mean) + noise * gauss()
                if value < low:
                    value = low
                elif value > high:
                    value = high
                values[slot] = value
        self._count, self._now_ns = count, now_ns
        self._tail, self._tail_until_ns = tail, tail_until_ns
        self._multiplier, self._day_return = multiplier, day_return

    def _add(self, key: str, value: float) -> int:
        self.slots[key] = len(self.values)
        self.values.append(value)
        return self.slots[key]

    def _wander(self, slot: int, code: str, law: Risky) -> None:
        """Make a slot a risky asset."""
        parameters = self._parameters
        jump_square = (law.jump_beta**2) * (parameters.jump_mean**2 + parameters.jump_sd**2)
        variance = law.annual_volatility**2 / YEAR_NS - parameters.jumps_per_day * jump_square / DAY
        sigma = math.sqrt(variance * self._step_ns)
        own = sigma * math.sqrt(1.0 - law.loading**2)
        drift = -law.jump_beta * parameters.jump_mean * parameters.jumps_per_day * self._step_ns / DAY
        gauss = self._seeds.stream("synthetic", "asset", code).gauss
        group = self._followers if law.lags else self._leaders
        group.append((slot, gauss, sigma * law.loading, own, drift))
        self._jumpers.append((slot, law.jump_beta))

    def _revert(self, slot: int, role: str, key: str, law: MeanReverting) -> None:
        """Make a slot an Ornstein-Uhlenbeck process that never leaves its band."""
        keep = 2.0 ** (-self._step_ns / law.half_life_ns)
        noise = law.sd_bps * BP * math.sqrt(1.0 - keep * keep)
        gauss = self._seeds.stream("synthetic", role, key).gauss
        mean, band = law.mean_bps * BP, law.band_bps * BP or math.inf
        self._reverting.append((slot, gauss, keep, noise, mean, mean - band, mean + band))

    def _jump(self, now_ns: int) -> None:
        """Apply every jump that has come due."""
        while self._next_jump_ns <= now_ns:
            size = self._jump_draw.gauss(self._parameters.jump_mean, self._parameters.jump_sd)
            for slot, beta in self._jumpers:
                self.values[slot] += beta * size
            self._next_jump_ns += self._jump_wait_ns()

    def _jump_wait_ns(self) -> int:
        return round(self._jump_draw.expovariate(self._parameters.jumps_per_day) * DAY)
