"""What the bodies of the chaos endpoints mean, and how wrong ones are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.api import chaos_bodies as bodies
from mdsim.api.chaos_bodies import read_body
from mdsim.api.chaos_scenarios import NoRule, Scenarios
from mdsim.api.problems import RequestError
from mdsim.core.instruments import ALL
from mdsim.core.params import Kind
from mdsim.core.serving import Correlations
from mdsim.core.values import parse

if TYPE_CHECKING:
    from mdsim.core.serving import MarketPort


@dataclass
class Market:
    """All that scenarios ask of a market."""

    now: float | None = 0.6
    samples: int = 600

    catalogue = ALL

    def correlations(self, symbols: tuple[str, ...], window_ns: int) -> Correlations:
        row = tuple(self.now for _ in symbols)
        return Correlations(tuple(symbols), window_ns, self.samples, tuple(row for _ in symbols))


def scenarios(market: Market | None = None, rule: NoRule | None = None) -> Scenarios:
    asked: MarketPort = market or Market()  # type: ignore[assignment]  # as much of one as is needed
    return Scenarios(asked, lambda _type: rule or NoRule())


def refused(shape: type[bodies.PriceShock], **keys: object) -> dict[str, str]:
    """Fields and details of a refusal."""
    with pytest.raises(RequestError) as caught:
        read_body(json.dumps(keys).encode(), shape)
    assert caught.value.status == 422
    return {flaw.field: flaw.detail for flaw in caught.value.errors}


def test_every_problem_of_a_body_is_told_at_once() -> None:
    """An unknown key, a missing one, a wrong kind and a value out of bounds, each by its name."""
    told = refused(
        bodies.PriceShock, shock_percent=-15, shock_percentage=-150, pattern="slow", duration_seconds="1m"
    )
    assert list(told) == ["shock_percent", "symbol", "shock_percentage", "duration_seconds", "pattern"]
    assert told["symbol"] == "is missing"
    assert ">= -90" in told["shock_percentage"]
    assert "float" in told["duration_seconds"]


@pytest.mark.parametrize(
    ("raw", "field", "help_"),
    [
        (b'{"pattern": "slow"}', "pattern", "it takes: exponential, linear, sudden_drop, v_shape"),
        (b'{"shock_percentage": -150}', "shock_percentage", "it takes: number, -90 to 500"),
        (b'{"duration_seconds": "1m"}', "duration_seconds", "it takes: number, 0.001 to 172800"),
        (b'{"overlap": "no"}', "overlap", "it takes: allow, refuse"),
        (b'{"symbol": 7}', "symbol", "it takes: text"),
    ],
)
def test_what_does_not_fit_is_told_what_would(raw: bytes, field: str, help_: str) -> None:
    """Whoever mistypes a pattern reads the patterns."""
    with pytest.raises(RequestError) as caught:
        read_body(raw, bodies.PriceShock)
    (flaw,) = [flaw for flaw in caught.value.errors if flaw.field == field]
    assert (flaw.code, flaw.help) == ("MD372", help_)


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"[]", b"7", b"{", b'{"symbol": "BTC-USD",}', b"\xff", b"[" * 100_000),
        *(b'{"symbol": "\xff"}', b'{"\xff": 1}', b'{"odd": {"deep": ["\xff"]}}'),
    ],
)
def test_what_is_no_json_object_is_a_bad_request(raw: bytes) -> None:
    """400, whatever it is, and never a broken server."""
    with pytest.raises(RequestError) as caught:
        read_body(raw, bodies.PriceShock)
    assert caught.value.status == 400
    assert caught.value.code == "MD489"


@settings(max_examples=80, derandomize=True, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["symbol", "shock_percentage", "duration_seconds", "pattern", "overlap", "odd"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(-1e6, 1e6) | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3),
            max_leaves=4,
        ),
        max_size=6,
    )
)
def test_any_json_object_is_read_or_refused(keys: dict[str, object]) -> None:
    """Nothing but a refusal with a code comes out."""
    told = None
    try:
        scenarios().price_shock(read_body(json.dumps(keys).encode(), bodies.PriceShock))
    except RequestError as error:
        told = error
    if told is not None:
        assert told.status == 422
        assert all(flaw.field and flaw.detail for flaw in told.errors)


def test_a_number_reaches_the_playbook_as_it_was_written() -> None:
    """No binary float in between: 0.1 per cent is ten basis points, exactly."""
    body = read_body(b'{"symbol": "ETH-USD", "shock_percentage": -12.345}', bodies.PriceShock)
    assert scenarios().price_shock(body).params["shock"] == "-12.345%"


@pytest.mark.parametrize(
    ("keys", "params"),
    [
        ({}, {"duration": "1m", "fall": "step", "recovery": "5m", "rise": "exp"}),
        (
            {"pattern": "linear", "duration_seconds": 90},
            {"duration": "1m30s", "fall": "linear", "rise": "exp"},
        ),
        ({"pattern": "exponential", "recovery_time_seconds": 0.5}, {"fall": "exp", "recovery": "500ms"}),
        (
            {"pattern": "v_shape", "duration_seconds": 20},
            {"fall": "linear", "recovery": "20s", "rise": "linear"},
        ),
        ({"recovery_time_seconds": 0}, {"recovery": "0s", "rise": "step"}),
    ],
)
def test_a_price_shock_in_the_words_of_its_playbook(keys: dict[str, object], params: dict[str, str]) -> None:
    """Each pattern is a way down and a way back."""
    body = bodies.PriceShock(symbol="BTC-USD", shock_percentage=-15, **keys)  # type: ignore[arg-type]
    found = scenarios().price_shock(body)
    assert found.library == "chaos/price-shock.yaml"
    assert found.params | params == found.params
    assert found.params["shock"] == "-15%"
    assert found.warnings == ()


def test_a_percentage_that_looks_like_a_fraction_is_pointed_out() -> None:
    """-0.15 is taken for 0.15 per cent, and the answer says so."""
    body = bodies.PriceShock(symbol="BTC-USD", shock_percentage=-0.15)
    assert scenarios().price_shock(body).warnings == (
        "shock_percentage -0.15 is -0.15 %; for -15 % write -15",
    )


@pytest.mark.parametrize(
    ("keys", "field", "says"),
    [
        ({"symbol": "BTCUSD"}, "symbol", "not priced here"),
        ({"symbol": "USDE-USD"}, "symbol", "not priced here"),
        ({"shock_percentage": 0}, "shock_percentage", "moves nothing"),
        ({"shock_percentage": 15}, "shock_percentage", "goes up"),
    ],
)
def test_a_shock_that_makes_no_sense_is_refused(keys: dict[str, object], field: str, says: str) -> None:
    """By the key that is wrong."""
    body = bodies.PriceShock(**{"symbol": "BTC-USD", "shock_percentage": -15, **keys})  # type: ignore[arg-type]
    with pytest.raises(RequestError) as caught:
        scenarios().price_shock(body)
    assert [flaw.field for flaw in caught.value.errors] == [field]
    assert says in caught.value.errors[0].detail


def test_the_operators_rules_hold() -> None:
    """Recovery may be required, and slides may have to be gradual; the refusal names the key."""
    strict = scenarios(rule=NoRule(recovery_required=True, gradual_only=True))
    shock = bodies.PriceShock(symbol="BTC-USD", shock_percentage=-15, recovery_time_seconds=0)
    depeg = bodies.StablecoinDepeg(target_deviation=-0.05, duration_hours=0.01)
    crash = bodies.MarketCrash(crash_percentage=20, recovery_pattern="none")
    asked: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: strict.price_shock(shock), "chaos_scenarios.price_shock.recovery_required"),
        (lambda: strict.stablecoin_depeg(depeg), "chaos_scenarios.stablecoin_depeg.gradual_only"),
        (lambda: strict.market_crash(crash), "chaos_scenarios.market_crash.recovery_required"),
    )
    for ask, says in asked:
        with pytest.raises(RequestError, match=says):
            ask()


def test_a_depeg_in_the_words_of_its_playbook() -> None:
    """A fraction becomes a change, and the time is cut in three."""
    body = bodies.StablecoinDepeg(target_deviation=-0.05, duration_hours=6, pattern="gradual_linear")
    assert scenarios().stablecoin_depeg(body).params == {
        "symbol": "USDT-USD",
        "deviation": "-5%",
        "slide": "2h",
        "stay": "2h",
        "return": "2h",
        "pattern": "linear",
        "volatility": "2x",
    }
    with pytest.raises(RequestError, match="no price of a stablecoin"):
        scenarios().stablecoin_depeg(bodies.StablecoinDepeg(symbol="BTC-USD", target_deviation=-0.05))


def test_a_divergence_is_of_two_prices_of_one_asset() -> None:
    """Basis points become a change; two assets, or one instrument, are refused."""
    body = bodies.GradualDivergence(base_symbol="BTC-USD", target_symbol="BTC-USD-PERP", max_spread_bps=-25)
    assert scenarios().gradual_divergence(body).params["gap"] == "-0.25%"
    for target in ("ETH-USD", "BTC-USD", "BTC-ETH"):
        body = bodies.GradualDivergence(base_symbol="BTC-USD", target_symbol=target, max_spread_bps=-25)
        with pytest.raises(RequestError) as caught:
            scenarios().gradual_divergence(body)
        assert [flaw.field for flaw in caught.value.errors] == ["target_symbol"]


@pytest.mark.parametrize("crash", [20, -20])
def test_a_crash_in_the_words_of_its_playbook(crash: float) -> None:
    """Its sign does not matter; correlation goes half of its way to 1; one recovery has the weight."""
    found = scenarios().market_crash(bodies.MarketCrash(crash_percentage=crash, recovery_pattern="dead_cat"))
    assert found.library == "chaos/market-crash.yaml"
    params = found.params
    assert (params["drop"], params["fall"], params["rebound"], params["volume"]) == (
        "-20%",
        "10m",
        "20m",
        "5x",
    )
    assert (params["symbols"], params["assets"]) == ("BTC-USD, ETH-USD", "BTC-USD, ETH-USD")
    assert params["correlation"] == "0.8"
    weights = [params[name] for name in ("slow_bounce", "v_shape", "dead_cat", "none")]
    assert weights == ["0", "0", "1", "0"]
    relapse = parse(Kind.CHANGE, params["relapse"])
    assert float(str(relapse)) == pytest.approx(0.8**0.4 - 1)


def test_a_crash_without_two_assets_leaves_correlations_alone() -> None:
    """It has a playbook of its own, and the answer says so."""
    body = bodies.MarketCrash(crash_percentage=20, symbols=("BTC-USD", "BTC-USDT"))
    found = scenarios().market_crash(body)
    assert found.library == "chaos/market-crash-plain.yaml"
    assert "assets" not in found.params
    assert "fewer than two assets" in found.warnings[0]


@pytest.mark.parametrize("market", [Market(None), Market(-0.6, samples=20)])
def test_a_crash_on_an_unknown_past_starts_from_a_calm_correlation(market: Market) -> None:
    """What is not known yet, or from a few returns alone, is taken as measured in calm markets."""
    found = scenarios(market).market_crash(bodies.MarketCrash(crash_percentage=20))
    assert found.params["correlation"] == "0.85"


def test_a_spike_and_a_break_in_the_words_of_their_playbooks() -> None:
    """Underscores become hyphens, seconds durations."""
    spike = bodies.VolatilitySpike(symbol="ETH-USD", volatility_multiplier=4, pattern="mean_reverting")
    assert scenarios().volatility_spike(spike).params == {
        "symbol": "ETH-USD",
        "volatility": "4x",
        "duration": "1h",
        "pattern": "mean-reverting",
        "keep_trend": "true",
    }
    apart = bodies.CorrelationBreak(symbols=("BTC-USD", "ETH-USD"), target_correlation=-0.25)
    assert scenarios().correlation_break(apart).params == {
        "symbols": "BTC-USD, ETH-USD",
        "correlation": "-0.25",
        "duration": "30m",
    }


@pytest.mark.parametrize(
    ("symbols", "field"),
    [
        (("BTC-USD", "BTC-ETH"), "symbols[1]"),
        (("BTC-USD", "BTC-USD"), "symbols[1]"),
        (("X", "Y"), "symbols[0]"),
    ],
)
def test_a_correlation_is_between_assets(symbols: tuple[str, ...], field: str) -> None:
    """A cross rate, a double and an unknown symbol are refused by their place in the list."""
    with pytest.raises(RequestError) as caught:
        scenarios().correlation_break(bodies.CorrelationBreak(symbols=symbols, target_correlation=0))
    assert caught.value.errors[0].field == field
