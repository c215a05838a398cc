"""The shipped crises: each playbook passes, and what it publishes measures like what was recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mdsim.chaos import crises
from mdsim.cli import documents, wiring
from mdsim.core.time import MINUTE, SECOND
from mdsim.playbook.plan import Plan
from mdsim.run.result import Check, RunResult, Verdict
from mdsim.run.runner import RunSettings, play_blocking

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "playbooks" / "crises"
SEEDS = (1, 2, 3)
TENTH = 0.1
PRIMARY = {
    "2020-03-12": ("BTC",),
    "2021-05-19": ("BTC", "ETH"),
    "2022-05-12": ("UST",),
    "2022-11-08": ("BTC", "ETH"),
    "2023-03-11": ("USDC",),
    "2024-08-05": ("BTC", "ETH"),
    "2025-10-10": ("BTC", "ETH"),
    "2025-10-10-usde": ("USDE",),
}
"""What each event is about, and must be asked about."""

every_crisis = pytest.mark.parametrize("name", crises.names())
every_run = pytest.mark.parametrize(("name", "seed"), [(n, s) for n in crises.names() for s in SEEDS])


@cache
def plan(name: str) -> Plan:
    return wiring.compile_found(documents.find(str(FOLDER / f"{name}.yaml")), {}).plan


@cache
def played(name: str, seed: int) -> RunResult:
    cycle_ns = plan(name).baseline.cycle_ns
    assert cycle_ns is not None
    feed = wiring.open_feed(plan(name), seed, cycle_ns)
    settings = RunSettings(seed=seed, cycle_ns=cycle_ns)
    return play_blocking(plan(name), feed, settings, wiring.effects(), wiring.curves())


@cache
def recorded(name: str) -> Mapping[str, Any]:
    path = ROOT / "mdsim" / "datasets" / "crises" / f"{name}.json"
    series: Mapping[str, Any] = json.loads(path.read_text("utf-8"))["series"]
    return series


def asked(result: RunResult, step: str, asset: str) -> Check:
    """The answer to a named step about an asset."""
    (found,) = [one for one in result.checks if one.path.endswith(f"/{step}") and f"({asset}-USD" in one.text]
    return found


def test_every_crisis_has_a_playbook_and_every_playbook_a_crisis() -> None:
    """Of the same name."""
    assert tuple(sorted(path.stem for path in FOLDER.glob("*.yaml"))) == crises.names()
    assert tuple(PRIMARY) == crises.names()


@every_crisis
def test_a_playbook_compiles_without_a_warning(name: str) -> None:
    """And starts at the prices and the instant of the recording."""
    compiled = wiring.compile_found(documents.find(str(FOLDER / f"{name}.yaml")), {})
    assert compiled.warnings == ()
    crisis = crises.load(name)
    assert dict(compiled.plan.baseline.prices) == {
        asset: series.start for asset, series in crisis.series.items()
    }
    assert compiled.plan.expected_ns >= crisis.length_ns


@every_run
def test_a_playbook_passes(name: str, seed: int) -> None:
    """Whatever the seed."""
    result = played(name, seed)
    failed = [(one.path, one.text, one.seen) for one in result.checks if one.verdict is not Verdict.PASSED]
    assert failed == []
    assert result.verdict is Verdict.PASSED


@every_run
def test_the_low_is_reproduced(name: str, seed: int) -> None:
    """Within a tenth of the fall from the start of the window, and to the bar."""
    lows = {one.symbol: one for one in played(name, seed).symbols}
    for asset in PRIMARY[name]:
        series, seen = recorded(name)[asset], lows[f"{asset}-USD"]
        fall = float(series["start"]) - float(series["low"])
        assert float(seen.low) == pytest.approx(float(series["low"]), abs=TENTH * fall)
        assert seen.low_at_ns / SECOND == pytest.approx(
            series["low_bar_s"] + series["bar_s"] / 2, abs=series["bar_s"]
        )


@every_run
def test_the_sharpest_hour_is_reproduced(name: str, seed: int) -> None:
    """Within a tenth, at the minute when it was."""
    for asset in PRIMARY[name]:
        series, check = recorded(name)[asset], asked(played(name, seed), "sharpest-hour", asset)
        assert check.at_ns == series["sharpest_hour_ends_s"] * SECOND
        seen = float(check.seen[0][1].rstrip("%")) / 100
        assert seen == pytest.approx(series["sharpest_hour"], rel=TENTH)


@every_run
def test_the_way_back_is_reproduced(name: str, seed: int) -> None:
    """Half of the leg is back within a tenth of the recorded time, or one bar; or never, if it never was."""
    for asset in PRIMARY[name]:
        series, result = recorded(name)[asset], played(name, seed)
        leg, bar_s = series["leg"], series["bar_s"]
        half = (float(leg["peak"]) + float(leg["trough"])) / 2
        if leg["half_back_min"] is None:
            level, _, held = asked(result, "never-back", asset).text.split("< ")[1].partition(" ")
            assert float(level) == pytest.approx(half, rel=1e-5)
            assert held == "for 40h"
            continue
        check = asked(result, "half-back", asset)
        assert float(check.text.split(">= ")[1]) == pytest.approx(half, rel=1e-5)
        low_s = leg["trough_bar_s"] + (bar_s / 2 if bar_s < 3600 else bar_s)
        minutes = check.at_ns / MINUTE - low_s / 60
        slack = max(TENTH * leg["half_back_min"], bar_s / 60)
        assert minutes == pytest.approx(leg["half_back_min"], abs=slack)


@pytest.mark.parametrize("name", ["2021-05-19", "2025-10-10"])
def test_the_seed_changes_the_way_and_not_the_figures(name: str) -> None:
    """Between keyframes prices are random."""
    first, second = played(name, 1), played(name, 2)
    assert first.digest != second.digest
    lows = [[float(one.low) for one in result.symbols] for result in (first, second)]
    assert lows[0] == pytest.approx(lows[1], rel=1e-3)
