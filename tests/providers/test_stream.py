"""A stream source against a Binance in memory, in virtual time: bad days lose nothing and leak nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from mdsim.core.sourcing import Report
from mdsim.core.time import SECOND
from mdsim.providers.adapters.binance import BinanceSession
from mdsim.providers.source import SourceSpec
from mdsim.providers.stream import StreamSource
from mdsim.providers.wire import Heard

Spec = Callable[..., SourceSpec]
HOUR_S = 3_600.0


class Running:
    """A source at work, its provider, and what it gave."""

    def __init__(self, fake: Any, source: StreamSource, reports: list[Report]) -> None:
        self.fake = fake
        self.source = source
        self.reports = reports

    def seqs(self, symbol: str) -> list[int]:
        return [report.seq for report in self.reports if report.symbol == symbol]

    @property
    def session(self) -> BinanceSession:
        """The session of the only connection."""
        (link,) = self.source._links.values()
        assert isinstance(link.session, BinanceSession)
        return link.session

    def kinds(self) -> list[str]:
        return [event.kind for event in self.fake.events]


@asynccontextmanager
async def running(
    fake_type: Any, spec: SourceSpec, record: Callable[[Heard], None] | None = None
) -> AsyncIterator[Running]:
    """Run a source until the block ends; it must then be gone within a second."""
    async with trio.open_nursery() as nursery:
        fake = fake_type(nursery)
        reports: list[Report] = []
        source = StreamSource(spec, fake.around(record), reports.extend)
        scope, gone = trio.CancelScope(), trio.Event()

        async def work() -> None:
            with scope:
                await source.run()
            gone.set()

        nursery.start_soon(work)
        await trio.sleep(1)
        yield Running(fake, source, reports)
        scope.cancel()
        with trio.fail_after(1):
            await gone.wait()


def tasks() -> int:
    """How many tasks there are."""

    def below(task: trio.lowlevel.Task) -> int:
        return 1 + sum(below(child) for nursery in task.child_nurseries for child in nursery.child_tasks)

    root = trio.lowlevel.current_root_task()
    assert root is not None
    return below(root)


async def test_changes_become_reports_and_the_book_is_the_market_s(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec
) -> None:
    """Connected, subscribed, synced: every move is one report an instrument, in order."""
    async with running(fake_binance, binance_spec()) as run:
        for _ in range(50):
            await run.fake.move()
        await trio.sleep(1)
        assert run.seqs("BTC-USDT") == list(range(101, 151))
        assert run.seqs("ETH-USDT") == list(range(101, 151))
        assert run.session.venues["BTCUSDT"].book.book.top() == run.fake.top("BTCUSDT")  # type: ignore[union-attr]
        assert run.source.health.state == "live"
        assert run.session.ready


async def test_a_cut_connection_comes_back_subscribed(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec
) -> None:
    """After the back-off there is a new connection, a new subscription and a new book."""
    async with running(fake_binance, binance_spec()) as run:
        await run.fake.move()
        await trio.sleep(1)
        before = tasks()
        await run.fake.cut()
        await trio.sleep(0.1)
        assert run.source.health.state == "waiting"
        await trio.sleep(3)
        await run.fake.move()
        await trio.sleep(1)
        assert run.fake.attempts == 2
        assert run.seqs("BTC-USDT") == [101, 102]
        assert run.source.health.state == "live"
        assert tasks() == before
        assert run.source.counters.errors == {"disconnected": 1}


async def test_a_venue_that_counts_anew_after_a_restart_is_heard_again(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec
) -> None:
    """Its old numbers are none of its new ones; what comes within ten seconds may still be of before."""
    async with running(fake_binance, binance_spec(symbols=("BTC-USDT",))) as run:
        await run.fake.move()
        await trio.sleep(1)
        run.fake.ids = dict.fromkeys(run.fake.ids, 7)
        await run.fake.cut()
        await trio.sleep(3)
        await run.fake.move()
        assert run.seqs("BTC-USDT") == [101]
        await trio.sleep(10)
        await run.fake.move()
        await trio.sleep(1)
        assert run.seqs("BTC-USDT") == [101, 9]
        assert run.session.venues["BTCUSDT"].book.book.top() == run.fake.top("BTCUSDT")  # type: ignore[union-attr]


async def test_an_unreachable_provider_is_tried_at_growing_distances(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec
) -> None:
    """An hour of refusals is about seventy attempts, none closer than half a minute in the end."""
    async with running(fake_binance, binance_spec()) as run:
        run.fake.down = True
        await run.fake.cut()
        await trio.sleep(HOUR_S)
        assert 60 <= run.fake.attempts <= 130
        run.fake.down = False
        await trio.sleep(61)
        assert len(run.fake.sockets) == 1


async def test_a_silent_line_is_given_up_but_pings_keep_it(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec
) -> None:
    """Ten quiet minutes with pings are fine; a minute without even those is a dead line."""
    async with running(fake_binance, binance_spec()) as run:
        await trio.sleep(600)
        assert run.fake.attempts == 1
        (socket,) = run.fake.sockets
        await socket._stream_lock.acquire()  # the provider's side hangs: it sends nothing any more
        await trio.sleep(70)
        socket._stream_lock.release()
        assert run.fake.attempts == 2
        assert any("nothing came for 60 s" in event.detail for event in run.fake.events)
        await trio.sleep(1)


async def test_an_announced_end_loses_no_update(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec
) -> None:
    """The replacement speaks before the old connection goes, and each update is told once."""
    async with running(fake_binance, binance_spec()) as run:
        for at in range(60):
            await run.fake.move()
            if at == 20:
                for socket in list(run.fake.sockets):
                    await socket.send_message('{"e":"serverShutdown","E":1770123456789}')
            await trio.sleep(0.1)
        assert run.seqs("BTC-USDT") == list(range(101, 161))
        assert run.fake.attempts == 2
        assert len(run.fake.sockets) == 1
        assert (run.source.health.replaced, run.source.counters.errors) == (1, {})
        assert run.kinds() == ["connected", "replacing", "connected", "replaced"]


async def test_a_connection_is_replaced_before_its_day_is_over(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec
) -> None:
    """At 23 h 50 min a second connection takes over, without a gap and without an error."""
    async with running(fake_binance, binance_spec()) as run:
        await run.fake.move()
        await trio.sleep(23.8 * HOUR_S)
        assert run.fake.attempts == 1
        for _ in range(120):
            await run.fake.move()
            await trio.sleep(10)
        assert run.seqs("BTC-USDT") == list(range(101, 222))
        assert (run.fake.attempts, run.source.health.replaced) == (2, 1)
        assert run.source.counters.errors == {}


async def test_a_subscription_without_an_answer_starts_over(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec
) -> None:
    """Ten seconds without an acknowledgement, and the connection is given up."""
    async with running(fake_binance, binance_spec()) as run:
        run.fake.deaf = True
        await run.fake.cut()
        await trio.sleep(15)
        run.fake.deaf = False
        await trio.sleep(20)
        await run.fake.move()
        await trio.sleep(1)
        assert run.seqs("BTC-USDT") == [101]
        assert run.source.counters.errors["no_ack"] >= 1


@pytest.mark.parametrize("status", [429, 418])
async def test_a_limit_is_respected_and_forgotten(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec, status: int
) -> None:
    """Nothing is fetched for as long as the provider asks, which is told; quotes go on, then the book."""
    async with running(fake_binance, binance_spec()) as run:
        run.fake.refuse_with = (status, 300)
        await run.fake.move(lose=True)
        await run.fake.move()
        await trio.sleep(1)
        asked = len(run.fake.asked)
        await trio.sleep(290)
        assert len(run.fake.asked) == asked
        assert "held back by its quota" in run.source.quota.state(run.source.around.now())
        told = [event.detail for event in run.fake.events if event.kind == "limited"]
        assert told
        assert all(detail.startswith(f"answered {status}") for detail in told)
        run.fake.refuse_with = (0, 0)
        await trio.sleep(120)
        await run.fake.move()
        await trio.sleep(1)
        assert run.session.venues["BTCUSDT"].book.book is not None
        assert run.source.quota.limited >= 1


async def test_an_instrument_that_is_not_listed_is_refused_and_the_rest_goes_on(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec
) -> None:
    """USDT-USD is told as refused; a source of nothing but that is off and holds no connection."""
    async with running(fake_binance, binance_spec(symbols=("BTC-USDT", "USDT-USD"))) as run:
        await run.fake.move()
        await trio.sleep(1)
        assert run.seqs("BTC-USDT") == [101]
        assert run.source.health.refused == {"USDT-USD": "it lists neither USDTUSD nor USDUSDT"}
    async with running(fake_binance, binance_spec(symbols=("USDT-USD",))) as run:
        assert run.source.health.state == "off"
        assert run.fake.sockets == []
        assert run.kinds()[-1] == "off"


async def test_the_recorder_hears_everything_in_order(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec
) -> None:
    """Opened, the answers, the acknowledgement, messages, closed: raw, with the time of receipt.

    Between them stand the turns of the session: each time it was asked what it wants.
    """
    heard: list[Heard] = []
    async with running(fake_binance, binance_spec(symbols=("BTC-USDT",)), heard.append) as run:
        await run.fake.move()
        await trio.sleep(1)
    turns = [item.kind for item in heard].count("turned")
    assert heard[1].kind == "turned"
    heard = [item for item in heard if item.kind != "turned"]
    assert [item.kind for item in heard] == ["opened", "answer", "message", "answer", "message", "closed"]
    assert turns == 3  # it asked what is listed, subscribed, and asked for the book
    assert heard[1].path == "/api/v3/exchangeInfo?symbol=BTCUSDT"
    assert heard[2].raw == '{"result":null,"id":1}'
    assert heard[3].status == 200
    assert [item.recv_ns for item in heard] == sorted(item.recv_ns for item in heard)
    assert {item.connection for item in heard} == {1}


async def test_a_day_of_reconnects_gaps_and_limits_loses_nothing_and_leaks_nothing(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec
) -> None:
    """Twenty-four hours in virtual time: every message that came is a report or accounted for."""
    heard: list[Heard] = []
    async with running(fake_binance, binance_spec(), heard.append) as run:
        await run.fake.move()
        await trio.sleep(1)
        before = tasks()
        lost = cuts = 0
        for at in range(24 * 60):
            if at % 97 == 50:  # a network that breaks
                cuts += 1
                await run.fake.cut()
            if at % 211 == 100:  # the provider announces a restart
                for socket in list(run.fake.sockets):
                    await socket.send_message('{"e":"serverShutdown","E":1770123456789}')
            run.fake.refuse_with = (429, 120) if at % 194 in (50, 51) else (0, 0)  # at a cut
            run.fake.down = at % 307 in (200, 201, 202)
            lose = at % 41 == 7  # a gap
            lost += lose
            await run.fake.move(lose=lose)
            await trio.sleep(60)
        run.fake.refuse_with, run.fake.down = (0, 0), False
        await trio.sleep(600)
        for _ in range(3):
            await run.fake.move()
            await trio.sleep(60)

        for symbol, listed in (("BTC-USDT", "BTCUSDT"), ("ETH-USDT", "ETHUSDT")):
            seqs = run.seqs(symbol)
            assert seqs == sorted(dict.fromkeys(seqs))  # none twice, none back
            venue = run.session.venues[listed]
            assert venue.book.book is not None
            assert venue.book.book.top() == run.fake.top(listed)
            assert seqs[-1] == run.fake.ids[listed]
            assert len(seqs) > 24 * 60 * 0.75
        counters = run.source.counters
        assert counters.messages == sum(item.kind == "message" for item in heard)
        assert counters.reports == len(run.reports) + run.source.health.duplicates
        assert counters.gaps >= lost  # two books, and a gap while a book is built is none
        assert counters.errors["disconnected"] >= cuts
        assert run.source.health.replaced >= 5
        assert run.source.quota.limited >= 1
        assert "malformed" not in counters.errors
        assert tasks() == before
        assert len(run.fake.sockets) == len(run.source._links) == 1
        opened = sum(item.kind == "opened" for item in heard)
        assert opened - sum(item.kind == "closed" for item in heard) <= 1
        assert heard[-1].recv_ns - heard[0].recv_ns > SECOND * 86_400
