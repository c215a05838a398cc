"""Books and their differences."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.microstructure.book import Book, Delta, apply, difference

SIDE = st.dictionaries(st.integers(1, 60), st.integers(1, 9), min_size=1, max_size=12)


def book(bids: dict[int, int], asks: dict[int, int]) -> Book:
    """A book with asks above all bids."""
    return Book(
        tuple(sorted(bids.items(), reverse=True)),
        tuple(sorted((100 + price, size) for price, size in asks.items())),
    )


BOOKS = st.builds(book, SIDE, SIDE)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(before=BOOKS, after=BOOKS)
def test_a_difference_applied_gives_the_other_book(before: Book, after: Book) -> None:
    """Exactly, levels and order."""
    assert apply(before, difference(before, after)) == after


def test_equal_books_have_no_difference() -> None:
    """The empty delta is false, so a publisher can leave it out."""
    one = book({1: 2}, {1: 2})
    assert not difference(one, one)
    assert difference(one, one) == Delta((), ())


def test_a_difference_names_only_what_changed() -> None:
    """New and changed levels with their size, gone ones with 0."""
    before, after = book({10: 1, 9: 2, 8: 3}, {1: 1}), book({10: 1, 9: 5, 7: 4}, {1: 1})
    assert difference(before, after) == Delta(bids=((7, 4), (8, 0), (9, 5)), asks=())
