"""Correlation matrices: factored, mixed, and always such as can exist."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.chaos.correlation import (
    EIGENVALUE_LEAST,
    Matrix,
    apply,
    blend,
    cholesky,
    eigen,
    equal,
    factored,
    nearest,
    possible,
    solve,
)
from mdsim.core.errors import InternalError

EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True)
HIGHAM = [[2.0, -1.0, 0.0, 0.0], [-1.0, 2.0, -1.0, 0.0], [0.0, -1.0, 2.0, -1.0], [0.0, 0.0, -1.0, 2.0]]
"""The example of Higham's section 5, whose answer is printed there to four digits."""


@st.composite
def symmetric(draw: st.DrawFn, most: int = 6) -> Matrix:
    """A matrix with a unit diagonal and anything from -1 to 1 beside it: mostly no correlation matrix."""
    size = draw(st.integers(2, most))
    found = equal(size, 0.0)
    for row in range(size):
        for column in range(row):
            found[row][column] = found[column][row] = draw(st.floats(-1.0, 1.0))
    return found


def array(matrix: Matrix) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array(matrix)


@EXAMPLES
@given(symmetric())
def test_whatever_is_asked_the_matrix_used_is_a_correlation_matrix(matrix: Matrix) -> None:
    """Unit diagonal, symmetric, positive definite, nothing beyond 1."""
    found = array(possible(matrix))
    assert np.array_equal(found, found.T)
    assert np.array_equal(np.diag(found), np.ones(len(matrix)))
    assert np.abs(found).max() <= 1.0
    assert np.linalg.eigvalsh(found).min() > 0.5 * EIGENVALUE_LEAST


@EXAMPLES
@given(symmetric())
def test_a_factor_gives_its_matrix_back(matrix: Matrix) -> None:
    """L L' is the nearest matrix that exists, and ``solve`` undoes ``apply``."""
    lower = factored(matrix)
    assert array(lower) @ array(lower).T == pytest.approx(array(possible(matrix)), abs=1e-9)
    vector = [float(at + 1) for at in range(len(matrix))]
    assert apply(lower, vector) == pytest.approx(array(lower) @ vector)
    assert apply(lower, solve(lower, vector)) == pytest.approx(vector, abs=1e-6)


@EXAMPLES
@given(symmetric())
def test_eigenvalues_agree_with_a_library(matrix: Matrix) -> None:
    """And the vectors belong to them."""
    values, vectors = eigen(matrix)
    assert sorted(values) == pytest.approx(np.linalg.eigvalsh(array(matrix)), abs=1e-10)
    assert array(vectors) @ np.diag(values) @ array(vectors).T == pytest.approx(array(matrix), abs=1e-10)


def test_the_nearest_matrix_is_the_one_that_was_published() -> None:
    """Higham 2002, section 5."""
    wanted = [[1.0, -0.8084, 0.1916, 0.1068], [-0.8084, 1.0, -0.6562, 0.1916]]
    assert array(nearest(HIGHAM))[:2] == pytest.approx(np.array(wanted), abs=1e-4)


@EXAMPLES
@given(symmetric(4), st.integers(0, 1_000))
def test_nothing_that_exists_is_nearer(matrix: Matrix, seed: int) -> None:
    """Steps from the answer towards random correlation matrices lead away from what was asked."""
    found = array(possible(matrix))
    size, rng = len(matrix), random.Random(seed)
    distance = float(np.linalg.norm(found - array(matrix)))
    for _ in range(10):
        rows = np.array([[rng.gauss(0.0, 1.0) for _ in range(size + 1)] for _ in range(size)])
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        towards = found + 0.05 * (rows @ rows.T - found)
        assert np.linalg.norm(towards - array(matrix)) > distance - 1e-4


def test_a_matrix_that_exists_is_left_alone() -> None:
    """Not only nearly: the very object."""
    matrix = equal(3, 0.95)
    assert possible(matrix) is matrix


@pytest.mark.parametrize("size", [2, 3, 5, 8])
def test_all_against_all_is_as_far_apart_as_can_be(size: int) -> None:
    """Of n alike pairs -1 / (n - 1) is the least, and by symmetry the nearest to anything below."""
    found = possible(equal(size, -1.0))
    assert found[1][0] == pytest.approx(-1.0 / (size - 1), abs=1e-5)
    assert found[0][size - 1] == pytest.approx(found[1][0], abs=1e-9)


@EXAMPLES
@given(symmetric(), st.floats(0.0, 1.0))
def test_between_two_correlation_matrices_are_only_such(matrix: Matrix, share: float) -> None:
    """So that a ramp needs no repair on its way."""
    between = blend(share, possible(matrix), equal(len(matrix), 0.9))
    assert np.linalg.eigvalsh(array(between)).min() > 0.0
    assert cholesky(between) is not None


def test_a_matrix_out_of_all_bounds_is_a_fault_of_ours() -> None:
    """It is said, not hidden."""
    with pytest.raises(InternalError) as caught:
        factored([[1.0, math.inf], [math.inf, 1.0]])
    assert caught.value.code == "MD933"
