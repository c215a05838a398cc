"""Venues around a base feed: what each provider would say of a market that needs no network."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from mdsim.core.decimals import from_steps
from mdsim.core.impairing import Disturbance, Injection, PipelineMaker
from mdsim.core.instruments import ASSETS, AssetKind, Catalogue, Instrument
from mdsim.core.keyed import at as bits_at
from mdsim.core.keyed import key_of
from mdsim.core.ports import BaseFeed
from mdsim.core.seeds import SeedTree
from mdsim.core.sourcing import Report, SourceTerms
from mdsim.core.time import MS, SECOND
from mdsim.venues.faults import ReportFaults
from mdsim.venues.venue import Listing, Venue
from mdsim.venues.wander import Wander

_CALM_NOISE = 0.1
_RECEIVED = attrgetter("ts_recv_ns")
_REMEMBER_EVERY_NS = 50 * MS
"""Finest grid of remembered prices; delays under half of a cycle or of this are not seen."""


@dataclass(slots=True)
class _Desk:
    """One instrument on one venue.

    Attributes:
        at: place of the instrument in the base feed's lists.
        phase_ns: where its reports fall within the venue's period.
        told_ns: time of its last report, -1 before the first.
    """

    venue: Venue
    listing: Listing
    at: int
    phase_ns: int
    wander: Wander
    increment: float
    told_ns: int = -1


class SimulatedVenues:
    """``ReportSource`` of every venue around one base feed.

    A report is a function of the base feed, of the venue's own seeds and of its time: cycles in between
    change nothing, and of several reports that fall into one cycle the newest is given.

    Attributes:
        base: the market they stand around; advanced by ``drain``.
    """

    def __init__(
        self, base: BaseFeed, venues: Iterable[Venue], seeds: SeedTree, pipelines: PipelineMaker
    ) -> None:
        self.base = base
        self._faults = ReportFaults(pipelines)
        index = base.catalogue.index
        listed = sorted(venues, key=attrgetter("name"))
        self._desks = [
            _desk(venue, one, base.catalogue, seeds)
            for venue in listed
            for one in venue.listings
            if one.symbol in index
        ]
        self.terms: tuple[SourceTerms, ...] = tuple(_terms(venue, index) for venue in listed)
        self.notes: tuple[str, ...] = (
            f"venues are simulated around these prices: {', '.join(one.name for one in self.terms)}",
        )
        self._oldest_ns = max((venue.delay_ns for venue in listed), default=0)
        self._past: deque[tuple[int, list[float]]] = deque()
        self._now_ns = base.start_ns

    def drain(self, now_ns: int) -> Sequence[Report]:
        """What the venues say up to ``now_ns``; advances the base feed."""
        self.base.advance(now_ns)
        self._now_ns = now_ns
        logs = self.base.log_prices
        self._remember(now_ns, logs)
        reports: list[Report] = []
        for desk in self._desks:
            every_ns = desk.venue.every_ns
            count, since_ns = divmod(now_ns - desk.phase_ns, every_ns)
            ts_ns = now_ns - since_ns
            if desk.told_ns < 0:
                # Whoever connects is told the present at once.
                ts_ns = now_ns
            elif ts_ns <= desk.told_ns:
                continue
            desk.told_ns = ts_ns
            reports.append(self._report(desk, ts_ns, count))
        reports.sort(key=_RECEIVED)
        return self._faults.through(reports, now_ns)

    def _remember(self, now_ns: int, logs: list[float]) -> None:
        past = self._past
        if past and now_ns - past[-1][0] < _REMEMBER_EVERY_NS:
            return
        past.append((now_ns, logs.copy()))
        while len(past) > 1 and past[1][0] <= now_ns - self._oldest_ns:
            past.popleft()

    def _level(self, at: int, ts_ns: int) -> float:
        """The market's log price at an instant: of the time nearest to it, now or remembered."""
        best, nearest_ns = self.base.log_prices[at], abs(self._now_ns - ts_ns)
        for then_ns, logs in reversed(self._past):
            gap_ns = abs(then_ns - ts_ns)
            if gap_ns > nearest_ns:
                break
            best, nearest_ns = logs[at], gap_ns
        return best

    def _report(self, desk: _Desk, ts_ns: int, count: int) -> Report:
        venue, listing = desk.venue, desk.listing
        event_ns = ts_ns - venue.delay_ns
        mid = math.exp(self._level(desk.at, event_ns) + desk.wander.at(ts_ns)) / desk.increment
        if venue.aggregator:
            last = from_steps(max(round(mid), 1), listing.increment)
            # Aggregators stamp whole seconds.
            event_ns = event_ns // SECOND * SECOND
            return Report(
                venue.name, listing.symbol, event_ns, ts_ns, 0, None, None, last, listing.volume_24h
            )
        half = mid * listing.spread_bps * 0.5e-4
        bid = max(math.floor(mid - half), 1)
        ask = max(math.ceil(mid + half), bid + 1)
        last_at = ask if bits_at(desk.phase_ns, count) & 1 else bid
        increment = listing.increment
        return Report(
            source=venue.name,
            symbol=listing.symbol,
            ts_event_ns=event_ns,
            ts_recv_ns=ts_ns,
            seq=count,
            bid=from_steps(bid, increment),
            ask=from_steps(ask, increment),
            last=from_steps(last_at, increment),
            volume_24h=listing.volume_24h,
        )

    def disturb(self, disturbances: Sequence[Disturbance]) -> None:
        """Let these, and only these, act from now on; each names its source."""
        self._faults.disturb(disturbances)

    def injections(self) -> Sequence[Injection]:
        """What disturbances have done since the last call."""
        return self._faults.injections()


def _calm(item: Instrument) -> bool:
    """Whether both sides of an instrument are worth a dollar."""
    return item.quote == "USD" and ASSETS[item.base].kind is AssetKind.STABLE


def _desk(venue: Venue, listing: Listing, catalogue: Catalogue, seeds: SeedTree) -> _Desk:
    at = catalogue.index[listing.symbol]
    noise_bps = venue.noise_bps * (_CALM_NOISE if _calm(catalogue.instruments[at]) else 1.0)
    key = key_of(seeds, "venue", venue.name, listing.symbol)
    return _Desk(
        venue=venue,
        listing=listing,
        at=at,
        # Whole milliseconds, so that times are as providers write them.
        phase_ns=bits_at(key, -1) % (venue.every_ns // MS) * MS,
        wander=Wander(key, noise_bps * 1e-4, venue.wander_ns),
        increment=float(listing.increment),
    )


def _terms(venue: Venue, index: Mapping[str, int]) -> SourceTerms:
    return SourceTerms(
        name=venue.name,
        kind="simulated",
        tier=venue.tier,
        priority=venue.priority,
        aggregator=venue.aggregator,
        max_age_ns=venue.max_age_ns,
        symbols=tuple(one.symbol for one in venue.listings if one.symbol in index),
    )
