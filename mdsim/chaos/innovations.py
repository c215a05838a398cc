"""What is known of the joint innovations of a few signals: size, company, and who hears of news first.

An innovation is what a log price did in one step of the base feed, less its trend. Everything here is an
exponentially weighted mean over ``MEMORY`` innovations (a plain mean until there are so many), and every
estimate rests on the past alone.

Prices hear of news at different times: at a step of 100 ms BTC leads ETH by two steps, their innovations of
one step are nearly uncorrelated, and their minutes are not. So the past of the leader, over one second, is
part of the estimate: what it explains of the others is taken off before the correlation of what is left.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from mdsim.chaos.correlation import Matrix, blend, cholesky, equal
from mdsim.core.time import SECOND

MEMORY = 256
"""Innovations that an estimate looks back on."""
LEAST = 8
"""Innovations before anything can be said."""
LAGS_MOST = 10
_OUTLIER = 5.0
"""Standard deviations beyond which an innovation counts as this many: a jump is no estimate."""
_PRIOR = 4.0
"""Worth, in innovations, of the assumption that there is no correlation."""
_RIDGE = 1e-3
_FAITH = 0.8
"""The leader stays while its lead is this share of the largest."""


def lags_of(step_ns: int) -> int:
    """Steps of the base feed in the second over which a lead is looked for; at least 1, at most 10."""
    return min(LAGS_MOST, max(1, -(-SECOND // step_ns)))


@dataclass(frozen=True, slots=True)
class Fit:
    """The signals as a linear system.

    Attributes:
        order: indexes of the signals, the leader first; the rest as given.
        leads: by signal, what each of the leader's past standardised innovations (the latest first) adds to
            its own; nothing for the leader.
        lower: Cholesky factor of the covariance of what is left, in that order.
        present: correlation over many steps, in that order.
    """

    order: tuple[int, ...]
    leads: tuple[tuple[float, ...], ...]
    lower: Matrix
    present: Matrix


class Innovations:
    """Estimates from innovations that are pushed one by one.

    Attributes:
        count: innovations pushed.
        deviations: standard deviation of each signal's innovation, in log price; 0 while it never moved.
        past: the latest innovations, the newest first; ``lags`` of them at most.
    """

    def __init__(self, size: int, lags: int) -> None:
        self.count = 0
        self.deviations = [0.0] * size
        self.past: deque[list[float]] = deque(maxlen=lags)
        self._size = size
        self._variances = [0.0] * size
        self._before: deque[list[float]] = deque(maxlen=lags)  # standardised, outliers clipped
        # By lag, row, column: mean of row's innovation now times column's so many steps ago.
        self._products = [equal(size, 0.0) for _ in range(lags + 1)]
        self._leader = 0

    def push(self, innovations: Sequence[float]) -> None:
        """Take one innovation of every signal."""
        known = self.count >= LEAST
        self.count += 1
        weight = 1.0 / min(self.count, MEMORY)
        scores = []
        for at, value in enumerate(innovations):
            deviation, clipped = self.deviations[at], value
            if known and deviation > 0.0:
                most = _OUTLIER * deviation
                clipped = max(-most, min(most, value))
            self._variances[at] += weight * (clipped * clipped - self._variances[at])
            self.deviations[at] = math.sqrt(self._variances[at])
            scale = deviation if known and deviation > 0.0 else self.deviations[at]
            scores.append(clipped / scale if scale > 0.0 else 0.0)
        for lag, then in enumerate((scores, *self._before)):
            for row, score in zip(self._products[lag], scores, strict=True):
                for column, other in enumerate(then):
                    row[column] += weight * (score * other - row[column])
        self._before.appendleft(scores)
        self.past.appendleft(list(innovations))

    def fit(self) -> Fit | None:
        """The signals as a linear system, or None while too little is known or one of them never moved."""
        if self.count < LEAST or min(self.deviations) == 0.0:
            return None
        size, lags = self._size, len(self._products) - 1
        worth = min(self.count, 2 * MEMORY)
        trust = worth / (worth + _PRIOR)
        roots = [math.sqrt(self._products[0][at][at]) for at in range(size)]
        # By row and column: regression of row's innovation on column's, by lag from 1; noise is shrunk off.
        leads = [
            [
                tuple(
                    _shrunk(self._products[lag][row][column] / (roots[row] * roots[column]), worth)
                    for lag in range(1, lags + 1)
                )
                for column in range(size)
            ]
            for row in range(size)
        ]
        leader = self._choose(leads)
        order = (leader, *(at for at in range(size) if at != leader))
        plain = [
            [
                1.0
                if row == column
                else trust * self._products[0][row][column] / (roots[row] * roots[column])
                for column in order
            ]
            for row in order
        ]
        own = [leads[at][leader] if at != leader else (0.0,) * lags for at in range(size)]
        left = [
            [
                plain[row][column] - sum(a * b for a, b in zip(own[one], own[other], strict=True))
                for column, other in enumerate(order)
            ]
            for row, one in enumerate(order)
        ]
        lower = cholesky(blend(_RIDGE, left, equal(size, 0.0)), _RIDGE)
        if lower is None:  # the lags explain more than there is: they are noise
            own = [(0.0,) * lags for _ in range(size)]
            lower = cholesky(blend(_RIDGE, plain, equal(size, 0.0)), 0.1 * _RIDGE)
            if lower is None:
                return None
        return Fit(order, tuple(own), lower, _over_many_steps(plain, own, order))

    def _choose(self, leads: list[list[tuple[float, ...]]]) -> int:
        """The signal whose past tells most about the others; the present leader unless clearly beaten."""
        scores = [
            sum(lead * lead for row in range(self._size) if row != column for lead in leads[row][column])
            for column in range(self._size)
        ]
        best = max(scores)
        if scores[self._leader] < _FAITH * best:
            self._leader = scores.index(best)
        return self._leader


def _shrunk(estimate: float, worth: float) -> float:
    """An estimate of standard error ``worth ** -0.5``, taken to 0 where it could be noise.

    The positive part of James and Stein's factor, for one estimate and with twice the variance.
    """
    if estimate == 0.0:
        return 0.0
    return estimate * max(0.0, 1.0 - 2.0 / (worth * estimate * estimate))


def _over_many_steps(plain: Matrix, own: list[tuple[float, ...]], order: tuple[int, ...]) -> Matrix:
    """Correlation with the leader's lead counted in; pairs without the leader as they are in one step."""
    size = len(order)
    found = [row.copy() for row in plain]
    for at in range(1, size):
        whole = max(-0.99, min(0.99, plain[0][at] + sum(own[order[at]])))
        found[0][at] = found[at][0] = whole
    for share in (0.0, 0.1, 0.25, 0.5, 0.75):
        mixed = blend(share, found, equal(size, 0.0))
        if cholesky(mixed) is not None:
            return mixed
    return equal(size, 0.0)
