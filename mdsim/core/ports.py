"""The seams between rooms: what a curve, an effect and a base feed must offer, and no more."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Protocol

from mdsim.core.errors import Problem
from mdsim.core.instruments import Catalogue
from mdsim.core.params import Args, DurationDraw, Param
from mdsim.core.seeds import SeedTree

Progress = Callable[[float], float]
"""Share of the way done (about 0..1, may overshoot) at a share of the time ``u`` in 0..1."""


@dataclass(frozen=True, slots=True)
class CurveType:
    """How a level travels from 0 to 1; one file each under ``chaos/curves``.

    Attributes:
        start: ``start(args, rng, over_ns) -> Progress``; drawn once, so that looking twice or at other
            instants changes nothing. ``Progress(0) == 0`` unless it jumps, ``Progress(1) == 1`` exactly
            unless ``free``.
        check: a rule across the arguments, as one sentence when it is broken; ``over`` (ns) is among the
            arguments when the effect knows it.
        noise: ``noise(args, rng, over_ns)``, a path in log price that is added to the level, 0 at both
            ends; for randomness that is measured against the price rather than against the move.
        free: it has no target: its value at 1 is its own, in log price, and ``to``/``by`` make no sense.
        random: it draws from ``rng``.
    """

    name: str
    summary: str
    params: tuple[Param, ...]
    start: Callable[[Args, random.Random, int], Progress]
    check: Callable[[Args], str | None] = lambda _args: None
    noise: Callable[[Args, random.Random, int], Progress | None] | None = None
    free: bool = False
    random: bool = False


class Tap(Enum):
    """Where an effect touches the line."""

    SOURCE = "source"
    REFERENCE = "reference"
    FEED = "feed"


@dataclass(frozen=True, slots=True)
class Activation:
    """One start of one effect, as the engine applies it.

    Attributes:
        run: id of the run it belongs to; its offsets are released with the run.
        order: place in the document, for sorting (later wins).
        path: the step's path in words, for the journal and the seed.
        ts_ns: intended start.
        over_ns: how long it takes, 0 for at once; for an effect in force, until released.
        rng: stream maker, ``rng("BTC-USD")``: independent of every other path's draws.
    """

    run: str
    order: tuple[int, ...]
    path: str
    ts_ns: int
    over_ns: int
    args: Args
    rng: Callable[..., random.Random]


@dataclass(frozen=True, slots=True)
class EffectType:
    """A verb that acts on the market; one file each under ``chaos/effects``.

    Attributes:
        lasting: False for a level (it persists after its time), True for a condition in force
            (it ends with its block, or after its ``for``).
        check: rules across parameters: ``check(args, catalogue)`` gives every problem, with ``at``
            relative to the verb's own mapping.
        describe: one line for ``mdsim plan`` and the live view.
        activate: puts it on the board of ``chaos.board`` (typed there).
        lasts: how long a step takes that writes no ``over``; absent: no time.
    """

    name: str
    summary: str
    tap: Tap
    params: tuple[Param, ...]
    check: Callable[[Args, Catalogue], list[Problem]]
    describe: Callable[[Args], str]
    activate: Callable[..., None]
    lasting: bool = False
    lasts: Callable[[Args], int | DurationDraw | None] = lambda _args: None


class BaseFeed(Protocol):
    """Prices before any effect: synthetic, replayed, or the agreed price of real sources.

    Attributes:
        catalogue: the instruments priced, in the order of the lists below.
        start_ns: instant of its first price.
        step_ns: the feed's own grid, counted from the start: between two steps prices hold, so that an
            extra cycle of the engine never shifts a draw.
        log_prices: natural log of each instrument's base mid; the same list, updated in place.
        updated_ns: when each instrument was last updated.
        notes: what a run must tell its user, such as a leg that is made up.
        end_ns: last instant it can price, or None for endless.
    """

    name: str
    catalogue: Catalogue
    start_ns: int
    step_ns: int
    log_prices: list[float]
    updated_ns: list[int]
    notes: tuple[str, ...]
    end_ns: int | None

    def advance(self, now_ns: int) -> None:
        """Bring the lists up to ``now_ns``; never called with an earlier time than before."""


@dataclass(frozen=True, slots=True)
class FeedRequest:
    """What a run asks of a base feed.

    Attributes:
        catalogue: the instruments to price.
        start_ns: instant of the first price, or None for the source's own default.
        step_ns: the feed's grid.
        length_ns: how long the run may take; a source that ends earlier refuses (or None: unknown).
        prices: start levels in USD by asset, where the source can use them.
        dataset: name or path of a recording, where the source needs one.
    """

    catalogue: Catalogue
    seeds: SeedTree
    start_ns: int | None
    step_ns: int
    length_ns: int | None = None
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    dataset: str | None = None


@dataclass(frozen=True, slots=True)
class FeedType:
    """A base feed that can be opened by name; one file each under ``sources``.

    Attributes:
        open: raises ``DataError`` (file, line, what to do) or ``UsageError``; the feed it returns has
            been advanced to its start, which is ``BaseFeed.start_ns``.
    """

    name: str
    summary: str
    open: Callable[[FeedRequest], BaseFeed]


Registry = Mapping[str, EffectType]
Curves = Mapping[str, CurveType]
