"""The figures of recorded crises: every file obeys the rules, and its path still has the event in it."""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime
from importlib import resources
from typing import TypedDict

import pytest

from mdsim.chaos import crises
from mdsim.chaos.crises import Series
from mdsim.core.errors import InternalError
from mdsim.core.instruments import ASSETS
from mdsim.core.time import SECOND

TENTH = 0.1
"""The promise: within 10 %, or one bar of the recording."""


class Leg(TypedDict):
    """The deepest fall within six hours, as recorded."""

    peak: str
    peak_bar_s: int
    trough: str
    trough_bar_s: int
    half_back_min: float | None
    ninety_back_min: float | None


class Recorded(TypedDict):
    """What the file says of a series beside its path."""

    source: str
    file: str
    bar_s: int
    start: str
    low: str
    low_bar_s: int
    sharpest_hour: float
    sharpest_hour_ends_s: int
    leg: Leg
    points: list[list[float]]


def recorded(name: str) -> dict[str, Recorded]:
    file = resources.files("mdsim.datasets").joinpath("crises", f"{name}.json")
    series: dict[str, Recorded] = json.loads(file.read_text("utf-8"))["series"]
    return series


EVERY = [(name, asset) for name in crises.names() for asset in crises.load(name).series]
every_series = pytest.mark.parametrize(("name", "asset"), EVERY, ids=[f"{n} {a}" for n, a in EVERY])


def price(series: Series, at_s: float) -> float:
    """The price in USD on the straight lines between keyframes."""
    at, ns = series.at_ns, at_s * SECOND
    k = min(bisect_right(at, ns), len(at) - 1)
    share = (ns - at[k - 1]) / (at[k] - at[k - 1])
    return float(series.start) * math.exp(series.logs[k - 1] + (series.logs[k] - series.logs[k - 1]) * share)


def closes(series: Series) -> Iterator[tuple[int, float]]:
    """Start of every bar and its close."""
    bar_s = series.bar_ns // SECOND
    for at_s in range(0, series.at_ns[-1] // SECOND, bar_s):
        yield at_s, price(series, at_s + bar_s)


def test_the_crises_of_the_library_are_all_there() -> None:
    """Seven dates, one of them twice: the market's and that of one venue."""
    assert crises.names() == (
        "2020-03-12",
        "2021-05-19",
        "2022-05-12",
        "2022-11-08",
        "2023-03-11",
        "2024-08-05",
        "2025-10-10",
        "2025-10-10-usde",
    )


@pytest.mark.parametrize("name", crises.names())
def test_a_crisis_says_what_it_is_and_what_was_not_recorded(name: str) -> None:
    """Name, a sentence, an instant, and that no data is passed on."""
    crisis = crises.load(name)
    assert crisis.name == name
    assert crisis.about.endswith(".")
    assert "recorded" in crisis.missing
    assert datetime.fromisoformat(crisis.start).tzinfo is not None
    text = resources.files("mdsim.datasets").joinpath("crises", f"{name}.json").read_text("utf-8")
    assert "no recorded data is redistributed here" in json.loads(text)["notice"]


@every_series
def test_a_path_obeys_the_rules(name: str, asset: str) -> None:
    """At most 200 keyframes, rising in time over the whole window, from exactly 1; its source is named."""
    series, figures = crises.load(name).series[asset], recorded(name)[asset]
    assert asset in ASSETS
    assert 2 <= len(figures["points"]) <= crises.POINTS_MOST
    assert figures["points"][0] == [0, 1.0]
    assert series.at_ns[-1] == crises.load(name).length_ns
    assert all(early < late for early, late in zip(series.at_ns, series.at_ns[1:], strict=False))
    assert figures["source"]
    assert figures["file"].endswith(".csv")
    assert 0.0 <= series.rough < 0.01


@every_series
def test_a_path_is_far_from_being_the_recording(name: str, asset: str) -> None:
    """Figures, not data: fewer keyframes than three quarters of the bars."""
    series = crises.load(name).series[asset]
    assert len(series.at_ns) < 0.75 * series.at_ns[-1] / series.bar_ns + 2


@every_series
def test_the_low_is_kept(name: str, asset: str) -> None:
    """Half-way through its bar, or at its end where hours alone are known."""
    series, figures = crises.load(name).series[asset], recorded(name)[asset]
    low, bar_s = float(figures["low"]), figures["bar_s"]
    at_s = figures["low_bar_s"] + (bar_s / 2 if bar_s < 3600 else bar_s)
    assert price(series, at_s) == pytest.approx(low, rel=1e-5)
    assert float(series.start) * math.exp(min(series.logs)) == pytest.approx(low, rel=1e-5)


@every_series
def test_the_sharpest_hour_is_kept(name: str, asset: str) -> None:
    """From close to close, at its time; no other hour is sharper by more than a tenth."""
    series, figures = crises.load(name).series[asset], recorded(name)[asset]
    end_s = figures["sharpest_hour_ends_s"]
    fall = price(series, end_s) / price(series, end_s - 3600) - 1.0
    assert fall == pytest.approx(figures["sharpest_hour"], rel=0.01)
    by_time = dict(closes(series))
    falls = [close / by_time[at_s - 3600] - 1.0 for at_s, close in by_time.items() if at_s >= 3600]
    assert min(falls) == pytest.approx(figures["sharpest_hour"], rel=TENTH)


@every_series
def test_the_way_back_is_kept(name: str, asset: str) -> None:
    """Half and nine tenths of the leg are back when they were, or never if they were not."""
    series, leg = crises.load(name).series[asset], recorded(name)[asset]["leg"]
    peak, trough = float(leg["peak"]), float(leg["trough"])
    after = [(at_s, close) for at_s, close in closes(series) if at_s > leg["trough_bar_s"]]
    for share, minutes in ((0.5, leg["half_back_min"]), (0.9, leg["ninety_back_min"])):
        level = (trough + share * (peak - trough)) * (1 - 1e-6)
        back = next((at_s for at_s, close in after if close >= level), None)
        if minutes is None:
            assert back is None
        else:
            assert back is not None
            slack = max(TENTH * minutes * 60, series.bar_ns / SECOND)
            assert back - leg["trough_bar_s"] == pytest.approx(minutes * 60, abs=slack)


def test_an_unknown_crisis_is_an_internal_error() -> None:
    """The compiler lets no such name through."""
    with pytest.raises(InternalError) as caught:
        crises.load("1929-10-24")
    assert caught.value.code == "MD929"


@pytest.mark.parametrize(
    "points",
    [
        [[0, 1.0]],
        [[0, 0.99], [60, 1.0]],
        [[0, 1.0], [60, 1.1], [60, 1.0]],
        [[0, 1.0], [59, 1.0]],
        [[0, 1.0], [60, 0.0]],
        [[0, 1.0], *([at, 1.0] for at in range(1, 201))],
    ],
    ids=["one point", "not from 1", "not rising", "not to the end", "no price", "too many"],
)
def test_a_file_that_breaks_the_rules_is_refused(
    points: list[object], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With the name of the crisis and what is wrong."""
    folder = tmp_path_factory.mktemp("datasets")
    (folder / "crises").mkdir()
    entry = {"source": "x", "bar_s": 60, "start": "1", "low": "1", "rough_bp": 0, "points": points}
    event = {
        "event": "x",
        "about": "x",
        "start": "x",
        "missing": "x",
        "length_s": 60,
        "series": {"BTC": entry},
    }
    (folder / "crises" / "x.json").write_text(json.dumps(event), "utf-8")
    monkeypatch.setattr(resources, "files", lambda _package: folder)
    crises.names.cache_clear()
    try:
        with pytest.raises(InternalError, match="the figures of x cannot be used"):
            crises.load("x")
    finally:
        crises.names.cache_clear()
