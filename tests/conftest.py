"""Fakes that several rooms share: base feeds whose every price is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import pytest

from mdsim.core.instruments import ALL, Catalogue
from mdsim.core.time import SECOND, parse_utc

START_NS = parse_utc("2026-01-05T00:00:00Z")
CALM = {"BTC": 60_000.0, "ETH": 3_000.0, "USDT": 1.0, "USDC": 1.0, "UST": 1.0, "USDE": 1.0, "USD": 1.0}


class ScriptedFeed:
    """A base feed that says what it is told: a price in USD per asset, constant or a function of time."""

    name = "scripted"
    notes: tuple[str, ...] = ()
    end_ns: int | None = None

    def __init__(
        self,
        catalogue: Catalogue,
        prices: Mapping[str, Callable[[float], float]],
        start_ns: int = START_NS,
        step_ns: int = SECOND,
    ) -> None:
        self.catalogue = catalogue
        self.start_ns = start_ns
        self.step_ns = step_ns
        self._prices = prices
        self.log_prices = [0.0] * len(catalogue)
        self.updated_ns = [start_ns] * len(catalogue)
        self.advance(start_ns)

    def _usd(self, asset: str, at_s: float) -> float:
        price = self._prices.get(asset)
        return CALM[asset] if price is None else price(at_s)

    def advance(self, now_ns: int) -> None:
        at_s = (now_ns - self.start_ns) / SECOND
        for at, item in enumerate(self.catalogue):
            self.log_prices[at] = math.log(self._usd(item.base, at_s)) - math.log(self._usd(item.quote, at_s))
            self.updated_ns[at] = now_ns


FeedMaker = Callable[..., ScriptedFeed]


@pytest.fixture
def scripted() -> FeedMaker:
    """Makes a scripted feed: ``scripted("BTC-USD", BTC=lambda at_s: 60_000 - at_s)``."""

    def make(*symbols: str, **prices: Callable[[float], float]) -> ScriptedFeed:
        return ScriptedFeed(ALL.only(symbols or ("BTC-USD", "ETH-USD", "BTC-ETH")), prices)

    return make
