"""One cycle through the rooms: what conditions in force do to what is published."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import pytest

from mdsim.chaos.shapes import shipped
from mdsim.core.conditions import Metric
from mdsim.core.params import Symbols, Value
from mdsim.core.ports import EffectType
from mdsim.core.registry import discover
from mdsim.core.seeds import SeedTree
from mdsim.core.time import SECOND
from mdsim.engine.commands import Command, CutEffect, ReleaseRun, StartEffect
from mdsim.engine.corridor import Engine

if TYPE_CHECKING:
    from tests.conftest import FeedMaker

EFFECTS = discover("mdsim.chaos.effects", "EFFECT", EffectType)
BTC, ETH = 0, 1


class Bench:
    """An engine at work, in whole seconds since its start."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.start_ns = engine.feed.start_ns
        self.at = -1
        self.to(0)

    def to(self, at: int) -> Bench:
        """One cycle every second up to this one."""
        while self.at < at:
            self.at += 1
            self.engine.cycle(self.start_ns + self.at * SECOND)
        return self

    def start(self, verb: str, step: str = "step", symbol: str | None = None, **written: Value) -> Bench:
        args = {param.name: param.default for param in EFFECTS[verb].params} | {"symbol": symbol, **written}
        action = StartEffect(verb, args, 0, SeedTree(1))
        self.engine.submit(Command(self.start_ns + self.at * SECOND, (0,), "run", step, action))
        return self

    def cut(self, step: str = "step") -> Bench:
        self.engine.submit(Command(self.start_ns + self.at * SECOND, (0,), "run", step, CutEffect()))
        return self

    def read(self, metric: str, symbol: str = "BTC-USD", over: int = 0) -> object:
        return self.engine.view.reader(Metric(metric, symbol, over_ns=over * SECOND))()


BenchMaker = Callable[[], Bench]


@pytest.fixture
def benches(scripted: FeedMaker) -> BenchMaker:
    """Makes markets whose BTC loses a dollar a second."""
    return lambda: Bench(Engine(scripted(BTC=lambda at_s: 60_000.0 - at_s), EFFECTS, shipped()))


@pytest.fixture
def bench(benches: BenchMaker) -> Bench:
    return benches()


class TestHalt:
    """Nothing is published of an instrument, and everything of the others."""

    def test_the_last_quote_stands_and_grows_old(self, bench: Bench) -> None:
        """Then the market goes on where its base is by now."""
        market = bench.engine.market
        bench.to(5).start("halt", symbol="BTC-USD")
        quote = (market.mids[BTC], market.bids[BTC], market.asks[BTC])
        tick = market.tick(BTC)
        bench.to(15)
        assert (market.mids[BTC], market.bids[BTC], market.asks[BTC]) == quote
        assert market.tick(BTC) == msgspec.structs.replace(tick, reference=Decimal("59985.00"))
        assert (bench.read("state"), bench.read("age")) == ("HALTED", 10 * SECOND)
        bench.cut().to(16)
        assert market.tick(BTC).price == Decimal("59984.00")
        assert (bench.read("state"), bench.read("age")) == ("LIVE", 0)

    def test_its_ticks_are_not_counted(self, bench: Bench) -> None:
        """Neither in the market's sum nor in the instrument's sequence, which has no gap."""
        market, size = bench.engine.market, len(bench.engine.market.catalogue)
        bench.to(5).start("halt", symbol="BTC-USD").to(15).cut().to(20)
        assert (market.cycles, market.ticks) == (21, 21 * size - 10)
        assert (market.tick(BTC).seq, market.tick(ETH).seq) == (11, 21)

    def test_others_go_on(self, bench: Bench) -> None:
        """A cross rate of the asset too: it is another instrument."""
        bench.start("halt", symbol="BTC-USD").to(10)
        assert (bench.read("state", "ETH-USD"), bench.read("age", "ETH-USD")) == ("LIVE", 0)
        assert bench.read("price", "BTC-ETH") == Decimal("19.9967")

    def test_the_rate_falls(self, bench: Bench) -> None:
        """Ticks a second over the last minute."""
        reader = bench.engine.view.reader(Metric("rate", "BTC-USD"))
        bench.to(61).start("halt", symbol="BTC-USD").to(91)
        assert reader() == pytest.approx(0.5, abs=0.02)

    def test_nothing_trades(self, bench: Bench) -> None:
        """No prints while it is in force, whatever the volume."""
        micro, start_ns = bench.engine.micro, bench.start_ns
        bench.start("halt", symbol="BTC-USD").start("market", "busy", volume=Decimal(50)).to(30)
        assert micro.prints(BTC, start_ns + SECOND, start_ns + 30 * SECOND) == []
        assert micro.prints(ETH, start_ns + SECOND, start_ns + 30 * SECOND) != []

    def test_a_halt_of_everything_ends_with_the_run(self, bench: Bench) -> None:
        """A release is an end like any other."""
        bench.start("halt", symbols=Symbols(every=True)).to(3)
        market = bench.engine.market
        assert all(market.halted(at) for at in range(len(market.catalogue)))
        bench.engine.submit(Command(bench.start_ns + 3 * SECOND, (1,), "run", "", ReleaseRun()))
        bench.to(4)
        assert not any(market.halted(at) for at in range(len(market.catalogue)))


class TestMarket:
    """Factors reach the microstructure."""

    def test_the_spread_widens_and_closes_again(self, bench: Bench, benches: BenchMaker) -> None:
        """By the factor; afterwards exactly what it would have been."""
        calm, wide = benches().to(10), bench.start("market", symbol="ETH-USD", spread=Decimal(20)).to(10)
        assert wide.read("spread", "ETH-USD") == pytest.approx(
            20.0 * float(str(calm.read("spread", "ETH-USD"))), rel=0.05
        )
        assert wide.read("spread") == calm.read("spread")
        assert wide.cut().to(11).read("spread", "ETH-USD") == calm.to(11).read("spread", "ETH-USD")

    def test_the_book_thins_and_fills_again(self, bench: Bench, benches: BenchMaker) -> None:
        """Likewise."""
        calm, thin = benches().to(10), bench.start("market", symbol="BTC-USD", depth=Decimal("0.1")).to(10)
        assert thin.engine.micro.depth_usd(BTC) == pytest.approx(
            tuple(0.1 * side for side in calm.engine.micro.depth_usd(BTC))
        )
        assert thin.cut().to(11).engine.micro.depth_usd(BTC) == calm.to(11).engine.micro.depth_usd(BTC)

    def test_trades_can_be_switched_off(self, bench: Bench) -> None:
        """Quotes go on."""
        bench.start("market", symbol="BTC-USD", trades="off").to(30)
        start_ns = bench.start_ns
        assert bench.engine.micro.prints(BTC, start_ns + SECOND, start_ns + 30 * SECOND) == []
        assert bench.engine.market.tick(BTC).seq == 31
