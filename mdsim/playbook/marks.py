"""Where each value of a document stands in its text.

Marks are a tree beside the data. An alias has a mark of its own; what lies below it is marked where the
anchor wrote it, which is where it must be mended.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TypeAlias

from mdsim.playbook.plan import Place

Path: TypeAlias = tuple[str | int, ...]

_BREAK = re.compile(r"\r\n|\n|\r")
_FOLD = re.compile(r"[ \t]*(?:\r\n|\n|\r)[ \t\r\n]*")
_BLANKS = re.compile(r"[ \t]+")
_ESCAPED_BREAK = re.compile(r"\\[ \t]*(?:\r\n|\n|\r)[ \t]*")
_SURROGATES = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_ESCAPE_LENGTHS = {"x": 4, "u": 6, "U": 10}


@dataclass(slots=True)
class Node:
    """One value, key or alias of the text.

    Attributes:
        start, end: indexes into the text (end is exclusive), anchors not included.
        style: ``""`` plain, ``'`` ``"`` quoted, ``|`` ``>`` block text, ``{`` ``[`` flow collections,
            ``map`` ``seq`` block collections, ``*`` an alias.
        value: a scalar's text after quotes and escapes.
        size: nodes in it after aliases are expanded, itself included.
        height: levels of collections in it.
    """

    start: int
    end: int
    style: str
    value: str = ""
    keys: dict[str, Node] = field(default_factory=dict)
    values: dict[str, Node] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)
    target: Node | None = None
    size: int = 1
    height: int = 0

    def child(self, step: str | int) -> Node | None:
        """The value below a key or an index, through aliases."""
        node = self.target or self
        if isinstance(step, int):
            return node.items[step] if 0 <= step < len(node.items) else None
        return node.values.get(step)


class Lines:
    """The lines of a text: indexes to places and back."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(found.end() for found in _BREAK.finditer(text))]

    def position(self, index: int) -> tuple[int, int]:
        """Line and column, from 1, of an index into the text."""
        line = bisect_right(self.starts, index)
        return line, index - self.starts[line - 1] + 1

    def end(self, index: int) -> int:
        """Index of the end of the line that ``index`` is on, its line break not included."""
        found = _BREAK.search(self.text, index)
        return found.start() if found else len(self.text)

    def line(self, number: int) -> str:
        """The text of a line, from 1; empty for one that does not exist."""
        if not 1 <= number <= len(self.starts):
            return ""
        start = self.starts[number - 1]
        return self.text[start : self.end(start)]


class Marks:
    """Places of every key and value of one document."""

    def __init__(self, text: str, root: Node) -> None:
        self._lines = Lines(text)
        self._root = root

    def place(self, file: str, path: Path, on_key: bool = False, offset: int = 0) -> Place:
        """Where the value (or key) at ``path`` begins, or ``offset`` characters into its text.

        A path without a mark, such as a missing key, gives the nearest enclosing value.
        """
        start, _ = self._token(path, on_key) if offset == 0 else self.part(path, on_key, offset, 1)
        return Place(file, *self._lines.position(start))

    def length(self, path: Path, on_key: bool = False) -> int:
        """Columns that the value (or key) takes on its first line, at least 1."""
        start, end = self._token(path, on_key)
        return max(1, end - start)

    def span(self, file: str, path: Path, on_key: bool, offset: int, length: int) -> tuple[Place, int]:
        """Place and columns of a whole value (``length`` 0) or of a part of its text."""
        whole = length == 0 and offset == 0
        start, end = self._token(path, on_key) if whole else self.part(path, on_key, offset, length or 1)
        return Place(file, *self._lines.position(start)), max(1, min(end, self._lines.end(start)) - start)

    def part(self, path: Path, on_key: bool, offset: int, length: int) -> tuple[int, int]:
        """Indexes of a part of a scalar's text, through quotes, escapes and folded lines."""
        node, exact = self._find(path, on_key)
        if not exact or node.style not in ("", "'", '"', "|", ">"):
            return self._token(path, on_key)
        starts = _characters(self._lines.text, node, offset + length)
        if offset >= len(starts):  # past the end: point behind the last character
            return (starts[-1] + 1, starts[-1] + 2) if starts else self._token(path, on_key)
        last = min(offset + length, len(starts)) - 1
        return starts[offset], starts[last] + 1

    def _find(self, path: Path, on_key: bool) -> tuple[Node, bool]:
        """The node at a path, or the nearest enclosing one and False."""
        node = self._root
        for at, step in enumerate(path):
            below = node.child(step)
            if below is None:
                return node, False
            key = (node.target or node).keys.get(step) if isinstance(step, str) else None
            last = at == len(path) - 1
            empty = below.start == below.end
            if key is not None and ((last and on_key) or empty):
                return key, last and on_key
            node = below
        return node, True

    def _token(self, path: Path, on_key: bool) -> tuple[int, int]:
        node, _ = self._find(path, on_key)
        return self._extent(node)

    def _extent(self, node: Node) -> tuple[int, int]:
        """The part of a node that a caret line goes under: on its first line, without trailing blanks."""
        text = self._lines.text
        if node.style == "map" and node.keys:
            return self._extent(next(iter(node.keys.values())))
        if node.style == "seq":
            return node.start, node.start + 1
        start = node.start
        if node.style in ("|", ">"):
            characters = _characters(text, node, 1)
            start = characters[0] if characters else start
        end = min(node.end, self._lines.end(start))
        return start, start + len(text[start:end].rstrip())


def _characters(text: str, node: Node, most: int) -> list[int]:
    """Index in the text of each of the first ``most`` characters of a scalar's value."""
    wanted = min(most, len(node.value))
    if node.style in ("|", ">"):
        return _block_characters(text, node, wanted)
    at = node.start + (1 if node.style else 0)
    found: list[int] = []
    while len(found) < wanted and at < node.end:
        if node.style == '"' and (skipped := _ESCAPED_BREAK.match(text, at)):
            at = skipped.end()
        elif fold := _FOLD.match(text, at):
            breaks = len(_BREAK.findall(fold[0]))
            found.extend([at] * max(1, breaks - 1))
            at = fold.end()
        elif blanks := _BLANKS.match(text, at):  # the whole run at once: a long one must not cost its square
            found.extend(range(at, blanks.end()))
            at = blanks.end()
        else:
            found.append(at)
            at += _width(text, at, node.style)
    return found[:wanted]


def _width(text: str, at: int, style: str) -> int:
    """How many characters of the text make one character of the value."""
    if style == "'" and text.startswith("''", at):
        return 2
    if style == '"' and text[at] == "\\":
        if _SURROGATES.match(text, at):
            return 12
        return _ESCAPE_LENGTHS.get(text[at + 1 : at + 2], 2)
    return 1


def _block_characters(text: str, node: Node, wanted: int) -> list[int]:
    """The same for ``|`` and ``>``: indentation makes no character, a line break one or none."""
    header = _BREAK.search(text, node.start)
    if header is None:
        return []
    first = re.compile(r"(?:[ \t]*(?:\r\n|\n|\r))*( *)").match(text, header.end())
    indent = len(first[1]) if first else 0
    found: list[int] = []
    at = header.end()
    fresh = True
    while len(found) < wanted and at < node.end:
        if fresh:
            at += len(text[at : at + indent]) - len(text[at : at + indent].lstrip(" "))
            fresh = False
            continue
        broken = _BREAK.match(text, at)
        if broken is None:
            found.append(at)
            at += 1
            continue
        if node.value[len(found)] in " \n" or node.style == "|":
            found.append(at)
        at, fresh = broken.end(), True
    return found
