"""What acts on the base feed's own movement: louder or quieter, and more or less together.

A layer is told what every log price did in a step of the base feed, after the layers below it, and answers
with what it adds. It holds the sum of its answers as offsets in log price, by key of the board.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mdsim.chaos.correlation import Matrix, apply, blend, equal, factored, possible, solve
from mdsim.chaos.innovations import Fit, Innovations, lags_of
from mdsim.core.time import MINUTE

TREND_NS = 10 * MINUTE
"""Time constant of the trend: an exponentially weighted mean of what went before."""
HALF_LIFE_NS = 5 * MINUTE
"""Of the offset of a mean-reverting volatility."""
_WEIGHT_MOST = 0.05
"""One step counts for no more than this in the trend, however long it is."""
_NO_TREND = 50.0
"""Worth, in steps, of the assumption that there is no trend."""
_FIT_OFTEN, _FIT_EVERY = 8, 32
"""Innovations between two fits, while there are few of them and later."""
_FEW = 64
FARTHEST = 8.0
"""How far layers may take a price from the base feed's, in log price: to three thousand times it, or to as
small a part. Factors that overlap multiply, so that some steps, each within its bounds, would go anywhere."""


@dataclass(frozen=True, slots=True)
class Swing:
    """Volatility times ``factor``.

    Attributes:
        keep_trend: the trend is left alone, only what strays from it is scaled.
        reverting: the offset is drawn back to 0, so that levels do not wander off.
    """

    factor: float
    keep_trend: bool = False
    reverting: bool = False


@dataclass(frozen=True, slots=True)
class Tie:
    """Pairwise correlation of innovations ``to``, reached over ``over_ns``."""

    to: float
    over_ns: int = 0


Sound = Swing | Tie


@dataclass(frozen=True, slots=True)
class Signal:
    """A log price that a layer listens to, and the key of the board on which it answers.

    Attributes:
        terms: index of an instrument and its sign; the signal is the sum of their log prices.
    """

    key: int
    terms: tuple[tuple[int, float], ...]


class Trends:
    """Innovations of signals: what they did, less the mean of what they did before."""

    def __init__(self, signals: Sequence[Signal]) -> None:
        self._terms = [signal.terms for signal in signals]
        self._slopes = [0.0] * len(self._terms)  # log price per ns
        self._count = 0

    def split(self, changes: Sequence[float], span_ns: int) -> list[float]:
        """Innovations of a step of ``span_ns``, with the trend as known before it."""
        weight = min(_WEIGHT_MOST, max(span_ns / TREND_NS, 1.0 / (_NO_TREND + self._count)))
        self._count += 1
        found = []
        for at, terms in enumerate(self._terms):
            change = 0.0
            for instrument, sign in terms:
                change += sign * changes[instrument]
            slope = self._slopes[at]
            found.append(change - slope * span_ns)
            self._slopes[at] = slope + weight * (change / span_ns - slope)
        return found


class Layer(Protocol):
    """One effect on the base feed's movement.

    Attributes:
        keys: where its offsets live on the board.
        offsets: in log price, one a key.
        wants_past: it learns from what was before its start.
    """

    keys: tuple[int, ...]
    offsets: list[float]
    wants_past: bool

    def hear(self, changes: Sequence[float], span_ns: int) -> None:
        """Learn from a step without an answer."""

    def respond(self, changes: Sequence[float], now_ns: int, span_ns: int) -> list[float]:
        """What it adds in a step, by key.

        Args:
            changes: of every instrument's log price.
            now_ns: time of the step.
            span_ns: since the step before, above 0.
        """

    def hold(self, by_ns: int) -> None:
        """Put off what it still has before it."""


def moved(offsets: Sequence[float], added: list[float]) -> tuple[list[float], list[float]]:
    """Offsets after what is added to them, none past ``FARTHEST``; and what was added for that."""
    sums = [offset + one for offset, one in zip(offsets, added, strict=True)]
    if max(map(abs, sums), default=0.0) <= FARTHEST:
        return sums, added
    bounded = [within(one) for one in sums]
    return bounded, [after - before for after, before in zip(bounded, offsets, strict=True)]


def within(offset: float) -> float:
    """An offset that is not past ``FARTHEST``."""
    return min(FARTHEST, max(-FARTHEST, offset))


class Louder:
    """A ``Swing`` at work: ``x += (k - 1) d`` with the innovation or the whole change ``d``."""

    def __init__(self, swing: Swing, signals: Sequence[Signal]) -> None:
        self.keys = tuple(signal.key for signal in signals)
        self.offsets = [0.0] * len(signals)
        self.wants_past = swing.keep_trend
        self._terms = [signal.terms for signal in signals]
        self._trends = Trends(signals)
        self._swing = swing

    def hear(self, changes: Sequence[float], span_ns: int) -> None:
        self._trends.split(changes, span_ns)

    def hold(self, by_ns: int) -> None:
        """It has no way of its own."""

    def respond(self, changes: Sequence[float], now_ns: int, span_ns: int) -> list[float]:
        swing = self._swing
        if swing.keep_trend:
            moves = self._trends.split(changes, span_ns)
        else:
            moves = [sum(sign * changes[at] for at, sign in terms) for terms in self._terms]
        more = swing.factor - 1.0
        added = [more * move for move in moves]
        if swing.reverting:
            back = math.exp2(-span_ns / HALF_LIFE_NS) - 1.0
            added = [one + back * offset for one, offset in zip(added, self.offsets, strict=True)]
        self.offsets, added = moved(self.offsets, added)
        return added


class Together:
    """A ``Tie`` at work: standardised innovations ``z`` become ``z' = L_target L_present^-1 z``.

    The leader's innovations stay; each follower keeps its standard deviation. What the leader's past
    explains of a follower is taken off first (see ``innovations``), so that the correlation comes out over
    one step and over many.
    """

    def __init__(self, tie: Tie, signals: Sequence[Signal], start_ns: int, step_ns: int) -> None:
        size = len(signals)
        self.keys = tuple(signal.key for signal in signals)
        self.offsets = [0.0] * size
        self.wants_past = True
        self._tie = tie
        self._start_ns = start_ns
        self._trends = Trends(signals)
        self._known = Innovations(size, lags_of(step_ns))
        self._target = possible(equal(size, tie.to))
        self._fit: Fit | None = None
        self._wanted: Matrix | None = None  # factor of the target, once it is reached

    def hear(self, changes: Sequence[float], span_ns: int) -> None:
        self._known.push(self._trends.split(changes, span_ns))

    def hold(self, by_ns: int) -> None:
        self._start_ns += by_ns

    def respond(self, changes: Sequence[float], now_ns: int, span_ns: int) -> list[float]:
        known = self._known
        innovations = self._trends.split(changes, span_ns)
        count = known.count
        if self._fit is None or count % (_FIT_OFTEN if count < _FEW else _FIT_EVERY) == 0:
            self._fit = known.fit()
        fit = self._fit
        added = [0.0] * len(self.keys)
        if fit is not None:
            deviations = known.deviations
            scores = [value / deviation for value, deviation in zip(innovations, deviations, strict=True)]
            leader = fit.order[0]
            news = []
            for at in fit.order:
                score = scores[at]
                for lead, past in zip(fit.leads[at], known.past, strict=False):
                    score -= lead * past[leader] / deviations[leader]
                news.append(score)
            wanted = apply(self._factor(now_ns, fit.present), solve(fit.lower, news))
            for at, score in zip(fit.order, wanted, strict=True):
                added[at] = deviations[at] * (score - scores[at])
            self.offsets, added = moved(self.offsets, added)
        known.push(innovations)
        return added

    def _factor(self, now_ns: int, present: Matrix) -> Matrix:
        """Cholesky factor of what is wanted now."""
        if self._wanted is not None:
            return self._wanted
        since_ns, over_ns = max(0, now_ns - self._start_ns), self._tie.over_ns
        if since_ns >= over_ns:
            self._wanted = factored(self._target)
            return self._wanted
        return factored(blend(since_ns / over_ns, present, self._target))
