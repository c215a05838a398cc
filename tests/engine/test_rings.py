"""A ring keeps the newest ticks and finds a span of them without looking at all."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.engine.rings import QuoteRing


@given(
    st.integers(1, 8),
    st.lists(st.integers(0, 3), max_size=40),
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(0, 10),
)
@settings(derandomize=True, deadline=None)
def test_a_span_of_a_ring_is_what_a_plain_list_would_give(
    size: int, gaps: list[int], start: int, end: int, limit: int
) -> None:
    """Whatever has been pushed and forgotten."""
    ring, plain, now = QuoteRing(size), [], 0
    for number, gap in enumerate(gaps, start=1):
        now += gap
        ring.push(now, number, number - 1, number + 1, number * 2)
        plain.append((number, now, number, number - 1, number + 1, number * 2))
    kept = plain[-size:]
    wanted = [tick for tick in kept if start <= tick[1] < end][:limit]
    assert list(ring.between(start, end, limit)) == wanted
    assert len(ring) == len(kept)
