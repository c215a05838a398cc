"""Runs in the metrics, followed through real runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mdsim.core.events import Entry
from mdsim.core.instruments import ALL
from mdsim.run.result import RunResult
from mdsim.telemetry.metrics import Metrics
from mdsim.telemetry.run_meters import RunMeters

STORM = """\
mdsim: 1
name: storm
baseline: {source: synthetic}
phases:
  - name: storm
    for: 1m
    steps:
      - market: {symbols: BTC-USD, volatility: 3x}
      - market: {symbols: BTC-USD, volatility: 2x, for: 20s}
"""


class Watch:
    """Remembers what the metrics say after each entry of a kind."""

    def __init__(self, metrics: Metrics, *names: str) -> None:
        self._metrics = metrics
        self._names = names
        self.seen: list[tuple[str, list[str]]] = []

    def on_entry(self, entry: Entry) -> None:
        lines = self._metrics.render().decode().splitlines()
        mine = [line for line in lines if line.startswith(self._names) and 'symbol="BTC-USD"' in line]
        self.seen.append((entry.kind, [line.partition("{")[2] for line in mine]))

    def on_progress(self, view: object, now_ns: int, at_ns: int) -> None:
        """Nothing to see."""


@pytest.fixture
def metrics() -> Metrics:
    """Without those of the process."""
    return Metrics(process=False)


def test_a_move_counts_until_what_it_gives_back_is_back(
    metrics: Metrics, play: Callable[..., RunResult]
) -> None:
    """From its start over its end to the end of its way back."""
    watch = Watch(metrics, "market_data_price_manipulation_active")
    play(RunMeters(metrics, ALL).observer("price_shock"), watch)
    told = {kind: lines for kind, lines in watch.seen if kind.startswith("effect_")}

    active = ['manipulation_type="move",symbol="BTC-USD"} 1.0']
    assert told == {"effect_started": active, "effect_ended": active, "effect_reverted": []}


def test_volatility_is_the_product_of_what_acts(metrics: Metrics, play: Callable[..., RunResult]) -> None:
    """Three times, then six times, then three times, then calm."""
    watch = Watch(metrics, "market_data_artificial_volatility")
    play(RunMeters(metrics, ALL).observer("volatility_spike"), watch, text=STORM)
    steps = [float(lines[0].rpartition(" ")[2]) for kind, lines in watch.seen if kind.startswith("effect_")]

    assert steps[:2] == [3.0, 6.0]
    assert max(steps) == 6.0
    assert watch.seen[-1] == ("run_ended", ['symbol="BTC-USD"} 1.0'])


def test_runs_are_counted_by_verdict_and_refusals_by_code(
    metrics: Metrics, play: Callable[..., RunResult]
) -> None:
    """The shock fails one of its checks."""
    meters = RunMeters(metrics, ALL)
    play(meters.observer("price_shock"))
    meters.refused("price_shock", "MD170")
    text = metrics.render().decode()

    assert 'market_data_scenario_runs_total{scenario_type="price_shock",verdict="failed"} 1.0' in text
    assert 'market_data_scenario_refusals_total{code="MD170",scenario_type="price_shock"} 1.0' in text


def test_two_runs_on_one_instrument_add_up_and_leave_apart(metrics: Metrics) -> None:
    """The end of one takes nothing of the other along."""
    meters = RunMeters(metrics, ALL)
    one, two = meters.observer("a"), meters.observer("b")
    began: dict[str, Any] = {"effect": "move", "targets": [{"symbol": "BTC-USD"}, 3, {"symbol": 4}]}
    for run in (one, two):
        run.on_entry(Entry("effect_started", 0, "p/1", began))
    both = metrics.render().decode()
    one.on_entry(Entry("run_ended", 0, "", {"verdict": "aborted"}))
    left = metrics.render().decode()

    line = 'market_data_price_manipulation_active{manipulation_type="move",symbol="BTC-USD"}'
    assert f"{line} 2.0" in both
    assert f"{line} 1.0" in left
