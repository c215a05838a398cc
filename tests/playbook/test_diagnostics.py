"""Problems as a compiler would draw them, whatever the text holds."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.errors import ExitCode, Problem
from mdsim.playbook.diagnostics import Diagnostic, PlaybookError, locate, render, suggest
from mdsim.playbook.loader import load
from mdsim.playbook.plan import Place


def at(
    line: int, column: int, length: int = 1, message: str = "wrong", *, hint: str = "", warning: bool = False
) -> Diagnostic:
    """A diagnostic in crash.yaml."""
    return Diagnostic(
        Problem("MD012", message, help=hint, warning=warning), Place("crash.yaml", line, column), length
    )


def test_a_diagnostic_is_drawn_with_its_line_and_caret() -> None:
    """The style of the language page, to the character."""
    text = "\n" * 11 + "      - wiat: 5m\n"
    drawn = render([at(12, 9, 4, "'wiat' is not a step", hint="did you mean 'wait'?")], text)

    assert drawn == (
        "crash.yaml:12:9: error[MD012]: 'wiat' is not a step\n"
        "   12 |       - wiat: 5m\n"
        "      |         ^^^^\n"
        "      = help: did you mean 'wait'?"
    )


def test_a_warning_says_so() -> None:
    """The word is all that differs without colours."""
    assert render([at(1, 1, warning=True)], "x").startswith("crash.yaml:1:1: warning[MD012]: wrong\n")


def test_without_help_no_help_is_drawn() -> None:
    """No empty line is left where the help would be."""
    assert render([at(1, 1)], "x").splitlines()[-1] == "      | ^"


def test_problems_are_sorted_by_place_and_told_once() -> None:
    """The order of finding does not show, and a repetition is left out."""
    drawn = render([at(2, 1), at(1, 5), at(1, 1), at(2, 1)], "abcdefg\nx")
    assert re.findall(r"crash.yaml:(\d+:\d+)", drawn) == ["1:1", "1:5", "2:1"]


def test_after_twenty_the_rest_is_counted() -> None:
    """A file in another language altogether does not fill the screen."""
    drawn = render([at(line, 1) for line in range(1, 26)], "x\n" * 30)
    assert drawn.count("error[") == 20
    assert drawn.endswith("\n\n… and 5 more")


def test_errors_are_shown_before_warnings_when_there_are_too_many() -> None:
    """The cut never hides an error behind warnings."""
    many = [at(line, 1, warning=True) for line in range(1, 30)] + [at(30, 1)]
    drawn = render(many, "x\n" * 30, most=3)
    assert drawn.count("warning[") == 2
    assert "crash.yaml:30:1: error[" in drawn


@pytest.mark.parametrize(
    ("line", "column", "length", "shown", "caret"),
    [
        ("\tkey: 5", 2, 3, "    key: 5", "    ^^^"),
        ("a:\t5", 4, 1, "a:    5", "      ^"),
        ("日本: x", 5, 1, "日本: x", "      ^"),
        ("日本: x", 1, 2, "日本: x", "^^^^"),
        ("e\u0301e\u0301: x", 7, 1, "e\u0301e\u0301: x", "    ^"),
        ("a\x1bb: x", 4, 1, "a\\x1bb: x", "      ^"),
        ("a\u202eb", 3, 1, "a\\u202eb", "       ^"),
        ("abc", 10, 4, "abc", "   ^"),
        ("", 1, 1, "", "^"),
    ],
)
def test_the_caret_stands_under_its_text(line: str, column: int, length: int, shown: str, caret: str) -> None:
    """Tabs, wide, combining and invisible characters keep the caret where the eye expects it."""
    _, source, carets = render([at(1, column, length)], line).split("\n")
    assert source == f"    1 | {shown}".rstrip()
    assert carets == f"      | {caret}"


def test_a_long_line_is_cut_around_the_caret() -> None:
    """A line of any length stays readable, and says where it was cut."""
    _, source, carets = render([at(1, 5_001, 3)], "a" * 5_000 + "bcd" + "e" * 5_000).split("\n")
    assert len(source) < 120
    start = carets.index("^")
    assert source[start : start + 3] == "bcd"
    assert source[8] == source[-1] == "…"
    assert carets.count("^") == 3


def test_a_problem_longer_than_the_cut_line_ends_with_it() -> None:
    """Carets never run past the text that is shown."""
    _, source, carets = render([at(1, 2, 900)], "a" * 1_000).split("\n")
    assert len(carets) <= len(source)


def test_messages_cannot_steer_a_terminal() -> None:
    """Whatever a playbook puts into names and values, no control character comes out."""
    evil = "\x1b]0;title\x07\u202e"
    problem = Problem("MD051", f"{evil} is no key", help=evil)
    drawn = render([Diagnostic(problem, Place(f"{evil}.yaml", 1, 1), 1)], evil)
    assert all(character.isprintable() or character == "\n" for character in drawn)


def test_colours_change_nothing_but_colours() -> None:
    """Without its escape codes a coloured drawing is the plain one."""
    problems = [at(1, 1, 3, hint="do"), at(1, 2, warning=True)]
    coloured = render(problems, "abc", color=True)
    assert "\x1b[1;31m" in coloured
    assert "\x1b[1;33m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(problems, "abc")


def test_no_diagnostics_draw_nothing() -> None:
    """An empty list is an empty text."""
    assert render([], "x") == ""


def test_an_error_carries_the_first_error_and_draws_them_all() -> None:
    """Code, message and exit code are those of the first error, not of a warning before it."""
    error = PlaybookError([at(1, 1, warning=True), at(2, 1, message="bad", hint="mend it")], "a\nb")
    assert (error.code, error.message, error.hint) == ("MD012", "crash.yaml:2:1: bad", "mend it")
    assert error.exit_code is ExitCode.INVALID
    assert str(error) == render(error.diagnostics, "a\nb")


def test_problems_get_their_places() -> None:
    """Keys, values, parts of values and missing ones are found in the text, in its order."""
    document = load("mdsim: 1\nexpect:\n  - that: 'price(X) < 5'\n    wihtin: 3s\n", "crash.yaml")
    found = locate(
        [
            Problem("MD051", "b", at=("expect", 0, "wihtin"), on_key=True),
            Problem("MD032", "a", at=("expect", 0, "that"), offset=6, length=1),
            Problem("MD051", "b", at=("expect", 0, "wihtin"), on_key=True),
            Problem("MD021", "c", at=("expect", 0, "level")),
            Problem("MD021", "d", at=("mdsim",)),
        ],
        document,
    )
    assert [(str(d.place), d.length, d.problem.message) for d in found] == [
        ("crash.yaml:1:8", 1, "d"),
        ("crash.yaml:3:5", 4, "c"),
        ("crash.yaml:3:18", 1, "a"),
        ("crash.yaml:4:5", 6, "b"),
    ]


@pytest.mark.parametrize(
    ("word", "known", "near"),
    [
        ("wiat", ("wait", "move"), "wait"),
        ("Wait", ("wait",), "wait"),
        ("half-life", ("half_life", "over"), "half_life"),
        ("random_walk", ("random-walk", "bridge"), "random-walk"),
        ("btc-usd", ("BTC-USD", "ETH-USD"), "BTC-USD"),
        ("zebra", ("wait", "move"), None),
        ("wait", ("wait",), None),
        ("", ("wait",), None),
        ("x" * 100_000, ("wait",), None),
    ],
)
def test_the_word_that_was_meant_is_suggested(word: str, known: tuple[str, ...], near: str | None) -> None:
    """Slips of the finger, of case and of hyphens are seen; nonsense gets no suggestion."""
    assert suggest(word, known) == near


@settings(derandomize=True, deadline=None, max_examples=80)
@given(st.text(max_size=300), st.integers(1, 30), st.integers(1, 400), st.integers(1, 400))
def test_any_text_and_place_can_be_drawn(text: str, line: int, column: int, length: int) -> None:
    """A drawing has a caret and nothing unprintable, even for a place that the text does not have."""
    drawn = render([at(line, column, length)], text)
    assert drawn.count("\n") == 2
    assert "^" in drawn.rpartition("\n")[2]
    assert all(c.isprintable() or c == "\n" or unicodedata.category(c) == "Zs" for c in drawn)
