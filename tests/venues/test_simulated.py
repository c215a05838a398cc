"""Simulated venues: what they say is a function of the market, of their seeds and of time alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import fmean, pstdev

from mdsim.core.decimals import log
from mdsim.core.instruments import ALL
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
        assert all(late - early == venue.every_ns for early, late in zip(times[1:], times[2:], strict=False))


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


def test_quotes_are_never_crossed_and_on_the_venues_grid(
    around: Around, profiles: tuple[Venue, ...]
) -> None:
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
