"""Running moves: what a step asks of the levels, and the state that it has on the board."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from mdsim.chaos.targets import Target
from mdsim.core.params import CurveSpec, Keyframe
from mdsim.core.ports import Progress


@dataclass(frozen=True, slots=True)
class To:
    """Reach this published price, given as its natural logarithm."""

    log_price: float


@dataclass(frozen=True, slots=True)
class Gap:
    """Reach ``base``'s published price times ``exp(log_gap)``, wherever that price goes meanwhile."""

    base: str
    log_gap: float


@dataclass(frozen=True, slots=True)
class By:
    """Add this much in log price, times each target's weight."""

    log_move: float


@dataclass(frozen=True, slots=True)
class Along:
    """Follow a curve that has no target: keyframes, or (none) a random walk."""

    path: tuple[Keyframe, ...] = ()


@dataclass(frozen=True, slots=True)
class Again:
    """Do what prices did in a recorded crisis; ``scale`` is a share of each move in log price.

    Attributes:
        assets: whose series each target follows, in the order of the targets.
    """

    history: str
    assets: tuple[str, ...]
    scale: Decimal


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Take off a share of the run's present offset; ``ends`` freezes the run's running moves first."""

    share: float
    ends: bool = False


Goal = To | Gap | By | Along | Again | GiveBack


@dataclass(frozen=True, slots=True)
class Change:
    """What a step asks for.

    Attributes:
        effect: the verb, such as ``move``.
        description: one line for people.
        jitter: standard deviation of extra noise, as a share of the price.
        correlation: of the followers with the first target, or None: each for itself.
        lag_ns: how much later the followers start.
        revert_ns: time over which the move's own share is given back after its end, 0: never.
    """

    effect: str
    description: str
    targets: tuple[Target, ...]
    goal: Goal
    curve: CurveSpec
    jitter: float = 0.0
    correlation: float | None = None
    lag_ns: int = 0
    revert_ns: int = 0


@dataclass(slots=True, eq=False)
class Leg:
    """One move's share on one key.

    Attributes:
        symbol: the instrument it was named by; ``instrument`` is its index in the catalogue.
        key: index of the key on the board.
        reach: bit set of the instruments whose price the key enters.
        span_ns: its time, more than 0 unless the move is instant.
        log_price: published log price to reach, or None: the share is ``amount`` times the progress.
        above: index of the instrument that ``log_price`` is counted from, or None: from 0.
        share: offset in log price as last computed.
    """

    symbol: str
    instrument: int
    key: int
    reach: int
    start_ns: int
    span_ns: int
    progress: Progress
    noise: Progress | None = None
    amount: float = 0.0
    log_price: float | None = None
    above: int | None = None
    share: float = 0.0

    def fade(self, start_ns: int, span_ns: int) -> None:
        """From now on give the present share back, in a straight line."""
        self.start_ns = start_ns
        self.span_ns = span_ns
        self.progress = _fade
        self.noise = None
        self.amount = self.share
        self.log_price = self.above = None


def _fade(u: float) -> float:
    return 1.0 - u


@dataclass(slots=True, eq=False)
class Move:
    """A change that was started.

    Attributes:
        start_ns: the step's intended start; it acts from the first cycle strictly after.
        end_ns: end of the move, or of its way back once ``reverting``.
        kept: log offset that stays behind, by key name, as far as it is settled.
        touched: instruments times cycles that felt it; ``touched_ns`` the last cycle counted.
    """

    run: str
    order: tuple[int, ...]
    path: str
    start_ns: int
    end_ns: int
    change: Change
    rng: Callable[..., random.Random]
    legs: list[Leg] = field(default_factory=list)
    kept: dict[str, float] = field(default_factory=dict)
    reverting: bool = False
    touched: int = 0
    touched_ns: int = -1

    @property
    def sort_key(self) -> tuple[int, tuple[int, ...], str, str]:
        """Later in time, then later in the document, wins."""
        return (self.start_ns, self.order, self.path, self.run)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The instruments it still acts on, in the order written."""
        return tuple(dict.fromkeys(leg.symbol for leg in self.legs))

    def progress(self, now_ns: int) -> float:
        """Share of its time that has passed, 0..1."""
        begin_ns = self.end_ns - self.change.revert_ns if self.reverting else self.start_ns
        if now_ns >= self.end_ns:
            return 1.0
        return max(0.0, (now_ns - begin_ns) / (self.end_ns - begin_ns))

    def touch(self, now_ns: int) -> None:
        """Count the cycle of ``now_ns``, once, for every instrument that a share other than 0 reaches."""
        if now_ns == self.touched_ns:
            return
        self.touched_ns = now_ns
        reached = 0
        for leg in self.legs:
            if leg.share != 0.0:
                reached |= leg.reach
        self.touched += reached.bit_count()


def aim_of(goal: Goal) -> float | None:
    """The ``log_price`` of a goal's legs."""
    if isinstance(goal, To):
        return goal.log_price
    return goal.log_gap if isinstance(goal, Gap) else None


def depth_of(leg: Leg, legs: list[Leg]) -> int:
    """How many of the gaps among ``legs`` stand on one another up to this one; 0 for a price.

    Gaps that stand on each other in a circle have no order; they get some number.
    """
    depth, seen = 0, leg
    while seen.above is not None and depth <= len(legs):
        depth += 1
        below = [one for one in legs if one.instrument == seen.above and one.above is not None]
        if not below:
            break
        seen = below[0]
    return depth
