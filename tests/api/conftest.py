"""A fake market and a client for the HTTP application: every number is known, nothing listens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Protocol

import msgspec
import pytest
from quart_trio import QuartTrio

from mdsim.api.asks import AskReader
from mdsim.api.debug import SourceStatus
from mdsim.api.guard import Security
from mdsim.api.rest import make_app
from mdsim.api.routes import Call, Middleware, Route
from mdsim.api.tickets import Tickets
from mdsim.chaos.pipeline import chosen, make_pipeline
from mdsim.core.events import Bar, BookLevel, BookSnapshot, Tick, Trade
from mdsim.core.impairing import Disturbance
from mdsim.core.instruments import ALL, Catalogue
from mdsim.core.seeds import SeedTree
from mdsim.core.serving import Correlations, Quote, RunsPort, Stats24h, VolumeAtPrice
from mdsim.core.time import DAY, HOUR, MINUTE, SECOND, parse_utc
from mdsim.publish.disturber import Disturber

NOW_NS = parse_utc("2026-01-05T12:00:00Z")
LENGTHS_NS = {
    "1m": MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "1h": HOUR,
    "4h": 4 * HOUR,
    "1d": DAY,
}


class FakeMarket:
    """A market of three instruments, one of them off, with a day of bars and ten minutes of ticks.

    Attributes:
        reason: why there are no prices, or None.
        state: of every quote.
        ticks_kept: what ``ticks`` answers from; a test may put its own there.
    """

    def __init__(self) -> None:
        on = ("BTC-USD", "ETH-USD", "UST-USD")
        self.catalogue = Catalogue(
            replace(item, enabled=item.symbol != "UST-USD") for item in ALL if item.symbol in on
        )
        self.reason: str | None = None
        self.state = "LIVE"
        self.ticks_kept = [
            Tick("BTC-USD", at, NOW_NS - (600 - at) * SECOND, *[Decimal("60000.10")] * 4) for at in range(601)
        ]

    def now_ns(self) -> int:
        return NOW_NS

    def ready(self) -> str | None:
        return self.reason

    def quote(self, symbol: str) -> Quote:
        return Quote(
            symbol,
            7,
            NOW_NS,
            Decimal("60000.10"),
            Decimal("59999.90"),
            Decimal("60000.30"),
            Decimal("60000.00"),
            Decimal("0.98"),
            2,
            3,
            self.state,
            250_000_000,
            Decimal("1E-8"),
        )

    def book(self, symbol: str, depth: int) -> BookSnapshot:
        bids = tuple(BookLevel(Decimal(60_000 - at), Decimal("0.50000")) for at in range(depth))
        asks = tuple(BookLevel(Decimal(60_001 + at), Decimal("0.25000")) for at in range(depth))
        return BookSnapshot(symbol, 9, NOW_NS, bids, asks)

    def published_book(self, symbol: str) -> BookSnapshot:
        return self.book(symbol, 10)

    def ticks(self, symbol: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Tick]:
        kept = [
            tick
            for tick in self.ticks_kept
            if tick.symbol == symbol and start_ns <= tick.ts_event_ns < end_ns
        ]
        return kept[:limit]

    def trades(self, symbol: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Trade]:
        return ()

    def bars(self, symbol: str, interval: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Bar]:
        length_ns = LENGTHS_NS[interval]
        first = max(start_ns, NOW_NS - DAY)
        begun = range(-(-first // length_ns) * length_ns, min(end_ns, NOW_NS), length_ns)
        price = Decimal("60000.10")
        return [
            Bar(
                symbol,
                at,
                start + length_ns,
                interval,
                start,
                price,
                price,
                price,
                price,
                Decimal(2),
                Decimal(4),
                3,
                0,
            )
            for at, start in enumerate(begun[:limit])
        ]

    def stats(self, symbol: str) -> Stats24h:
        return Stats24h(
            symbol,
            NOW_NS - DAY,
            NOW_NS,
            Decimal(50_000),
            Decimal(61_000),
            Decimal(49_000),
            Decimal("60000.10"),
            Decimal("12.50000"),
            Decimal("700000.00"),
            Decimal("0.200002"),
            321,
        )

    def correlations(self, symbols: Sequence[str], window_ns: int) -> Correlations:
        rows = tuple(tuple(1.0000000000000002 if a == b else None for b in symbols) for a in symbols)
        return Correlations(tuple(symbols), window_ns, 0, rows)

    def volume_profile(self, symbol: str, start_ns: int, end_ns: int, levels: int) -> Sequence[VolumeAtPrice]:
        return ()

    def buffers(self) -> Mapping[str, Mapping[str, int]]:
        return {"BTC-USD": {"ticks": 601, "ticks_most": 10_000}}


class MakeApp(Protocol):
    """The application over the fake market, with what a test wants to be different."""

    def __call__(
        self,
        *,
        security: Security = ...,
        more: Sequence[Route] = ...,
        middleware: Sequence[Middleware] = ...,
        runs: RunsPort | None = ...,
        on_failure: Callable[[Call, BaseException], None] = ...,
    ) -> QuartTrio: ...


@pytest.fixture
def fake_market() -> FakeMarket:
    return FakeMarket()


@pytest.fixture
def make_rest(fake_market: FakeMarket) -> MakeApp:
    def fail(call: Call, error: BaseException) -> None:
        raise AssertionError(f"{call.method} {call.path} broke") from error

    def make(
        *,
        security: Security = Security(),  # noqa: B008 frozen
        more: Sequence[Route] = (),
        middleware: Sequence[Middleware] = (),
        runs: RunsPort | None = None,
        on_failure: Callable[[Call, BaseException], None] = fail,
    ) -> QuartTrio:
        return make_app(
            fake_market,
            runs,
            asks=AskReader(fake_market.catalogue, ("json", "protobuf")),
            tickets=Tickets(lambda: 0.0),
            metrics=lambda: b"# HELP up Whether it is up.\n# TYPE up gauge\nup 1\n",
            sources=lambda: (SourceStatus("synthetic", "synthetic", "LIVE", 1, ("BTC-USD",)),),
            security=security,
            more=more,
            middleware=middleware,
            on_failure=on_failure,
        )

    return make


class Asked:
    """One answer: status, headers and body."""

    def __init__(self, status: int, headers: Mapping[str, str], raw: bytes) -> None:
        self.status = status
        self.headers = headers
        self.raw = raw

    def json(self) -> dict[str, object]:
        found = msgspec.json.decode(self.raw)
        assert isinstance(found, dict)
        return found


class Ask(Protocol):
    """Ask an application for one answer, from loopback unless a test says otherwise."""

    async def __call__(
        self,
        path: str,
        method: str = ...,
        *,
        app: QuartTrio | None = ...,
        headers: Mapping[str, str] | None = ...,
        body: bytes | None = ...,
        peer: str = ...,
    ) -> Asked: ...


@pytest.fixture
def ask(make_rest: MakeApp) -> Ask:
    async def send(
        path: str,
        method: str = "GET",
        *,
        app: QuartTrio | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        peer: str = "127.0.0.1",
    ) -> Asked:
        client = (app or make_rest()).test_client()
        answer = await client.open(  # type: ignore[call-arg]  # its types ask for a JSON body
            path,
            method=method,
            headers={"Host": "localhost:8082", **(headers or {})},
            data=body,
            scope_base={"client": (peer, 50_000)},
        )
        raw = await answer.get_data(as_text=False)
        assert isinstance(raw, bytes)
        return Asked(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, raw)

    return send


class Faults:
    """A disturber with the shipped impairments.

    Attributes:
        clock_ns: the time, by default ``now_ns``, which the test moves.
    """

    def __init__(self) -> None:
        self.now_ns = 0
        self.clock_ns: Callable[[], int] = lambda: self.now_ns
        self.disturber = Disturber(make_pipeline, chosen, clock_ns=self._now)

    def _now(self) -> int:
        return self.clock_ns()

    def apply(self, **asked: object) -> None:
        """Let all clients be disturbed so from now on, and no otherwise; nothing asked for ends it."""
        rng = SeedTree(1).stream
        one = Disturbance("run", (0,), "feed", 0, None, 1.0, None, None, asked, rng)  # type: ignore[arg-type]
        self.disturber.disturb((one,) if asked else ())

    def go(self, ns: int) -> None:
        """Let time pass, and what is due leave."""
        self.now_ns += ns
        self.disturber.release()

    def told(self) -> list[tuple[str, str, int]]:
        """Fault, connection and number of what was done since the last call."""
        return [(it.fault, it.at, it.seq) for it in self.disturber.injections()]


@pytest.fixture
def faults() -> Faults:
    return Faults()
