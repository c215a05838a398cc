"""Doubles of five providers on this machine, for tests: true formats over real sockets, faults on demand.

``async with testkit.binance(market) as double:`` serves one while the block runs; ``double.url`` is what
a configuration or a client names as its address.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mdsim.core.time import SECOND
from mdsim.testkit.doubles.binance import Binance
from mdsim.testkit.doubles.coinbase import Coinbase
from mdsim.testkit.doubles.coingecko import CoinGecko
from mdsim.testkit.doubles.coinmarketcap import CoinMarketCap
from mdsim.testkit.doubles.kraken import Kraken
from mdsim.testkit.market import Market


@asynccontextmanager
async def binance(market: Market) -> AsyncIterator[Binance]:
    """Binance Spot: market streams and market data over REST."""
    double = Binance(market)
    async with double.open():
        yield double


@asynccontextmanager
async def coinbase(market: Market) -> AsyncIterator[Coinbase]:
    """Coinbase Exchange: the public feed and public REST."""
    double = Coinbase(market)
    async with double.open():
        yield double


@asynccontextmanager
async def kraken(market: Market) -> AsyncIterator[Kraken]:
    """Kraken: WebSocket v2 and public REST."""
    double = Kraken(market)
    async with double.open():
        yield double


@asynccontextmanager
async def coingecko(
    market: Market, *, refresh_ns: int = 10 * SECOND, keys: tuple[str, ...] = (), plan: str = ""
) -> AsyncIterator[CoinGecko]:
    """CoinGecko: REST.

    Args:
        market: behind it.
        refresh_ns: how often its prices are made.
        keys: those it insists on.
        plan: ``demo`` or ``pro`` for a host that takes keys of that plan alone.
    """
    double = CoinGecko(market, refresh_ns=refresh_ns, keys=keys, plan=plan)
    async with double.open():
        yield double


@asynccontextmanager
async def coinmarketcap(
    market: Market, *, refresh_ns: int = 5 * SECOND, keys: tuple[str, ...] = ()
) -> AsyncIterator[CoinMarketCap]:
    """CoinMarketCap: REST and the stream; ``refresh_ns`` and ``keys`` as for CoinGecko."""
    double = CoinMarketCap(market, refresh_ns=refresh_ns, keys=keys)
    async with double.open():
        yield double
