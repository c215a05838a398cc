"""JSON into the builder of documents: numbers stay text, nothing is recursive.

The standard decoder turns numbers into floats or, told not to, still knows no places and recurses on
open brackets; a playbook sent to a server deserves the same diagnostics as a file.
"""

from __future__ import annotations

import json
import re

from mdsim.core.spelling import shown
from mdsim.playbook.marks import Node
from mdsim.playbook.tree import Builder

_BLANK = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[^\s,\[\]{}:\"]+")


def feed(text: str, builder: Builder) -> None:
    """Read one JSON value.

    Raises:
        PlaybookError: through the builder, for what is not JSON or past a limit.
    """
    at = _skip(text, 0)
    closers: list[str] = []
    if at == len(text):
        return
    at = _value(text, at, builder, closers)
    while closers:
        opened = at - 1 if text[at - 1] in "[{" else -1
        at = _skip(text, at)
        character = text[at : at + 1]
        if character == closers[-1]:
            at += 1
            closers.pop()
            builder.finish(at)
            continue
        if opened < 0:  # not the first entry
            if character != ",":
                message = f"',' or '{closers[-1]}' is missing here"
                builder.refuse("MD015", message, "separate entries with ','", at, at + 1)
            at = _skip(text, at + 1)
        if closers[-1] == "}":
            at = _key(text, at, builder)
        at = _value(text, at, builder, closers)
    at = _skip(text, at)
    if at < len(text):
        builder.refuse("MD015", "text follows the end of the JSON value", "remove it", at, at + 1)


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _key(text: str, at: int, builder: Builder) -> int:
    end = _scalar_string(text, at, builder, "a key in double quotes is missing here")
    at = _skip(text, end)
    if text[at : at + 1] != ":":
        builder.refuse("MD015", "':' is missing after the key", 'write "key": value', at, at + 1)
    return _skip(text, at + 1)


def _value(text: str, at: int, builder: Builder, closers: list[str]) -> int:
    character = text[at : at + 1]
    if character in ("{", "["):
        builder.begin(Node(at, at + 1, character))
        closers.append("}" if character == "{" else "]")
        return at + 1
    if character == '"':
        return _scalar_string(text, at, builder, "")
    found = _WORD.match(text, at)
    word = found[0] if found else ""
    if word in ("true", "false", "null") or _NUMBER.fullmatch(word):
        builder.scalar(Node(at, at + len(word), "", word))
        return at + len(word)
    if not word:
        builder.refuse("MD015", "a value is missing here", "write the value", at, at + 1)
    help_ = 'put text in double quotes: "' + word[:40] + '"'
    return builder.refuse("MD015", f"{shown(word)} is no JSON value", help_, at, at + len(word))


def _scalar_string(text: str, at: int, builder: Builder, missing: str) -> int:
    found = _STRING.match(text, at)
    if found is None:
        if text[at : at + 1] == '"':
            message, help_ = (
                "this text is not closed or holds a bad escape",
                "close it with a quote",
            )
        else:
            message, help_ = missing, 'write "key": value'
        return builder.refuse("MD015", message, help_, at, at + 1)
    value: str = json.loads(found[0])
    if any("\ud800" <= c <= "\udfff" for c in value):
        help_ = "write the character itself"
        builder.refuse("MD001", "half a surrogate pair is no character", help_, at, found.end())
    builder.scalar(Node(at, found.end(), '"', value))
    return found.end()
