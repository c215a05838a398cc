"""A YAML parser's complaint in words that help: what is wrong here, and what to write instead."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mdsim.core.spelling import shown
from mdsim.playbook.marks import Lines


@dataclass(frozen=True, slots=True)
class Complaint:
    """What the parser says.

    Attributes:
        problem, context: its words.
        at, context_at: indexes into the text where it stands, and where what it was reading began.
    """

    problem: str
    context: str
    at: int
    context_at: int


@dataclass(frozen=True, slots=True)
class Wording:
    """What we say: a sentence, a way out, and the part of the text it is about."""

    message: str
    help: str
    start: int
    end: int
    code: str = "MD004"


_TOKEN = re.compile(r"[^\s,\[\]{}]+")
_NO_SPACE = re.compile(r"\s*(?:- )*([A-Za-z_][\w-]*):([^\s:/].*)")
_KEY_BEFORE = re.compile(r"\s*(?:- +)*[^\s#'\"][^#]*?:\s+\S")
_QUOTE_END = re.compile(r"['\"]\s*$")


def reword(complaint: Complaint, lines: Lines) -> Wording:
    """The wording for a complaint; what no rule knows is passed on as the parser said it."""
    problem, text = complaint.problem, lines.text
    at = min(complaint.at, len(text))
    if "quoted scalar" in complaint.context:
        return _quoted(complaint, lines)
    if "cannot start any token" in problem or "found a tab" in problem or "tab character" in problem:
        return _first_character(at, lines)
    if "block scalar" in complaint.context or "alias" in complaint.context or "anchor" in complaint.context:
        return _needs_quotes(complaint.context_at, text)
    if "tag" in complaint.context or "tag" in problem:
        return _needs_quotes(min(complaint.context_at, at), text)
    if "flow sequence" in complaint.context or "flow mapping" in complaint.context:
        return _bracket(complaint, lines)
    if "mapping values are not allowed" in problem:
        return _second_colon(at, lines)
    if "block sequence entries" in problem or "sequence entries are not allowed" in problem:
        help_ = "begin the list on the next line, indented; a negative number has no space after its '-'"
        return Wording("a list cannot begin on the line of its key", help_, at, at + 1)
    if "mapping keys are not allowed" in problem or ("node content" in problem and text[at : at + 1] == "?"):
        return _needs_quotes(at, text)
    if "node content" in problem:
        return _no_content(at, text)
    if "could not find expected ':'" in problem:
        start, end = _line(complaint.context_at, lines)
        if missing := _NO_SPACE.fullmatch(text[start:end]):
            return _no_space(missing, start)
        message = "this line is neither 'key: value' nor an item of a list"
        return Wording(message, "write key: value, or indent it below the line it goes on from", start, end)
    if "expected '-' indicator" in problem or "expected <block end>" in problem:
        return _list_ends(at, lines)
    if "expected key" in problem:
        return _no_key(at, lines)
    if "incompatible YAML" in problem or "directive" in problem + complaint.context:
        return Wording(
            "a '%' at the start of a line is a directive in YAML", "remove the line", *_line(at, lines)
        )
    if "document start" in problem:
        return Wording("what follows the playbook is not part of it", "remove it", *_line(at, lines))
    return Wording(f"this is not valid YAML: {problem}", "", at, at + 1)


def _quoted(complaint: Complaint, lines: Lines) -> Wording:
    start, text = complaint.context_at, lines.text
    if "escape" in complaint.problem or "hexdecimal" in complaint.problem:
        at = (
            complaint.at
            if text[complaint.at : complaint.at + 1] == "\\"
            else text.rfind("\\", start, complaint.at + 1)
        )
        at = max(at, start)
        escape = text[at : at + 2]
        help_ = "put the value in single quotes, or write the backslash twice"
        return Wording(f"{shown(escape)} is no escape inside double quotes", help_, at, at + 2)
    return Wording("this quote is never closed", f"close it with {text[start : start + 1]}", start, start + 1)


def _first_character(at: int, lines: Lines) -> Wording:
    text = lines.text
    line, _ = lines.position(at)
    start = lines.starts[line - 1]
    found = re.compile(r" *\t").match(text, start)
    if text[at : at + 1] == "\t" or (found and at <= found.end()):
        tab = text.find("\t", start)
        return Wording("a tab cannot indent a line in YAML", "indent with spaces", tab, tab + 1)
    return _needs_quotes(at, text)


def _needs_quotes(at: int, text: str) -> Wording:
    found = _TOKEN.match(text, at)
    token = found[0] if found else text[at : at + 1]
    # a value such as "> 5" goes on after its first blank
    rest = re.compile(r"[^#,\[\]{}\r\n]*").match(text, at)
    whole = rest[0].rstrip() if rest and text[at : at + 1] in "><|?%@`!&*" else token
    help_ = f'put the value in quotes: "{whole[:40]}"' if whole else "put the value in quotes"
    message = f"'{token[:1]}' means something else to YAML at the start of a value"
    return Wording(message, help_, at, at + max(1, len(whole)), "MD016")


def _bracket(complaint: Complaint, lines: Lines) -> Wording:
    text, at, opened = lines.text, min(complaint.at, len(lines.text)), complaint.context_at
    opener = "[" if "sequence" in complaint.context else "{"
    closer = "]" if opener == "[" else "}"
    if "node content" in complaint.problem or "expected the node content" in complaint.problem:
        return _no_content(at, text)
    if text[at : at + 1] == "?":
        return _needs_quotes(at, text)
    if text.find(closer, at) < 0:
        message = f"this '{opener}' is never closed"
        return Wording(message, f"close it with '{closer}'", opened, opened + 1)
    line, _ = lines.position(opened)
    message = f"'{closer}' or ',' is missing before this, inside the '{opener}' of line {line}"
    token = _TOKEN.match(text, at)
    help_ = "separate entries with ',' and put text that holds special characters in quotes"
    return Wording(message, help_, at, token.end() if token else at + 1)


def _second_colon(at: int, lines: Lines) -> Wording:
    line, _ = lines.position(at)
    start = lines.starts[line - 1]
    before = lines.text[start:at]
    if _KEY_BEFORE.match(before):
        value = before.partition(": ")[2].strip()
        rest = lines.text[at : lines.end(at)].rstrip()
        return Wording(
            "a second ': ' in one line", f'put the value in quotes: "{(value + rest)[:40]}"', at, at + 1
        )
    for number in range(line - 1, 0, -1):
        above = lines.line(number)
        if not above.strip() or above.lstrip().startswith("#"):
            continue
        missing = _NO_SPACE.fullmatch(above)
        if missing:
            begin = lines.starts[number - 1] + above.index(missing[1])
            message = f"'{missing[1]}:' has no space after its ':'"
            return Wording(
                message, f"write {missing[1]}: {missing[2][:40]}", begin, begin + len(missing[1]) + 1
            )
        break
    key = before.strip()
    message = f"{shown(key)} is indented below a value that is complete"
    help_ = "line it up with the key above, or leave the value above empty"
    first = start + len(before) - len(before.lstrip())
    return Wording(message, help_, first, at)


def _no_space(missing: re.Match[str], line_start: int) -> Wording:
    key, value = missing[1], missing[2].rstrip()
    begin = line_start + missing.start(1)
    message = f"'{key[:40]}:' has no space after its ':'"
    return Wording(message, f"write {key[:40]}: {value[:40]}", begin, begin + len(key) + 1, "MD016")


def _no_content(at: int, text: str) -> Wording:
    character = text[at : at + 1]
    if character in ("]", "}"):
        opener = "[" if character == "]" else "{"
        return Wording(
            f"this '{character}' closes nothing", f"remove it, or open it with '{opener}'", at, at + 1
        )
    if character == ":":
        return Wording("a key is missing before ':'", "write key: value", at, at + 1)
    if character == ",":
        return Wording("a value is missing before ','", "write the value, or remove the ','", at, at + 1)
    if character in ("?", "-", "*", "&", "!", "|", ">"):
        return _needs_quotes(at, text)
    return Wording("a value is missing here", "write the value", at, at + 1)


def _list_ends(at: int, lines: Lines) -> Wording:
    message = "this line is not an item of the list above"
    return Wording(message, "begin it with '- ', or indent it below an item", *_line(at, lines))


def _no_key(at: int, lines: Lines) -> Wording:
    text = lines.text
    line, _ = lines.position(at)
    start = lines.starts[line - 1]
    before, character = text[start:at], text[at : at + 1]
    if character in ("]", "}"):
        return _no_content(at, text)
    if before.strip() and _QUOTE_END.search(before):
        message = "a quoted value ends before this text"
        return Wording(message, "put the whole value inside one pair of quotes", at, lines.end(at))
    if before.strip():
        message = "this text does not belong to the value before it"
        return Wording(message, "put the whole value in quotes", at, lines.end(at))
    if text.startswith(("- ", "-\n"), at):
        message = "this item of a list stands among keys"
        return Wording(message, "line it up with the other items, below the key it belongs to", at, at + 1)
    if character == ":":
        return _no_content(at, text)
    message = "this line's indentation fits no line above"
    return Wording(message, "line it up with the key or the item that it belongs to", *_line(at, lines))


def _line(at: int, lines: Lines) -> tuple[int, int]:
    """The text of a line without its indentation."""
    at = min(at, len(lines.text))
    start = lines.starts[lines.position(at)[0] - 1]
    end = lines.end(start)
    blank = len(lines.text[start:end]) - len(lines.text[start:end].lstrip())
    return start + blank, max(start + blank + 1, start + len(lines.text[start:end].rstrip()))
