"""Each chaos endpoint as a playbook of the library: what a body means in its parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from mdsim.api.chaos_bodies import (
    CorrelationBreak,
    GradualDivergence,
    MarketCrash,
    PriceShock,
    StablecoinDepeg,
    VolatilitySpike,
)
from mdsim.api.problems import Flawed, fields_error
from mdsim.core.decimals import CONTEXT, plain
from mdsim.core.instruments import ASSETS, SWITCH_ON, AssetKind, Instrument
from mdsim.core.params import Kind
from mdsim.core.serving import MarketPort
from mdsim.core.spelling import shown
from mdsim.core.time import HOUR, MINUTE, SECOND, format_duration
from mdsim.core.values import render

SUDDEN_S = 60
"""A depeg whose slide takes less than this is no gradual one."""
RECOVERY_S = 300
CALM_CORRELATION = Decimal("0.7")
"""What a crash starts from while too little is known of the present: BTC and ETH over 5 to 10 seconds."""
SAMPLES_LEAST = 120
"""Returns without which the present correlation is noise: of two minutes, it is known to about .05."""
REBOUND = 2
"""The recovery of a crash takes this many times the fall."""
_BOUNCE_KEPT = Decimal("0.4")
"""What a dead cat's bounce gives back, in log price: as `retrace` in the playbook."""


class Rule(Protocol):
    """What a type of scenario must do; the limits are the runs' own business."""

    @property
    def recovery_required(self) -> bool:
        """A run must plan its way back."""

    @property
    def gradual_only(self) -> bool:
        """No sudden step."""


Rules = Callable[[str], Rule]


@dataclass(frozen=True, slots=True)
class NoRule:
    """Nothing beyond the limits."""

    recovery_required: bool = False
    gradual_only: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a body comes to: a playbook of the library with its parameters.

    Attributes:
        warnings: what the caller may have meant otherwise.
    """

    library: str
    params: dict[str, str]
    warnings: tuple[str, ...] = ()


class Scenarios:
    """Turns bodies into scenarios, against the instruments of a market.

    Each method raises ``RequestError`` (422) with every key that is wrong.
    """

    def __init__(self, market: MarketPort, rules: Rules) -> None:
        self._market = market
        self._rules = rules

    def price_shock(self, body: PriceShock) -> Scenario:
        """Push, stay, come back."""
        flaws = self._unknown("symbol", body.symbol)
        shock = _decimal(body.shock_percentage)
        flaws += _not_zero("shock_percentage", shock)
        if body.pattern == "sudden_drop" and shock > 0:
            detail = f"a drop goes down, and {plain(shock)} goes up"
            flaws.append(Flawed("shock_percentage", "MD373", detail, f"write {plain(CONTEXT.minus(shock))}"))
        back_s = body.recovery_time_seconds
        if back_s is None:
            back_s = body.duration_seconds if body.pattern == "v_shape" else RECOVERY_S
        if back_s == 0 and self._rules("price_shock").recovery_required:
            detail = "a price shock must recover (chaos_scenarios.price_shock.recovery_required)"
            flaws.append(Flawed("recovery_time_seconds", "MD376", detail, "write more than 0"))
        _refuse(flaws)
        fall, rise = _SHOCKS[body.pattern]
        percent = shock.scaleb(-2, context=CONTEXT)
        params = {
            "symbol": body.symbol,
            "shock": render(Kind.CHANGE, percent),
            "duration": _duration(body.duration_seconds, SECOND),
            "fall": fall,
            "recovery": _duration(back_s, SECOND),
            "rise": rise if back_s else "step",
        }
        return Scenario("chaos/price-shock.yaml", params, _small("shock_percentage", shock))

    def stablecoin_depeg(self, body: StablecoinDepeg) -> Scenario:
        """Slide, stay, crawl back."""
        flaws = self._unknown("symbol", body.symbol)
        deviation = _decimal(body.target_deviation)
        flaws += _not_zero("target_deviation", deviation)
        if not flaws and ASSETS[self._instrument(body.symbol).base].kind is not AssetKind.STABLE:
            help_ = "POST /chaos/price-shock moves any price"
            flaws.append(Flawed("symbol", "MD375", f"{body.symbol} is no price of a stablecoin", help_))
        third_ns = _ns(body.duration_hours, HOUR) // 3
        if third_ns < SUDDEN_S * SECOND and self._rules("stablecoin_depeg").gradual_only:
            detail = (
                f"a third of it, {format_duration(third_ns)}, is a sudden slide "
                "(chaos_scenarios.stablecoin_depeg.gradual_only)"
            )
            flaws.append(Flawed("duration_hours", "MD376", detail, "write 0.05 or more"))
        _refuse(flaws)
        third = format_duration(third_ns)
        params = {
            "symbol": body.symbol,
            "deviation": render(Kind.CHANGE, deviation),
            "slide": third,
            "stay": third,
            "return": third,
            "pattern": body.pattern.removeprefix("gradual_"),
            "volatility": f"{plain(_decimal(body.volatility_increase))}x",
        }
        return Scenario("chaos/stablecoin-depeg.yaml", params)

    def gradual_divergence(self, body: GradualDivergence) -> Scenario:
        """Part, stay apart, meet again."""
        flaws = self._unknown("base_symbol", body.base_symbol)
        flaws += self._unknown("target_symbol", body.target_symbol)
        gap = _decimal(body.max_spread_bps)
        flaws += _not_zero("max_spread_bps", gap)
        if not flaws:
            flaws = _pair(self._instrument(body.base_symbol), self._instrument(body.target_symbol))
        _refuse(flaws)
        params = {
            "base": body.base_symbol,
            "target": body.target_symbol,
            "gap": render(Kind.CHANGE, gap.scaleb(-4, context=CONTEXT)),
            "buildup": _duration(body.buildup_hours, HOUR),
            "sustain": _duration(body.sustain_hours, HOUR),
            "recovery": _duration(body.recovery_hours, HOUR),
        }
        return Scenario("chaos/gradual-divergence.yaml", params)

    def market_crash(self, body: MarketCrash) -> Scenario:
        """Fall together, recover in one way."""
        symbols = body.symbols or self._assets()
        flaws = self._unknown_of("symbols", symbols)
        size = CONTEXT.abs(_decimal(body.crash_percentage))
        flaws += _not_zero("crash_percentage", size)
        if body.recovery_pattern == "none" and self._rules("market_crash").recovery_required:
            detail = "a market crash must recover (chaos_scenarios.market_crash.recovery_required)"
            help_ = "write slow_bounce, v_shape or dead_cat"
            flaws.append(Flawed("recovery_pattern", "MD376", detail, help_))
        _refuse(flaws)
        drop = CONTEXT.minus(size.scaleb(-2, context=CONTEXT))
        fall_ns = _ns(body.crash_duration_minutes, MINUTE)
        params = {
            "symbols": ", ".join(symbols),
            "drop": render(Kind.CHANGE, drop),
            "fall": format_duration(fall_ns),
            "volume": f"{plain(_decimal(body.volume_spike_multiplier))}x",
            "rebound": format_duration(REBOUND * fall_ns),
            "relapse": render(Kind.CHANGE, _again(drop)),
            **{name: "1" if name == body.recovery_pattern else "0" for name in _RECOVERIES},
        }
        assets = [symbol for symbol in symbols if self._instrument(symbol).usd_spot]
        warnings = _small("crash_percentage", size)
        increase = _decimal(body.correlation_increase)
        if len(assets) < 2 or not increase:
            if increase:
                warnings += ("correlations are left alone: fewer than two assets fall",)
            return Scenario("chaos/market-crash-plain.yaml", params, warnings)
        params["assets"] = ", ".join(assets)
        params["correlation"] = plain(self._raised(assets, increase))
        return Scenario("chaos/market-crash.yaml", params, warnings)

    def volatility_spike(self, body: VolatilitySpike) -> Scenario:
        """Amplify for a while."""
        _refuse(self._unknown("symbol", body.symbol))
        params = {
            "symbol": body.symbol,
            "volatility": f"{plain(_decimal(body.volatility_multiplier))}x",
            "duration": _duration(body.duration_hours, HOUR),
            "pattern": body.pattern.replace("_", "-"),
            "keep_trend": "true" if body.preserve_trend else "false",
        }
        return Scenario("chaos/volatility-spike.yaml", params)

    def correlation_break(self, body: CorrelationBreak) -> Scenario:
        """Move apart, or as one."""
        flaws = self._unknown_of("symbols", body.symbols)
        if not flaws:
            flaws += [
                Flawed(
                    f"symbols[{at}]",
                    "MD375",
                    f"{symbol} has no movement of its own: it follows its legs",
                    "name assets quoted in USD, such as BTC-USD and ETH-USD",
                )
                for at, symbol in enumerate(body.symbols)
                if not self._instrument(symbol).usd_spot
            ]
        _refuse(flaws)
        params = {
            "symbols": ", ".join(body.symbols),
            "correlation": plain(_decimal(body.target_correlation)),
            "duration": _duration(body.duration_seconds, SECOND),
        }
        return Scenario("chaos/correlation-break.yaml", params)

    # Instruments

    def _instrument(self, symbol: str) -> Instrument:
        return self._market.catalogue[symbol]

    def _assets(self) -> tuple[str, ...]:
        """The non-stable assets quoted in USD."""
        return tuple(
            item.symbol
            for item in self._market.catalogue
            if item.enabled and item.usd_spot and ASSETS[item.base].kind is AssetKind.CRYPTO
        )

    def _unknown_of(self, field: str, symbols: Sequence[str]) -> list[Flawed]:
        flaws = [flaw for at, one in enumerate(symbols) for flaw in self._unknown(f"{field}[{at}]", one)]
        flaws += [
            Flawed(f"{field}[{at}]", "MD374", f"{one} is named twice", "leave one out")
            for at, one in enumerate(symbols)
            if one in symbols[:at]
        ]
        return flaws

    def _unknown(self, field: str, symbol: str) -> list[Flawed]:
        catalogue = self._market.catalogue
        if symbol in catalogue and catalogue[symbol].enabled:
            return []
        near = catalogue.nearest(symbol)
        help_ = f"did you mean {' or '.join(near)}?" if near else "GET /api/v1/symbols lists what there is"
        told = SWITCH_ON if catalogue.has_off(symbol) else help_
        return [Flawed(field, "MD374", f"{shown(symbol)} is not priced here", told)]

    def _raised(self, assets: Sequence[str], increase: Decimal) -> Decimal:
        """The present correlation of the assets, with a share of its distance to 1 added."""
        known = self._market.correlations(assets, HOUR)
        cells = [cell for at, row in enumerate(known.matrix) for cell in row[:at] if cell is not None]
        enough = cells and known.samples >= SAMPLES_LEAST
        now = _decimal(round(sum(cells) / len(cells), 4)) if enough else CALM_CORRELATION
        raised = CONTEXT.add(now, CONTEXT.multiply(increase, CONTEXT.subtract(1, now)))
        return min(Decimal(1), CONTEXT.quantize(raised, Decimal("0.0001")))


_SHOCKS = {
    "sudden_drop": ("step", "exp"),
    "linear": ("linear", "exp"),
    "exponential": ("exp", "exp"),
    "v_shape": ("linear", "linear"),
}
"""How a shock goes, and how it comes back."""
_RECOVERIES = ("slow_bounce", "v_shape", "dead_cat", "none")


def _pair(base: Instrument, target: Instrument) -> list[Flawed]:
    """Two prices of one asset, in one currency or its stand-ins."""
    if base.symbol == target.symbol:
        detail = f"{base.symbol} does not part from itself"
    elif base.base != target.base:
        detail = f"{target.symbol} is a price of {target.base}, and {base.symbol} one of {base.base}"
    elif base.quote != target.quote and not all(
        ASSETS[code].kind is not AssetKind.CRYPTO for code in (base.quote, target.quote)
    ):
        detail = f"{target.symbol} is quoted in {target.quote}, and {base.symbol} in {base.quote}"
    else:
        return []
    help_ = "name two prices of one asset: BTC-USD and BTC-USD-PERP"
    return [Flawed("target_symbol", "MD375", detail, help_)]


def _again(drop: Decimal) -> Decimal:
    """The fall that takes a price from a dead cat's bounce back to its low."""
    left = CONTEXT.power(CONTEXT.add(1, drop), _BOUNCE_KEPT)
    return CONTEXT.quantize(CONTEXT.subtract(left, 1), Decimal("1E-10"))


def _not_zero(field: str, value: Decimal) -> list[Flawed]:
    return [] if value else [Flawed(field, "MD373", "0 moves nothing", "write how far it shall go")]


def _small(field: str, percent: Decimal) -> tuple[str, ...]:
    """A percentage below 1 was perhaps meant as a fraction."""
    if CONTEXT.abs(percent) >= 1:
        return ()
    meant = plain(percent.scaleb(2, context=CONTEXT))
    return (f"{field} {plain(percent)} is {plain(percent)} %; for {meant} % write {meant}",)


def _decimal(number: float) -> Decimal:
    return Decimal(repr(float(number)))


def _ns(number: float, unit_ns: int) -> int:
    return int(CONTEXT.multiply(_decimal(number), unit_ns))


def _duration(number: float, unit_ns: int) -> str:
    return format_duration(_ns(number, unit_ns))


def _refuse(flaws: list[Flawed]) -> None:
    if flaws:
        raise fields_error(flaws)
