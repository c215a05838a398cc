"""Fixtures for suites that test against market data: provider doubles, and a served market.

pytest finds this by itself once mdsim is installed. Nothing is imported before a fixture is asked for. The
fixtures run in threads of their own, so they suit synchronous, asyncio and trio tests alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mdsim.testkit.doubles.binance import Binance
    from mdsim.testkit.doubles.coinbase import Coinbase
    from mdsim.testkit.doubles.coingecko import CoinGecko
    from mdsim.testkit.doubles.coinmarketcap import CoinMarketCap
    from mdsim.testkit.doubles.kraken import Kraken
    from mdsim.testkit.market import Market
    from mdsim.testkit.served import ServedMarket


@pytest.fixture
def mdsim_prices() -> Market:
    """The market behind the doubles of a test; override it for another, such as ``Market.synthetic()``."""
    from mdsim.testkit.market import Market

    return Market.scripted()


@pytest.fixture
def mdsim_binance(mdsim_prices: Market) -> Iterator[Binance]:
    """A double of Binance Spot: ``.url``, ``.combined_url``, ``.rest_url``, ``.faults``, ``.requests``."""
    from mdsim import testkit
    from mdsim.testkit.threads import in_thread

    with in_thread(lambda: testkit.binance(mdsim_prices)) as double:
        yield double


@pytest.fixture
def mdsim_coinbase(mdsim_prices: Market) -> Iterator[Coinbase]:
    """A double of Coinbase Exchange."""
    from mdsim import testkit
    from mdsim.testkit.threads import in_thread

    with in_thread(lambda: testkit.coinbase(mdsim_prices)) as double:
        yield double


@pytest.fixture
def mdsim_kraken(mdsim_prices: Market) -> Iterator[Kraken]:
    """A double of Kraken."""
    from mdsim import testkit
    from mdsim.testkit.threads import in_thread

    with in_thread(lambda: testkit.kraken(mdsim_prices)) as double:
        yield double


@pytest.fixture
def mdsim_coingecko(mdsim_prices: Market) -> Iterator[CoinGecko]:
    """A double of CoinGecko, whose prices are made anew every second."""
    from mdsim import testkit
    from mdsim.core.time import SECOND
    from mdsim.testkit.threads import in_thread

    with in_thread(lambda: testkit.coingecko(mdsim_prices, refresh_ns=SECOND)) as double:
        yield double


@pytest.fixture
def mdsim_coinmarketcap(mdsim_prices: Market) -> Iterator[CoinMarketCap]:
    """A double of CoinMarketCap, whose prices are made anew every second; any key will do."""
    from mdsim import testkit
    from mdsim.core.time import SECOND
    from mdsim.testkit.threads import in_thread

    with in_thread(lambda: testkit.coinmarketcap(mdsim_prices, refresh_ns=SECOND)) as double:
        yield double


@pytest.fixture
def mdsim_configuration() -> str:
    """Configuration of the served market; override it to serve other instruments or sources."""
    return ""


@pytest.fixture
def mdsim_market(mdsim_configuration: str) -> Iterator[ServedMarket]:
    """A market served by mdsim: ``.url`` for REST, ``.ws_url`` for the stream, ``.grpc``."""
    from mdsim.testkit.served import serve_market
    from mdsim.testkit.threads import in_thread

    with in_thread(lambda: serve_market(mdsim_configuration)) as market:
        yield market
