"""A user's word in a message: how it is shown, and which known word it is near."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_SHOWN_MOST = 48


def shown(text: str) -> str:
    """The text in single quotes, cut when long, with what cannot be seen written as an escape.

    >>> shown("5 min")
    "'5 min'"
    """
    cut = text if len(text) <= _SHOWN_MOST else text[: _SHOWN_MOST - 1] + "…"
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
    return f"'{escaped}'"


def suggest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant, or None when nothing is near.

    Case and ``-`` against ``_`` count as the same letter. Of two equally near words the first known wins.
    """
    if len(word) > 60:  # no known word is that long, and the comparison is quadratic
        return None
    by_fold: dict[str, str] = {}
    for name in known:
        by_fold.setdefault(_folded(name), name)
    folded = _folded(word)
    if folded in by_fold:
        near = by_fold[folded]
    else:
        matches = difflib.get_close_matches(folded, by_fold, n=1, cutoff=0.6)
        near = by_fold[matches[0]] if matches else word
    return near if near != word else None


def _folded(word: str) -> str:
    return word.strip().lower().replace("_", "-").replace(" ", "-")
