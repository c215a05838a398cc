"""What is learned from innovations: their size, their company, and who is first."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy as np
import pytest

from mdsim.chaos.innovations import LAGS_MOST, LEAST, MEMORY, Fit, Innovations, lags_of
from mdsim.core.time import MINUTE, MS, SECOND


@pytest.mark.parametrize(
    ("step_ns", "lags"), [(MS, LAGS_MOST), (100 * MS, 10), (300 * MS, 4), (SECOND, 1), (MINUTE, 1)]
)
def test_a_lead_is_looked_for_over_a_second(step_ns: int, lags: int) -> None:
    """In whole steps, one at least."""
    assert lags_of(step_ns) == lags


def learned(rows: Sequence[tuple[float, ...]], lags: int = 3) -> Innovations:
    known = Innovations(len(rows[0]), lags)
    for row in rows:
        known.push(row)
    return known


def fitted(rows: Sequence[tuple[float, ...]], lags: int = 3) -> Fit:
    fit = learned(rows, lags).fit()
    assert fit is not None
    return fit


def led(count: int, lag: int, sd: float = 1.0, seed: int = 1) -> list[tuple[float, ...]]:
    """The second signal does 0.8 of what the first did ``lag`` steps ago, and 0.6 of its own."""
    rng = random.Random(seed)
    first = [rng.gauss(0.0, 1.0) for _ in range(count + lag)]
    return [(first[at + lag], sd * (0.8 * first[at] + 0.6 * rng.gauss(0.0, 1.0))) for at in range(count)]


def test_deviations_are_found() -> None:
    """In each signal's own measure."""
    known = learned(led(2_000, 0, sd=50.0))
    assert known.deviations == pytest.approx([1.0, 50.0], rel=0.1)


def test_an_outlier_is_no_estimate() -> None:
    """One step of a thousand deviations counts like one of five."""
    known = learned(led(600, 0))
    before = known.deviations[0]
    known.push((1_000.0, 0.0))
    assert known.deviations[0] < before * math.sqrt(1.0 + 25.0 / MEMORY)
    assert known.deviations[0] > before


def test_correlation_of_a_step_is_found() -> None:
    """As the Cholesky factor of what is left when leads are taken off; here there are none."""
    fit = fitted(led(5_000, 0))
    assert fit.lower[1][0] == pytest.approx(0.8, abs=0.06)
    assert fit.present[0][1] == pytest.approx(0.8, abs=0.15)
    assert all(abs(lead) < 0.1 for leads in fit.leads for lead in leads)


@pytest.mark.parametrize("swapped", [False, True])
def test_whoever_is_first_leads(swapped: bool) -> None:
    """Whichever place it has; the lead stands at its lag, and nothing of it is left in the step itself."""
    rows = led(3_000, 2)
    fit = fitted([row[::-1] for row in rows] if swapped else rows)
    follower = 0 if swapped else 1
    assert fit.order == ((1, 0) if swapped else (0, 1))
    assert fit.leads[follower] == pytest.approx((0.0, 0.8, 0.0), abs=0.1)
    assert fit.leads[1 - follower] == (0.0, 0.0, 0.0)
    assert fit.lower[1] == pytest.approx([0.0, 0.6], abs=0.1)
    assert fit.present[0][1] == pytest.approx(0.8, abs=0.1)


def test_independent_signals_have_no_leader() -> None:
    """Noise is shrunk off; the order is that in which they are given."""
    rng = random.Random(3)
    fits = [fitted([(rng.gauss(0.0, 1.0), rng.gauss(0.0, 1.0)) for _ in range(600)]) for _ in range(20)]
    leads = [lead for fit in fits for leads in fit.leads for lead in leads]
    assert sum(lead == 0.0 for lead in leads) > 0.7 * len(leads)
    assert np.abs(leads).max() < 0.25


def test_the_factor_always_exists() -> None:
    """Signals that are one and the same, mirrored, or few."""
    rng = random.Random(4)
    for count in (LEAST, 20, 300):
        rows = [(one := rng.gauss(0.0, 1.0), 3.0 * one, -one) for _ in range(count)]
        fit = fitted(rows)
        assert min(fit.lower[at][at] for at in range(3)) > 0.0
        assert np.linalg.eigvalsh(np.array(fit.present)).min() > 0.0


def test_too_little_is_no_knowledge() -> None:
    """Less than eight innovations, or a signal that never moved."""
    rows = led(LEAST, 0)
    assert learned(rows[:-1]).fit() is None
    assert learned(rows).fit() is not None
    assert learned([(row[0], 0.0) for row in rows]).fit() is None
