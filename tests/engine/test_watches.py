"""Conditions are three-valued, typed, and remember how long they have held."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from mdsim.core.conditions import All, Any, Compare, Condition, Flag, Metric, Not, ProbeField, Within
from mdsim.core.errors import UnavailableError
from mdsim.core.seeds import SeedTree
from mdsim.core.time import MINUTE, SECOND
from mdsim.engine.market import Market
from mdsim.engine.view import View
from mdsim.engine.watches import Monitor, Watch, compile_condition
from mdsim.microstructure.room import Microstructure

PRICE = Metric("price", "BTC-USD")
TRUE = Compare(PRICE, ">", Decimal(1))
FALSE = Compare(PRICE, "<", Decimal(1))
UNKNOWN = Compare(Metric("change", "BTC-USD", over_ns=MINUTE), "<", Decimal("-0.1"))


class Market1:
    """A published market of scripted prices, one cycle a second."""

    def __init__(self, feed: object) -> None:
        self.feed = feed
        self.market = Market(feed.catalogue)  # type: ignore[attr-defined]  # a fake feed
        self.probes: dict[str, dict[str, Decimal | float | int | str | None]] = {"risk": {"ok": 1}}
        catalogue, start_ns = self.market.catalogue, feed.start_ns  # type: ignore[attr-defined]  # a fake feed
        self.micro = Microstructure(catalogue, SeedTree(1), start_ns, SECOND)
        self.view = View(self.market, feed, self.micro, self.probes)  # type: ignore[arg-type]  # a fake feed

    def cycle(self, second: int) -> int:
        """Publish one second's prices and tell the time of it."""
        now_ns: int = self.feed.start_ns + second * SECOND  # type: ignore[attr-defined]  # a fake feed
        self.feed.advance(now_ns)  # type: ignore[attr-defined]  # a fake feed
        logs = self.feed.log_prices  # type: ignore[attr-defined]  # a fake feed
        mids = self.market.on_grid(logs)
        self.micro.advance(now_ns, mids)
        self.market.publish(now_ns, mids, self.micro.bids, self.micro.asks, logs)
        self.view.refresh(now_ns)
        return now_ns


@pytest.fixture
def falling(scripted: Callable[..., object]) -> Market1:
    """BTC falls by 100 USD a second from 60,000."""
    market = Market1(scripted("BTC-USD", "ETH-USD", BTC=lambda at_s: 60_000 - 100 * at_s))
    market.cycle(0)
    return market


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        (TRUE, True),
        (FALSE, False),
        (UNKNOWN, None),
        (Not(TRUE), False),
        (Not(UNKNOWN), None),
        (All((TRUE, UNKNOWN)), None),
        (All((FALSE, UNKNOWN)), False),
        (Any((TRUE, UNKNOWN)), True),
        (Any((FALSE, UNKNOWN)), None),
        (Any((FALSE, FALSE)), False),
        (Within(PRICE, Decimal(60_000), Decimal(60_000)), True),
        (Within(PRICE, Decimal("60000.01"), Decimal(70_000)), False),
        (Compare(PRICE, "==", Decimal("60000.00")), True),
        (Compare(Metric("state", "BTC-USD"), "==", "LIVE"), True),
        (Flag(ProbeField("risk", "ok")), True),
        (Compare(ProbeField("risk", "mode"), "==", "NORMAL"), None),
    ],
)
def test_truth_has_three_values(falling: Market1, condition: Condition, truth: bool | None) -> None:
    """Kleene's tables: unknown decides nothing that the other side can decide."""
    assert compile_condition(condition, falling.view)(0) is truth


def test_a_held_condition_comes_true_only_after_its_time(falling: Market1) -> None:
    """`for 3s` counts from the first cycle that it is true, and starts over when it is not."""
    test = compile_condition(Compare(PRICE, "<", Decimal(59_850), for_ns=3 * SECOND), falling.view)
    seen = [test(falling.cycle(second)) for second in range(1, 7)]
    assert seen == [False, False, False, False, True, True]


def test_a_held_condition_forgets_when_it_breaks(scripted: Callable[..., object]) -> None:
    """A single cycle on the other side starts the count again; before the first, nothing can be told."""
    market = Market1(scripted("BTC-USD", BTC=lambda at_s: 100.0 if at_s != 3 else 300.0))
    test = compile_condition(Compare(PRICE, "<", Decimal(200), for_ns=2 * SECOND), market.view)
    assert [test(market.cycle(second)) for second in range(7)] == [
        None,
        None,
        True,
        False,
        False,
        False,
        True,
    ]


def test_every_term_counts_its_time_even_behind_a_decided_one(falling: Market1) -> None:
    """In `a or (b for 2s)` the second term keeps counting while the first is true."""
    early = Compare(PRICE, ">", Decimal(59_750))
    held = Compare(PRICE, "<", Decimal(59_950), for_ns=2 * SECOND)
    test = compile_condition(Any((early, held)), falling.view)
    assert [test(falling.cycle(second)) for second in range(1, 5)] == [True, True, True, True]


def test_a_watch_looks_from_the_cycle_after_its_stamp(falling: Market1) -> None:
    """The engine asks it only later; the watch itself reports truth and nothing else."""

    class Clock:
        paused = False

        def scenario_time(self, engine_ns: int) -> int:
            return engine_ns

    watch = Watch(Clock(), (1,), "a/1", 5, compile_condition(TRUE, falling.view))
    assert watch.step(6) is True
    assert watch.once


def test_a_monitor_counts_and_tells_the_first_break_alone(falling: Market1) -> None:
    """Always price > 59,750 breaks from the third second on; it is told once, with its time."""

    class Clock:
        paused = False

        def scenario_time(self, engine_ns: int) -> int:
            return engine_ns

    told: list[int] = []
    test = compile_condition(Compare(PRICE, ">", Decimal(59_750)), falling.view)
    monitor = Monitor(Clock(), (1,), "a", 0, test, broken_when=False, on_first=told.append)
    times = [falling.cycle(second) for second in range(1, 6) if not monitor.step(falling.cycle(second))]
    assert (monitor.cycles, monitor.broken, monitor.unknown) == (5, 3, 0)
    assert told == [times[2]]


def test_a_metric_nobody_measures_is_refused_with_those_that_are(falling: Market1) -> None:
    """The refusal comes before the run and names the metric."""
    with pytest.raises(UnavailableError, match="confidence"):
        falling.view.require(Compare(Metric("confidence", "BTC-USD"), ">", Decimal("0.5")))


def test_an_instrument_outside_the_market_is_refused(falling: Market1) -> None:
    """The refusal names the symbol."""
    with pytest.raises(UnavailableError, match="USDC-USD"):
        falling.view.require(Compare(Metric("price", "USDC-USD"), ">", Decimal("0.5")))
