"""Kraken's book and its checksum."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mdsim.providers.adapters._kraken_book import KrakenBook, digits
from mdsim.providers.adapters._kraken_wire import BookLevel

SHORT = (
    "62710.4/0.01000000 62709.1/2.00000000",
    "62710.5/0.93111634 62710.6/0.50000000 62711.0/1.20000000",
    1396696505,
)
DOCUMENTED = (
    "45283.5/0.10000000 45283.4/1.54582015 45282.1/0.10000000 45281.0/0.10000000 45280.3/1.54592586 "
    "45279.0/0.07990000 45277.6/0.03310103 45277.5/0.30000000 45277.3/1.54602737 45276.6/0.15445238",
    "45285.2/0.00100000 45286.4/1.54571953 45286.6/1.54571109 45289.6/1.54560911 45290.2/0.15890660 "
    "45291.8/1.54553491 45294.7/0.04454749 45296.1/0.35380000 45297.5/0.09945542 45299.5/0.18772827",
    3310070434,
)
RECORDED = (
    "75620.2/0.01733846 75619.5/0.00132241 75615.9/0.00132200 75615.7/0.00005100 75614.6/0.00105184 "
    "75614.5/0.03143545 75614.4/1.32191273 75612.2/0.00264507 75608.4/0.35542926 75604.8/0.01000000",
    "75623.1/0.73947363 75623.2/0.09475141 75623.8/0.03112375 75623.9/0.06612853 75624.4/0.00736362 "
    "75624.5/0.00026220 75626.0/0.03051283 75630.0/0.00013202 75630.1/0.15487980 75630.2/0.19734180",
    1494999917,
)


def levels(text: str) -> list[BookLevel]:
    """``price/qty`` pairs."""
    return [BookLevel(*map(Decimal, level.split("/"))) for level in text.split()]


@pytest.mark.parametrize(("bids", "asks", "checksum"), [SHORT, DOCUMENTED, RECORDED])
def test_the_known_sums_hold(bids: str, asks: str, checksum: int) -> None:
    """Two levels and three; the example of the vendor's guide; a real book of 27 May 2026."""
    book = KrakenBook()
    book.apply(levels(bids), levels(asks))

    assert book.checksum() == checksum


@pytest.mark.parametrize("order", [1, -1])
def test_the_sum_does_not_depend_on_the_order_of_arrival(order: int) -> None:
    """Levels are put in place wherever they come in a message."""
    book = KrakenBook()
    for level in levels(RECORDED[0])[::order]:
        book.apply([level], [])
    for level in levels(RECORDED[1])[::order]:
        book.apply([], [level])

    assert book.checksum() == RECORDED[2]


def test_levels_beyond_the_depth_fall_off_and_do_not_come_back() -> None:
    """Kraken says nothing of them any more, so a deletion must leave nine levels, not a stale tenth."""
    book = KrakenBook()
    book.apply(levels(RECORDED[0]), levels(RECORDED[1]))
    book.apply(levels("75620.3/1.00000000"), [])
    book.apply(levels("75620.3/0.00000000 75604.8/0.01000000"), [])

    assert book.checksum() == RECORDED[2]
    assert book.top() == (Decimal("75620.2"), Decimal("75623.1"))


def test_a_zero_at_the_end_counts() -> None:
    """The reason why numbers must never pass through a float."""
    assert digits(Decimal("0.01000000")) == "1000000"
    assert digits(Decimal("0.01")) == "1"
    assert digits(Decimal("1E-8")) == "1"


@pytest.mark.parametrize("text", ["0/1", "-1/1", "1/-1", "nan/1", "1/inf", "1e999999/1"])
def test_a_level_that_is_none_is_refused(text: str) -> None:
    """The book must not be used after it."""
    with pytest.raises(ValueError, match="not a level"):
        KrakenBook().apply(levels(text), [])
