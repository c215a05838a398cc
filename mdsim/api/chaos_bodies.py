"""What the chaos endpoints are sent: one struct a body, and reading one with every problem told at once."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeVar, get_type_hints

import msgspec
from msgspec import Meta

from mdsim.api.bodies import unreadable
from mdsim.api.docs_bodies import body_keys
from mdsim.api.problems import Flawed, RequestError, fields_error
from mdsim.core.spelling import shown, suggest

Overlap = Literal["allow", "refuse"]
Hours = Annotated[float, Meta(ge=0.001, le=8760)]
Seconds = Annotated[float, Meta(ge=0.001, le=172_800)]
Symbol = Annotated[str, Meta(max_length=64, examples=["BTC-USD"])]
_OVERLAP = "Whether other runs may hold the same instruments."


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys that every one of them has."""


class PriceShock(_Body, frozen=True, kw_only=True):
    """A price is pushed away, stays for a while, and comes back.

    `shock_percentage` is in per cent with its sign: -15 is 15 % down. `duration_seconds` ends where the way
    back begins, which takes `recovery_time_seconds`: as long as the fall for `v_shape`, else five minutes.
    """

    symbol: Symbol
    shock_percentage: Annotated[float, Meta(ge=-90, le=500, examples=[-15])]
    duration_seconds: Seconds = 60
    pattern: Literal["sudden_drop", "linear", "exponential", "v_shape"] = "sudden_drop"
    recovery_time_seconds: Annotated[float, Meta(ge=0, le=172_800)] | None = None
    overlap: Annotated[Overlap, Meta(description=_OVERLAP)] = "allow"


class StablecoinDepeg(_Body, frozen=True, kw_only=True):
    """A stablecoin slides off its peg, stays there, and crawls back: a third of the time each.

    `target_deviation` is a fraction with its sign: -0.05 is 5 % below. `volatility_increase` multiplies the
    coin's own movement meanwhile: 2 doubles it.
    """

    symbol: Annotated[str, Meta(max_length=64, examples=["USDT-USD"])] = "USDT-USD"
    target_deviation: Annotated[float, Meta(ge=-0.9, le=0.5, examples=[-0.05])]
    duration_hours: Hours = 1
    pattern: Literal["gradual_linear", "sigmoid", "overshoot"] = "sigmoid"
    volatility_increase: Annotated[float, Meta(ge=1, le=50)] = 2
    overlap: Annotated[Overlap, Meta(description=_OVERLAP)] = "allow"


class GradualDivergence(_Body, frozen=True, kw_only=True):
    """Two prices of one asset part slowly, stay apart, and meet again; `target_symbol` is the one that moves.

    `max_spread_bps` is target / base - 1 at its widest, in basis points with its sign.
    """

    base_symbol: Annotated[str, Meta(max_length=64, examples=["BTC-USD"])]
    target_symbol: Annotated[str, Meta(max_length=64, examples=["BTC-USD-PERP"])]
    max_spread_bps: Annotated[float, Meta(ge=-5_000, le=10_000, examples=[-50])]
    buildup_hours: Hours = 1
    sustain_hours: Annotated[float, Meta(ge=0, le=8760)] = 1
    recovery_hours: Hours = 1
    overlap: Annotated[Overlap, Meta(description=_OVERLAP)] = "allow"


class FeedDisruption(_Body, frozen=True, kw_only=True):
    """Delivery faults of a source."""

    source: Annotated[str, Meta(max_length=64, examples=["binance"])]
    packet_loss_percentage: Annotated[float, Meta(ge=0, le=100)] = 0
    latency_ms: Annotated[float, Meta(ge=0, le=600_000)] = 0
    jitter_ms: Annotated[float, Meta(ge=0, le=600_000)] = 0
    duration_seconds: Seconds = 60
    affect_symbols: tuple[Symbol, ...] = ()
    mode: Annotated[Literal["impair", "stale", "outage"], Meta(examples=["outage"])] = "impair"
    overlap: Annotated[Overlap, Meta(description=_OVERLAP)] = "allow"


class MarketCrash(_Body, frozen=True, kw_only=True):
    """Prices fall together under heavy trading, and recover in one of four ways.

    `crash_percentage` is in per cent; 30 and -30 both mean a fall of 30 %. `symbols` are the non-stable
    assets unless told otherwise. `correlation_increase` is the share of the way from the present
    correlation of the assets to 1. `volume_spike_multiplier` multiplies the rate of trades.
    """

    crash_percentage: Annotated[float, Meta(ge=-95, le=95, examples=[20])]
    crash_duration_minutes: Annotated[float, Meta(ge=0.001, le=10_080)] = 10
    symbols: Annotated[tuple[Symbol, ...], Meta(max_length=64, examples=[["BTC-USD", "ETH-USD"]])] = ()
    correlation_increase: Annotated[float, Meta(ge=0, le=1)] = 0.5
    volume_spike_multiplier: Annotated[float, Meta(ge=0, le=200)] = 5
    recovery_pattern: Literal["slow_bounce", "v_shape", "dead_cat", "none"] = "slow_bounce"
    overlap: Annotated[Overlap, Meta(description=_OVERLAP)] = "allow"


class VolatilitySpike(_Body, frozen=True, kw_only=True):
    """The market's own movement is multiplied for a while; with `preserve_trend` its trend is left alone."""

    symbol: Symbol
    volatility_multiplier: Annotated[float, Meta(ge=0, le=100, examples=[3])]
    duration_hours: Hours = 1
    pattern: Literal["random_walk", "mean_reverting"] = "random_walk"
    preserve_trend: bool = True
    overlap: Annotated[Overlap, Meta(description=_OVERLAP)] = "allow"


class CorrelationBreak(_Body, frozen=True, kw_only=True):
    """The correlation of every pair of these assets becomes `target_correlation` for a while."""

    symbols: Annotated[
        tuple[Symbol, ...], Meta(min_length=2, max_length=8, examples=[["BTC-USD", "ETH-USD"]])
    ]
    target_correlation: Annotated[float, Meta(ge=-1, le=1, examples=[0])]
    duration_seconds: Seconds = 1_800
    overlap: Annotated[Overlap, Meta(description=_OVERLAP)] = "allow"


T = TypeVar("T", bound=msgspec.Struct)
_WHERE = re.compile(r"(.*) - at `\$(.*)`", re.DOTALL)
_INDEX = re.compile(r"\[(\d+)\]")


def read_body(raw: bytes, shape: type[T]) -> T:
    """A body as its struct.

    Raises:
        RequestError: 400 when it is no JSON object, 422 with every key that is wrong.
    """
    given = json_object(raw)
    known = {field.name: field for field in msgspec.structs.fields(shape)}
    kinds = get_type_hints(shape, include_extras=True)
    flaws = [unknown(name, tuple(known)) for name in given if name not in known]
    found: dict[str, object] = {}
    for name, field in known.items():
        if name in given:
            try:
                found[name] = msgspec.json.decode(given[name], type=kinds[name])
            except (msgspec.DecodeError, RecursionError) as error:
                flaws.append(_flawed(name, error, shape))
        elif field.required:
            flaws.append(Flawed(name, "MD371", "is missing", f"GET /docs shows the keys of {shape.__name__}"))
    if flaws:
        raise fields_error(flaws)
    return shape(**found)


def json_object(raw: bytes) -> dict[str, msgspec.Raw]:
    """The keys of a JSON object, their values untouched.

    Raises:
        RequestError: 400 when it is none.
    """
    try:
        raw.decode("utf-8")  # whatever is read of the values later cannot fail for this
        return msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError as error:
        raise RequestError(400, "MD489", "the body is no JSON object", hint="send one JSON object") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise unreadable(raw, error) from error


def unknown(name: str, known: tuple[str, ...]) -> Flawed:
    """The flaw of a key that a body does not have."""
    near = suggest(name, known)
    help_ = f"did you mean '{near}'?" if near else f"it has {', '.join(known)}"
    return Flawed(name[:64], "MD370", f"{shown(name)} is no key of this body", help_)


def _flawed(name: str, error: Exception, shape: type[msgspec.Struct]) -> Flawed:
    found = _WHERE.fullmatch(str(error))
    message, at = (found[1], _INDEX.findall(found[2])) if found else (str(error), [])
    field = name + "".join(f"[{index}]" for index in at)
    takes = next(key.takes for key in body_keys(shape) if key.name == name)
    return Flawed(field, "MD372", message[:1].lower() + message[1:].replace("`", "'"), f"it takes: {takes}")
