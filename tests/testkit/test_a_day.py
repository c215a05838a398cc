"""A day of every adapter on its provider's double, in virtual time: cuts, gaps, bans, storms, silence."""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import httpx
import pytest
import trio
from trio.testing import MockClock, memory_stream_pair

from mdsim.core.instruments import ALL
from mdsim.core.secret import Secret
from mdsim.core.seeds import SeedTree
from mdsim.core.sourcing import Report
from mdsim.core.time import DAY, MINUTE, SECOND, parse_utc
from mdsim.providers.connect import Address
from mdsim.providers.poll import PollSource
from mdsim.providers.source import Source, Surroundings
from mdsim.providers.specs import make_spec
from mdsim.providers.stream import StreamSource
from mdsim.providers.wire import CLOSED, MESSAGE, OPENED, Heard, SourceEvent
from mdsim.testkit import desk
from mdsim.testkit.double import Double
from mdsim.testkit.doubles.binance import Binance
from mdsim.testkit.doubles.coinbase import Coinbase
from mdsim.testkit.doubles.coingecko import CoinGecko
from mdsim.testkit.doubles.coinmarketcap import CoinMarketCap
from mdsim.testkit.doubles.kraken import Kraken
from mdsim.testkit.faults import faults_of
from mdsim.testkit.market import Market
from mdsim.testkit.prices import ScriptedPrices
from mdsim.testkit.web import converse

BEGIN_NS = parse_utc("2026-05-27T12:00:00Z")
BEAT_NS = 8 * SECOND
"""Often enough for whoever expects a heartbeat every ten seconds."""
KEYS = ("first-key", "second-key")
SETTLE_S = 900.0


def now() -> int:
    """The virtual time of day."""
    return BEGIN_NS + round(trio.current_time() * SECOND)


class VirtualMarket(Market):
    """A scripted market on the virtual clock."""

    def now_ns(self) -> int:
        return now()


class Day:
    """A source on a double in memory, and everything that passed.

    Attributes:
        answered: status of each request, with the key it came with and the second.
        heard: what passed at the wire, counted by kind.
    """

    def __init__(self, nursery: trio.Nursery, double: Double, kind: str, url: str, symbol: str) -> None:
        self._nursery = nursery
        self.double = double
        self.symbol = symbol
        self.reports: list[Report] = []
        self.events: list[SourceEvent] = []
        self.answered: list[tuple[float, str, int]] = []
        self.heard: Counter[str] = Counter()
        keyed = double.name.startswith("coin") and double.name != "coinbase"
        spec = make_spec(
            double.name, tier="exchange_feeds", kind=kind, url=url, priority=1, catalogue=ALL,
            symbols=(symbol,), keys=tuple(Secret(key) for key in KEYS) if keyed else (),
        )  # fmt: skip
        around = Surroundings(
            now=now,
            tls=ssl.create_default_context(),
            connect=self._connect,
            rng=lambda name: SeedTree(1).stream(name),
            tell=self.events.append,
            record=self._record,
            transport=httpx.MockTransport(self._answer),
        )
        self.source: Source = (PollSource if kind == "rest_api" else StreamSource)(
            spec, around, self.reports.extend
        )

    def _record(self, heard: Heard) -> None:
        self.heard[heard.kind] += 1

    async def _connect(self, address: Address) -> trio.abc.Stream:
        del address
        await trio.lowlevel.checkpoint()
        ours, theirs = memory_stream_pair()
        self._nursery.start_soon(self._serve, theirs)
        return ours

    async def _serve(self, stream: trio.abc.Stream) -> None:
        try:
            await converse(stream, self.double)
        except* (trio.BrokenResourceError, trio.ClosedResourceError):
            pass

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        await trio.lowlevel.checkpoint()
        asked = self.double.arrived(
            "GET", request.url.path, dict(request.url.params), dict(request.headers.items())
        )
        reply = self.double.answer(asked)
        key = next((value for name, value in request.headers.items() if "key" in name.lower()), "")
        self.answered.append((trio.current_time(), key, 0 if reply is None else reply.status))
        if reply is None:
            await trio.sleep_forever()
            raise AssertionError
        await trio.sleep(reply.delay_ns / SECOND)
        return httpx.Response(reply.status, headers=dict(reply.headers), content=reply.body)

    @property
    def middle(self) -> Decimal:
        """What the newest report says."""
        last = self.reports[-1]
        assert last.bid is not None or last.last is not None
        return last.last if last.bid is None or last.ask is None else (last.bid + last.ask) / 2  # type: ignore[return-value]

    async def pass_minutes(self, minutes: int, trouble: Callable[[int, Day], None]) -> None:
        """Let time pass; the market moves every minute."""
        for at in range(minutes):
            self.double.market.set("BTC", str(60_000 + at * 37 % 900))
            trouble(at, self)
            await trio.sleep(60)


@asynccontextmanager
async def a_day(double: Double, kind: str, url: str, symbol: str) -> AsyncIterator[Day]:
    """A source at work; when the block ends it must be gone within a second."""
    async with double.open(listening=False), trio.open_nursery() as nursery:
        day = Day(nursery, double, kind, url, symbol)
        scope, gone = trio.CancelScope(), trio.Event()

        async def work() -> None:
            with scope:
                await day.source.run()
            gone.set()

        nursery.start_soon(work)
        await trio.sleep(30)
        yield day
        scope.cancel()
        with trio.fail_after(1):
            await gone.wait()
        nursery.cancel_scope.cancel()


def tasks() -> int:
    """How many tasks there are."""

    def below(task: trio.lowlevel.Task) -> int:
        return 1 + sum(below(child) for nursery in task.child_nurseries for child in nursery.child_tasks)

    root = trio.lowlevel.current_root_task()
    assert root is not None
    return below(root)


SCRIPT: dict[str, tuple[int, int, int, float | None]] = {
    # fault: every so many minutes, from which on, for how many, how much
    "disconnect_mid_frame": (97, 50, 1, None),
    "server_shutdown": (211, 100, 1, 30.0),
    "storm_429": (194, 49, 4, 90.0),
    "ban_418": (467, 145, 2, 120.0),
    "gap": (41, 7, 1, 3),
    "late_snapshot": (97, 48, 6, 20.0),
    "bad_checksum": (131, 13, 2, None),
    "silence": (307, 200, 3, None),
}


def troubled(at: int, day: Day) -> None:
    """Start and stop what the script says of this minute."""
    faults = day.double.faults
    known = {fault.name for fault in faults_of(day.double.name)}
    for name, (every, first, lasts, amount) in SCRIPT.items():
        if name in known:
            if at >= first and (at - first) % every == 0:
                faults.start(name, amount)
            elif at >= first and (at - first) % every == lasts:
                faults.stop(name)


@pytest.fixture(autouse=True)
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A market that moves every eight seconds, with books of a dozen levels: a day must not last one."""
    for double in (Binance, Coinbase, Kraken, CoinGecko, CoinMarketCap):
        monkeypatch.setattr(double, "beat_ns", BEAT_NS)
    monkeypatch.setattr(Double, "tick_ns", SECOND)
    monkeypatch.setattr(Binance, "messages_most", 5)
    monkeypatch.setattr(desk, "LEVELS", 12)
    for double, listed in ((Binance, "BTCUSDT"), (Coinbase, "BTC-USD"), (Kraken, "BTC/USD")):
        monkeypatch.setattr(double, "pairs", {listed: replace(double.pairs[listed], volume_24h=10.0)})


Making = Callable[[], tuple[Double, str, str, str]]


def market() -> Market:
    return VirtualMarket(ScriptedPrices({"BTC": "60000", "USDT": "1"}), seed=3)


def binance() -> tuple[Double, str, str, str]:
    return Binance(market()), "websocket", "ws://127.0.0.1/ws", "BTC-USDT"


def coinbase() -> tuple[Double, str, str, str]:
    return Coinbase(market()), "websocket", "ws://127.0.0.1/", "BTC-USD"


def kraken() -> tuple[Double, str, str, str]:
    return Kraken(market()), "websocket", "ws://127.0.0.1/v2", "BTC-USD"


def coingecko() -> tuple[Double, str, str, str]:
    return CoinGecko(market(), keys=KEYS), "rest_api", "http://127.0.0.1/api/v3", "BTC-USD"


def coinmarketcap() -> tuple[Double, str, str, str]:
    return CoinMarketCap(market(), keys=KEYS), "rest_api", "http://127.0.0.1", "BTC-USD"


def pushed() -> tuple[Double, str, str, str]:
    return CoinMarketCap(market(), keys=KEYS), "websocket", "ws://127.0.0.1/v1", "BTC-USD"


@pytest.mark.parametrize("make", [binance, coinbase, kraken, coingecko, coinmarketcap, pushed])
async def test_a_day_of_reconnects_gaps_and_limits_loses_nothing_and_leaks_nothing(
    autojump_clock: MockClock, make: Making
) -> None:
    """Twenty-four hours, then a quarter of one in peace: what is told then is the market."""
    async with a_day(*make()) as day:
        before = tasks()
        source, double = day.source, day.double
        await day.pass_minutes(24 * 60, troubled)
        assert source.counters.errors
        double.faults.clear()
        await trio.sleep(SETTLE_S)

        assert source.health.state == "live"
        base, quote = day.symbol.split("-")
        truth = Decimal(double.market.mid(base, quote, now()))
        assert abs(day.middle / truth - 1) < Decimal("0.001")
        assert now() - day.reports[-1].ts_recv_ns <= source.spec.max_age_ns
        counters = source.counters
        told = day.heard[MESSAGE] if source.spec.offer.kind == "websocket" else day.heard["answer"]
        assert counters.messages == told
        assert counters.reports == len(day.reports) + source.health.duplicates
        assert "malformed" not in counters.errors
        assert "internal" not in counters.errors
        received = [report.ts_recv_ns for report in day.reports]
        assert received == sorted(received)
        numbers = [report.seq for report in day.reports if report.seq]
        assert numbers == sorted(dict.fromkeys(numbers))
        minutes = {at // MINUTE for at in received}
        # silence, storms and bans take their share; a poll comes about once a minute
        assert len(minutes) > 24 * 60 * 0.7
        # ---- and nothing is left over
        assert tasks() == before
        (link,) = source._links.values()
        assert not link._asked or source.spec.offer.kind == "rest_api"
        assert day.heard[OPENED] - day.heard[CLOSED] <= 1
        assert len(double.sockets) == (source.spec.offer.kind == "websocket")
        assert received[-1] - received[0] > DAY


async def test_a_day_in_peace_is_never_without_a_connection(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Binance ends a connection that is 24 hours old: it is replaced before, and no change is lost."""
    monkeypatch.setattr(Binance, "beat_ns", 2 * BEAT_NS)
    async with a_day(*binance()) as day:
        await day.pass_minutes(26 * 60, lambda _at, _day: None)
        assert day.source.health.replaced == 1
        assert day.source.counters.errors == {}
        assert day.source.counters.gaps == 0
        assert [event.kind for event in day.events].count("lost") == 0
        received = [report.ts_recv_ns for report in day.reports]
        assert max(b - a for a, b in pairwise(received)) <= 4 * BEAT_NS


@pytest.mark.parametrize("make", [binance, coingecko, coinmarketcap])
async def test_a_key_or_address_that_was_told_to_wait_waits(autojump_clock: MockClock, make: Making) -> None:
    """No request between a refusal and the end of its wait: 90 s of a storm, 120 of a ban."""
    async with a_day(*make()) as day:
        await day.pass_minutes(12 * 60, troubled)
        until: dict[str, float] = {}
        refused = 0
        for at_s, key, status in day.answered:
            assert at_s >= until.get(key, 0.0) - 1e-6
            if status in (418, 429):
                refused += 1
                until[key] = at_s + (120 if status == 418 else 90)
        assert refused
