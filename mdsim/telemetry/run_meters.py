"""Runs in the metrics: which effects act on which instrument now, and how runs ended."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from mdsim.core.events import Entry, Json
from mdsim.core.instruments import Catalogue
from mdsim.telemetry.metrics import Labels, Metrics, Readings

_ITERATION = re.compile(r"#[0-9]+")


@dataclass(frozen=True, slots=True)
class _Acting:
    verb: str
    symbols: tuple[str, ...]
    volatility: float


class RunMeters:
    """Follows every run of a server; ``observer`` gives what one run is to be observed with."""

    def __init__(self, metrics: Metrics, catalogue: Catalogue) -> None:
        self._metrics = metrics
        self._symbols = [item.symbol for item in catalogue if item.enabled]
        self._acting: dict[tuple[int, str], _Acting] = {}
        self._runs = 0
        metrics.bind("market_data_price_manipulation_active", self._manipulations)
        metrics.bind("market_data_artificial_volatility", self._volatility)

    def observer(self, scenario_type: str) -> RunMeter:
        """The observer of a new run."""
        self._runs += 1
        return RunMeter(self, self._runs, scenario_type)

    def refused(self, scenario_type: str, code: str) -> None:
        """A run was refused before its start."""
        self._metrics.tally("market_data_scenario_refusals_total", scenario_type, code).value += 1

    def ended(self, run: int, scenario_type: str, verdict: str) -> None:
        """A run is over; whatever it still holds acts no more."""
        self._metrics.tally("market_data_scenario_runs_total", scenario_type, verdict).value += 1
        for key in [key for key in self._acting if key[0] == run]:
            del self._acting[key]

    def begin(self, run: int, path: str, verb: str, symbols: tuple[str, ...], volatility: float) -> None:
        """An effect acts."""
        self._acting[run, path] = _Acting(verb, symbols, volatility)

    def end(self, run: int, path: str) -> None:
        """It acts no more."""
        self._acting.pop((run, path), None)

    def _manipulations(self) -> Readings:
        found: Counter[Labels] = Counter()
        for one in self._acting.values():
            found.update((symbol, one.verb) for symbol in one.symbols)
        return found

    def _volatility(self) -> Readings:
        found: dict[Labels, float] = {(symbol,): 1.0 for symbol in self._symbols}
        for one in self._acting.values():
            for symbol in one.symbols:
                found[(symbol,)] = found.get((symbol,), 1.0) * one.volatility
        return found


class RunMeter:
    """Observes one run."""

    def __init__(self, meters: RunMeters, run: int, scenario_type: str) -> None:
        self._meters = meters
        self._run = run
        self._type = scenario_type
        self._volatility: dict[str, float] = {}

    def on_entry(self, entry: Entry) -> None:
        """Keep count of what acts."""
        data = entry.data
        if entry.kind == "run_started":
            self._volatility = dict(_volatilities(data.get("plan")))
        elif entry.kind == "effect_started":
            factor = self._volatility.get(_ITERATION.sub("", entry.path), 1.0)
            self._meters.begin(self._run, entry.path, str(data.get("effect", "")), _symbols(data), factor)
        elif entry.kind == "effect_reverted" or (
            entry.kind == "effect_ended" and not data.get("reverts_over_ns")
        ):
            self._meters.end(self._run, entry.path)
        elif entry.kind == "run_ended":
            self._meters.ended(self._run, self._type, str(data.get("verdict", "")))

    def on_progress(self, view: object, now_ns: int, at_ns: int) -> None:
        """Time passing is counted by the engine."""


def _symbols(data: dict[str, Json]) -> tuple[str, ...]:
    """The instruments that an effect names: a list of its own, or those of its targets."""
    named, targets = data.get("symbols"), data.get("targets")
    found = list(named) if isinstance(named, list) else []
    found += [it.get("symbol") for it in targets if isinstance(it, dict)] if isinstance(targets, list) else []
    return tuple(it for it in found if isinstance(it, str))


def _volatilities(node: Json) -> Iterator[tuple[str, float]]:
    """Path and volatility factor of every step of a canonical plan that asks for one."""
    if isinstance(node, list):
        for item in node:
            yield from _volatilities(item)
    if not isinstance(node, dict):
        return
    act = node.get("act")
    args = act.get("args") if isinstance(act, dict) else None
    factor = args.get("volatility") if isinstance(args, dict) else None
    path = node.get("path")
    if isinstance(path, str) and isinstance(factor, str):
        try:
            yield path, float(Decimal(factor))
        except InvalidOperation:
            return
    for value in node.values():
        yield from _volatilities(value)
