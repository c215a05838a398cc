"""Small markets and paths that the tests of the room share."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from mdsim.core.instruments import ALL, Catalogue
from mdsim.core.seeds import SeedTree
from mdsim.core.time import MS, parse_utc
from mdsim.microstructure.prints import Print
from mdsim.microstructure.room import Microstructure

START_NS = parse_utc("2026-01-05T12:00:00Z")
TYPICAL = {"BTC-USD": 6_000_000, "ETH-USD": 300_000, "USDT-USD": 100_000, "BTC-ETH": 200_000}

Walk = Callable[..., list[list[int]]]
MakeRoom = Callable[..., Microstructure]


@pytest.fixture
def catalogue() -> Catalogue:
    """Four instruments: two risky, one pegged, one cross."""
    return ALL.only(TYPICAL)


@pytest.fixture
def walk(catalogue: Catalogue) -> Walk:
    """Random walks of mids in increments, one list a step."""

    def make(steps: int, seed: int = 1, sigma: float = 3e-5) -> list[list[int]]:
        gauss = random.Random(seed).gauss
        mids = [float(TYPICAL[symbol]) for symbol in catalogue.symbols]
        path = []
        for _ in range(steps):
            mids = [mid * (1.0 + sigma * gauss()) for mid in mids]
            path.append([max(1, round(mid)) for mid in mids])
        return path

    return make


@pytest.fixture
def make_room(catalogue: Catalogue) -> MakeRoom:
    """A room over the four instruments, by seed, profile and step."""

    def make(seed: int = 7, profile: str = "retail-usd", step_ns: int = 100 * MS) -> Microstructure:
        return Microstructure(catalogue, SeedTree(seed), START_NS, step_ns, profile)

    return make


@pytest.fixture
def a_trade() -> Callable[..., Print]:
    """A print at a time in ns, with a price and a size."""

    def make(ts_ns: int, price: int = 100, size: int = 1, trade_id: int = 0) -> Print:
        return Print(ts_ns, trade_id or ts_ns, True, price, size)

    return make
