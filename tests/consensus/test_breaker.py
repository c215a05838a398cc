"""What halts an instrument, and what lets it go on."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.consensus.breaker import Breaker
from mdsim.consensus.settings import Limits
from mdsim.core.time import MS, SECOND


def run(breaker: Breaker, prices: list[tuple[int, float]], *, sure: bool = True) -> list[bool]:
    return [breaker.check(price, sure, at_s * SECOND) for at_s, price in prices]


def test_twenty_percent_within_a_minute_halts_and_slower_does_not() -> None:
    """Compared with the lowest and the highest of the last minute."""
    assert run(Breaker(0.2, Limits()), [(0, 100.0), (30, 85.0), (60, 79.0)]) == [True, True, False]
    assert run(Breaker(0.2, Limits()), [(0, 100.0), (30, 85.0), (62, 79.0)]) == [True, True, True]
    assert run(Breaker(0.2, Limits()), [(0, 100.0), (1, 121.0)]) == [True, False]


def test_a_dip_within_one_second_is_seen() -> None:
    """The window holds both ends of every second."""
    breaker = Breaker(0.2, Limits())
    assert breaker.check(100.0, True, 0)
    assert breaker.check(85.0, True, 1)
    assert not breaker.check(103.0, True, 2)


def test_it_closes_when_the_price_stays_back_for_five_seconds() -> None:
    """Within half of the threshold of what was published last; a lone source may bring it back."""
    breaker = Breaker(0.2, Limits())
    run(breaker, [(0, 100.0), (1, 50.0)])
    assert "-50.0 %" in breaker.why
    steps = [(2, 99.0), (4, 50.0), (5, 95.0), (9, 95.0), (10, 95.0), (11, 96.0)]
    assert run(breaker, steps, sure=False) == [False, False, False, False, True, True]
    assert breaker.why == ""


def test_it_closes_on_a_new_level_when_enough_agree_for_half_a_minute() -> None:
    """And the level before no longer trips it; without enough sources it never closes."""
    agreed, lone = Breaker(0.2, Limits()), Breaker(0.2, Limits())
    steps = [(at_s, 70.0) for at_s in range(1, 40)]
    for breaker in (agreed, lone):
        run(breaker, [(0, 100.0)])
    assert run(agreed, steps).index(True) == 30
    assert True not in run(lone, steps, sure=False)


def test_a_level_that_moves_on_begins_its_half_minute_anew() -> None:
    """It settles where it stays."""
    breaker = Breaker(0.2, Limits())
    run(breaker, [(0, 100.0)])
    falling = [(at_s, 70.0 if at_s < 20 else 50.0) for at_s in range(1, 60)]
    assert run(breaker, falling).index(True) == 49


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 3_000), st.floats(0.9, 1.1)), max_size=150), st.floats(0.02, 0.4))
def test_it_trips_exactly_where_some_price_of_the_last_minute_is_too_far(
    steps: list[tuple[int, float]], threshold: float
) -> None:
    """Against every price by itself; the oldest that is too far is the one that is told."""
    breaker, seconds, now_ns, price = Breaker(threshold, Limits()), dict[int, list[float]](), 0, 100.0
    for later_ms, factor in steps:
        now_ns += later_ms * MS
        price *= factor
        past = [
            extreme
            for second, told in seconds.items()
            if now_ns - second * SECOND <= Limits().breaker_window_ns
            for extreme in (min(told), max(told))
        ]
        far = [one for one in past if abs(price / one - 1.0) > threshold]
        assert breaker.check(price, True, now_ns) == (not far)
        if far:
            assert f"({far[0]:.10g} to {price:.10g})" in breaker.why
            return
        seconds.setdefault(now_ns // SECOND, []).append(price)
