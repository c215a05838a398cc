"""Did you mean: the nearest known word to one that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def _folded(word: str) -> str:
    return word.strip().lower().replace("_", "-").replace(" ", "-")


def suggest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant, or None when nothing is near.

    Case and ``-`` against ``_`` count as the same letter. Of two equally near words the first known wins.
    """
    names = list(known)
    if len(word) > 60:  # no known word is that long, and the comparison is quadratic
        return None
    folded = _folded(word)
    for name in names:
        if _folded(name) == folded and name != word:
            return name
    by_fold: dict[str, str] = {}
    for name in names:
        by_fold.setdefault(_folded(name), name)
    near = difflib.get_close_matches(folded, by_fold, n=1, cutoff=0.6)
    return by_fold[near[0]] if near and by_fold[near[0]] != word else None
