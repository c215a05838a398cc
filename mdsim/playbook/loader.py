"""Reading a playbook's text: data, marks and limits in one pass over the parser's events.

Events, not nodes: composing recurses and dies of 100,000 open brackets, and resolving turns ``1:30``
into 90. Here every scalar stays text, but for a plain true, false or null.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn, Protocol

import yaml

from mdsim.core.errors import Problem
from mdsim.playbook.diagnostics import Diagnostic, PlaybookError
from mdsim.playbook.json_events import feed
from mdsim.playbook.marks import Lines, Marks, Node
from mdsim.playbook.plan import Place
from mdsim.playbook.tree import PLAYBOOK, Builder, Genre
from mdsim.playbook.tree import Data as Data  # noqa: PLC0414 the type of Document.data
from mdsim.playbook.yaml_wording import Complaint, reword

BYTES_MOST = 256 * 1024

_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_ANCHOR = re.compile(r"&[^\s,\[\]{}]+(?:[ \t]|\r?\n|\r|#[^\r\n]*)*")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """A playbook as written. Aliased data is shared: read it, never change it."""

    file: str
    text: str
    data: dict[str, Data]
    marks: Marks


class _Mark(Protocol):
    """Both parsers' marks."""

    @property
    def index(self) -> int: ...


def load(raw: bytes | str, file: str, genre: Genre = PLAYBOOK) -> Document:
    """Read a YAML playbook, or another document under the same rules.

    Args:
        raw: the file's bytes, or its text.
        file: its name, for messages.
        genre: what it is, for messages.

    Raises:
        PlaybookError: with every problem found and its place.
    """
    text = _decode(raw, file, genre)
    builder = Builder(file, Lines(text), genre)
    try:
        _feed_yaml(text, builder)
    except yaml.MarkedYAMLError as error:
        _refuse_yaml(error, builder)
    return _document(builder)


def load_json(raw: bytes, file: str) -> Document:
    """Read a playbook sent as JSON; numbers stay text, exactly as written.

    Args:
        raw: the body.
        file: what to call it in messages.

    Raises:
        PlaybookError: with every problem found and its place.
    """
    text = _decode(raw, file, PLAYBOOK)
    builder = Builder(file, Lines(text))
    feed(text, builder)
    return _document(builder)


def _document(builder: Builder) -> Document:
    root = builder.root
    if root is None:
        genre = builder.genre
        _refuse(builder.file, builder.lines.text, "MD003", f"the {genre.noun} is empty", genre.begin, 0)
    if builder.problems:
        raise builder.error()
    if not isinstance(builder.data, dict):
        _refuse_root(builder, root)
    text = builder.lines.text
    return Document(builder.file, text, builder.data, Marks(text, root))


def _refuse_root(builder: Builder, root: Node) -> NoReturn:
    noun, help_ = builder.genre.noun, builder.genre.begin.replace("begin it", "begin", 1)
    if root.style in ("seq", "["):
        message = f"a {noun} is a mapping, not a list"
        if builder.genre is PLAYBOOK:
            help_ += '; steps go below "steps:"'
    else:
        message = f"a {noun} is a mapping, not a text"
        first = builder.lines.text[root.start : builder.lines.end(root.start)].strip()
        name, colon, rest = first.partition(":")
        if colon and name.strip() and rest[:1].strip():
            help_ = f"write a space after the ':', such as {name[:40]}: {rest[:20]}"
    end = root.start + 1 if root.style == "seq" else max(root.start + 1, root.end)
    builder.refuse("MD006", message, help_, root.start, end)


def _refuse(file: str, text: str, code: str, message: str, help_: str, index: int) -> NoReturn:
    line, column = Lines(text).position(index)
    raise PlaybookError([Diagnostic(Problem(code, message, help=help_), Place(file, line, column), 1)], text)


def _decode(raw: bytes | str, file: str, genre: Genre) -> str:
    """The text, free of what no text holds; refused by size before anything looks at it."""
    if isinstance(raw, str):
        raw = raw.encode("utf-8", "surrogatepass") if len(raw) <= BYTES_MOST else b" " * (BYTES_MOST + 1)
    if len(raw) > BYTES_MOST:
        message = f"the {genre.noun} is larger than {BYTES_MOST // 1024} KiB"
        _refuse(file, "", "MD002", message, genre.split, 0)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        _refuse(file, "", "MD001", f"the {genre.noun} is encoded as UTF-16", "save it as UTF-8", 0)
    try:
        text = raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        replaced = raw.decode("utf-8", "replace")
        index = len(raw[: error.start].decode("utf-8"))
        _refuse(file, replaced, "MD001", f"the {genre.noun} is not UTF-8 text", "save it as UTF-8", index)
    strange = _UNREADABLE.search(text)
    if strange:
        message = f"the character U+{ord(strange[0]):04X} does not belong in a {genre.noun}"
        _refuse(file, text, "MD001", message, "remove it", strange.start())
    return text


def _feed_yaml(text: str, builder: Builder) -> None:
    documents = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                at = _index(event.start_mark)
                builder.refuse(
                    "MD005",
                    "a second document begins here",
                    f"one file holds one {builder.genre.noun}",
                    at,
                    at + 3,
                )
        elif isinstance(event, yaml.ScalarEvent):
            node = _node(text, event, event.style or "", event.value)
            _check_tag(builder, event, node)
            builder.scalar(node, event.anchor)
            if builder.root is node:  # the parser would trip over what follows: say what is really wrong
                if node.start < node.end:
                    _refuse_root(builder, node)
                builder.root = None
        elif isinstance(event, yaml.CollectionStartEvent):
            flow, block = ("[", "seq") if isinstance(event, yaml.SequenceStartEvent) else ("{", "map")
            node = _node(text, event, flow if event.flow_style else block)
            _check_tag(builder, event, node)
            builder.begin(node, event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            builder.finish(_index(event.end_mark))
        elif isinstance(event, yaml.AliasEvent):
            builder.alias(event.anchor or "", _index(event.start_mark), _index(event.end_mark))


def _node(text: str, event: yaml.NodeEvent, style: str, value: str = "") -> Node:
    """A node that begins behind its anchor: the anchor is no part of the value."""
    start, end = _index(event.start_mark), _index(event.end_mark)
    if event.anchor is not None and (anchor := _ANCHOR.match(text, start)):
        start = anchor.end()
    return Node(start, max(start, end), style, value)


def _index(mark: _Mark | None) -> int:
    return mark.index if mark else 0


def _check_tag(builder: Builder, event: yaml.ScalarEvent | yaml.CollectionStartEvent, node: Node) -> None:
    if event.tag is None:
        return
    found = re.compile(r"![^\s,\[\]{}]*").search(builder.lines.text, _index(event.start_mark))
    tag, start = (found[0], found.start()) if found else ("!", node.start)
    help_ = f'remove it, or put the text in quotes: "{tag[:40]}"'
    builder.report(
        "MD009", f"'{tag[:40]}' is a tag in YAML, and tags are not supported", help_, start, start + len(tag)
    )


def _refuse_yaml(error: yaml.MarkedYAMLError, builder: Builder) -> NoReturn:
    at = _index(error.problem_mark)
    if "nesting depth" in (error.problem or ""):
        builder.refuse_depth(at, at + 1)  # libyaml 0.2.6 counts by itself while it looks ahead
    context_at = _index(error.context_mark) if error.context_mark else at
    complaint = Complaint(error.problem or "", error.context or "", at, context_at)
    words = reword(complaint, builder.lines)
    builder.refuse(words.code, words.message, words.help, words.start, words.end)
