"""Keeping secrets out of what is written: by the name of a field, by known value, by shape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mdsim.core.secret import HIDDEN, Secret

_NAME = re.compile(
    r"api[_-]?keys?|access[_-]?key|token|secret|passw(?:or)?d|authorization|cookie|credential|signature",
    re.IGNORECASE,
)
_SHAPES = (
    re.compile(r"(?i)(\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{4,}"),
    re.compile(r"(://)[^/\s@:]+:[^/\s@]+(?=@)"),
    re.compile(r"(?i)([?&](?:[a-z_-]*(?:api[_-]?key|token|secret|signature|password)[a-z_-]*)=)[^&\s\"']+"),
    re.compile(r"(?i)(\b(?:x-)?(?:[a-z]+[_-])*(?:api[_-]?key|token)['\"]?\s*[:=]\s*['\"]?)[^\s,'\"}&]{4,}"),
)
_SHORT = 4
"""A known secret of fewer characters would hide half of every line."""
_DEEP = 6
_LONG = 16_384
_INT_MOST = 1 << 63


class Redactor:
    """Hides what must not be seen.

    Attributes:
        known: secrets to find in any text, the longest first.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        texts = {secret.reveal(): None for secret in secrets}
        self.known = sorted((text for text in texts if len(text) >= _SHORT), key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text with known secrets, and what looks like one, hidden; a very long one is cut."""
        for known in self.known:
            text = text.replace(known, HIDDEN)
        for shape in _SHAPES:
            text = shape.sub(rf"\1{HIDDEN}", text)
        text = text if len(text) <= _LONG else text[:_LONG] + "…"
        return text.encode("utf-8", "replace").decode("utf-8")

    def fields(self, fields: Mapping[str, object], depth: int = 0) -> dict[str, object]:
        """Fields with their values clean, in the same order."""
        return {self.text(str(name)): self.value(str(name), value, depth) for name, value in fields.items()}

    def value(self, name: str, value: object, depth: int = 0) -> object:
        """One value, clean: numbers and flags as they are, everything else as text, lists and mappings."""
        if isinstance(value, int) and abs(value) >= _INT_MOST:
            return str(value) if abs(value) < 1 << 512 else "a very large number"
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Secret) or _NAME.search(name):
            return HIDDEN
        if isinstance(value, Mapping) and depth < _DEEP:
            return self.fields(value, depth + 1)
        if isinstance(value, list | tuple) and depth < _DEEP:
            return [self.value(name, item, depth + 1) for item in value]
        return self.text(value if isinstance(value, str) else str(value))
