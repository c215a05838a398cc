"""Events that are more than their fields."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mdsim.core.events import BookDelta, BookLevel, BookSnapshot


def levels(**sizes: str) -> tuple[BookLevel, ...]:
    return tuple(BookLevel(Decimal(price.strip("_")), Decimal(size)) for price, size in sizes.items())


BOOK = BookSnapshot("BTC-USD", 7, 70, levels(_99="1", _98="2"), levels(_101="3", _102="4"))


def test_a_change_makes_levels_new_larger_and_gone() -> None:
    """Sides stay in order, best first, and what is not named stands."""
    change = BookDelta("BTC-USD", 8, 80, levels(_98="0", _100="5"), levels(_102="6"))
    wanted = BookSnapshot("BTC-USD", 8, 80, levels(_100="5", _99="1"), levels(_101="3", _102="6"))
    assert BOOK.after(change) == wanted


def test_a_change_that_is_in_the_book_already_changes_nothing() -> None:
    """A snapshot may be newer than a change on its way."""
    assert BOOK.after(BookDelta("BTC-USD", 7, 70, levels(_98="0"), ())) is BOOK


def test_a_change_after_one_that_was_missed_is_refused() -> None:
    """A book that looks right and is not would be worse."""
    with pytest.raises(ValueError, match="change 9 of BTC-USD does not follow on book 7"):
        BOOK.after(BookDelta("BTC-USD", 9, 90, (), ()))
