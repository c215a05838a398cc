"""Delays between attempts: bounds, cap, jitter that repeats with its seed."""

from __future__ import annotations

from mdsim.core.seeds import SeedTree
from mdsim.core.time import MINUTE, SECOND
from mdsim.providers.backoff import Backoff


def test_delays_double_up_to_the_cap_and_keep_half() -> None:
    """Attempt n waits between half and all of 2ⁿ seconds, a minute at most."""
    backoff = Backoff(SeedTree(1).stream("binance"))
    for attempt in range(40):
        whole = min(MINUTE, SECOND << min(attempt, 6))
        assert whole // 2 <= backoff.next_ns() <= whole


def test_a_connection_that_lived_starts_again_at_a_second() -> None:
    """After a stable minute the delay is short again; after a short life it is not."""
    backoff = Backoff(SeedTree(1).stream("binance"))
    for _ in range(8):
        backoff.next_ns(lived_ns=5 * SECOND)
    assert backoff.next_ns(lived_ns=59 * SECOND) >= 30 * SECOND
    assert backoff.next_ns(lived_ns=MINUTE) <= SECOND


def test_jitter_differs_between_sources_and_repeats_with_the_seed() -> None:
    """The same stream draws the same delays; another source others."""

    def delays(name: str) -> list[int]:
        backoff = Backoff(SeedTree(1).stream(name))
        return [backoff.next_ns() for _ in range(6)]

    assert delays("binance") == delays("binance")
    assert delays("binance") != delays("kraken")
