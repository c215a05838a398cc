"""Interval and score."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.consensus import confidence
from mdsim.core.time import SECOND


def test_the_interval_is_the_wider_quartile_of_three_votes_a_source() -> None:
    """One source of 100 ± 10 bps: the quartiles are its outer votes."""
    assert confidence.interval_bps([100.0], [10.0], [1.0]) == pytest.approx(10.0)
    skewed = confidence.interval_bps([100.0, 100.0, 100.3], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0])
    assert skewed == pytest.approx(28.0, rel=0.01)


def test_the_interval_does_not_depend_on_the_order_of_sources() -> None:
    """Votes are sorted before they are counted."""
    forward = confidence.interval_bps([1.0, 1.01, 1.02], [1.0, 2.0, 3.0], [0.1, 0.2, 0.3])
    backward = confidence.interval_bps([1.02, 1.01, 1.0], [3.0, 2.0, 1.0], [0.3, 0.2, 0.1])
    assert forward == backward


def test_a_share_between_two_votes_is_their_middle() -> None:
    """As the median of an even number is."""
    assert confidence.quantiles([(1.0, 1.0), (3.0, 1.0)], (0.5, 0.25, 1.0)) == [2.0, 1.0, 3.0]


def test_a_vote_is_fresh_for_a_third_of_its_age_and_then_fades() -> None:
    """0 at the limit; a source without a limit is always fresh."""
    found = [confidence.freshness(age_s * SECOND, 90 * SECOND) for age_s in (0, 30, 60, 90, 100)]
    assert found == pytest.approx([1.0, 1.0, 0.5, 0.0, 0.0])
    assert confidence.freshness(1, 0) == 1.0


def test_the_score_multiplies_agreement_freshness_and_quorum() -> None:
    """Three equal sources of three, perfectly agreed, are sure; each fault costs its share."""
    equal = [1.0, 1.0, 1.0]
    assert confidence.score(0.0, equal, equal, 3, 3) == 1.0
    assert confidence.score(50.0, equal, equal, 3, 3) == pytest.approx(0.5)
    assert confidence.score(0.0, [1.0, 0.5, 0.0], equal, 3, 3) == pytest.approx(0.5)
    assert confidence.score(0.0, [1.0], [1.0], 3, 1) == pytest.approx(1 / 3)
    assert confidence.score(0.0, equal, [1.0, 1e-9, 1e-9], 3, 3) == pytest.approx(1 / 3)
    assert confidence.score(0.0, equal, equal, 3, 1) == pytest.approx(1 / 3)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.lists(st.floats(0.5, 2.0), min_size=1, max_size=30), st.sampled_from([1.0, 0.5, 7.0]))
def test_quarters_of_equal_weights_are_those_of_any_weights(values: list[float], weight: float) -> None:
    """Which are summed up one by one; so many sources weigh the same that it is worth a shorter way."""
    ordered = sorted(values)
    weighed = confidence.quantiles([(value, weight) for value in ordered], (0.25, 0.5, 0.75))
    assert list(confidence.even_quarters(ordered)) == weighed
