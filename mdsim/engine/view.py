"""The read-only view: what conditions, reports and screens may ask of the market."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from mdsim.core.conditions import METRICS, Aggregation, Condition, Metric, ProbeField, Subject, subjects
from mdsim.core.decimals import from_steps, plain
from mdsim.core.errors import UnavailableError
from mdsim.core.params import Kind
from mdsim.core.ports import BaseFeed
from mdsim.core.sourcing import JudgedFeed
from mdsim.core.time import MINUTE, SECOND, format_duration
from mdsim.engine.market import Market
from mdsim.engine.windows import CorrelationWindow, Extremes, HighWindow, PastWindow, SumWindow
from mdsim.microstructure.room import Microstructure

Reading: TypeAlias = Decimal | float | int | str | None
Reader: TypeAlias = Callable[[], Reading]

_REAL = Fraction(1)


class View:
    """Metrics of the published market, by name.

    Windows are kept only for metrics somebody asked for (``require``), from that moment on.
    """

    def __init__(
        self,
        market: Market,
        feed: BaseFeed,
        micro: Microstructure,
        probes: Mapping[str, Mapping[str, Reading]],
        speed: Fraction = _REAL,
    ) -> None:
        """Look at a market.

        Args:
            market: what is published.
            feed: its base feed.
            micro: its trades.
            probes: last answers by probe and field.
            speed: how fast the scenario that asks goes against the market: windows are of its time.
        """
        self.market = market
        self._micro = micro
        self._feed = feed
        self._speed = speed
        self._judged = feed if isinstance(feed, JudgedFeed) else None
        self._probes = probes
        self._index = market.catalogue.index
        self._readers: dict[Subject, Reader] = {}
        self._refresh: list[Callable[[int], None]] = []

    def require(self, condition: Condition) -> None:
        """Start to measure everything that a condition asks for.

        Raises:
            UnavailableError: this market does not measure a metric; the message names it.
        """
        for subject in subjects(condition):
            self.reader(subject)

    def refresh(self, now_ns: int) -> None:
        """Feed the windows with a new publication; called once a cycle."""
        for push in self._refresh:
            push(now_ns)

    def reader(self, subject: Subject) -> Reader:
        """A function that reads one metric; None means unknown."""
        found = self._readers.get(subject)
        if found is None:
            found = self._readers[subject] = self._build(subject)
        return found

    def seen(self, condition: Condition) -> tuple[tuple[str, str], ...]:
        """What a condition looks at right now, as text for people."""
        return tuple((label(one), show(one, self.reader(one)())) for one in subjects(condition))

    def price(self, symbol: str) -> Decimal:
        """The published mid."""
        at = self._index[symbol]
        return self.market.decimal(at, self.market.mids[at])

    def _build(self, subject: Subject) -> Reader:
        if isinstance(subject, ProbeField):
            values = self._probes.get(subject.probe)
            if values is None:
                raise UnavailableError("MD251", f"no probe named {subject.probe!r} runs here")
            return lambda: values.get(subject.field)
        if subject.aggregate is not None:
            return self._aggregate(subject, subject.aggregate)
        if subject.symbol not in self._index or (subject.versus or subject.symbol) not in self._index:
            missing = subject.symbol if subject.symbol not in self._index else subject.versus
            raise UnavailableError("MD252", f"{missing} is not part of this market: {label(subject)}")
        if subject.source is not None or subject.name in _OF_SOURCES:
            self._check_judged(subject)
        return _BUILDERS[subject.name](self, subject)

    def _check_judged(self, subject: Metric) -> None:
        """Hold what is asked of sources against those there are."""
        if self._judged is None:
            raise UnavailableError(
                "MD253",
                f"{label(subject)} is not measured on this market: it has no sources",
                hint=f"measured here: {', '.join(sorted(set(_BUILDERS) - set(_OF_SOURCES)))}",
            )
        names = tuple(one.name for one in self._judged.sources)
        if subject.source is not None and subject.source not in names:
            raise UnavailableError(
                "MD254",
                f"{label(subject)}: this market has no source {subject.source}",
                hint=f"its sources are {', '.join(names)}",
            )

    def _aggregate(self, subject: Metric, aggregate: Aggregation) -> Reader:
        plain_metric = Metric(subject.name, subject.symbol, subject.versus, subject.source, subject.over_ns)
        read = self.reader(plain_metric)
        values = Extremes()

        def push(_now_ns: int) -> None:
            value = read()
            if value is not None and not isinstance(value, str):
                values.push(float(value))

        self._refresh.append(push)
        which = aggregate.value
        if subject.kind is Kind.PRICE:
            increment = self.market.catalogue[subject.symbol].price_increment

            def on_grid() -> Reading:
                value = values.summary(which)
                return None if value is None else Decimal(repr(value)).quantize(increment)

            return on_grid
        return lambda: values.summary(which)

    def _span_ns(self, subject: Metric) -> int:
        """A window in the market's time."""
        return max(1, math.floor(subject.over_ns / self._speed))

    def _steps(self, subject: Metric, which: str) -> Reader:
        at, market = self._index[subject.symbol], self.market
        return lambda: market.decimal(at, getattr(market, which)[at])

    def _reference(self, subject: Metric) -> Reader:
        at, market = self._index[subject.symbol], self.market
        return lambda: market.decimal(at, market.reference_steps(at))

    def _deviation(self, subject: Metric) -> Reader:
        at, market = self._index[subject.symbol], self.market
        return lambda: market.mids[at] / market.reference_steps(at) - 1.0

    def _spread(self, subject: Metric) -> Reader:
        at, market = self._index[subject.symbol], self.market
        return lambda: (market.asks[at] - market.bids[at]) / market.mids[at]

    def _change(self, subject: Metric) -> Reader:
        at, market, window = self._index[subject.symbol], self.market, PastWindow(self._span_ns(subject))
        self._refresh.append(lambda now_ns: window.push(now_ns, market.mids[at]))

        def read() -> Reading:
            past = window.ago()
            return None if past is None else market.mids[at] / past - 1.0

        return read

    def _drawdown(self, subject: Metric) -> Reader:
        at, market, window = self._index[subject.symbol], self.market, HighWindow(self._span_ns(subject))
        self._refresh.append(lambda now_ns: window.push(now_ns, market.mids[at]))

        def read() -> Reading:
            high = window.high()
            return None if high is None else 1.0 - market.mids[at] / high

        return read

    def _source_age(self, feed: JudgedFeed, at: int, source: str) -> Reader:
        market = self.market

        def read() -> Reading:
            updated_ns = feed.source_updated_ns(at, source)
            return None if updated_ns is None else max(0, market.now_ns - updated_ns)

        return read

    def _confidence(self, subject: Metric) -> Reader:
        at, feed = self._index[subject.symbol], self._judged
        return lambda: None if feed is None else feed.judgement(at).confidence

    def _sources(self, subject: Metric) -> Reader:
        at, feed = self._index[subject.symbol], self._judged
        return lambda: None if feed is None else feed.judgement(at).used

    def _age(self, subject: Metric) -> Reader:
        if subject.source is not None and self._judged is not None:
            return self._source_age(self._judged, self._index[subject.symbol], subject.source)
        at, market, feed = self._index[subject.symbol], self.market, self._feed
        return lambda: market.now_ns - min(feed.updated_ns[at], market.published_ns(at))

    def _rate(self, subject: Metric) -> Reader:
        at, market, window = self._index[subject.symbol], self.market, PastWindow(MINUTE)
        self._refresh.append(lambda now_ns: window.push(now_ns, market.seq(at)))

        def read() -> Reading:
            past = window.ago()
            return None if past is None else (market.seq(at) - past) / (MINUTE / SECOND)

        return read

    def _volume(self, subject: Metric) -> Reader:
        at, micro, window = self._index[subject.symbol], self._micro, SumWindow(self._span_ns(subject))
        increment = self.market.catalogue[subject.symbol].size_increment
        seen_ns = self._feed.start_ns

        def push(now_ns: int) -> None:
            nonlocal seen_ns
            window.push(now_ns, sum(one.size for one in micro.prints(at, seen_ns, now_ns)))
            seen_ns = now_ns

        self._refresh.append(push)

        def read() -> Reading:
            total = window.total()
            return None if total is None else from_steps(total, increment)

        return read

    def _state(self, subject: Metric) -> Reader:
        at, market, feed = self._index[subject.symbol], self.market, self._judged
        if feed is None:
            return lambda: "HALTED" if market.halted(at) else "LIVE"
        return lambda: "HALTED" if market.halted(at) else feed.judgement(at).state

    def _basis(self, subject: Metric) -> Reader:
        market = self.market
        target, base = self._index[subject.symbol], self._index[subject.versus or subject.symbol]
        instruments = market.catalogue.instruments
        ratio = float(instruments[target].price_increment / instruments[base].price_increment)
        return lambda: market.mids[target] * ratio / market.mids[base] - 1.0

    def _correlation(self, subject: Metric) -> Reader:
        market, window = self.market, CorrelationWindow(self._span_ns(subject))
        first, second = self._index[subject.symbol], self._index[subject.versus or subject.symbol]
        self._refresh.append(lambda now_ns: window.push(now_ns, market.mids[first], market.mids[second]))
        return window.value


_OF_SOURCES = ("confidence", "sources")
"""Metrics of a market that rests on sources."""

_BUILDERS: dict[str, Callable[[View, Metric], Reader]] = {
    "price": lambda view, subject: view._steps(subject, "mids"),
    "bid": lambda view, subject: view._steps(subject, "bids"),
    "ask": lambda view, subject: view._steps(subject, "asks"),
    "reference": View._reference,
    "deviation": View._deviation,
    "spread": View._spread,
    "change": View._change,
    "drawdown": View._drawdown,
    "age": View._age,
    "confidence": View._confidence,
    "sources": View._sources,
    "rate": View._rate,
    "volume": View._volume,
    "state": View._state,
    "basis": View._basis,
    "correlation": View._correlation,
}


def label(subject: Subject) -> str:
    """A metric as it is written in a playbook."""
    if isinstance(subject, ProbeField):
        return f"{subject.probe}.{subject.field}"
    inside = subject.symbol
    if subject.source:
        inside += f"@{subject.source}"
    if subject.versus:
        inside += f" vs {subject.versus}"
    if subject.over_ns:
        inside += f" over {format_duration(subject.over_ns)}"
    text = f"{subject.name}({inside})"
    return f"{subject.aggregate.value}({text})" if subject.aggregate else text


def show(subject: Subject, value: Reading) -> str:
    """A reading with its unit: prices plain, changes signed in percent, ages as durations."""
    if value is None:
        return "unknown"
    if isinstance(value, str):
        return value
    kind = Kind.NUMBER if isinstance(subject, ProbeField) else subject.kind
    if kind is Kind.DURATION:
        return format_duration(int(value))
    if kind is Kind.CHANGE:
        return f"{100 * float(value):+.4f}%"
    if kind is Kind.SHARE:
        return f"{100 * float(value):.4f}%"
    if kind is Kind.RATE:
        return f"{float(value):.6g}/s"
    if isinstance(value, Decimal):
        return plain(value)
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def known_metrics() -> tuple[str, ...]:
    """Metrics of the language that this view measures."""
    return tuple(name for name in METRICS if name in _BUILDERS)
