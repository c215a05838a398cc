"""What happened on five days, and what the room makes of it under both methods."""

from __future__ import annotations

import pytest

from tools.consensus_cases import CASES, Case, play

ROBUST_MOST_BPS = {
    "2021-10-21": 100.0,
    "2021-09-20": 2.0,
    "2025-10-10": 50.0,
    "a source of five": 3.0,
    "a source of three": 5.0,
    "2023-03-11": 5.0,
    "a stablecoin of two": 1.0,
}
"""Errors in bps that the robust price must stay under, by the beginning of the case's name."""

TWO_SIGMA_LEAST_BPS = {
    "2021-10-21": 1_000.0,
    "2025-10-10": 1_000.0,
    "a source of five": 100.0,
    "a source of three": 150.0,
    "a stablecoin of two": 1_000.0,
}
"""Errors in bps that the literal rule lets pass: if it stops doing so, it is no longer literal."""


def named(table: dict[str, float], case: Case) -> float | None:
    return next((figure for name, figure in table.items() if case.name.startswith(name)), None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.split(":")[0].replace(" ", "-"))
def test_the_robust_price_stays_with_the_truth(case: Case) -> None:
    """Under its bound at every quarter of a second, and never halted."""
    outcome = play(case, "robust")
    most_bps = named(ROBUST_MOST_BPS, case)
    assert most_bps is not None
    assert outcome.worst_bps < most_bps
    assert outcome.halted_s == 0.0
    assert bool(case.bad) == bool(outcome.reasons), "what was bad is rejected, with a reason"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.split(":")[0].replace(" ", "-"))
def test_the_literal_rule_does_not(case: Case) -> None:
    """Two standard deviations reject nothing among five; of eleven they reject two."""
    outcome = play(case, "two_sigma")
    least_bps = named(TWO_SIGMA_LEAST_BPS, case)
    if least_bps is None:
        assert outcome.worst_bps < 5.0
    else:
        assert outcome.worst_bps > least_bps
        assert outcome.reasons == ()


def test_the_reasons_name_what_was_wrong() -> None:
    """A slipped decimal point, a frozen price, a lone mover."""
    found = {case.name.split(":")[0]: play(case, "robust").reasons for case in CASES[:4]}
    assert list(found.values()) == [
        ("outlier",),
        ("decimals", "outlier"),
        ("outlier",),
        ("frozen",),
    ]
