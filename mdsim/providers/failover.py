"""Who leads for an instrument: the first choice while it is well, the next one while it is not.

Pure. The agreed price rests on every source that is well; the lead says which of them an operator chose
to trust first, and a change of it is an alert. A source that comes back leads again only when it has
been well for a while, so that a flapping one does not flap the lead.
"""

from __future__ import annotations

from collections.abc import Sequence

from mdsim.core.sourcing import SourceTerms
from mdsim.core.time import SECOND, format_duration
from mdsim.providers.wire import SourceEvent

STALE_NS = 30 * SECOND
RETURN_NS = 30 * SECOND


class _Standing:
    """One source for one instrument; ``since_ns``: well without a break since then, -1 while it is not."""

    __slots__ = ("last_ns", "since_ns", "stale", "terms")

    def __init__(self, terms: SourceTerms) -> None:
        self.terms = terms
        self.last_ns = -1
        self.since_ns = -1
        self.stale = False


class Failover:
    """The lead of every instrument."""

    def __init__(self, terms: Sequence[SourceTerms], start_ns: int) -> None:
        self._start_ns = start_ns
        ranked = sorted(terms, key=lambda item: item.rank)
        self._standings: dict[str, dict[str, _Standing]] = {}
        for item in ranked:
            for symbol in item.symbols:
                self._standings.setdefault(symbol, {})[item.name] = _Standing(item)
        self._leads: dict[str, str] = {}

    def lead(self, symbol: str) -> str:
        """The source that leads, empty while none is well."""
        return self._leads.get(symbol, "")

    def heard(self, source: str, symbol: str, now_ns: int) -> None:
        """A report came."""
        standing = self._standings.get(symbol, {}).get(source)
        if standing is not None:
            standing.last_ns = now_ns
            if standing.since_ns < 0:
                standing.since_ns = now_ns

    def failed(self, source: str) -> None:
        """Its connection is gone: nobody waits thirty seconds to see it."""
        for standings in self._standings.values():
            if source in standings:
                standings[source].since_ns = -1

    def refused(self, source: str, symbol: str) -> None:
        """It does not list the instrument."""
        self._standings.get(symbol, {}).pop(source, None)

    def look(self, now_ns: int) -> list[SourceEvent]:
        """What changed up to now: sources gone stale and come back, leads that passed on."""
        events: list[SourceEvent] = []
        for symbol, standings in self._standings.items():
            for name, standing in standings.items():
                events += self._staleness(name, symbol, standing, now_ns)
            lead, best = self.lead(symbol), self._best(symbol, now_ns)
            if best == lead:
                continue
            began = symbol in self._leads
            self._leads[symbol] = best
            if began and not self._settling(symbol, lead, best, now_ns):
                detail = f"{lead or 'nobody'} → {best}" if best else f"{lead} is gone, and no other is well"
                events.append(
                    SourceEvent(now_ns, best or lead, "failover", symbol, detail, was=lead, leads=best)
                )
        return events

    def _settling(self, symbol: str, lead: str, best: str, now_ns: int) -> bool:
        """At the start whoever connects first leads; that a better choice then does is no alert."""
        standings = self._standings[symbol]
        known = lead in standings and standings[lead].since_ns >= 0 and best in standings
        return known and now_ns - self._start_ns <= STALE_NS

    def _staleness(self, name: str, symbol: str, standing: _Standing, now_ns: int) -> list[SourceEvent]:
        bound_ns = max(STALE_NS, standing.terms.max_age_ns)
        age_ns = now_ns - (self._start_ns if standing.last_ns < 0 else standing.last_ns)
        stale = age_ns > bound_ns
        if stale:
            standing.since_ns = -1
        if stale == standing.stale:
            return []
        standing.stale = stale
        detail = f"nothing for {format_duration(age_ns // SECOND * SECOND)}" if stale else ""
        return [SourceEvent(now_ns, name, "stale" if stale else "fresh", symbol, detail)]

    def _best(self, symbol: str, now_ns: int) -> str:
        """The first choice among those that are well; one before the present lead must have proved itself."""
        lead = self._standings[symbol].get(self.lead(symbol))
        waits = lead is not None and lead.since_ns >= 0 and now_ns - self._start_ns > STALE_NS
        for name, standing in self._standings[symbol].items():
            if standing is lead and lead.since_ns >= 0:
                return name
            if standing.since_ns >= 0 and (not waits or now_ns - standing.since_ns >= RETURN_NS):
                return name
        return ""
