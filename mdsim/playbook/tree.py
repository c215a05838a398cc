"""Building a document's data and marks from a parser's events, under limits, in one pass.

YAML and JSON feed the same builder, so that both obey the same limits and give the same places.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NoReturn, TypeAlias

from mdsim.core.errors import Problem
from mdsim.core.spelling import shown
from mdsim.playbook.diagnostics import Diagnostic, PlaybookError, ordered
from mdsim.playbook.marks import Lines, Node
from mdsim.playbook.plan import Place

Data: TypeAlias = "str | bool | list[Data] | dict[str, Data] | None"
"""A value as written: text, but for plain true, false and null."""

NODES_MOST = 20_000
DEPTH_MOST = 40

_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "": None, "null": None, "~": None}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # through an escape: files hold none
_BLOCK_HEADER = re.compile(r"[|>][+-]?[ \t]*(?:#.*)?(?:\r|\n|$)")


@dataclass(frozen=True, slots=True)
class Genre:
    """What kind of document is read: how messages call it.

    Attributes:
        noun: such as ``playbook``.
        begin: the advice for one that does not begin as it should.
        split: the advice for one that is too large.
    """

    noun: str
    begin: str
    split: str


PLAYBOOK = Genre("playbook", 'begin it with "mdsim: 1"', "split it into several playbooks")


@dataclass(slots=True)
class _Open:
    """A collection that is not finished yet."""

    node: Node
    data: list[Data] | dict[str, Data]
    anchor: str | None
    key: tuple[str, Node] | None = None
    doubled: bool = False


@dataclass(slots=True)
class Builder:
    """Takes events in document order; ``data`` and ``root`` are there once the last one is in."""

    file: str
    lines: Lines
    genre: Genre = PLAYBOOK
    root: Node | None = None
    data: Data = None
    size: int = 0
    problems: list[Diagnostic] = field(default_factory=list)
    _open: list[_Open] = field(default_factory=list)
    _anchors: dict[str, tuple[Node, Data, bool]] = field(default_factory=dict)

    def report(self, code: str, message: str, help_: str, start: int, end: int) -> None:
        """Note a problem at a part of the text and go on."""
        line, column = self.lines.position(start)
        length = max(1, min(end, self.lines.end(start)) - start)
        problem = Problem(code, message, help=help_)
        self.problems.append(Diagnostic(problem, Place(self.file, line, column), length))

    def refuse(self, code: str, message: str, help_: str, start: int, end: int) -> NoReturn:
        """Note a problem and raise it with all that were noted before."""
        self.report(code, message, help_, start, end)
        raise self.error()

    def refuse_depth(self, start: int, end: int, when: str = "") -> NoReturn:
        """Refuse what is nested too deep; ``when`` says how it came to be."""
        message = f"values are nested more than {DEPTH_MOST} deep{when}"
        self.refuse("MD013", message, f"flatten the {self.genre.noun}", start, end)

    def error(self) -> PlaybookError:
        """Everything noted so far, as one error."""
        return PlaybookError(ordered(self.problems), self.lines.text)

    def scalar(self, node: Node, anchor: str | None = None, constant: bool = True) -> None:
        """A scalar: a key or a value. A plain one may stand for true, false or nothing."""
        value = node.value
        if control := _CONTROL.search(value):
            message = f"the value holds the control character U+{ord(control[0]):04X}"
            self.report("MD001", message, "remove it", node.start, node.end)
        if self._is_key():
            self._take_key(node)
            return
        data: Data = _CONSTANTS[value] if constant and node.style == "" and value in _CONSTANTS else value
        if node.style in ("|", ">") and not _BLOCK_HEADER.match(self.lines.text, node.start):
            token = self.lines.text[node.start : self.lines.end(node.start)].rstrip()
            message = f"{shown(token)} begins a block of text in YAML"
            self.report("MD016", message, f'put the value in quotes: "{token[:40]}"', node.start, node.end)
        self._count(1, node.start, node.end)
        self._add(node, data)
        if anchor is not None:
            self._anchors[anchor] = (node, data, True)

    def begin(self, node: Node, anchor: str | None = None) -> None:
        """A mapping or a list begins (``style`` ``{ map`` or ``[ seq``)."""
        if self._is_key():
            message = "a key must be text, not a list or a mapping"
            self.refuse("MD014", message, "write a word", node.start, node.start + 1)
        if len(self._open) >= DEPTH_MOST:
            self.refuse_depth(node.start, node.start + 1)
        self._count(1, node.start, node.start + 1)
        node.height = 1
        data: list[Data] | dict[str, Data] = {} if node.style in ("{", "map") else []
        if anchor is not None:
            self._anchors[anchor] = (node, data, False)
        self._open.append(_Open(node, data, anchor))

    def finish(self, end: int) -> None:
        """The innermost mapping or list ends."""
        done = self._open.pop()
        done.node.end = end
        if done.anchor is not None and self._anchors[done.anchor][0] is done.node:
            self._anchors[done.anchor] = (done.node, done.data, True)
        self._add(done.node, done.data)

    def alias(self, name: str, start: int, end: int) -> None:
        """An alias: the anchored data once more, counted in full."""
        if self._is_key():
            self.refuse("MD014", "a key must be text, not an alias", "write the key out", start, end)
        known = self._anchors.get(name)
        if known is None:
            message = f"'*{name}' is an alias in YAML, and nothing is anchored as '&{name}'"
            token = re.compile(r"[^\s,\[\]{}]*").match(self.lines.text, start)
            written = token[0] if token else f"*{name}"
            self.report("MD010", message, f'if the text is meant, put it in quotes: "{written}"', start, end)
            self._count(1, start, end)
            self._add(Node(start, end, "*"), None)
            return
        target, data, finished = known
        if not finished:
            self.refuse(
                "MD010", f"'*{name}' is used inside its own anchor", "name another anchor", start, end
            )
        if len(self._open) + target.height > DEPTH_MOST:
            self.refuse_depth(start, end, f" once '*{name}' is expanded")
        self._count(target.size, start, end)
        node = Node(start, end, "*", target=target, size=target.size, height=target.height)
        self._add(node, data)

    def _is_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].data, dict) and self._open[-1].key is None

    def _take_key(self, node: Node) -> None:
        inner = self._open[-1]
        self._count(1, node.start, node.end)
        inner.node.size += 1
        key = node.value
        if node.style in ("|", ">") or "\n" in key:
            self.refuse("MD014", "a key must stand on one line", "write a word", node.start, node.end)
        if not key and node.style == "":
            self.report("MD014", "a key is missing before ':'", "write key: value", node.start, node.end + 1)
        if key == "<<" and node.style == "":
            help_ = "write the keys out, or give the whole value an anchor and use it with *name"
            self.report("MD008", "merge keys ('<<') are not supported", help_, node.start, node.end)
        first = inner.node.keys.get(key)
        inner.doubled = first is not None
        if first is not None:
            line, _ = self.lines.position(first.start)
            message = f"{shown(key)} is written twice"
            self.report("MD007", message, f"keep one; the first is in line {line}", node.start, node.end)
        inner.key = (key, node)

    def _add(self, node: Node, data: Data) -> None:
        """Put a finished value into the collection around it, or make it the root."""
        if not self._open:
            self.root, self.data = node, data
            return
        inner = self._open[-1]
        inner.node.size += node.size
        inner.node.height = max(inner.node.height, node.height + 1)
        if isinstance(inner.data, list):
            inner.data.append(data)
            inner.node.items.append(node)
            return
        assert inner.key is not None
        key, key_node = inner.key
        inner.key = None
        self._check_spacing(inner.node, key_node, node)
        if not inner.doubled:
            inner.data[key] = data
            inner.node.keys[key], inner.node.values[key] = key_node, node

    def _check_spacing(self, mapping: Node, key: Node, value: Node) -> None:
        """``{a:1}`` is one long key to YAML."""
        name, colon, rest = key.value.partition(":")
        if mapping.style == "{" and colon and key.style == "" and value.start == value.end and name and rest:
            message = f"{shown(key.value)} has no space after its ':'"
            self.report("MD016", message, f"write {name}: {rest}", key.start, key.end)

    def _count(self, nodes: int, start: int, end: int) -> None:
        self.size += nodes
        if self.size > NODES_MOST:
            message = f"the {self.genre.noun} has more than {NODES_MOST:,} values once aliases are expanded"
            self.refuse("MD011", message, self.genre.split, start, end)
