"""The providers that the benchmark of ingestion reads: what each sends, and how it is configured."""

from __future__ import annotations

import dataclasses
import gzip
from collections.abc import Sequence

import msgspec

from benchmarks import provider_messages
from benchmarks.adapters import RECORDING
from benchmarks.canned import Canned, Show
from mdsim.core.instruments import ALL
from mdsim.core.secret import Secret
from mdsim.providers.session import REST, Session, SessionRequest
from mdsim.providers.source import SourceSpec
from mdsim.providers.specs import make_spec

DOLLARS = ("BTC-USD", "ETH-USD", "USDT-USD", "USDC-USD")
UNBOUND_PER_MINUTE = 100_000_000
"""So many requests a minute are allowed that no answer waits for the quota."""
FIRST = {"binance": 400, "coinbase": 50, "kraken": 50, "coinmarketcap stream": 10}
"""Frames in which a stream comes into step: snapshots, and what follows until quotes are sure."""


@dataclasses.dataclass(frozen=True)
class Way:
    """One way to a provider's prices.

    Attributes:
        source: name of the source; ``path`` of its address here.
        count: messages that are measured.
        first: messages before them.
    """

    title: str
    source: str
    kind: str
    path: str
    symbols: tuple[str, ...]
    count: int
    first: int

    def spec(self, port: int) -> SourceSpec:
        """As a configuration would have it; a REST session asks again as soon as it was answered."""
        scheme = "http" if self.kind == REST else "ws"
        spec = make_spec(
            self.source,
            tier="primary",
            kind=self.kind,
            url=f"{scheme}://127.0.0.1:{port}{self.path}",
            priority=1,
            catalogue=ALL,
            symbols=self.symbols,
            keys=(Secret("benchmark"),) if self.source.startswith("coinm") else (),
            per_minute=UNBOUND_PER_MINUTE if self.kind == REST else None,
        )
        if self.kind != REST:
            return spec
        plain = spec.offer.open

        def eager(asked: SessionRequest) -> Session:
            return plain(SessionRequest(asked.source, asked.url, asked.instruments, asked.keyed, 1))

        return dataclasses.replace(spec, offer=dataclasses.replace(spec.offer, open=eager))


def canned(count: int, every_s: float = 0.0) -> Canned:
    """Everything that the providers say, about ``count`` messages each."""
    lines = [msgspec.json.decode(line) for line in gzip.decompress(RECORDING.read_bytes()).splitlines()]
    depth = next(msgspec.json.encode(line["raw"]) for line in lines if line.get("kind"))
    recorded = [msgspec.json.encode(line["raw"]) for line in lines if not line.get("kind")]
    entry = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT"}
    pairs = {"assets": [], "pairs": [{"symbol": "BTC/USD", "status": "online"}]}
    listed = {"channel": "instrument", "type": "snapshot", "data": pairs}
    shows = {
        "/binance": Show(recorded, FIRST["binance"]),
        "/coinbase": Show(provider_messages.coinbase(count), FIRST["coinbase"]),
        "/kraken": Show(provider_messages.kraken(count), FIRST["kraken"], msgspec.json.encode(listed)),
        "/coinmarketcap": Show(provider_messages.stream(count), FIRST["coinmarketcap stream"]),
    }
    answers = {
        "/api/v3/exchangeInfo": msgspec.json.encode({"symbols": [entry]}),
        "/api/v3/depth": depth,
        "/products": msgspec.json.encode([{"id": "BTC-USD"}]),
        "/simple/price": provider_messages.coingecko(1)[0],
        "/v2/cryptocurrency/quotes/latest": provider_messages.quotes(1)[0],
    }
    return Canned(shows, answers, every_s)


def ways(played: Canned, answers: int) -> list[Way]:
    """Every way to every provider; so many answers of those that are asked."""
    found = []
    for title, symbol in (
        ("binance", "BTC-USDT"),
        ("coinbase", "BTC-USD"),
        ("kraken", "BTC-USD"),
        ("coinmarketcap stream", "BTC-USD"),
    ):
        source = title.partition(" ")[0]
        show = played.shows[f"/{source}"]
        count = len(show.frames) - show.first
        found.append(Way(title, source, "websocket", f"/{source}", (symbol,), count, show.first))
    polled = ("coingecko rest", "coinmarketcap rest")
    return found + [Way(title, title.partition(" ")[0], REST, "", DOLLARS, answers, 1) for title in polled]


def cases(found: Sequence[Way]) -> list[tuple[str, list[Way]]]:
    """Each by itself, and the streams together."""
    streams = [way for way in found if way.kind != REST]
    return [(way.title, [way]) for way in found] + [("the four streams at once", streams)]
