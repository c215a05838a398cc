"""A live market with a plan of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from mdsim.core.errors import UnavailableError
from mdsim.core.events import Tick
from mdsim.core.instruments import ALL
from mdsim.core.ports import BaseFeed, CurveType, EffectType
from mdsim.core.registry import discover
from mdsim.core.serving import Published
from mdsim.core.time import SECOND
from mdsim.playbook.compiler import World, compile_playbook
from mdsim.playbook.loader import load
from mdsim.playbook.plan import Plan
from mdsim.run.result import RunResult, Verdict
from mdsim.run.runner import RunSettings
from mdsim.run.staged import StagedMarket

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.run.conftest import Listener, Play

EFFECTS = discover("mdsim.chaos.effects", "EFFECT", EffectType)
CURVES = discover("mdsim.chaos.curves", "CURVE", CurveType)
SYMBOLS = ("BTC-USD", "ETH-USD", "BTC-ETH", "BTC-USD-PERP")
FALL = """
phases:
  - name: fall
    for: 20s
    reaches: price(BTC-USD) < 55000
    steps:
      - move: {symbol: BTC-USD, by: -10%, over: 10s}
expect:
  - price(BTC-USD) < 55000
"""


def wobbling(at_s: float) -> float:
    """A base price that moves without being random."""
    return 60_000 + 250 * ((at_s * 0.37) % 1.0)


def plan_of(text: str) -> Plan:
    world = World(EFFECTS, CURVES, ALL, ("synthetic", "replay"), ())
    return compile_playbook(load("mdsim: 1\nname: test\n" + text, "test.yaml"), world).plan


@pytest.fixture
def stage(scripted: Callable[..., BaseFeed], listener: Listener) -> Callable[..., StagedMarket]:
    """``stage(text, speed=…)``: a market at cycles of 1 s."""

    def make(text: str, speed: float = 1.0) -> StagedMarket:
        settings = RunSettings(seed=1, cycle_ns=SECOND, speed=speed)
        feed = scripted(*SYMBOLS, BTC=wobbling)
        return StagedMarket(plan_of(text), feed, settings, EFFECTS, CURVES, [listener])

    return make


@asynccontextmanager
async def running(market: StagedMarket) -> AsyncIterator[None]:
    """The market, from its first prices to its stop."""
    async with trio.open_nursery() as nursery:
        await nursery.start(market.run)
        yield
        market.stop()


async def played(market: StagedMarket) -> RunResult:
    async with running(market):
        market.begin()
        await market.played.wait()
    assert market.result is not None
    return market.result


async def test_ticks_and_entries_are_those_of_the_same_run_unserved(
    play: Play,
    stage: Callable[..., StagedMarket],
    listener: Listener,
    autojump_clock: trio.testing.MockClock,
) -> None:
    """One digest; the entries differ in nothing but the word for the clock."""
    alone = await trio.to_thread.run_sync(lambda: play(FALL, BTC=wobbling))
    result = await played(stage(FALL, 10.0))
    assert result.verdict is Verdict.PASSED
    assert result.digest == alone.result.digest
    assert listener.entries[1:] == alone.entries[1:]
    assert (alone.entries[0].data["clock"], listener.entries[0].data["clock"]) == ("virtual", "real x10")


async def test_readers_get_every_tick_of_every_cycle(
    stage: Callable[..., StagedMarket], autojump_clock: trio.testing.MockClock
) -> None:
    """The sinks of a live market, with the prices that the plan makes."""
    market = stage(FALL)
    seen: list[Tick] = []

    def take(published: Sequence[Published]) -> None:
        seen.extend(one for one in published if isinstance(one, Tick) and one.symbol == "BTC-USD")

    market.sinks.append(take)
    result = await played(market)
    (told,) = [one for one in result.symbols if one.symbol == "BTC-USD"]
    assert [one.seq for one in seen] == list(range(1, len(seen) + 1))
    assert len(seen) >= result.cycles >= 20
    assert min(one.price for one in seen[: result.cycles]) == told.low


async def test_prices_wait_for_the_plan_and_go_on_without_its_effects(
    stage: Callable[..., StagedMarket], autojump_clock: trio.testing.MockClock
) -> None:
    """The first prices are out before it begins; afterwards they are the base feed's, until the stop."""
    market = stage(FALL)
    times: list[float] = []
    market.sinks.append(lambda _published: times.append(trio.current_time()))
    async with running(market):
        await trio.testing.wait_all_tasks_blocked()
        assert len(times) == 1
        market.begin()
        await market.played.wait()
        before = len(times)
        await trio.sleep(30)
        assert len(times) - before == pytest.approx(30, abs=1)
        quote = market.tape.quote("BTC-USD")
        assert quote.price == quote.reference


async def test_a_market_of_another_day_is_not_late(
    stage: Callable[..., StagedMarket], autojump_clock: trio.testing.MockClock
) -> None:
    """Lag is against the pace that was asked for, not against the machine's date; a held-up loop has some."""
    market = stage(FALL, 10.0)
    lags: list[float] = []

    def hold_up(_published: Sequence[Published]) -> None:
        lags.append(market.lag_s)
        if len(lags) == 5:
            autojump_clock.jump(0.35)

    market.sinks.append(hold_up)
    await played(market)
    assert max(lags[1:5]) == pytest.approx(0, abs=0.01)
    assert lags[5] == pytest.approx(0.25, abs=0.01)
    assert lags[-1] == pytest.approx(0, abs=0.01)


async def test_scenario_time_passes_at_the_speed_asked_for(
    stage: Callable[..., StagedMarket], autojump_clock: trio.testing.MockClock
) -> None:
    """Twenty seconds at ten times the speed take two."""
    start_s = trio.current_time()
    result = await played(stage(FALL, 10.0))
    assert result.lasted_ns == 20 * SECOND
    assert trio.current_time() - start_s == pytest.approx(2, abs=0.3)


async def test_a_plan_that_asks_for_too_much_is_refused_before_anything_is_served(
    stage: Callable[..., StagedMarket],
) -> None:
    """As without readers."""
    with pytest.raises(UnavailableError, match="MD25"):
        stage("requires: [confidence(BTC-USD) > 0.5]\nsteps: [{wait: 1s}]\n")
