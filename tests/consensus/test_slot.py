"""The gates that a report passes alone."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mdsim.consensus.settings import Bounds, Limits
from mdsim.consensus.slot import Slot
from mdsim.core.sourcing import Report, SourceTerms
from mdsim.core.time import MS, SECOND

NOW = 1_000 * SECOND
TERMS = SourceTerms("kraken", "stream", "exchange_feeds", 1, False, 5 * SECOND, ("BTC-USD",))


def slot(bounds: Bounds | None = None) -> Slot:
    return Slot(TERMS, "BTC-USD", 0, bounds or Bounds(), Limits())


def report(
    bid: str | None = None,
    ask: str | None = None,
    last: str | None = None,
    *,
    event_ns: int = 0,
    recv_ns: int = NOW,
    seq: int = 0,
    volume: str | None = None,
) -> Report:
    sides = [None if side is None else Decimal(side) for side in (bid, ask, last, volume)]
    return Report("kraken", "BTC-USD", event_ns, recv_ns, seq, *sides)


def reason(said: Report, bounds: Bounds | None = None) -> str:
    refusal = slot(bounds).take(said)
    return "" if refusal is None else refusal[0]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (report("60000", "60010"), ""),
        (report("60000", "60000"), ""),
        (report(last="60000"), ""),
        (report("60000", None, "60001"), ""),
        (report(), "empty"),
        (report("60000"), "empty"),
        (report("NaN", "60010"), "not_finite"),
        (report(last="sNaN"), "not_finite"),
        (report(last="Infinity"), "not_finite"),
        (report("-Infinity", "1"), "not_finite"),
        (report(last="1E+400"), "not_finite"),
        (report(last="1E+30"), "too_large"),
        (report(last="1E-30"), "too_small"),
        (report(last="0"), "not_positive"),
        (report("0", "60010"), "not_positive"),
        (report(last="-60000"), "not_positive"),
        (report("60010", "60000"), "crossed"),
        (report("10", "120000"), "wide"),
    ],
)
def test_only_a_price_that_can_be_one_passes(said: Report, expected: str) -> None:
    """Two sides or a last price, finite, positive, not crossed, not absurdly wide."""
    assert reason(said) == expected


def test_bounds_of_the_instrument_hold_for_what_sources_say() -> None:
    """``min_price`` and ``max_price`` are inclusive."""
    bounds = Bounds(min_price=1_000.0, max_price=100_000.0)
    found = [reason(report(last=last), bounds) for last in ("999.9", "1000", "100000", "100000.1")]
    assert found == ["bounds", "", "", "bounds"]


@pytest.mark.parametrize(
    ("event_ns", "expected"),
    [
        (NOW, ""),
        (NOW + 2 * SECOND, ""),
        (NOW + 2 * SECOND + MS, "skew"),
        (NOW - 5 * SECOND, ""),
        (NOW - 5 * SECOND - MS, "late"),
        (0, ""),
    ],
)
def test_the_clock_of_a_source_is_bounded_on_both_sides(event_ns: int, expected: str) -> None:
    """Two seconds ahead at most, and on arrival no older than the source's own limit."""
    assert reason(report(last="60000", event_ns=event_ns)) == expected


def test_sequence_numbers_rise_and_a_restart_is_let_in_after_silence() -> None:
    """A repeated or lower number is refused; after the source's limit a lower one begins anew."""
    held = slot()
    reasons = []
    for seq, recv_ns in ((7, NOW), (7, NOW + 1), (6, NOW + 2), (8, NOW + 3), (1, NOW + 6 * SECOND)):
        refusal = held.take(report(last="60000", seq=seq, recv_ns=recv_ns))
        reasons.append(None if refusal is None else refusal[0])
    assert reasons == [None, "sequence", "sequence", None, None]
    assert (held.received, held.refused, held.seq) == (5, 2, 1)


def test_without_numbers_the_sources_own_time_may_not_go_back() -> None:
    """The same time again is fine, an older one is not, and what was kept stands."""
    held = slot()
    assert held.take(report(last="60000", event_ns=NOW - 10)) is None
    assert held.take(report(last="60001", event_ns=NOW - 10, recv_ns=NOW + 1)) is None
    refusal = held.take(report(last="1", event_ns=NOW - 11, recv_ns=NOW + 2))
    assert refusal is not None
    assert refusal[0] == "sequence"
    assert (held.mid, held.refusal) == (60001.0, refusal)


def test_a_slot_keeps_mid_spread_age_and_repeats() -> None:
    """The mid of two sides, half the spread in bps, the older of the two times."""
    held = slot()
    held.take(report("59997", "60003", "1", event_ns=NOW - SECOND, volume="120"))
    assert (held.mid, held.told_ns, held.recv_ns, held.changed_ns) == (60000.0, NOW - SECOND, NOW, NOW)
    assert held.half_bps == pytest.approx(0.5)
    assert held.volume == 120.0
    held.take(report(last="60000", recv_ns=NOW + 1))
    assert (held.repeats, held.changed_ns, held.half_bps) == (1, NOW, -1.0)


def test_a_volume_that_is_none_is_unknown() -> None:
    """A negative or absurd volume does not weigh, and costs the price nothing."""
    held = slot()
    for volume in ("-3", "NaN", "Infinity"):
        assert held.take(report(last="60000", volume=volume)) is None
        assert held.volume == 0.0
