"""Correlation matrices of a few assets: factored, mixed, and made possible when they are not.

Plain lists of lists: at eight assets they are faster than an array library's call, and this runs on the
tick path.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

from mdsim.core.errors import InternalError

Matrix: TypeAlias = list[list[float]]

ASSETS_MOST = 8
EIGENVALUE_LEAST = 1e-6
"""Below this a matrix counts as not positive definite."""
_ROUNDS_MOST = 500
_SWEEPS_MOST = 60
_CLOSE = 1e-12


def equal(size: int, correlation: float) -> Matrix:
    """Every pair correlated alike; for a negative one possible only from ``-1 / (size - 1)`` up."""
    return [[1.0 if row == column else correlation for column in range(size)] for row in range(size)]


def cholesky(matrix: Matrix, least: float = EIGENVALUE_LEAST) -> Matrix | None:
    """Lower ``L`` with ``L L' = matrix``; None when a pivot falls under ``least``: not positive definite."""
    size = len(matrix)
    lower = [[0.0] * size for _ in range(size)]
    for row in range(size):
        for column in range(row + 1):
            rest = matrix[row][column] - math.fsum(lower[row][at] * lower[column][at] for at in range(column))
            if row != column:
                lower[row][column] = rest / lower[column][column]
            elif not rest >= least:  # not a number either
                return None
            else:
                lower[row][row] = math.sqrt(rest)
    return lower


def solve(lower: Matrix, right: Sequence[float]) -> list[float]:
    """``x`` with ``lower x = right``, by forward substitution."""
    found: list[float] = []
    for row, value in zip(lower, right, strict=True):
        rest = value
        for factor, known in zip(row, found, strict=False):
            rest -= factor * known
        found.append(rest / row[len(found)])
    return found


def apply(lower: Matrix, vector: Sequence[float]) -> list[float]:
    """``lower vector`` for a lower triangular matrix."""
    return [sum(row[at] * vector[at] for at in range(size)) for size, row in enumerate(lower, start=1)]


def blend(share: float, one: Matrix, other: Matrix) -> Matrix:
    """``(1 - share) one + share other``: between two correlation matrices there are only such."""
    return [
        [(1.0 - share) * a + share * b for a, b in zip(row, beside, strict=True)]
        for row, beside in zip(one, other, strict=True)
    ]


def possible(matrix: Matrix) -> Matrix:
    """The matrix itself when it is positive definite, otherwise the nearest correlation matrix."""
    return matrix if cholesky(matrix) is not None else nearest(matrix)


def factored(matrix: Matrix) -> Matrix:
    """Cholesky factor of a correlation matrix, or of the nearest one when it is not positive definite.

    Raises:
        InternalError: there is none, because an entry is out of all bounds.
    """
    lower = cholesky(possible(matrix))
    if lower is None:
        raise InternalError("MD933", f"no correlation matrix is near {matrix!r}")
    return lower


def nearest(matrix: Matrix) -> Matrix:
    """The nearest correlation matrix in the Frobenius norm, with every eigenvalue above the least.

    Alternating projections with Dykstra's correction onto the matrices of large enough eigenvalues and onto
    those of unit diagonal (Higham, IMA Journal of Numerical Analysis 22, 2002). At the end the diagonal is
    made 1 by scaling rows and columns, which leaves the matrix positive definite.

    Args:
        matrix: symmetric, with finite entries.
    """
    size = len(matrix)
    found = [row.copy() for row in matrix]
    correction = [[0.0] * size for _ in range(size)]
    # Twice the least, so that scaling the diagonal cannot take it under.
    least = 2.0 * EIGENVALUE_LEAST
    for _ in range(_ROUNDS_MOST):
        shifted = [
            [a - b for a, b in zip(row, beside, strict=True)]
            for row, beside in zip(found, correction, strict=True)
        ]
        raised = _raised(shifted, least)
        moved = 0.0
        for row in range(size):
            for column in range(size):
                correction[row][column] = raised[row][column] - shifted[row][column]
                value = 1.0 if row == column else raised[row][column]
                moved = max(moved, abs(value - found[row][column]))
                found[row][column] = value
        if moved < _CLOSE:
            break
    raised = _raised(found, least)
    scales = [1.0 / math.sqrt(raised[at][at]) for at in range(size)]
    return [
        [
            1.0
            if row == column
            else raised[max(row, column)][min(row, column)] * (scales[row] * scales[column])
            for column in range(size)
        ]
        for row in range(size)
    ]


def eigen(matrix: Matrix) -> tuple[list[float], Matrix]:
    """Eigenvalues and eigenvectors (as columns) of a symmetric matrix, by cyclic Jacobi rotations.

    Golub and Van Loan, Matrix Computations, 8.5: each rotation makes one entry beside the diagonal 0.
    """
    size = len(matrix)
    work = [row.copy() for row in matrix]
    vectors = equal(size, 0.0)
    for _ in range(_SWEEPS_MOST):
        if all(abs(work[row][column]) < 1e-15 for row in range(size) for column in range(row)):
            break
        for first in range(size):
            for second in range(first + 1, size):
                _rotate(work, vectors, first, second)
    return [work[at][at] for at in range(size)], vectors


def _rotate(work: Matrix, vectors: Matrix, first: int, second: int) -> None:
    beside = work[first][second]
    if beside == 0.0:
        return
    slope = (work[second][second] - work[first][first]) / (2.0 * beside)
    tangent = math.copysign(1.0, slope) / (abs(slope) + math.hypot(slope, 1.0))
    cosine = 1.0 / math.hypot(tangent, 1.0)
    sine = tangent * cosine
    for row in work:
        row[first], row[second] = (
            cosine * row[first] - sine * row[second],
            sine * row[first] + cosine * row[second],
        )
    one, other = work[first], work[second]
    work[first] = [cosine * a - sine * b for a, b in zip(one, other, strict=True)]
    work[second] = [sine * a + cosine * b for a, b in zip(one, other, strict=True)]
    for row in vectors:
        row[first], row[second] = (
            cosine * row[first] - sine * row[second],
            sine * row[first] + cosine * row[second],
        )


def _raised(matrix: Matrix, least: float) -> Matrix:
    """The nearest symmetric matrix whose eigenvalues are all at least ``least``."""
    values, vectors = eigen(matrix)
    kept = [max(value, least) for value in values]
    size = len(matrix)
    return [
        [
            math.fsum(kept[at] * vectors[row][at] * vectors[column][at] for at in range(size))
            for column in range(size)
        ]
        for row in range(size)
    ]
