"""Every mistake in a playbook is told exactly, at its place, together with all others."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.instruments import ALL
from mdsim.playbook import loader
from mdsim.playbook.compiler import World, compile_playbook
from mdsim.playbook.diagnostics import Diagnostic, PlaybookError
from mdsim.playbook.plan import (
    Plan,
    Step,
)

MISTAKES = sorted((Path(__file__).parent / "mistakes").glob("*.yaml"))
Planner = Callable[..., Plan]
Stepper = Callable[[str], Step]
Refused = Callable[[str], tuple[Diagnostic, ...]]


# ---------------------------------------------------------------- mistakes

EXPECTED = re.compile(r"  # (MD\d{3} .*)$")


@pytest.mark.parametrize("path", MISTAKES, ids=lambda path: path.stem)
def test_each_mistake_is_told_exactly_and_nothing_else_is(path: Path, real_world: World) -> None:
    """Each file under mistakes/ says at the end of a line what must be reported on that line."""
    text = path.read_text("utf-8")
    wanted = [
        (line, message)
        for line, content in enumerate(text.splitlines(), 1)
        if (found := EXPECTED.search(content))
        for message in found[1].split(" && ")
    ]
    document = loader.load(re.sub(EXPECTED.pattern, "", text, flags=re.MULTILINE), path.name)
    try:
        said = compile_playbook(document, real_world).warnings
    except PlaybookError as error:
        said = error.diagnostics
    shown = [
        (
            item.place.line,
            f"{item.problem.code} {item.problem.message}"
            + (f" -> {item.problem.help}" if item.problem.help else ""),
        )
        for item in said
    ]
    assert wanted
    assert sorted(shown) == sorted(wanted)


def test_the_depeg_of_the_language_page_is_accepted(real_world: World) -> None:
    """As it is printed there, without a warning."""
    path = Path(__file__).parent / "accepted" / "language-depeg.yaml"
    assert compile_playbook(loader.load(path.read_text("utf-8"), path.name), real_world).warnings == ()


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("steps: [{wiat: 5m}]", "wiat"),
        ("steps: [{wait: 5 min}]", "5 min"),
        ("steps: [{nudge: {symbols: BTC-USD, bye: -5%}}]", "bye"),
        ("steps: [{nudge: {symbols: [BTC-USD, ETH-EUR], by: -5%}}]", "ETH-EUR"),
        ("steps: [{nudge: {symbols: BTC-USD, by: -5%, curve: {shape: bet}}}]", "bet"),
        ("steps: [{wait: {until: prise(BTC-USD) < 5, timeout: 5m}}]", "prise"),
        (
            "params: {p: {type: price, default: 5}}\nsteps: [{wait: {until: price($q) < $p, timeout: 5m}}]",
            "$q",
        ),
        ("params: {c: {type: symbol, default: A-B}}\nsteps: [{expect: price($c) < 5}]", "$c"),
    ],
)
def test_the_caret_stands_under_the_wrong_token(text: str, token: str, mistakes: Refused) -> None:
    """Line, column and length point at what is wrong, in keys, values and inside conditions."""
    (found, *_) = mistakes(text)
    line = ("mdsim: 1\n" + text).splitlines()[found.place.line - 1]
    assert line[found.place.column - 1 : found.place.column - 1 + found.length] == token


def test_all_problems_are_told_at_once_in_the_order_of_the_file(mistakes: Refused) -> None:
    """A mistake in one phase does not hide those of the next."""
    found = mistakes("phases:\n  - name: a\n    steps: [{wiat: 5m}]\n  - name: b\n    steps: [{wait: 5}]\n")
    assert [(item.place.line, item.problem.code) for item in found] == [(4, "MD012"), (6, "MD021")]


def test_the_body_of_a_misspelt_verb_is_checked_as_the_verb_that_was_meant(mistakes: Refused) -> None:
    """So that the second mistake shows before the first is mended."""
    found = mistakes("steps: [{nugde: {symbols: BTC-USD, by: 5%}}]")
    assert [item.problem.code for item in found] == ["MD012", "MD022"]


def test_an_effects_own_rules_are_placed_below_its_verb(mistakes: Refused) -> None:
    """check() speaks about its own mapping; the diagnostic points into the file."""
    (found,) = mistakes("steps: [{nudge: {symbols: BTC-USD, by: -99%}}]")
    assert (found.problem.code, found.problem.at) == ("MD199", ("steps", 0, "nudge", "by"))


TOKENS = [
    "mdsim", "name", "params", "phases", "steps", "lanes", "wait", "nudge", "repeat", "if", "then", "choose",
    "expect", "baseline", "symbols", "by", "over", "curve", "shape", "until", "times", "always", "at", "x-y",
]  # fmt: skip
SCALARS = st.sampled_from(
    ["5m", "-5%", "BTC-USD", "all", "*-USD", "$a", "$(a", "price(BTC-USD) < 5", "bent", "1", "", "x"]
)
DATA = st.recursive(
    SCALARS | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(TOKENS), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(data=st.dictionaries(st.sampled_from(TOKENS), DATA, max_size=5))
def test_whatever_is_written_compiles_or_is_refused_with_places(data: dict[str, object]) -> None:
    """No shape of data raises anything but PlaybookError, and every diagnostic has a place in the file."""
    world = World({}, {}, ALL, ("synthetic",), ())
    document = loader.load_json(json.dumps({"mdsim": "1", **data}).encode(), "test.json")
    found: tuple[Diagnostic, ...] = ()
    try:
        found = compile_playbook(document, world).warnings
    except PlaybookError as error:
        found = error.diagnostics
    assert all(item.place.line == 1 and item.length >= 1 for item in found)
