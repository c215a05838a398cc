"""How many messages a second one core reads through each provider's adapter.

``python -m benchmarks.adapters [--quick]``: for each way to a provider's prices, ``parse`` alone (text to
the provider's own struct) and the whole session (book, checksum, reports). No socket and no consensus.
Binance's messages are the recording of the tests; the others' are made from a seed, in the proportions
that the venues' public feeds have: mostly changes of a book, with a correct checksum where there is one.
"""

from __future__ import annotations

import argparse
import gzip
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from benchmarks import provider_messages, results
from benchmarks.provider_messages import START_NS
from mdsim.core.instruments import ALL
from mdsim.core.time import MS, SECOND
from mdsim.providers.adapters import (
    _binance_wire,
    _coinbase_wire,
    _coinmarketcap_wire,
    binance,
    coingecko,
    coinmarketcap,
)
from mdsim.providers.adapters._kraken_wire import parse as parse_kraken
from mdsim.providers.adapters.coinbase import CoinbaseSession
from mdsim.providers.adapters.kraken import KrakenSession
from mdsim.providers.session import Answer, Fetch, Session, SessionRequest

RECORDING = Path("tests/providers/recordings/binance_spot_BTCUSDT_2024-08-08.ndjson.gz")
FLOOR_PER_S, AIM_PER_S = 1_000, 30_000
REPEATS = 5


@dataclass(frozen=True)
class Row:
    """One way to a provider.

    Attributes:
        messages, bytes: read once; reports: that came of them.
        parse_per_s, session_per_s: the best of several passes, by time on the core, not by the wall.
        session_us: of one core, a message.
    """

    adapter: str
    messages: int
    bytes: int
    reports: int
    errors: int
    parse_per_s: float
    session_per_s: float
    session_us: float


@dataclass(frozen=True)
class Case:
    """Messages, and how they are read.

    Attributes:
        fresh: a session that has subscribed.
        feed: gives a message to a session; counts its reports.
    """

    adapter: str
    messages: list[bytes]
    parse: Callable[[bytes, int], object]
    fresh: Callable[[], Session]
    feed: Callable[[Session, bytes, int], int]


def received(session: Session, raw: bytes, at_ns: int) -> int:
    """A message of a socket."""
    return len(session.received(raw, at_ns))


def answered(session: Session, raw: bytes, at_ns: int) -> int:
    """An answer of a REST address."""
    return len(session.fetched(Answer("quotes:USD", 200, {}, raw, at_ns)))


def opened(make: Callable[[SessionRequest], Session], name: str, *symbols: str) -> Session:
    """A session that has started, and subscribed where it needs no list for that."""
    session = make(SessionRequest(name, "ws://127.0.0.1", tuple(ALL[symbol] for symbol in symbols)))
    session.start(START_NS - 10 * SECOND)
    session.tick(START_NS - SECOND)
    return session


def binance_case() -> Case:
    """The recorded stream, with its snapshot as the answer to the request for one."""
    lines = [msgspec.json.decode(line) for line in gzip.decompress(RECORDING.read_bytes()).splitlines()]
    snapshot = next(msgspec.json.encode(line["raw"]) for line in lines if line.get("kind"))
    frames = [msgspec.json.encode(line["raw"]) for line in lines if not line.get("kind")]

    def fresh() -> Session:
        session = opened(binance.BinanceSession, "binance", "BTC-USDT")
        entry = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT"}
        body = msgspec.json.encode({"symbols": [entry]})
        session.fetched(Answer("info:BTCUSDT", 200, {}, body, START_NS))
        session.actions()
        session.received(b'{"result":null,"id":1}', START_NS)
        return session

    def feed(session: Session, raw: bytes, at_ns: int) -> int:
        count = len(session.received(raw, at_ns))
        for action in session.actions() if session.counters.messages == 200 else ():
            if isinstance(action, Fetch):
                session.fetched(Answer(action.tag, 200, {}, snapshot, at_ns))
        return count

    return Case("binance", frames, _binance_wire.parse, fresh, feed)


def cases(count: int) -> list[Case]:
    """Every way to every provider's prices."""
    rest = max(10, count // 20)
    dollars = ("BTC-USD", "ETH-USD", "USDT-USD", "USDC-USD")
    poll, stream = (offer.open for offer in coinmarketcap.PROVIDER.offers)
    return [
        binance_case(),
        Case("coinbase", provider_messages.coinbase(count), _coinbase_wire.parse,
             lambda: opened(CoinbaseSession, "coinbase", "BTC-USD"), received),
        Case("kraken", provider_messages.kraken(count), parse_kraken,
             lambda: opened(KrakenSession, "kraken", "BTC-USD"), received),
        Case("coingecko", provider_messages.coingecko(rest), coingecko.parse,
             lambda: opened(coingecko.CoinGeckoSession, "coingecko", *dollars), answered),
        Case("coinmarketcap rest", provider_messages.quotes(rest), _coinmarketcap_wire.parse_quotes,
             lambda: opened(poll, "coinmarketcap", *dollars), answered),
        Case("coinmarketcap stream", provider_messages.stream(count), _coinmarketcap_wire.parse,
             lambda: opened(stream, "coinmarketcap", "BTC-USD"), received),
    ]  # fmt: skip


def measure(case: Case) -> Row:
    """The best of several passes: what else the machine does only ever slows one down."""
    parse_s: list[float] = []
    session_s: list[float] = []
    reports = errors = 0
    for _ in range(REPEATS):
        began = time.process_time()
        for raw in case.messages:
            case.parse(raw, START_NS)
        parse_s.append(time.process_time() - began)
        session = case.fresh()
        began = time.process_time()
        reports = sum(case.feed(session, raw, START_NS + at * MS) for at, raw in enumerate(case.messages))
        session_s.append(time.process_time() - began)
        errors = sum(session.counters.errors.values())
    count = len(case.messages)
    size = sum(map(len, case.messages))
    best_s = min(session_s)
    return Row(
        case.adapter, count, size, reports, errors, count / min(parse_s), count / best_s, best_s / count * 1e6
    )


def main() -> None:
    """Print a table and leave it as JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="fewer messages")
    quick = arguments.parse_args().quick
    rows = [measure(case) for case in cases(2_000 if quick else 20_000)]
    print(
        f"{'adapter':22}{'messages':>9}{'reports':>9}{'errors':>7}{'parse/s':>11}{'session/s':>11}{'µs':>8}"
    )
    for row in rows:
        print(
            f"{row.adapter:22}{row.messages:9,}{row.reports:9,}{row.errors:7,}"
            f"{row.parse_per_s:11,.0f}{row.session_per_s:11,.0f}{row.session_us:8.1f}"
        )
    slow = [row.adapter for row in rows if row.session_per_s < FLOOR_PER_S]
    verdict = "below it: " + ", ".join(slow) if slow else "all above"
    print(f"floor {FLOOR_PER_S:,}/s: {verdict}; aim {AIM_PER_S:,}/s")
    print(results.write("adapters", [asdict(row) for row in rows], quick=quick))


if __name__ == "__main__":
    main()
