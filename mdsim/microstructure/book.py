"""A book as whole numbers, and the difference of two books, which rebuilds the second exactly."""

from __future__ import annotations

from typing import NamedTuple


class Book(NamedTuple):
    """Price levels ``(price, size)`` in increments, best first; sizes are at least 1."""

    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class Delta(NamedTuple):
    """Levels ``(price, size)`` that are new or changed, by price; size 0 takes a level away."""

    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]

    def __bool__(self) -> bool:
        return bool(self.bids or self.asks)


def difference(before: Book, after: Book) -> Delta:
    """What to ``apply`` to ``before`` to get ``after``."""
    return Delta(_changes(before.bids, after.bids), _changes(before.asks, after.asks))


def apply(book: Book, delta: Delta) -> Book:
    """The book with a delta taken in; sides stay sorted, best first."""
    return Book(
        tuple(sorted(_merged(book.bids, delta.bids).items(), reverse=True)),
        tuple(sorted(_merged(book.asks, delta.asks).items())),
    )


def _changes(
    before: tuple[tuple[int, int], ...], after: tuple[tuple[int, int], ...]
) -> tuple[tuple[int, int], ...]:
    if before == after:
        return ()
    had, has = dict(before), dict(after)
    changed = [(price, size) for price, size in after if had.get(price) != size]
    changed += [(price, 0) for price, _ in before if price not in has]
    return tuple(sorted(changed))


def _merged(levels: tuple[tuple[int, int], ...], changes: tuple[tuple[int, int], ...]) -> dict[int, int]:
    merged = dict(levels)
    for price, size in changes:
        if size:
            merged[price] = size
        else:
            merged.pop(price, None)
    return merged
