"""Our instruments in the venues' words."""

from __future__ import annotations

import pytest

from mdsim.core.instruments import ALL
from mdsim.providers.adapters._pairs import Pair
from mdsim.providers.adapters._symbols import COINS, pairs, serving


@pytest.mark.parametrize(
    ("symbol", "listed", "inverted"),
    [
        ("BTC-USD", "BTC-USD", False),
        ("USDT-USD", "USDT-USD", False),
        ("USDT-BTC", "BTC-USDT", True),
        ("USDT-ETH", "ETH-USDT", True),
        ("BTC-ETH", "ETH-BTC", True),
        ("BTC-USDC", "BTC-USDC", False),
    ],
)
def test_the_usual_pair_is_quoted_as_venues_quote_it(symbol: str, listed: str, inverted: bool) -> None:
    """Dollars before stablecoins before bitcoin before ether."""
    assert pairs(ALL[symbol], "-")[0] == Pair(symbol, listed, inverted)


def test_a_pair_that_is_listed_the_other_way_round_serves_too() -> None:
    """The venue's list decides, the usual order only comes first."""
    found = serving([ALL["BTC-ETH"]], "/", {"BTC/ETH": True})

    assert found.pairs == {"BTC/ETH": [Pair("BTC-ETH", "BTC/ETH", inverted=False)]}


def test_one_pair_of_the_venue_serves_both_our_names_of_it() -> None:
    """BTC-USDT and USDT-BTC are subscribed once."""
    found = serving([ALL["BTC-USDT"], ALL["USDT-BTC"]], "-", {"BTC-USDT": True})

    assert [pair.symbol for pair in found.pairs["BTC-USDT"]] == ["BTC-USDT", "USDT-BTC"]


def test_what_a_venue_does_not_serve_is_refused_with_the_reason() -> None:
    """Unlisted, listed without trading, and no spot at all are three different things."""
    wanted = [ALL[symbol] for symbol in ("UST-USD", "USDE-USD", "BTC-USD-PERP")]

    found = serving(wanted, "-", {"UST-USD": False})

    assert found.pairs == {}
    assert found.refused == {
        "UST-USD": "UST-USD is not trading there",
        "USDE-USD": "it lists neither USDE-USD nor USD-USDE",
        "BTC-USD-PERP": "it serves spot pairs only, no perpetual futures",
    }


def test_every_asset_of_the_catalogue_has_its_ids_at_the_aggregators() -> None:
    """A new asset without ids would be refused by both for no reason that a user could see."""
    assert [asset.code for asset in ALL.assets if asset.code not in COINS] == []
    assert len({coin.coingecko for coin in COINS.values()}) == len(COINS)
    assert len({coin.coinmarketcap for coin in COINS.values()}) == len(COINS)
