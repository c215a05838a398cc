"""A run's prices as a small file: few enough points to draw, and no spike lost.

The run's time is cut into equal buckets, and of each instrument and bucket the first, the lowest, the
highest and the last publication are kept, with the one of the widest spread; a line through them looks
like one through all (M4 aggregation: Jugel, Jerzak, Hackenbroich, Markl, VLDB 2014). A run's length is
not known beforehand: when there are too many buckets, neighbours are merged and buckets are twice as long
from then on, which gives the same points as if they had been so from the start.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import msgspec

from mdsim.core.decimals import from_steps
from mdsim.core.errors import DataError
from mdsim.core.time import MS
from mdsim.engine.corridor import Engine

SERIES = "series.json"
VERSION = 1

BUCKETS_MOST = 400
"""Five points each at most: some 2,000 points an instrument."""


class Track(msgspec.Struct, frozen=True):
    """One instrument's points, oldest first; all lists are of one length.

    Attributes:
        increment: the price grid, as decimal text.
        at_ns: scenario time since the start of the run.
        price, reference, bid, ask: in increments; the published mid, the base feed's mid, best quotes.
        depth: quoted within 10 bps of the touch, both sides, in whole USD; empty when not recorded.
    """

    symbol: str
    increment: str
    at_ns: list[int]
    price: list[int]
    reference: list[int]
    bid: list[int]
    ask: list[int]
    depth: list[int] = []

    def decimal(self, steps: int) -> Decimal:
        """A number of increments as a price."""
        return from_steps(steps, Decimal(self.increment))


class Series(msgspec.Struct, frozen=True):
    """Every instrument of a run, in catalogue order.

    Attributes:
        digest: SHA-256 over every tick of the run that it was sampled from; ties it to a journal.
    """

    series: int
    digest: str
    tracks: list[Track]


class Sampler(Protocol):
    """Whoever looks at every cycle of a run, and not only at what happens."""

    def on_cycle(self, engine: Engine, at_ns: int) -> None:
        """The market has published; ``at_ns`` is the scenario time since the start."""


Point = tuple[int, int, int, int, int, int]
"""Time, mid, reference, bid, ask, depth."""


class _Bucket:
    """The telling points of one instrument in a stretch of time."""

    __slots__ = ("first", "high", "last", "low", "wide")

    def __init__(self, point: Point) -> None:
        self.first = self.last = self.low = self.high = self.wide = point

    def add(self, point: Point) -> None:
        """Take a later point in; of equals the earliest stays."""
        self.last = point
        if point[1] < self.low[1]:
            self.low = point
        elif point[1] > self.high[1]:
            self.high = point
        if point[4] - point[3] > self.wide[4] - self.wide[3]:
            self.wide = point

    def merge(self, later: _Bucket) -> None:
        """Take the bucket that follows in."""
        self.last = later.last
        if later.low[1] < self.low[1]:
            self.low = later.low
        if later.high[1] > self.high[1]:
            self.high = later.high
        if later.wide[4] - later.wide[3] > self.wide[4] - self.wide[3]:
            self.wide = later.wide

    def points(self) -> Iterator[Point]:
        """Oldest first, each once."""
        told = -1
        for point in sorted((self.first, self.low, self.high, self.wide, self.last)):
            if point[0] != told:
                told = point[0]
                yield point


class Points:
    """The telling points of several instruments, in bounded memory.

    A point is scenario time, mid, reference, bid and ask in increments, and depth in whole USD.
    """

    def __init__(self, instruments: int, buckets_most: int = BUCKETS_MOST) -> None:
        self._most = buckets_most
        self._width_ns = MS
        self._buckets: list[dict[int, _Bucket]] = [{} for _ in range(instruments)]

    def add(self, at: int, point: Point) -> None:
        """Take a point of the instrument number ``at`` in; times of one instrument never fall."""
        while point[0] // self._width_ns >= self._most:
            self._widen()
        number = point[0] // self._width_ns
        bucket = self._buckets[at].get(number)
        if bucket is None:
            self._buckets[at][number] = _Bucket(point)
        else:
            bucket.add(point)

    def columns(self, at: int) -> list[list[int]]:
        """What was kept of an instrument, oldest first: one list for each part of a point."""
        points = [point for bucket in self._buckets[at].values() for point in bucket.points()]
        return [[point[part] for point in points] for part in range(6)]

    def _widen(self) -> None:
        self._width_ns *= 2
        for at, buckets in enumerate(self._buckets):
            merged: dict[int, _Bucket] = {}
            for number, bucket in buckets.items():  # in the order of time: they were made so
                before = merged.setdefault(number // 2, bucket)
                if before is not bucket:
                    before.merge(bucket)
            self._buckets[at] = merged


class Recorder:
    """A sampler that keeps the series of every instrument."""

    def __init__(self, buckets_most: int = BUCKETS_MOST) -> None:
        self._most = buckets_most
        self._points = Points(0)
        self._engine: Engine | None = None

    def on_cycle(self, engine: Engine, at_ns: int) -> None:
        """Take one publication of every instrument in."""
        market = engine.market
        if self._engine is None:
            self._engine = engine
            self._points = Points(len(market.mids), self._most)
        columns = zip(market.mids, market.references(), market.bids, market.asks, strict=True)
        for at, (mid, reference, bid, ask) in enumerate(columns):
            bid_usd, ask_usd = engine.micro.depth_usd(at)
            self._points.add(at, (at_ns, mid, reference, bid, ask, round(bid_usd + ask_usd)))

    def series(self) -> Series:
        """What was kept."""
        if self._engine is None:
            return Series(VERSION, "", [])
        market = self._engine.market
        tracks = [
            Track(item.symbol, f"{item.price_increment:f}", *self._points.columns(at))
            for at, item in enumerate(market.catalogue)
        ]
        return Series(VERSION, market.digest(), tracks)


def write(series: Series, folder: Path) -> None:
    """Write ``series.json`` into a folder: the same run gives the same bytes."""
    (folder / SERIES).write_bytes(msgspec.json.encode(series, order="sorted") + b"\n")


def read(path: Path) -> Series:
    """Read a series.

    Raises:
        DataError: the file cannot be read, or is no series of this version.
    """
    hint = "play again with --journal to write a new one"
    try:
        series = msgspec.json.decode(path.read_bytes(), type=Series)
    except OSError as error:
        raise DataError("MD382", f"cannot read {path}: {error.strerror}", hint=hint) from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DataError("MD382", f"{path} is no series: {error}", hint=hint) from None
    if series.series != VERSION:
        message = f"{path} is a series of version {series.series}, and this mdsim reads {VERSION}"
        raise DataError("MD382", message, hint=hint)
    for track in series.tracks:
        lengths = (track.price, track.reference, track.bid, track.ask, track.depth or track.at_ns)
        if any(len(column) != len(track.at_ns) for column in lengths):
            message = f"{path} is damaged: {track.symbol} has columns of different lengths"
            raise DataError("MD382", message, hint=hint)
    return series
