"""The sessions of one recorded source, called with what was recorded at the times at which it came."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mdsim.core.errors import DataError
from mdsim.core.instruments import Catalogue, Instrument
from mdsim.core.sourcing import Report, SourceTerms
from mdsim.core.spelling import shown
from mdsim.providers.link import Link, Newness
from mdsim.providers.session import REST, Counters, Offer, ProviderType, Refuse, SessionRequest
from mdsim.providers.specs import providers
from mdsim.providers.wire import CLOSED, OPENED, TURNED, Heard
from mdsim.replays.format import RecordedTerms

Sink = Callable[[Sequence[Report]], None]


class RecordedSource:
    """One source of a recording: the same adapter, without sockets and clocks.

    Attributes:
        refused: instruments that the provider did not list, with what it said.
        spoken: instruments that it has reported.
        duplicates: reports that two overlapping connections both gave.
        connections: opened so far.
    """

    def __init__(self, recorded: RecordedTerms, catalogue: Catalogue, sink: Sink, label: str) -> None:
        """Find its adapter and its instruments.

        Raises:
            DataError: one of them is not known here.
        """
        self.recorded = recorded
        self.name = recorded.name
        self._provider, self._offer = _offer(recorded, label)
        self._instruments = tuple(_instrument(symbol, catalogue, label) for symbol in recorded.symbols)
        self._sink = sink
        self._links: dict[int, Link] = {}
        self._newness = Newness(self._offer.age_limit_ns(recorded.interval_ns))
        self._past = Counters()
        self.refused: dict[str, str] = {}
        self.spoken: dict[str, None] = {}
        self.duplicates = self.connections = 0

    @property
    def terms(self) -> SourceTerms:
        """What consensus must know of it; without instruments that it has refused so far."""
        recorded = self.recorded
        return SourceTerms(
            name=recorded.name,
            kind="poll" if recorded.kind == REST else "stream",
            tier=recorded.tier,
            priority=recorded.priority,
            aggregator=self._provider.aggregator,
            max_age_ns=self._offer.age_limit_ns(recorded.interval_ns),
            symbols=tuple(symbol for symbol in recorded.symbols if symbol not in self.refused),
        )

    @property
    def settled(self) -> bool:
        """Whether it has spoken for, or refused, everything it is to report."""
        return all(symbol in self.refused or symbol in self.spoken for symbol in self.recorded.symbols)

    @property
    def counters(self) -> Counters:
        """The sums over every connection so far."""
        total = Counters()
        for part in (self._past, *(link.session.counters for link in self._links.values())):
            total.add(part)
        return total

    def play(self, heard: Heard) -> None:
        """Do once more what was done when this came; what a session asks for is in the recording already."""
        now_ns = heard.recv_ns
        if heard.kind == OPENED:
            self._open(heard.connection, now_ns)
            return
        link = self._links.get(heard.connection)
        if link is None:
            return  # of an attempt that never stood, or of a connection whose opening was lost
        if heard.kind == CLOSED:
            del self._links[heard.connection]
            self._past.add(link.session.counters)
        elif heard.kind == TURNED:
            for action in link.turn(now_ns):
                if isinstance(action, Refuse):
                    self.refused[action.symbol] = action.reason
        else:
            link.deliver(heard, now_ns)

    def _open(self, number: int, now_ns: int) -> None:
        recorded = self.recorded
        wanted = tuple(item for item in self._instruments if item.symbol not in self.refused)
        request = SessionRequest(recorded.name, recorded.url, wanted, recorded.keyed, recorded.interval_ns)
        link = Link(self._offer.open(request), number, self._give)
        self._links[number] = link
        self.connections += 1
        link.start(now_ns)

    def _give(self, reports: Sequence[Report]) -> None:
        passed = self._newness.of(reports)
        self.duplicates += len(reports) - len(passed)
        for report in passed:
            self.spoken[report.symbol] = None
        if passed:
            self._sink(passed)


def _offer(recorded: RecordedTerms, label: str) -> tuple[ProviderType, Offer]:
    provider = providers().get(recorded.provider)
    offer = None if provider is None else provider.offer(recorded.kind)
    if provider is None or offer is None:
        what = f"{shown(recorded.provider)} over {shown(recorded.kind)}"
        raise DataError(
            "MD655",
            f"{label}:1: this mdsim does not read {what}",
            hint="replay it with the mdsim that wrote it, or take that source out of the first line",
        )
    return provider, offer


def _instrument(symbol: str, catalogue: Catalogue, label: str) -> Instrument:
    if symbol not in catalogue:
        raise DataError(
            "MD655",
            f"{label}:1: {shown(symbol)} is no instrument here",
            hint="add it to supported_symbols of the configuration that replays it",
        )
    return catalogue[symbol]
