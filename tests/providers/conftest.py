"""Shared by the tests of the providers: the recorded stream, and a session brought to where it subscribes."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from mdsim.core.instruments import ALL
from mdsim.providers.adapters.binance import BinanceSession
from mdsim.providers.session import Answer, Fetch, Send, SessionRequest

RECORDINGS = Path(__file__).parent / "recordings"


class Line(msgspec.Struct):
    """One message of a recording; ``kind`` is ``rest_depth`` for the snapshot, otherwise empty."""

    recv_ns: int
    raw: msgspec.Raw
    kind: str = ""

    @property
    def text(self) -> bytes:
        return bytes(self.raw)


@pytest.fixture
def recorded() -> Callable[[str], list[Line]]:
    """The recorded stream of a venue's symbol."""

    def load(listed: str) -> list[Line]:
        packed = (RECORDINGS / f"binance_spot_{listed}_2024-08-08.ndjson.gz").read_bytes()
        return [msgspec.json.decode(line, type=Line) for line in gzip.decompress(packed).splitlines()]

    return load


def listing(listed: str, base: str, quote: str, status: str = "TRADING") -> bytes:
    """Binance's answer about one symbol."""
    entry = {"symbol": listed, "status": status, "baseAsset": base, "quoteAsset": quote}
    return msgspec.json.encode({"symbols": [entry]})


ABSENT = b'{"code":-1121,"msg":"Invalid symbol."}'
LISTED = {"BTCUSDT": ("BTC", "USDT"), "ETHUSDT": ("ETH", "USDT"), "ETHBTC": ("ETH", "BTC")}


@pytest.fixture
def subscribed() -> Callable[..., BinanceSession]:
    """A session that asked what is listed, subscribed and was acknowledged; its actions are taken."""

    def make(*symbols: str, now_ns: int = 0) -> BinanceSession:
        request = SessionRequest("binance", "ws://127.0.0.1/ws", tuple(ALL[symbol] for symbol in symbols))
        session = BinanceSession(request)
        session.start(now_ns)
        asked: list[object] = list(session.actions())
        while asked:
            action = asked.pop(0)
            if isinstance(action, Fetch) and action.tag.startswith("info:"):
                listed = action.tag.removeprefix("info:")
                found = LISTED.get(listed)
                status, body = (200, listing(listed, *found)) if found else (400, ABSENT)
                session.fetched(Answer(action.tag, status, {}, body, now_ns))
                asked += session.actions()
            elif isinstance(action, Send):
                at = msgspec.json.decode(action.text)["id"]
                session.received(b'{"result":null,"id":%d}' % at, now_ns)
        return session

    return make
