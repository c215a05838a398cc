"""What the symbols of a step stand for."""

from __future__ import annotations

from decimal import Decimal

from mdsim.chaos.targets import covered, legs_of, resolve
from mdsim.core.instruments import ALL
from mdsim.core.params import Symbols


def _symbols(*names: str, **weights: str) -> Symbols:
    return Symbols(betas=tuple((name, Decimal(weights.get(name[:3], "1"))) for name in names))


def _keys(symbols: Symbols, *, isolated: bool = False, verb: str = "by") -> list[tuple[str, ...]]:
    return [target.keys for target in resolve(symbols, ALL, isolated=isolated, verb=verb)[0]]


def test_a_spot_in_usd_stands_for_its_asset() -> None:
    """BTC-USD means BTC, whatever it is quoted in."""
    assert _keys(_symbols("BTC-USD", "USDT-USD")) == [("BTC",), ("USDT",)]


def test_a_perpetual_and_a_cross_rate_stand_for_themselves() -> None:
    """They have a level of their own beside their assets."""
    assert _keys(_symbols("BTC-USD-PERP", "USDT-ETH")) == [("BTC-USD-PERP",), ("USDT-ETH",)]


def test_isolated_means_the_instrument_alone() -> None:
    """Even a spot in USD is then moved without its asset."""
    assert _keys(_symbols("BTC-USD", "BTC-ETH"), isolated=True) == [("BTC-USD",), ("BTC-ETH",)]


def test_giving_back_covers_the_asset_and_the_instrument_itself() -> None:
    """A spot in USD may carry both, and both go back."""
    assert _keys(_symbols("BTC-USD", "BTC-ETH"), verb="retrace") == [("BTC", "BTC-USD"), ("BTC-ETH",)]


def test_a_cross_rate_beside_one_leg_follows_it_with_a_warning() -> None:
    """It would move twice otherwise; the message names the leg."""
    found, problems = resolve(_symbols("BTC-ETH", "ETH-USD"), ALL, isolated=False, verb="by")
    assert [target.symbol for target in found] == ["ETH-USD"]
    assert [(one.code, one.warning) for one in problems] == [("MD102", True)]
    assert "BTC-ETH follows ETH-USD" in problems[0].message


def test_a_perpetual_beside_its_spot_follows_it() -> None:
    """Its leg is the spot of its base asset."""
    assert _keys(_symbols("BTC-USD-PERP", "BTC-USD")) == [("BTC",)]


def test_nothing_follows_when_isolated() -> None:
    """Each instrument is moved by itself, legs or not."""
    found, problems = resolve(_symbols("BTC-ETH", "ETH-USD"), ALL, isolated=True, verb="by")
    assert (len(found), problems) == (2, [])


def test_one_target_with_two_weights_is_refused() -> None:
    """It is not clear which of them is meant."""
    twice = Symbols(betas=(("BTC-USD", Decimal(1)), ("BTC-USD", Decimal("1.2"))))
    found, problems = resolve(twice, ALL, isolated=False, verb="by")
    assert ([one.code for one in problems], len(found)) == (["MD101"], 1)


def test_one_target_named_twice_alike_counts_once() -> None:
    """A list and a pattern may both name it."""
    assert _keys(_symbols("BTC-USD", "BTC-USD")) == [("BTC",)]


def test_weights_out_of_bounds_are_refused_at_their_key() -> None:
    """Neither 0 nor more than ten either way."""
    written = Symbols(betas=(("BTC-USD", Decimal(0)), ("ETH-USD", Decimal(-11))), weighted=True)
    problems = resolve(written, ALL, isolated=False, verb="by")[1]
    assert [(one.code, one.at) for one in problems] == [("MD115", ("BTC-USD",)), ("MD115", ("ETH-USD",))]


def test_all_covers_the_risky_assets_that_are_on() -> None:
    """Stablecoins are moved by name only; for giving back, everything is looked at."""
    assert covered(ALL, "by") == ("BTC-USD", "ETH-USD")
    assert covered(ALL.only(["USDT-USD", "ETH-USD"]), "to") == ("ETH-USD",)
    assert covered(ALL, "restore") == ALL.symbols


def test_legs_are_the_usd_spots_of_base_and_quote() -> None:
    """A spot in USD has none."""
    legs = {symbol: legs_of(ALL[symbol], ALL) for symbol in ("BTC-USD", "BTC-USDT", "BTC-USD-PERP")}
    assert legs == {"BTC-USD": (), "BTC-USDT": ("BTC-USD", "USDT-USD"), "BTC-USD-PERP": ("BTC-USD",)}
