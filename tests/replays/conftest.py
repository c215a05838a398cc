"""Shared by the tests of recordings: a small one of Binance, made by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from mdsim.core.instruments import ALL
from mdsim.core.time import SECOND
from mdsim.providers.specs import make_spec
from mdsim.providers.wire import ANSWER, CLOSED, MESSAGE, OPENED, TURNED, Heard
from mdsim.replays.format import Line, header_of, line_of

START_NS = 1_700_000_000 * SECOND
Rows = Sequence[Line]
LISTING = b'{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT"}]}'


def quote(number: int, bid: int) -> str:
    """A best quote of BTCUSDT."""
    return f'{{"u":{number},"s":"BTCUSDT","b":"{bid}.50","B":"1.000","a":"{bid + 1}.50","A":"2.000"}}'


def rows_of(quotes: int, every_ns: int = SECOND) -> list[Line]:
    """One connection that tells a quote a second: bids 50000, 50001, … with numbers from 101."""
    heard = [
        Heard("binance", 1, START_NS, OPENED),
        Heard("binance", 1, START_NS, TURNED),
        Heard("binance", 1, START_NS + 1, ANSWER, LISTING, "info:BTCUSDT", "/x", 200, {"set-cookie": "a=b"}),
        Heard("binance", 1, START_NS + 2, TURNED),
        Heard("binance", 1, START_NS + 3, MESSAGE, '{"result":null,"id":1}'),
        Heard("binance", 1, START_NS + 3, TURNED),
    ]
    heard += [
        Heard("binance", 1, START_NS + (at + 1) * every_ns, MESSAGE, quote(101 + at, 50_000 + at))
        for at in range(quotes)
    ]
    heard.append(Heard("binance", 1, START_NS + (quotes + 1) * every_ns, CLOSED, "closed with code 1000"))
    return [line_of(one) for one in heard]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write lines under the header of a Binance that is to tell BTC-USDT."""

    def make(lines: Sequence[Line | bytes], name: str = "small.ndjson") -> Path:
        spec = make_spec(
            "binance",
            tier="exchange_feeds",
            kind="websocket",
            url="wss://127.0.0.1:9443/ws?token=secret",
            priority=1,
            catalogue=ALL,
            symbols=("BTC-USDT",),
        )
        rows: list[bytes] = [msgspec.json.encode(header_of((spec,), START_NS, "test"))]
        rows += [one if isinstance(one, bytes) else msgspec.json.encode(one) for one in lines]
        path = tmp_path / name
        path.write_bytes(b"".join(row + b"\n" for row in rows))
        return path

    return make


@pytest.fixture
def rows() -> Callable[..., list[Line]]:
    """The lines of one connection."""
    return rows_of
