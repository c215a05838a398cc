"""Feeds to look at: openers with sensible defaults, and recordings written on the spot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from mdsim.core.instruments import ALL, Catalogue
from mdsim.core.ports import FeedRequest
from mdsim.core.seeds import SeedTree
from mdsim.core.time import SECOND
from mdsim.sources import replay, synthetic

ENABLED = tuple(item.symbol for item in ALL if item.enabled)

Row = Sequence[float]
Writer = Callable[..., Path]
Requester = Callable[..., FeedRequest]
Synthetic = Callable[..., synthetic.SyntheticFeed]
Replay = Callable[..., replay.ReplayFeed]


def _catalogue(symbols: Iterable[str]) -> Catalogue:
    return ALL.only(symbols)


@pytest.fixture(scope="session")
def request_for() -> Requester:
    """Makes a request: ``request_for(seed=2, step_ns=SECOND, symbols=("BTC-USD",), prices={"BTC": "1"})``."""

    def make(
        seed: int = 1,
        step_ns: int = SECOND,
        symbols: Iterable[str] = ENABLED,
        start_ns: int | None = None,
        length_ns: int | None = None,
        dataset: str | None = None,
        **prices: str,
    ) -> FeedRequest:
        levels = {code: Decimal(text) for code, text in prices.items()}
        return FeedRequest(_catalogue(symbols), SeedTree(seed), start_ns, step_ns, length_ns, levels, dataset)

    return make


@pytest.fixture(scope="session")
def open_synthetic(request_for: Requester) -> Synthetic:
    """Opens a synthetic feed from the arguments of ``request_for``."""

    def make(**wanted: object) -> synthetic.SyntheticFeed:
        return synthetic.open_feed(request_for(**wanted))

    return make


@pytest.fixture(scope="session")
def open_replay(request_for: Requester) -> Replay:
    """Opens a replay from the arguments of ``request_for``; the shipped dataset if none is named."""

    def make(dataset: object = "2024-08-05", **wanted: object) -> replay.ReplayFeed:
        return replay.open_feed(request_for(dataset=str(dataset), **wanted))

    return make


@pytest.fixture
def write_bars(tmp_path: Path) -> Writer:
    """Writes bars: ``write_bars("BTCUSDT", [(100, 102, 99, 101)], first_ms=…, interval_ms=…)``."""

    def write(
        name: str, rows: Iterable[Row], first_ms: int = 1_722_816_000_000, interval_ms: int = 60_000
    ) -> Path:
        lines = ["timestamp_ms,open,high,low,close,volume"]
        for at, row in enumerate(rows):
            lines.append(",".join(map(str, (first_ms + at * interval_ms, *row, 1))))
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join(lines) + "\n")
        return path

    return write
