"""How a stablecoin loses its peg and finds it again."""

from __future__ import annotations

from mdsim.consensus.pegs import Peg
from mdsim.consensus.settings import Limits
from mdsim.core.time import SECOND


def states(prices: list[tuple[int, int, float]]) -> list[tuple[int, str]]:
    """Changes of state over stretches (from second, to second, price)."""
    peg = Peg(0.005, Limits())
    seen: list[tuple[int, str]] = []
    for begin, end, price in prices:
        seen += [(at_s, peg.state) for at_s in range(begin, end) if peg.hear(price, at_s * SECOND)]
    return seen


def test_stress_takes_a_minute_and_loss_five() -> None:
    """Over 50 bps and over 200 bps."""
    assert states([(0, 10, 1.0), (10, 1_000, 0.97)]) == [(70, "STRESSED"), (310, "DEPEGGED")]
    assert states([(0, 1_000, 0.985)]) == [(60, "STRESSED")]
    assert states([(0, 1_000, 0.9955)]) == []


def test_a_short_dip_is_nothing() -> None:
    """Each return under the limit begins the minute anew."""
    dips = [(at_s, at_s + 50, 0.9) if at_s % 100 else (at_s, at_s + 50, 1.0) for at_s in range(0, 1_000, 50)]
    assert states(dips) == []


def test_the_way_back_needs_half_of_the_distance_for_as_long() -> None:
    """100 bps for five minutes, then 25 bps for a minute; between half and whole nothing changes."""
    lost = [(0, 400, 0.97), (400, 1_000, 0.985), (1_000, 2_000, 0.992), (2_000, 3_000, 0.999)]
    assert states(lost) == [
        (60, "STRESSED"),
        (300, "DEPEGGED"),
        (1_300, "STRESSED"),
        (2_060, "PEGGED"),
    ]


def test_over_the_peg_counts_as_well() -> None:
    """BTC-USDC at a premium is a stablecoin at a discount, and the other way round."""
    assert states([(0, 100, 1.0101)]) == [(60, "STRESSED")]
