"""Listing instruments, and the sources that price them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from mdsim.config.settings import Settings
from mdsim.core.instruments import ALL

Load = Callable[..., Settings]
Mistakes = Callable[..., list[str]]


def listing(*entries: str) -> str:
    return f"market_data: {{supported_symbols: [{', '.join(entries)}]}}"


def test_without_a_list_the_catalogue_is_that_out_of_the_box(load: Load) -> None:
    """Nothing is switched on or off."""
    assert load().catalogue is ALL
    assert list(load().instruments) == [item.symbol for item in ALL if item.enabled]


def test_a_list_switches_on_what_it_names_and_nothing_else(load: Load) -> None:
    """The listed come first and in their order; the others stay known, so that a playbook may name them."""
    found = load(listing("{symbol: UST-USD}", "{symbol: BTC-USD}"))

    assert [item.symbol for item in found.catalogue if item.enabled] == ["UST-USD", "BTC-USD"]
    assert set(found.catalogue.symbols) == set(ALL.symbols)
    assert found.publication.tick_symbols == ("UST-USD", "BTC-USD")


def test_an_entry_changes_a_known_instrument(load: Load) -> None:
    """What it does not say stays as it is."""
    found = load(
        listing("{symbol: BTC-USD, decimals: 1, spread: {base_spread_bps: 3}, max_price: 9, min_price: 1}")
    )

    item, known = found.catalogue["BTC-USD"], ALL["BTC-USD"]
    assert (item.price_increment, item.spread_bps) == (Decimal("0.1"), Decimal(3))
    assert item.size_increment == known.size_increment
    bounds = found.instruments["BTC-USD"]
    assert (bounds.min_price, bounds.max_price) == (Decimal(1), Decimal(9))
    assert (bounds.spread.base_spread_bps, bounds.spread.time_of_day_factor) == (Decimal(3), Decimal(1))


def test_an_entry_adds_an_instrument_of_known_assets(load: Load) -> None:
    """A new pair needs its decimals; a perpetual is known by its symbol."""
    found = load(
        listing("{symbol: ETH-BTC, decimals: 6, size_decimals: 3}", "{symbol: ETH-USD-PERP, decimals: 2}")
    )

    pair, perpetual = found.catalogue["ETH-BTC"], found.catalogue["ETH-USD-PERP"]
    assert (pair.base, pair.quote, pair.perpetual) == ("ETH", "BTC", False)
    assert (pair.price_increment, pair.size_increment) == (Decimal("0.000001"), Decimal("0.001"))
    assert perpetual.perpetual


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{symbol: SOL-USD, decimals: 2}", "MD458 'SOL' is no asset that this market can price"),
        ("{symbol: BTC-USD, quote_asset: USDT}", "MD458 quote_asset is USDT, but BTC-USD says USD"),
        ("{symbol: BTC-USD-X}", "MD458 BTC-USD-X is neither a pair nor a perpetual"),
        ("{symbol: btcusd}", "MD020 'btcusd' is not written as a symbol"),
        ("{symbol: ETH-BTC}", "MD451 ETH-BTC is a new instrument and has no decimals"),
        ("{decimals: 2}", "MD451 market_data.supported_symbols[0] has no symbol"),
        ("{symbol: BTC-USD, min_price: 2, max_price: 2}", "MD461 min_price 2 is not below max_price 2"),
        (
            "{symbol: BTC-USD, decimals: 0}",
            "MD460 one increment of 1 is over 0.1 bp of BTC-USD's usual price",
        ),
        ("{symbol: BTC-USD}, {symbol: BTC-USD}", "MD459 BTC-USD is listed twice"),
    ],
)
def test_a_listing_that_makes_no_sense_is_told(mistakes: Mistakes, entry: str, says: str) -> None:
    """Each with its code and its place in the list."""
    (found,) = mistakes(listing(entry))

    assert f" {says} => " in found
    assert found.startswith("c.yaml:1:")


def test_an_empty_list_is_refused(mistakes: Mistakes) -> None:
    """A market without instruments is a slip."""
    assert "MD451 no instrument is listed" in mistakes("market_data: {supported_symbols: []}")[0]


def source(more: str, tier: str = "primary") -> str:
    return f"data_sources: {{{tier}: [{{name: a, {more}}}]}}"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            "type: rest_api, url: http://a.example",
            "MD462 http sends keys and prices in clear over the network",
        ),
        ("type: rest_api, url: wss://a.example", "MD462 a source of type rest_api has no wss address"),
        ("type: websocket, url: ws://10.0.0.1", "MD462 ws sends keys and prices in clear over the network"),
        ("type: rest_api, url: ftp://a.example", "MD020 'ftp://a.example' does not begin with http or https"),
        ("type: rest_api", "MD451 data_sources.primary[0] has no url"),
        ("type: rest, url: https://a.example", "MD028 'rest' is not one of rest_api, websocket"),
        ("type: rest_api, url: https://a.example, symbols: [UST-USD]", "MD463 UST-USD is off"),
        (
            "type: rest_api, url: https://a.example, symbols: [BTC-USX]",
            "MD463 there is no instrument BTC-USX",
        ),
        (
            "type: rest_api, url: https://a.example, api_key: '${A}', api_keys: ['${A}']",
            "MD452 a has api_key",
        ),
    ],
)
def test_a_source_that_makes_no_sense_is_told(mistakes: Mistakes, more: str, says: str) -> None:
    """Addresses, types, symbols and keys are held against each other."""
    assert any(says in line for line in mistakes(source(more), A="key-of-a"))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://localhost", "http://[::1]:8"])
def test_a_source_on_this_machine_needs_no_tls(load: Load, url: str) -> None:
    """A fake provider in a test is one."""
    assert load(source(f"type: rest_api, url: '{url}'")).sources[0].url == url


def test_two_sources_of_one_name_are_refused(mistakes: Mistakes) -> None:
    """Metrics and keys go by the name, over all three lists."""
    one = "[{name: a, type: rest_api, url: https://a.example}]"
    found = mistakes(f"data_sources: {{primary: {one}, secondary: {one}}}")

    assert any("MD459 there are two sources 'a'" in line for line in found)


def test_a_source_keeps_what_it_is_told(load: Load) -> None:
    """Tier, limits, symbols and priority arrive as written."""
    more = "type: websocket, url: wss://a.example, rate_limit: 30, symbols: BTC-USD, priority: 2"
    (found,) = load(source(more, "exchange_feeds")).sources

    assert (found.tier, found.type, found.rate_limit_per_minute) == ("exchange_feeds", "websocket", 30)
    assert (found.symbols, found.priority, found.off) == (("BTC-USD",), 2, "")
