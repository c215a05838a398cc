"""The correlation matrix: right, bounded, positive semidefinite."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.time import MINUTE, SECOND
from mdsim.microstructure.correlations import Correlations

PATHS = st.integers(2, 5).flatmap(
    lambda size: st.lists(
        st.lists(st.integers(1, 10**9), min_size=size, max_size=size), min_size=3, max_size=30
    )
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(path=PATHS)
def test_the_matrix_is_always_positive_semidefinite(path: list[list[int]]) -> None:
    """Few samples, still prices, wild jumps: no negative eigenvalue, ones on the diagonal, symmetric."""
    rolling = Correlations(len(path[0]), period_ns=SECOND, window_ns=MINUTE)
    for number, mids in enumerate(path):
        rolling.push(number * SECOND, mids)
    found = rolling.matrix()
    assert found is not None
    matrix = np.array(found.values)
    assert np.linalg.eigvalsh(matrix).min() > -1e-9
    assert (matrix == matrix.T).all()
    assert (np.diag(matrix) == 1.0).all()
    assert np.abs(matrix).max() <= 1.0


def test_it_equals_pearsons_formula_over_the_window() -> None:
    """Against numpy, over the last samples only."""
    draw = random.Random(3)
    rolling = Correlations(3, period_ns=SECOND, window_ns=60 * SECOND)
    mids = [1e6, 1e6, 1e6]
    path = []
    for number in range(200):
        common = draw.gauss(0, 1e-3)
        mids = [
            mid * math.exp(share * common + draw.gauss(0, 1e-3))
            for mid, share in zip(mids, (1, 1, -2), strict=True)
        ]
        path.append([round(mid) for mid in mids])
        rolling.push(number * SECOND, path[-1])
    found, short = rolling.matrix(), rolling.matrix(20 * SECOND)
    assert found is not None
    assert short is not None
    assert (found.samples, found.window_ns, short.samples) == (60, 60 * SECOND, 20)
    returns = np.diff(np.log(np.array(path)), axis=0)
    assert np.array(found.values) == pytest.approx(np.corrcoef(returns[-60:].T), abs=1e-9)
    assert np.array(short.values) == pytest.approx(np.corrcoef(returns[-20:].T), abs=1e-9)


def test_a_price_that_stands_still_is_correlated_with_nothing() -> None:
    """0 beside it, 1 on the diagonal."""
    rolling = Correlations(2, period_ns=SECOND, window_ns=MINUTE)
    for number in range(10):
        rolling.push(number * SECOND, [100 + number % 3, 500])
    found = rolling.matrix()
    assert found is not None
    assert found.values == ((1.0, 0.0), (0.0, 1.0))


def test_one_sample_a_period_however_often_it_is_shown() -> None:
    """Extra cycles within a period add nothing; too few returns give no matrix."""
    rolling = Correlations(1, period_ns=SECOND, window_ns=MINUTE)
    for part in range(20):
        rolling.push(part * SECOND // 10, [100 + part])
    assert rolling.matrix() is None
    rolling.push(2 * SECOND, [90])
    found = rolling.matrix()
    assert found is not None
    assert found.samples == 2


def test_a_window_without_room_for_a_return_is_refused() -> None:
    """Two periods at least."""
    with pytest.raises(ValueError, match="fewer than two periods"):
        Correlations(1, period_ns=MINUTE, window_ns=MINUTE)
