"""A text that must not be seen: it is passed on, and shown by nothing."""

from __future__ import annotations

import hmac

HIDDEN = "[hidden]"


class Secret:
    """A key or a token. ``repr``, ``str`` and formats hide it; only ``reveal`` gives it away.

    It cannot be pickled, and ``msgspec`` refuses to write it, so it does not slip into an answer either.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one header or URL that needs it."""
        return self._text

    def __repr__(self) -> str:
        return HIDDEN

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    __hash__ = None  # type: ignore[assignment]  # a table of keys is a place to leak them

    def __reduce__(self) -> str:
        raise TypeError("a secret cannot be copied out of the process")
