"""The crises that travel with mdsim: what prices did then, as keyframes against the start of the window.

Figures only, derived from recordings by ``tools/derive_crises.py``: at most 200 keyframes a series. They lie
as JSON under ``mdsim/datasets/crises``, one file an event, and are read once.
"""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from types import MappingProxyType

from mdsim.core.errors import InternalError
from mdsim.core.time import SECOND

POINTS_MOST = 200


@dataclass(frozen=True, slots=True)
class Series:
    """What one asset did.

    Attributes:
        source: venue, pair and bar of the recording, in words.
        bar_ns: length of the recording's bars, to which its times are known.
        start: recorded price in USD at the start of the window.
        low: lowest recorded price in the window.
        at_ns: times of the keyframes since the start of the window; the first is 0, the last its length.
        logs: natural log of the price at each, against the start: the first is 0.
        ceiling: where half of the fall never came back, the time from which the path stays below a log
            price, and that: the highest that was recorded from there on.
        rough: how far prices strayed between keyframes, in log price a square root of a minute.
    """

    asset: str
    source: str
    bar_ns: int
    start: Decimal
    low: Decimal
    at_ns: tuple[int, ...]
    logs: tuple[float, ...]
    rough: float
    ceiling: tuple[int, float] | None = None


@dataclass(frozen=True, slots=True)
class Crisis:
    """A window of time and the series recorded in it.

    Attributes:
        name: what a playbook calls it, such as ``2021-05-19``.
        about: one sentence for people.
        start: first instant of the window, RFC 3339.
        missing: what was not recorded, in words.
        series: by asset code, the one that it is about first.
    """

    name: str
    about: str
    start: str
    length_ns: int
    missing: str
    series: MappingProxyType[str, Series]


@cache
def names() -> tuple[str, ...]:
    """Every crisis, sorted."""
    files = resources.files("mdsim.datasets").joinpath("crises").iterdir()
    return tuple(sorted(file.name.removesuffix(".json") for file in files if file.name.endswith(".json")))


@cache
def load(name: str) -> Crisis:
    """The crisis of that name.

    Raises:
        InternalError: there is none, or its file breaks the rules of its kind.
    """
    if name not in names():
        raise InternalError("MD929", f"there is no crisis {name!r}")
    file = resources.files("mdsim.datasets").joinpath("crises", f"{name}.json")
    try:
        return _read(json.loads(file.read_text("utf-8")))
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise InternalError("MD929", f"the figures of {name} cannot be used: {error}") from error


def _read(data: dict[str, object]) -> Crisis:
    length_s, series = data["length_s"], data["series"]
    if not isinstance(length_s, int) or not isinstance(series, dict):
        raise TypeError("length_s or series is of the wrong kind")
    return Crisis(
        name=str(data["event"]),
        about=str(data["about"]),
        start=str(data["start"]),
        length_ns=length_s * SECOND,
        missing=str(data["missing"]),
        series=MappingProxyType({asset: _series(asset, item, length_s) for asset, item in series.items()}),
    )


def _series(asset: str, item: dict[str, object], length_s: int) -> Series:
    points = item["points"]
    if not isinstance(points, list) or not 2 <= len(points) <= POINTS_MOST:
        raise ValueError(f"{asset} needs 2 to {POINTS_MOST} points")
    times = [int(at_s) for at_s, _ in points]
    levels = [float(level) for _, level in points]
    rising = all(early < late for early, late in itertools.pairwise(times))
    if not rising or times[0] != 0 or times[-1] != length_s or levels[0] != 1.0:
        raise ValueError(f"the points of {asset} must rise in time, from 1 at 0 s to the window's end")
    return Series(
        asset=asset,
        source=str(item["source"]),
        bar_ns=int(str(item["bar_s"])) * SECOND,
        start=Decimal(str(item["start"])),
        low=Decimal(str(item["low"])),
        at_ns=tuple(at_s * SECOND for at_s in times),
        logs=tuple(math.log(level) for level in levels),
        rough=float(str(item["rough_bp"])) * 1e-4,
        ceiling=_ceiling(item.get("never_above")),
    )


def _ceiling(item: object) -> tuple[int, float] | None:
    if item is None:
        return None
    if not isinstance(item, list):
        raise TypeError("never_above is of the wrong kind")
    since_s, level = item
    return int(since_s) * SECOND, math.log(level)
