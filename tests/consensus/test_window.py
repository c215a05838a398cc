"""The extremes of the last minute are those that looking at every price would find."""

from __future__ import annotations

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.consensus.window import PriceWindow
from mdsim.core.time import MS, SECOND

STEPS = st.lists(
    st.tuples(
        st.integers(0, 4_000),  # ms since the one before
        st.floats(1.0, 10.0) | st.sampled_from([2.0, 3.0, 5.0]),
        st.sampled_from(["add", "add", "add", "clear"]),
    ),
    max_size=120,
)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(STEPS, st.integers(1, 20))
def test_the_extremes_are_those_of_looking_at_every_second(
    steps: list[tuple[int, float, str]], length_s: int
) -> None:
    """Whatever comes, however often, and after forgetting."""
    window, naive, now_ns = PriceWindow(length_s * SECOND), deque[tuple[int, float, float]](), 0
    for later_ms, price, what in steps:
        now_ns += later_ms * MS
        window.forget(now_ns)
        while naive and now_ns - naive[0][0] > length_s * SECOND:
            naive.popleft()
        if what == "clear":
            window.clear()
            naive.clear()
        else:
            window.add(price, now_ns)
            second_ns = now_ns // SECOND * SECOND
            if naive and naive[-1][0] == second_ns:
                _, low, high = naive.pop()
                naive.append((second_ns, min(low, price), max(high, price)))
            else:
                naive.append((second_ns, price, price))
        assert list(window) == [price for _, low, high in naive for price in (low, high)]
        assert window.empty == (not naive)
        if naive:
            assert window.lowest == min(low for _, low, _ in naive)
            assert window.highest == max(high for _, _, high in naive)


def test_a_window_holds_as_many_prices_as_it_is_long() -> None:
    """However many come, rising or falling."""
    for sign in (1.0, -1.0):
        window = PriceWindow(60 * SECOND)
        for count in range(20_001):
            now_ns = count * 10 * MS
            window.forget(now_ns)
            window.add(1e6 + sign * count, now_ns)
        assert len(list(window)) == 2 * 61
