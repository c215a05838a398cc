"""Places: every value and key, and every character of a value, stands somewhere in the text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.playbook.loader import Document, load
from mdsim.playbook.marks import Lines, Path

STABLE = settings(derandomize=True, deadline=None, max_examples=100)


def text_at(document: Document, path: Path, *, on_key: bool = False) -> str:
    """The part of the text that a mark points at."""
    place = document.marks.place(document.file, path, on_key)
    line = document.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[place.line - 1]
    return line[place.column - 1 : place.column - 1 + document.marks.length(path, on_key)]


PLACES = """\
# a comment
mdsim: 1
name: &n crash
about: >-
  A long
  text
steps:
  - wait: {until: 'price(X) < 5', timeout: "5m"}
  -   move:
        symbol: *n
        by: -5%   # comment
"""


@pytest.mark.parametrize(
    ("path", "on_key", "place", "found"),
    [
        (("mdsim",), False, "2:8", "1"),
        (("mdsim",), True, "2:1", "mdsim"),
        (("name",), False, "3:10", "crash"),
        (("about",), False, "5:3", "A long"),
        (("steps",), True, "7:1", "steps"),
        (("steps",), False, "8:3", "-"),
        (("steps", 0), False, "8:5", "wait"),
        (("steps", 0, "wait"), False, "8:11", "{until: 'price(X) < 5', timeout: \"5m\"}"),
        (("steps", 0, "wait", "until"), False, "8:19", "'price(X) < 5'"),
        (("steps", 0, "wait", "timeout"), True, "8:35", "timeout"),
        (("steps", 0, "wait", "timeout"), False, "8:44", '"5m"'),
        (("steps", 1, "move"), True, "9:7", "move"),
        (("steps", 1, "move", "symbol"), False, "10:17", "*n"),
        (("steps", 1, "move", "by"), False, "11:13", "-5%"),
        (("steps", 1, "move", "over"), False, "10:9", "symbol"),
        (("steps", 7), False, "8:3", "-"),
        (("steps", 0, "wait", "until", "deeper"), False, "8:19", "'price(X) < 5'"),
        ((), False, "2:1", "mdsim"),
    ],
)
def test_every_value_and_key_has_a_place(path: Path, on_key: bool, place: str, found: str) -> None:
    """Marks point at the token; a path without one gives the nearest enclosing value."""
    document = load(PLACES, "x")
    assert str(document.marks.place("x", path, on_key)) == f"x:{place}"
    assert text_at(document, path, on_key=on_key) == found


@pytest.mark.parametrize(
    ("text", "offset", "place"),
    [
        ("a: hello\n", 2, "1:6"),
        ("a: 'it''s on'\n", 5, "1:11"),
        ('a: "\\u0041\\tbc"\n', 2, "1:13"),
        ('a: "x\\\n   yz"\n', 1, "2:4"),
        ("a: one\n   two\n", 4, "2:4"),
        ("a: one\n\n   two\n", 4, "3:4"),
        ("a: >-\n  one\n  two\n", 4, "3:3"),
        ("a: |\n   one\n     two\n", 6, "3:6"),
        ("a: |\n\n  one\n", 1, "3:3"),
        ("a: &x hello\n", 1, "1:8"),
        ("a: hello\n", 99, "1:9"),
        ("a: b" + " " * 1000 + "c\n", 1001, "1:1005"),
    ],
)
def test_a_part_of_a_value_has_a_place_too(text: str, offset: int, place: str) -> None:
    """Quotes, escapes, folded lines and block texts are walked through."""
    assert str(load(text, "x").marks.place("x", ("a",), offset=offset)) == f"x:{place}"


def test_a_missing_value_is_marked_at_its_key() -> None:
    """Nothing has no place of its own."""
    document = load("a:\nb: {c: , d}\n", "x")
    assert str(document.marks.place("x", ("a",))) == "x:1:1"
    assert str(document.marks.place("x", ("b", "c"))) == "x:2:5"


PAIRS = st.lists(
    st.tuples(
        st.from_regex(r"[a-z]{1,8}", fullmatch=True),
        st.from_regex(r"[a-z][a-z0-9%+. ]{0,12}[a-z]", fullmatch=True).filter(lambda text: text != "null"),
    ),
    min_size=1,
    max_size=8,
)


@STABLE
@given(PAIRS)
def test_the_place_of_each_scalar_points_at_its_text(pairs: list[tuple[str, str]]) -> None:
    """For plain text the mark covers exactly the characters of the value, and of the key."""
    text = "top:\n" + "".join(f"  - {{{key}: {value}}}\n" for key, value in pairs)
    document = load(text, "x")
    for index, (key, value) in enumerate(pairs):
        path = ("top", index, key)
        assert text_at(document, path, on_key=True) == key
        assert text_at(document, path) == value


@STABLE
@given(st.text(alphabet="ab\r\né日", max_size=40))
def test_lines_and_indexes_agree(text: str) -> None:
    """Every index has a line and a column that lead back to its character, whatever ends the lines."""
    lines = Lines(text)
    for index, character in enumerate(text):
        line, column = lines.position(index)
        assert column >= 1
        if character not in "\r\n":
            assert lines.line(line)[column - 1] == character
    assert lines.line(0) == lines.line(10_000) == ""
