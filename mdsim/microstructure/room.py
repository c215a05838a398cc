"""The room: one state for all instruments, advanced once a cycle; everything else is asked of it.

Random state moves on a grid of its own, ``start_ns + k step_ns``, and holds between, so an extra cycle of
the engine shifts no draw. Arrivals and sweeps move with every step, depth, volatility and spread factors
every two seconds (or once a step, if that is longer). Ladders and prints are made when somebody asks.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from operator import attrgetter
from typing import NamedTuple

from mdsim.core.errors import UnavailableError
from mdsim.core.factors import CALM, Factors
from mdsim.core.instruments import ASSETS, AssetKind, Catalogue, Instrument
from mdsim.core.keyed import key_of
from mdsim.core.seeds import SeedTree
from mdsim.core.spreads import SpreadParameters
from mdsim.core.time import MINUTE, SECOND, format_duration, format_utc
from mdsim.microstructure.book import Book
from mdsim.microstructure.depth import Depths, cumulative
from mdsim.microstructure.ladder import Ladders, LadderState, coarse
from mdsim.microstructure.prints import Expansion, Print, Quote
from mdsim.microstructure.profile import Profile, profile_named
from mdsim.microstructure.spread import Spreads, parameters_of
from mdsim.microstructure.trades import Arrivals
from mdsim.microstructure.volatility import Volatility
from mdsim.microstructure.volume import hour_of_day, seasonal, usual_volatility

LEVELS = 10
_SLOW_NS = 2 * SECOND
_KEEP_STEPS = 4
_TRIM_LEAST = 64
_DRIFT = 1.5
"""A book is laid out anew when the mid is this many times above or below where it was laid out."""


class _Moment(NamedTuple):
    """What a cycle left for prints: its quotes, those they replaced, and the bursts of a step it began."""

    since_ns: int
    step: int
    counts: list[int] | None
    mids: list[int]
    before: list[int]
    bids: list[int]
    asks: list[int]
    prior_bids: list[int]
    prior_asks: list[int]


_STEP = attrgetter("step")


class Microstructure:
    """Spread, depth, ladders and trades of a market whose mids are given.

    Attributes:
        bids, asks: best quotes in price increments, by instrument; new lists with every ``advance``. Those of
            an instrument that is halted are the last ones before.
        now_ns: time of the last ``advance``; before the first, the start.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        seeds: SeedTree,
        start_ns: int,
        step_ns: int,
        profile: str | Profile = "retail-usd",
        *,
        spreads: Mapping[str, SpreadParameters] | None = None,
        keep_ns: int = 2 * MINUTE,
    ) -> None:
        """Take the shape of a market; nothing is drawn yet but the first state of the depths.

        Args:
            catalogue: the instruments, in the order of every list.
            seeds: each instrument draws from streams of its own below ``micro``.
            start_ns: the first instant of the grid.
            step_ns: its step, above 0.
            profile: a name out of ``PROFILES``, or one of your own.
            spreads: the five factors by symbol, instead of the profile's.
            keep_ns: how long prints can be asked for after their time (four steps at least).

        Raises:
            UsageError: there is no such profile.
        """
        chosen = profile_named(profile) if isinstance(profile, str) else profile
        self.catalogue = catalogue
        self.profile = chosen
        self.now_ns = start_ns
        self.bids: list[int] = []
        self.asks: list[int] = []
        self._start_ns = start_ns
        self._step_ns = step_ns
        self._step = -1
        self._slow_every = max(1, round(_SLOW_NS / step_ns))
        period_ns = self._slow_every * step_ns
        self._volatility = Volatility(chosen.volatility, catalogue, period_ns)
        self._depths = Depths(chosen.depth, catalogue, seeds, period_ns)
        self._spreads = Spreads(chosen, parameters_of(chosen, catalogue, spreads or {}), step_ns)
        self._arrivals = Arrivals(chosen, catalogue, seeds, step_ns)
        self._ladders = Ladders(chosen.ladder, chosen.depth)
        self._keys = [key_of(seeds, "micro", symbol, "ladder") for symbol in catalogue.symbols]
        self._expansions = [
            Expansion(chosen.trades, chosen.of(item), key_of(seeds, "micro", item.symbol, "prints"), step_ns)
            for item in catalogue
        ]
        self._liquidity = [chosen.of(item) for item in catalogue]
        self._values = [_valuation(catalogue, item) for item in catalogue]
        self._size_increments = [float(item.size_increment) for item in catalogue]
        self._anchors: list[int] = []
        self._mids: list[int] = []
        self._slow_mids: list[int] = []
        self._minute = -1
        self._hour = 1.0
        self._factors = CALM
        self._held: dict[int, LadderState] = {}  # books of halted instruments, as they were left
        self._keep_ns = max(keep_ns, _KEEP_STEPS * step_ns)
        self._moments: list[_Moment] = []
        self._trim_at = _TRIM_LEAST

    def advance(self, now_ns: int, mids: list[int], factors: Factors = CALM) -> None:
        """Bring everything up to ``now_ns``; never called with an earlier time than before.

        Args:
            now_ns: at or after the start.
            mids: published mids in price increments, each at least 1; read, not kept.
            factors: what playbooks ask for at this instant.
        """
        mids = list(mids)
        before = self._mids or mids
        if self._held or True in factors.halted:
            self._hold(mids, factors.halted)
        step = (now_ns - self._start_ns) // self._step_ns
        counts = None
        if step > self._step:
            if not self._mids:
                self._slow_mids, self._anchors = mids, list(mids)
            while self._step < step - 1:
                self._catch_up(now_ns, mids, before, factors)
                before = mids
            counts = self._move(mids, before, factors)
        prior_bids, prior_asks = self.bids, self.asks
        self.bids, self.asks = self._spreads.quote(mids, factors)
        for at, left in self._held.items():
            self.bids[at], self.asks[at] = left.bid, left.ask
        self._moments.append(
            _Moment(
                now_ns,
                self._step,
                counts,
                mids,
                before,
                self.bids,
                self.asks,
                prior_bids or self.bids,
                prior_asks or self.asks,
            )
        )
        self._mids, self._factors, self.now_ns = mids, factors, now_ns
        if len(self._moments) >= self._trim_at:
            self._forget()

    def prints(self, at: int, start_ns: int, end_ns: int) -> list[Print]:
        """Trades of instrument ``at`` with ``start_ns <= ts < end_ns``, by time.

        Asking in parts, later or twice gives the same trades. Ask up to ``now_ns`` in each cycle: a trade
        has the price of the quote that was in force at its time.

        Raises:
            UnavailableError: ``start_ns`` lies further back than prints are kept.
        """
        kept_ns = self.now_ns - self._keep_ns
        if start_ns < kept_ns and self._start_ns < kept_ns:
            raise UnavailableError(
                "MD236",
                f"trades before {format_utc(kept_ns)} are no longer kept",
                hint=f"ask within {format_duration(self._keep_ns)} of their time",
            )
        moments = self._moments
        begins = bisect_left(moments, (start_ns - self._start_ns) // self._step_ns, key=_STEP)
        found: list[Print] = []
        for index in range(begins, len(moments)):
            moment = moments[index]
            begin_ns = self._time_of(moment.step)
            if begin_ns >= end_ns:
                break
            if moment.counts is None or not moment.counts[at]:
                continue
            quotes = self._quotes(at, index, begin_ns)
            move = moment.mids[at] - moment.before[at]
            per_usd = 1.0 / (self._base_usd(at, moment.mids) * self._size_increments[at])
            made = self._expansions[at].prints(
                moment.step, begin_ns, moment.counts[at], move, per_usd, quotes
            )
            if begin_ns < start_ns or begin_ns + self._step_ns > end_ns:
                made = [one for one in made if start_ns <= one.ts_ns < end_ns]
            found += made
        return found

    def book(self, at: int, levels: int = LEVELS) -> Book:
        """The ladder of instrument ``at`` after the last ``advance``; the same however often asked.

        While an instrument is halted, the one it was left with.
        """
        return self._ladders.book(self._held.get(at) or self._ladder(at), levels)

    def depth_usd(self, at: int, within_bps: float = 10.0) -> tuple[float, float]:
        """Value in USD on the bid and the ask side within a distance of the touch, by the depth law.

        This is the state that ladders scatter around, not a sum over one ladder's levels.
        """
        bid_usd, ask_usd = self._d10_usd(at)
        law = self.profile.depth
        return cumulative(law, bid_usd, within_bps), cumulative(law, ask_usd, within_bps)

    def volatility_ratio(self, at: int) -> float:
        """Present volatility of instrument ``at`` against calm, as estimated from its mids."""
        return self._volatility.ratios[at]

    def _hold(self, mids: list[int], halted: list[bool]) -> None:
        """Keep the books of what is halted from here on, and stands, as they are; let go of what goes on."""
        self._held = {
            at: self._held.get(at) or self._ladder(at)
            for at, stop in enumerate(halted)
            if stop and self._mids and mids[at] == self._mids[at]
        }

    def _ladder(self, at: int) -> LadderState:
        """What the ladder of instrument ``at`` is made of now."""
        bid_usd, ask_usd = self._d10_usd(at)
        mid = self._anchors[at]
        slot = max(1, round(mid * self._liquidity[at].gap_bps * 1e-4 * self.profile.ladder.occupied / 256))
        gap_bps = slot / mid * 1e4 * 256 / self.profile.ladder.occupied
        share = gap_bps / self.profile.depth.knee_bps
        per_usd = share / (self._base_usd(at, self._mids) * self._size_increments[at])
        return LadderState(
            key=self._keys[at],
            now_ns=self._time_of(self._step),
            slot=slot,
            bid=self.bids[at],
            ask=self.asks[at],
            bid_unit=coarse(bid_usd * per_usd),
            ask_unit=coarse(ask_usd * per_usd),
            knee=mid * self.profile.depth.knee_bps * 1e-4,
        )

    def _move(self, mids: list[int], before: list[int], factors: Factors) -> list[int]:
        """One step of the grid: the bursts that begin in it."""
        self._step += 1
        if self._step % self._slow_every == 0:
            self._move_slow(mids)
        self._spreads.sweep(mids, before)
        return self._arrivals.step(self._step, factors)

    def _move_slow(self, mids: list[int]) -> None:
        now_ns, volatility, depths = self._time_of(self._step), self._volatility, self._depths
        volume = self.profile.volume
        volatility.update(mids, self._slow_mids)
        depths.update(volatility.logs, volatility.shocks)
        if now_ns // MINUTE != self._minute:
            self._minute = now_ns // MINUTE
            self._hour = hour_of_day(volume, self._minute * MINUTE)
        self._spreads.update(mids, volatility.logs, volatility.sigmas, depths.bids, depths.asks, self._hour)
        season = seasonal(volume, now_ns, self._slow_every * self._step_ns)
        self._arrivals.update(volatility.ratios, season, usual_volatility(volume, now_ns))
        for at, anchor in enumerate(self._anchors):
            if not anchor < mids[at] * _DRIFT < anchor * (_DRIFT * _DRIFT):
                self._anchors[at] = mids[at]
        self._slow_mids = mids

    def _catch_up(self, now_ns: int, mids: list[int], before: list[int], factors: Factors) -> None:
        """A step that no cycle saw: the quote in force was the last published one."""
        counts = self._move(mids, before, factors)
        if not self.bids:
            self.bids, self.asks = self._spreads.quote(mids, factors)
        begin_ns = self._time_of(self._step)
        if begin_ns + self._step_ns < now_ns - self._keep_ns:
            return
        bids, asks = self.bids, self.asks
        self._moments.append(_Moment(begin_ns, self._step, counts, mids, before, bids, asks, bids, asks))

    def _forget(self) -> None:
        """Let go of what is too old; not in every cycle, so that it costs next to nothing."""
        oldest = (self.now_ns - self._keep_ns - self._start_ns) // self._step_ns
        del self._moments[: bisect_left(self._moments, oldest, key=_STEP)]
        self._trim_at = max(_TRIM_LEAST, 2 * len(self._moments))

    def _quotes(self, at: int, index: int, begin_ns: int) -> list[Quote]:
        """Quotes in force within the step whose first moment is at ``index``."""
        first = self._moments[index]
        quotes = []
        if first.since_ns > begin_ns:
            quotes.append(Quote(begin_ns, first.prior_bids[at], first.prior_asks[at]))
        for later in range(index, len(self._moments)):
            moment = self._moments[later]
            if moment.step != first.step:
                break
            quotes.append(Quote(moment.since_ns, moment.bids[at], moment.asks[at]))
        return quotes

    def _time_of(self, step: int) -> int:
        return self._start_ns + step * self._step_ns

    def _d10_usd(self, at: int) -> tuple[float, float]:
        calm = self._liquidity[at].d10_usd
        if self._factors is not CALM:
            calm *= self._factors.depth[at]
        return calm * math.exp(self._depths.bids[at]), calm * math.exp(self._depths.asks[at])

    def _base_usd(self, at: int, mids: list[int]) -> float:
        """Value of one unit of the base asset in USD."""
        source, factor = self._values[at]
        return factor if source is None else mids[source] * factor


def _valuation(catalogue: Catalogue, item: Instrument) -> tuple[int | None, float]:
    """How to value the base asset in USD: ``mids[index] * factor``, or a plain number.

    By an instrument of this market that prices it in dollars or a stablecoin, its own mid before others;
    where there is none, at the asset's typical level.
    """
    others = [other for other in catalogue if other.base == item.base]
    for other in sorted(others, key=lambda one: (one is not item, not one.usd_spot)):
        if ASSETS[other.quote].kind is not AssetKind.CRYPTO:
            value = float(other.price_increment) * float(ASSETS[other.quote].typical_usd)
            return catalogue.index[other.symbol], value
    return None, float(ASSETS[item.base].typical_usd)
