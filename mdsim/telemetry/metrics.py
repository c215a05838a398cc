"""Metrics in the Prometheus text format, from plain counters, in a registry of our own.

Two ways in: whoever counts on a hot path takes a meter once (``tally``, ``window`` …) and adds to it; what
exists anyway (prices, readers, buffers) is read when somebody asks for the metrics (``bind``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias, TypeVar

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from mdsim import __version__
from mdsim.core.errors import InternalError, MdsimError
from mdsim.telemetry.meters import Buckets, Level, Tally, Window
from mdsim.telemetry.names import BY_NAME, METRICS, Kind, Metric

Labels: TypeAlias = tuple[str, ...]
Readings: TypeAlias = Mapping[Labels, float]
Meter: TypeAlias = Tally | Level | Window | Buckets

M = TypeVar("M", Tally, Level, Window, Buckets)

SERIES_MOST = 2_000
"""Series of one metric; what comes past it is counted together as ``other``: nobody can fill memory."""
OTHER = "other"
_SHARES = (0.5, 0.99)


class Metrics(Collector):
    """Every metric of ``names.METRICS``, rendered on demand."""

    def __init__(self, *, process: bool = True) -> None:
        self._registry = CollectorRegistry()
        self._meters: dict[str, dict[Labels, Meter]] = {}
        self._readers: dict[str, list[Callable[[], Readings]]] = {}
        self._failures: dict[Labels, Tally] = {}
        self._registry.register(self)
        if process:
            ProcessCollector(registry=self._registry)
        self.bind("market_data_build_info", lambda: {(__version__,): 1.0})
        self.bind(
            "market_data_scrape_errors_total",
            lambda: {labels: tally.value for labels, tally in self._failures.items()},
        )

    def tally(self, name: str, *labels: str) -> Tally:
        """The counter of a series: take it once, add to it often."""
        return self._meter(name, labels, Tally, Kind.COUNTER)

    def level(self, name: str, *labels: str) -> Level:
        """The gauge of a series, likewise."""
        return self._meter(name, labels, Level, Kind.GAUGE)

    def window(self, name: str, *labels: str) -> Window:
        """The summary of a series, likewise."""
        return self._meter(name, labels, Window, Kind.SUMMARY)

    def buckets(self, name: str, *labels: str) -> Buckets:
        """The histogram of a series, likewise."""
        return self._meter(name, labels, lambda: Buckets(BY_NAME[name].bounds), Kind.HISTOGRAM)

    def bind(self, name: str, read: Callable[[], Readings]) -> None:
        """Read series when metrics are asked for: values of the labels, in their order → the number.

        Several readers of one metric, and its meters, add up to its series. What a reader that raises would
        have given is missing in that answer, and counted.
        """
        metric = _known(name)
        if metric.kind not in (Kind.COUNTER, Kind.GAUGE):
            raise InternalError("MD939", f"{name} is a {metric.kind.value} and cannot be read as numbers")
        self._readers.setdefault(name, []).append(read)

    def render(self) -> bytes:
        """The answer of ``GET /metrics``."""
        return generate_latest(self._registry)

    def describe(self) -> list[Family]:
        """Nothing yet: the registry need not read prices to take us in."""
        return []

    def collect(self) -> Iterator[Family]:
        """Every metric that has a series."""
        for metric in METRICS:
            family = Family(_family_name(metric), metric.help, metric.kind.value)
            plain: dict[Labels, float] = dict(self._read(metric))
            for labels, meter in self._meters.get(metric.name, {}).items():
                if isinstance(meter, Tally | Level):
                    plain[labels] = plain.get(labels, 0.0) + meter.value
                else:
                    _add(family, metric, labels, meter)
            for labels, value in plain.items():
                family.add_sample(metric.name, dict(zip(metric.labels, labels, strict=True)), value)
            if family.samples:
                yield family

    def _read(self, metric: Metric) -> Readings:
        found: dict[Labels, float] = {}
        for read in self._readers.get(metric.name, ()):
            try:
                for labels, value in read().items():
                    if len(labels) != len(metric.labels):
                        raise InternalError("MD939", f"{metric.name} has the labels {metric.labels}")
                    kept = labels if labels in found or len(found) < SERIES_MOST else (OTHER,) * len(labels)
                    found[kept] = found.get(kept, 0.0) + value
            except (MdsimError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
                self._failures.setdefault((metric.name,), Tally()).value += 1
        return found

    def _meter(self, name: str, labels: Labels, make: Callable[[], M], kind: Kind) -> M:
        metric = _known(name)
        if metric.kind is not kind or len(labels) != len(metric.labels):
            raise InternalError("MD939", f"{name} is a {metric.kind.value} with the labels {metric.labels}")
        series = self._meters.setdefault(name, {})
        if labels not in series and len(series) >= SERIES_MOST:
            labels = (OTHER,) * len(labels)
        meter = series.get(labels)
        if meter is None:
            meter = series[labels] = make()
        return meter  # type: ignore[return-value]  # the kind decides the type


def _known(name: str) -> Metric:
    metric = BY_NAME.get(name)
    if metric is None:
        raise InternalError("MD939", f"there is no metric {name}: add it to telemetry/names.py")
    return metric


def _family_name(metric: Metric) -> str:
    return metric.name.removesuffix("_total") if metric.kind is Kind.COUNTER else metric.name


def _add(family: Family, metric: Metric, labels: Labels, meter: Window | Buckets) -> None:
    named = dict(zip(metric.labels, labels, strict=True))
    if isinstance(meter, Window):
        for share, value in zip(_SHARES, meter.quantiles(*_SHARES), strict=True):
            family.add_sample(metric.name, {**named, "quantile": str(share)}, value)
        family.add_sample(f"{metric.name}_sum", named, meter.total)
        family.add_sample(f"{metric.name}_count", named, meter.count)
    else:
        below = 0
        for bound, count in zip((*map(str, meter.bounds), "+Inf"), meter.counts, strict=True):
            below += count
            family.add_sample(f"{metric.name}_bucket", {**named, "le": bound}, below)
        family.add_sample(f"{metric.name}_sum", named, meter.total)
        family.add_sample(f"{metric.name}_count", named, below)
