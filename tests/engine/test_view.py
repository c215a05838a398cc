"""The view measures what the language promises, in the units it promises."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest

from mdsim.core.conditions import Aggregation, Compare, Metric
from mdsim.core.ports import BaseFeed
from mdsim.core.seeds import SeedTree
from mdsim.core.time import MINUTE, SECOND
from mdsim.engine.corridor import Engine
from mdsim.engine.market import Market
from mdsim.engine.view import View, known_metrics, label, show
from mdsim.microstructure.room import Microstructure


@pytest.fixture
def view(scripted: Callable[..., object]) -> View:
    """Five seconds of BTC falling from 60,000 by 1,000 a second, with a published price 1 % lower."""
    feed = scripted("BTC-USD", "ETH-USD", "BTC-USD-PERP", BTC=lambda at_s: 60_000 - 1_000 * at_s)
    market = Market(feed.catalogue)  # type: ignore[attr-defined]  # a fake feed
    micro = Microstructure(feed.catalogue, SeedTree(1), feed.start_ns, SECOND)  # type: ignore[attr-defined]  # a fake feed
    view = View(market, feed, micro, {})  # type: ignore[arg-type]  # a fake feed
    for metric in (*METRICS, *VOLUMES):
        view.reader(metric)
    for second in range(6):
        now_ns = feed.start_ns + second * SECOND  # type: ignore[attr-defined]  # a fake feed
        feed.advance(now_ns)  # type: ignore[attr-defined]  # a fake feed
        base = feed.log_prices  # type: ignore[attr-defined]  # a fake feed
        mids = market.on_grid([base[0] - 0.01, *base[1:]])
        micro.advance(now_ns, mids)
        market.publish(now_ns, mids, micro.bids, micro.asks, base)
        view.refresh(now_ns)
    return view


VOLUMES = tuple(Metric("volume", "BTC-USD", over_ns=over * SECOND) for over in (4, 60))
METRICS = {
    Metric("price", "BTC-USD"): Decimal("54452.74"),
    Metric("reference", "BTC-USD"): Decimal("55000.00"),
    Metric("deviation", "BTC-USD"): -0.00995,
    Metric("change", "BTC-USD", over_ns=2 * SECOND): 55 / 57 - 1,
    Metric("drawdown", "BTC-USD", over_ns=3 * SECOND): 1 - 55 / 58,
    Metric("age", "BTC-USD"): 0,
    Metric("state", "BTC-USD"): "LIVE",
    Metric("basis", "BTC-USD-PERP", versus="BTC-USD"): 0.01005,
    Metric("price", "BTC-USD", aggregate=Aggregation.MIN): Decimal("54452.74"),
    Metric("deviation", "BTC-USD", aggregate=Aggregation.COUNT): 6,
}


@pytest.mark.parametrize("metric", list(METRICS), ids=label)
def test_a_metric_reads_as_defined(view: View, metric: Metric) -> None:
    """Prices are exact Decimals on the grid, ratios floats, ages nanoseconds."""
    wanted, value = METRICS[metric], view.reader(metric)()
    if isinstance(wanted, float):
        assert value == pytest.approx(wanted, abs=1e-5)
    else:
        assert value == wanted


def test_bid_and_ask_stand_around_the_price(view: View) -> None:
    """The quote is never crossed and the mid lies on the grid inside it."""
    bid, price, ask = (view.reader(Metric(name, "BTC-USD"))() for name in ("bid", "price", "ask"))
    assert isinstance(bid, Decimal)
    assert isinstance(ask, Decimal)
    assert isinstance(price, Decimal)
    assert bid <= price <= ask
    assert bid < ask
    spread = view.reader(Metric("spread", "BTC-USD"))()
    assert spread == pytest.approx(float((ask - bid) / price))


def test_volume_adds_up_what_traded_in_its_window(view: View) -> None:
    """It equals the sum of the prints, and is unknown until the window is full."""
    short, long = VOLUMES
    assert view.reader(long)() is None
    total = view.reader(short)()
    assert isinstance(total, Decimal)
    assert total >= 0


def test_what_was_seen_is_told_with_units(view: View) -> None:
    """A verdict shows the metric as written and its value as a person reads it."""
    condition = Compare(Metric("change", "BTC-USD", over_ns=2 * SECOND), "<", Decimal("-0.1"))
    assert view.seen(condition) == (("change(BTC-USD over 2s)", "-3.5088%"),)


def test_the_unknown_is_shown_as_such() -> None:
    """Never a number that was not measured."""
    assert show(Metric("price", "BTC-USD"), None) == "unknown"


def test_every_metric_this_view_knows_is_one_of_the_language() -> None:
    """The list that `mdsim list metrics` prints starts with the price."""
    assert known_metrics()[0] == "price"


def test_windows_of_a_fast_scenario_are_of_its_own_time(scripted: Callable[..., BaseFeed]) -> None:
    """At sixty times the speed of the market, five minutes are five seconds of it."""
    feed = scripted("BTC-USD", BTC=lambda at_s: 100.0 + at_s)
    engine = Engine(feed, {}, {})
    fast, real = engine.open_view(Fraction(60)), engine.open_view()
    change = Metric("change", "BTC-USD", over_ns=5 * MINUTE)
    read = {"fast": fast.reader(change), "real": real.reader(change)}
    for second in range(11):
        engine.cycle(feed.start_ns + second * SECOND)
    assert read["real"]() is None
    assert read["fast"]() == pytest.approx(110 / 105 - 1)
