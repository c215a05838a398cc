"""Simulated venues: what they say is a function of the market, of their seeds and of time alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from statistics import fmean, pstdev

import pytest

from mdsim.core.decimals import log
from mdsim.core.impairing import Disturbance
from mdsim.core.instruments import ALL
from mdsim.core.params import Value
from mdsim.core.seeds import SeedTree
from mdsim.core.sourcing import Report
from mdsim.core.time import MINUTE, MS, SECOND
from mdsim.venues.simulated import SimulatedVenues
from mdsim.venues.venue import Venue

Around = Callable[..., SimulatedVenues]


def told(venues: SimulatedVenues, until_ns: int, every_ns: int) -> list[Report]:
    """Everything said in cycles of a length."""
    start_ns = venues.base.start_ns
    found: list[Report] = []
    for now_ns in range(start_ns, start_ns + until_ns + 1, every_ns):
        found += venues.drain(now_ns)
    return found


def test_everyone_tells_the_present_at_once(around: Around) -> None:
    """The first cycle has a report of every listing, so that a market can open."""
    venues = around()
    first = venues.drain(venues.base.start_ns)
    assert [(one.source, one.symbol) for one in first] == [
        (terms.name, symbol) for terms in venues.terms for symbol in terms.symbols
    ]
    assert {one.ts_recv_ns for one in first} == {venues.base.start_ns}


def test_each_speaks_at_its_own_pace(around: Around, profiles: tuple[Venue, ...]) -> None:
    """In a minute of short cycles a venue reports an instrument once in its period."""
    found = told(around(), MINUTE, 10 * MS)
    for venue in profiles:
        symbol = venue.listings[0].symbol
        times = [one.ts_recv_ns for one in found if (one.source, one.symbol) == (venue.name, symbol)]
        assert abs(len(times) - 1 - MINUTE // venue.every_ns) <= 1
        assert all(late - early == venue.every_ns for early, late in pairwise(times[1:]))


def test_the_cycle_interval_has_no_say(around: Around) -> None:
    """Reports of coarse cycles are among those of fine cycles, to the digit."""
    coarse = told(around(), 20 * SECOND, SECOND)
    fine = {(one.source, one.symbol, one.ts_recv_ns): one for one in told(around(), 20 * SECOND, 50 * MS)}
    assert all(one == fine[one.source, one.symbol, one.ts_recv_ns] for one in coarse)


def test_one_venue_more_changes_nothing_of_the_others(around: Around) -> None:
    """Draws are keyed by venue and symbol."""
    alone = told(around(names=("kraken",)), 5 * SECOND, 100 * MS)
    together = [one for one in told(around(), 5 * SECOND, 100 * MS) if one.source == "kraken"]
    assert alone == together


def test_another_seed_says_something_else(around: Around) -> None:
    """The root seed moves every venue."""
    assert told(around(seed=1), SECOND, 100 * MS) != told(around(seed=2), SECOND, 100 * MS)


def test_quotes_are_never_crossed_and_on_the_venues_grid(around: Around, profiles: tuple[Venue, ...]) -> None:
    """Every bid is under its ask, every price a whole number of the venue's increments."""
    grids = {(venue.name, one.symbol): one.increment for venue in profiles for one in venue.listings}
    for one in told(around(), 10 * SECOND, 100 * MS):
        if one.bid is not None and one.ask is not None:
            assert 0 < one.bid < one.ask
        for price in (one.bid, one.ask, one.last):
            assert price is None or price % grids[one.source, one.symbol] == 0


def test_a_venue_wanders_around_the_market_as_far_as_it_says(
    around: Around, profiles: tuple[Venue, ...]
) -> None:
    """On a market that stands still the spread of its mids is its noise, and their mean the market."""
    kraken = next(one for one in profiles if one.name == "kraken")
    venues = around(names=("kraken",))
    level = venues.base.log_prices[ALL.index["BTC-USD"]]
    strays = [
        math.log((float(one.bid) + float(one.ask)) / 2) - level
        for one in told(venues, 40 * MINUTE, SECOND)
        if one.symbol == "BTC-USD" and one.bid is not None and one.ask is not None
    ]
    noise = kraken.noise_bps * 1e-4
    assert 0.8 * noise < pstdev(strays) < 1.2 * noise
    assert abs(fmean(strays)) < 0.25 * noise


def test_aggregators_tell_one_old_price(around: Around) -> None:
    """No quotes, a whole second for a time, and that one in the past."""
    one = around().drain(around().base.start_ns)
    old = [report for report in one if report.source in ("coingecko", "coinmarketcap")]
    assert old
    for report in old:
        assert report.bid is None
        assert report.ask is None
        assert report.last is not None
        assert abs(log(report.last) - around().base.log_prices[ALL.index[report.symbol]]) < 0.001
        assert report.ts_event_ns % SECOND == 0
        assert report.ts_event_ns < report.ts_recv_ns


def disturbance(venues: SimulatedVenues, source: str, **args: Value) -> Disturbance:
    """A ``feed`` step on a source, in force from the start."""
    seeds = SeedTree(7)
    return Disturbance(
        run="run",
        order=(0,),
        path="outage/1",
        since_ns=venues.base.start_ns,
        source=source,
        share=1.0,
        symbols=None,
        channel=None,
        args=args,
        rng=lambda *path: seeds.stream("step", *path),
    )


def cycles(venues: SimulatedVenues, first: int, last: int) -> list[Report]:
    """What is said in tenths of a second ``first`` to ``last``, without the last."""
    start_ns = venues.base.start_ns
    return [one for at in range(first, last) for one in venues.drain(start_ns + at * 100 * MS)]


def test_a_source_that_is_cut_off_says_nothing_and_comes_back(around: Around) -> None:
    """Others go on to the digit; every report that was lost is told."""
    calm, hurt = around(), around()
    before = cycles(hurt, 0, 10)
    assert before == cycles(calm, 0, 10)
    hurt.disturb([disturbance(hurt, "kraken", disconnect=True)])
    during, undisturbed = cycles(hurt, 10, 30), cycles(calm, 10, 30)
    assert during == [one for one in undisturbed if one.source != "kraken"]
    told = [one for one in hurt.injections() if one.symbol]
    assert len(told) == len(undisturbed) - len(during)
    assert {one.at for one in told} == {"kraken"}
    hurt.disturb([])
    assert cycles(hurt, 30, 50) == cycles(calm, 30, 50)
    assert not hurt.injections()


def test_latency_makes_a_report_arrive_late_with_its_old_time(around: Around) -> None:
    """What was said 900 ms ago is received now; nothing is lost when the fault ends."""
    calm, hurt = around(names=("binance",)), around(names=("binance",))
    cycles(calm, 0, 1), cycles(hurt, 0, 1)
    hurt.disturb([disturbance(hurt, "binance", latency=900 * MS)])
    during, undisturbed = cycles(hurt, 1, 40), cycles(calm, 1, 40)
    late = {(one.symbol, one.seq): one for one in during}
    assert len(late) == len([one for one in undisturbed if one.ts_recv_ns <= calm.base.start_ns + 3 * SECOND])
    for one in undisturbed:
        if (one.symbol, one.seq) in late:
            assert late[one.symbol, one.seq].ts_recv_ns == one.ts_recv_ns + 900 * MS
            assert late[one.symbol, one.seq].ts_event_ns == one.ts_event_ns
    hurt.disturb([])
    assert len(during) + len(cycles(hurt, 40, 60)) == len(undisturbed) + len(cycles(calm, 40, 60))


def test_shifts_that_multiply_come_to_a_price_that_can_be_written(around: Around) -> None:
    """Each within its bounds, and beyond all digits together; what is damaged as well is no number still."""
    hurt = around(names=("kraken",))
    shifts = [
        replace(disturbance(hurt, "kraken", decimals=Decimal(12), corrupt=Decimal("0.5")), path=f"{at}")
        for at in range(200)
    ]
    hurt.disturb(shifts)
    last = [one.last for one in cycles(hurt, 0, 5)]
    assert last
    assert all(price is not None and (price.is_nan() or price == Decimal("1e20")) for price in last)


def test_an_outlier_and_a_shifted_point_change_prices_alone(around: Around) -> None:
    """Five percent more, and a hundred times less: bid, ask and last together."""
    calm, hurt = around(names=("kraken",)), around(names=("kraken",))
    hurt.disturb([disturbance(hurt, "kraken", outlier=Decimal("0.05"), decimals=Decimal(-2))])
    for wrong, right in zip(cycles(hurt, 0, 5), cycles(calm, 0, 5), strict=True):
        assert wrong.symbol == right.symbol
        for one, other in ((wrong.bid, right.bid), (wrong.ask, right.ask), (wrong.last, right.last)):
            assert one is not None
            assert other is not None
            assert float(one) == pytest.approx(float(other) * 1.05 / 100)
