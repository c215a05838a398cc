"""Every calibrated number of the room, with its unit and its source.

"Measured" means computed from eleven minutes of Binance spot BTC-USDT and ETH-USDT around midnight UTC of
2024-08-08/09 (every book change and trade), from hourly bars of 2018 to 2026, or from both;
``docs/microstructure.md`` shows recording against simulation. "Chosen" means no recording was at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from mdsim.core.errors import UsageError
from mdsim.core.instruments import ASSETS, AssetKind, Instrument
from mdsim.core.nervous_hours import NERVOUS_HOURS, NervousHours
from mdsim.core.time import MS, SECOND


@dataclass(frozen=True, slots=True)
class SpreadLaw:
    """How the spread answers (market-model, "Microstructure").

    Attributes:
        volatility_exponent: a in ``(sigma_t / sigma)^a``; the literature has .7 to 1.
        liquidity_exponent: b in ``(D / D_t)^b``.
        hour_exponent: ``g(hour)`` is the volume curve of the hour to the power of minus this; chosen.
        sweep_from: a step's return past this many standard deviations opens the book; sets how often it is
            wider than one increment (measured: .6 to .7 % of the time).
        sweep_share: share of the excess over that by which it stands open; sets the 99.9 % quantile of the
            spread (measured .77 bps BTC, .56 ETH).
        sweep_half_life_ns: how fast that gap closes (measured: nine in ten under 4 ms, the slowest percent
            in 20 to 35 ms; longer here, so that books of quieter venues are seen open at all).
        sweep_most_bps: widest gap that a sweep leaves; chosen.
        nervous_most_bps: a playbook's factor on the calm spread always holds in full; what a nervous market
            multiplies it by takes it towards this and no further. Chosen: both tell of the same panic, and
            their plain product made books 29 % wide.
    """

    volatility_exponent: float = 0.8
    liquidity_exponent: float = 0.5
    hour_exponent: float = 0.25
    sweep_from: float = 5.0
    sweep_share: float = 0.5
    sweep_half_life_ns: int = 20 * MS
    sweep_most_bps: float = 50.0
    nervous_most_bps: float = 200.0


@dataclass(frozen=True, slots=True)
class VolatilityLaw:
    """How volatility is estimated from published mids.

    Attributes:
        half_life_ns: of the weights of squared returns.
        winsor: one return counts for at most this many present standard deviations, so that a single
            jump does not leave the spread wide for minutes; chosen.
        low, high: bounds of the ratio to the calm level.
        asset_bps: calm standard deviation of a one-second return by asset; BTC and ETH from the annual
            .55 and .70 of the market model, pegged assets with the rounding onto the grid.
        correlation: of two risky assets over a second (measured .66).
        pair_bps: what a cross rate adds by itself.
    """

    half_life_ns: int = 60 * SECOND
    winsor: float = 8.0
    low: float = 0.25
    high: float = 30.0
    asset_bps: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({"USD": 0.0, "BTC": 0.98, "ETH": 1.25})
    )
    stable_bps: float = 0.065
    other_bps: float = 1.6
    correlation: float = 0.65
    pair_bps: float = 0.2


@dataclass(frozen=True, slots=True)
class DepthLaw:
    """How much stands in the book near the touch, and how that moves.

    Attributes:
        half_life_ns: of the log depth of a side (measured: autocorrelation of the depth inside 10 bps .70,
            .47, .28, .09 at 1, 5, 20, 60 s).
        sd: stationary standard deviation of log depth; with the levels' own noise .2 (measured .21 BTC,
            .26 ETH).
        volatility_exponent: depth in calm over depth is the volatility ratio to this power; chosen.
        shock_from: a return past this many standard deviations cuts depth.
        shock_cut: log depth taken per standard deviation past that, on the side that was hit.
        shock_other: share of the cut that the other side takes.
        least_log: deepest cut.
        knee_bps: cumulative depth is linear up to here, a power beyond.
        tail_exponent: that power (measured .62 from 10 to 50 bps BTC, .93 ETH; market-model .67).
    """

    half_life_ns: int = 14 * SECOND
    sd: float = 0.13
    volatility_exponent: float = 0.5
    shock_from: float = 3.0
    shock_cut: float = 0.25
    shock_other: float = 0.5
    least_log: float = -3.0
    knee_bps: float = 10.0
    tail_exponent: float = 0.67


@dataclass(frozen=True, slots=True)
class LadderLaw:
    """How depth is spread over levels.

    Attributes:
        occupied: share of the price slots that hold a level (in 256ths): makes the gaps irregular.
        size_sd: standard deviation of the log of a size, dust apart.
        dust: share of levels with next to nothing in them (measured: a quarter under a hundredth of the
            mean).
        dust_low, dust_high: what dust holds, as shares of the mean size.
        round_share: share of sizes at round numbers (1, 2, 5 times a power of ten), in 4ths.
    """

    occupied: int = 192
    size_sd: float = 1.0
    dust: float = 0.25
    dust_low: float = 0.001
    dust_high: float = 0.03
    round_share: int = 1


@dataclass(frozen=True, slots=True)
class Split:
    """Into how many prints orders of some rank fall; large orders meet more resting ones.

    Measured mean prints by rank (BTC, ETH): 1.7, 2.2 below .8; 3.3, 3.3 to .9; 6.6, 5.6 to .95; 9.3, 8.7
    to .98; 12.6, 12.5 to .99; 39, 22 above.

    Attributes:
        rank: share of orders with a smaller notional, from which this holds.
        share: orders that print more than once.
        scale, tail: Lomax law of their further prints.
    """

    rank: float
    share: float
    scale: float
    tail: float


@dataclass(frozen=True, slots=True)
class TradeLaw:
    """How orders arrive, and how they print (Hawkes 1971, exponential kernels).

    Attributes:
        fast: branching inside a burst of some milliseconds; ``fast`` and ``slow`` together make
            ``1 - (1 - fast)(1 - slow)`` on orders, .6 to .8 in the market model.
        slow: branching over ``slow_half_life_ns``.
        burst_gap_ns: mean time between the orders of a burst.
        burst_same: an order of a burst takes the side of the burst's first (measured .86 BTC, .93 ETH
            under 10 ms).
        flow_block_ns, flow_same: orders lean to one side for a while; share of bursts that go with it.
        momentum: how often the side leant to is that of the last step's price move; chosen.
        splits: how many prints an order makes, by the rank of its notional.
        split_most: most prints of one order (measured: 735).
        least_usd: smallest notional of an order (measured: a mass at 5.5 USD).
        tail_from: probability beyond which notionals follow a power law.
        tail_index: its exponent (measured, Hill: 1.3 to 1.5).
        tail_most: largest notional over the one at ``tail_from`` (measured: 21, BTC, in eleven minutes).
    """

    fast: float = 0.30
    slow: float = 0.71
    slow_half_life_ns: int = 2 * SECOND
    burst_gap_ns: int = 5 * MS
    burst_same: float = 0.93
    flow_block_ns: int = 4 * SECOND
    flow_same: float = 0.75
    momentum: float = 0.5
    splits: tuple[Split, ...] = (
        Split(0.0, 0.23, 2.6, 2.0),
        Split(0.8, 0.60, 3.0, 2.0),
        Split(0.9, 0.84, 4.6, 2.0),
        Split(0.95, 0.95, 7.0, 2.0),
        Split(0.98, 1.0, 11.0, 2.0),
        Split(0.99, 1.0, 30.0, 2.0),
    )
    split_most: int = 735
    least_usd: float = 5.5
    tail_from: float = 0.02
    tail_index: float = 1.5
    tail_most: float = 12.0


@dataclass(frozen=True, slots=True)
class VolumeLaw:
    """When trades come (market-model, "Volume").

    Attributes:
        day, half_day: amplitudes of the harmonics of the day.
        peak_hour: hour UTC at which both peak.
        weekend: volume of Saturday and Sunday against a weekday (measured .49 to .58).
        burst: extra rate at :00, :15, :30 and :45, as a share; chosen, as is its decay.
        volatility_exponent: the rate of trades goes with the volatility ratio to this power; chosen.
        nervous: how volatile the hours of the week usually are. The hours above are those of all volume, so
            what the clock does to volatility is taken off it first: counted twice, it made weekends .39 of a
            weekday.
    """

    day: float = 0.35
    half_day: float = 0.10
    peak_hour: float = 16.5
    weekend: float = 0.54
    burst: float = 0.6
    burst_decay_s: float = 20.0
    volatility_exponent: float = 1.0
    nervous: NervousHours = NERVOUS_HOURS


@dataclass(frozen=True, slots=True)
class Liquidity:
    """One instrument.

    Attributes:
        spread_bps: quoted in calm, or None for the instrument's own ``spread_bps``; under one increment it
            makes a book that is one increment wide but for sweeps.
        d10_usd: value on one side within 10 bps of the touch, in calm.
        gap_bps: mean distance of two levels.
        orders_per_s: mean rate of orders over a weekday.
        median_usd: median notional of an order.
        notional_sd: standard deviation of its log.
    """

    d10_usd: float
    gap_bps: float
    orders_per_s: float
    median_usd: float = 195.0
    notional_sd: float = 2.6
    spread_bps: float | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of venue.

    Attributes:
        liquidity: by symbol; one that is not listed takes ``pegged`` or ``other`` by its base asset.
    """

    name: str
    liquidity: Mapping[str, Liquidity]
    pegged: Liquidity
    other: Liquidity
    spread: SpreadLaw = SpreadLaw()
    volatility: VolatilityLaw = VolatilityLaw()
    depth: DepthLaw = DepthLaw()
    ladder: LadderLaw = LadderLaw()
    trades: TradeLaw = TradeLaw()
    volume: VolumeLaw = VolumeLaw()

    def of(self, item: Instrument) -> Liquidity:
        """The numbers of an instrument, its spread filled in."""
        pegged = ASSETS[item.base].kind is AssetKind.STABLE and ASSETS[item.quote].kind is AssetKind.FIAT
        found = self.liquidity.get(item.symbol, self.pegged if pegged else self.other)
        return found if found.spread_bps is not None else replace(found, spread_bps=float(item.spread_bps))


RETAIL_USD = Profile(
    name="retail-usd",
    liquidity=MappingProxyType(
        {
            "BTC-USD": Liquidity(2.2e6, 0.5, 3.0),
            "ETH-USD": Liquidity(1.5e6, 0.8, 2.5, median_usd=120.0),
            "USDT-USD": Liquidity(4.0e6, 0.2, 1.0, median_usd=300.0),
            "USDC-USD": Liquidity(3.0e6, 0.2, 0.6, median_usd=300.0),
            "USDT-BTC": Liquidity(3.0e5, 1.0, 0.10),
            "USDT-ETH": Liquidity(2.0e5, 1.5, 0.08),
            "BTC-ETH": Liquidity(4.0e5, 1.5, 0.20),
            "BTC-USDT": Liquidity(2.8e6, 0.3, 8.0),
            "ETH-USDT": Liquidity(1.5e6, 0.5, 6.0, median_usd=120.0),
            "BTC-USD-PERP": Liquidity(4.0e6, 0.3, 8.0, median_usd=1200.0, notional_sd=1.9),
        }
    ),
    pegged=Liquidity(1.0e6, 0.3, 0.2, median_usd=300.0),
    other=Liquidity(3.0e5, 1.5, 0.1),
)
"""What a retail client of a venue that quotes in dollars sees; spreads and depths as the product promises."""

LIQUID_USDT = Profile(
    name="liquid-usdt",
    liquidity=MappingProxyType(
        {
            "BTC-USD": Liquidity(3.0e6, 0.05, 12.3, spread_bps=0.0008),
            "ETH-USD": Liquidity(1.6e6, 0.09, 10.3, median_usd=110.0, spread_bps=0.012),
            "USDT-USD": Liquidity(8.0e6, 0.1, 1.5, median_usd=300.0, spread_bps=0.05),
            "USDC-USD": Liquidity(8.0e6, 0.1, 1.0, median_usd=300.0, spread_bps=0.05),
            "USDT-BTC": Liquidity(6.0e5, 0.3, 0.2, spread_bps=1.0),
            "USDT-ETH": Liquidity(4.0e5, 0.5, 0.15, spread_bps=1.5),
            "BTC-ETH": Liquidity(8.0e5, 0.3, 0.6, spread_bps=0.5),
            "BTC-USDT": Liquidity(3.0e6, 0.05, 12.3, spread_bps=0.0008),
            "ETH-USDT": Liquidity(1.6e6, 0.09, 10.3, median_usd=110.0, spread_bps=0.012),
            "BTC-USD-PERP": Liquidity(4.0e6, 0.1, 4.0, median_usd=1200.0, notional_sd=1.9, spread_bps=0.008),
        }
    ),
    pegged=Liquidity(2.0e6, 0.2, 0.5, median_usd=300.0, spread_bps=0.2),
    other=Liquidity(6.0e5, 0.5, 0.3, spread_bps=1.0),
)
"""The busiest books there are: one increment wide 99 % of the time (measured .0016 bps BTC, .037 ETH)."""

PROFILES: Mapping[str, Profile] = MappingProxyType({one.name: one for one in (RETAIL_USD, LIQUID_USDT)})


def profile_named(name: str) -> Profile:
    """A profile by name.

    Raises:
        UsageError: there is none of that name.
    """
    try:
        return PROFILES[name]
    except KeyError:
        raise UsageError(
            "MD235", f"there is no market profile '{name}'", hint=f"use one of {', '.join(PROFILES)}"
        ) from None
