"""The page as a file: well-formed, complete without its script, and closed to what a playbook says."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.report.conftest import Drawn

    Draw = Callable[..., Drawn]

VOID = {"meta", "br", "path", "img", "link", "input"}
SIZE_MOST = 6_000_000


class Outline(HTMLParser):
    """Elements, their attributes and the text outside of scripts and styles; fails on bad nesting."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        inside = self._open[-1] if self._open else ""
        if inside == "script":
            self.scripts.append(data)
        elif inside != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> Iterator[dict[str, str]]:
        return (attributes for name, attributes in self.elements if name == tag)

    @property
    def charts(self) -> list[Any]:
        found: list[Any] = json.loads(self.scripts[0])
        return found


def test_page_is_well_formed_and_of_a_size_to_send(crisis: Drawn) -> None:
    """Every element closes, and the file goes into an e-mail."""
    page = crisis.html()

    assert page.startswith("<!doctype html>")
    assert len(page.encode()) < SIZE_MOST
    assert next(Outline(page).all("html"))["lang"] == "en"


def test_page_asks_for_nothing_outside(crisis: Drawn) -> None:
    """No address, no file: the policy forbids what might slip through, and allows exactly two scripts."""
    outline = Outline(crisis.html())
    policy = next(it for it in outline.all("meta") if "http-equiv" in it)["content"]
    allowed = set(re.findall(r"'sha256-([^']+)'", policy))
    ours = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in outline.scripts[1:]}

    assert not [
        name for _, attributes in outline.elements for name in attributes if name in ("src", "srcset")
    ]
    assert all(it["href"].startswith("#") for it in outline.all("a"))
    assert not list(outline.all("link"))
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert allowed == ours
    assert len(ours) == 2


def test_words_of_a_playbook_stay_words(crisis: Drawn) -> None:
    """Tags, handlers and links in names and texts are shown, never obeyed: in HTML and in the drawings."""
    outline = Outline(crisis.html())
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & <b>bold</b>"

    assert hostile in outline.text
    assert "<a href='javascript:alert(3)'>click</a>" in outline.text
    assert len(outline.scripts) == 3
    assert not list(outline.all("img"))
    assert not [attributes for _, attributes in outline.elements if "onerror" in attributes]
    assert "<" not in outline.scripts[0]
    traces = [trace for chart in outline.charts for trace in chart["data"]]
    hovers = [text for trace in traces for text in trace.get("hovertext", [])]
    assert any("click" in text for text in hovers)
    assert not [text for text in hovers if re.search(r"<(?!br>)", text)]


def test_page_reads_without_its_script(crisis: Drawn) -> None:
    """Verdict, failed checks with what was seen and where, extremes, seed, digest and command are text."""
    text = Outline(crisis.html(again="mdsim play test.yaml --seed 1 --set x='a b'")).text

    assert "failed" in text
    assert "expect price(BTC-USD) > 70000" in text
    assert "price(BTC-USD) = 52800" in text
    assert "test.yaml:15:19" in text
    assert "mdsim play test.yaml --seed 1 --set x='a b'" in text
    assert crisis.story.digest in text
    assert "52800.00" in text


def test_headings_tables_and_drawings_have_names(crisis: Drawn) -> None:
    """One first heading, no level left out, header cells with their scope, drawings with a label."""
    outline = Outline(crisis.html())
    levels = [int(tag[1]) for tag, _ in outline.elements if re.fullmatch(r"h[1-6]", tag)]
    drawings = [it for it in outline.all("div") if it.get("role") == "img"]

    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    assert all(it.get("scope") in ("col", "row") for it in outline.all("th"))
    assert all(it["aria-label"] for it in drawings)
    assert len(drawings) == len(outline.charts) == 3
    targets = {it["id"] for _, it in outline.elements if "id" in it}
    assert {it["href"][1:] for it in outline.all("a")} <= targets


def test_verdict_and_answers_are_told_by_a_sign_and_a_word(crisis: Drawn) -> None:
    """Colour is never alone."""
    text = Outline(crisis.html()).text

    assert "✗ failed" in text
    assert "? inconclusive" in text
    assert "✓ passed" in text
    symbols = [
        trace["marker"]["symbol"]
        for trace in Outline(crisis.html()).charts[-1]["data"]
        if trace.get("name") == "checks"
    ]
    assert set(symbols[0]) == {"x", "diamond", "triangle-up"}


def test_drawing_of_an_instrument_holds_both_prices_spread_depth_and_bands(crisis: Drawn) -> None:
    """What is published over what the base feed said, phases behind."""
    btc = Outline(crisis.html()).charts[0]
    lines = {trace["name"]: trace for trace in btc["data"]}

    assert set(lines) == {"base", "published", "spread", "depth", "checks"}
    assert min(lines["published"]["y"]) == 52800.0
    assert set(lines["base"]["y"]) == {60000.0}
    assert all(value > 0 for value in lines["spread"]["y"] + lines["depth"]["y"])
    bands = [(it["x0"], it["x1"]) for it in btc["layout"]["shapes"]]
    assert bands == [(0, 60), (60, 180)]


def test_same_run_gives_the_same_bytes(draw: Draw) -> None:
    """No time of the day, no random id."""
    text = "steps: [{move: {symbol: BTC-USD, by: -1%, over: 5s}}]\n"

    assert draw(text).html() == draw(text).html()


def test_journal_without_series_says_how_to_get_prices(crisis: Drawn) -> None:
    """The page is drawn as far as it can be."""
    outline = Outline(crisis.html(series=False))

    assert "series.json is missing" in outline.text
    assert len(outline.charts) == 1


@pytest.mark.parametrize("name", ["prices", "timeline", "checks", "symbols", "run"])
def test_sections_are_labelled_by_their_heading(crisis: Drawn, name: str) -> None:
    """A screen reader can jump between them."""
    outline = Outline(crisis.html())

    assert {"aria-labelledby": name} in list(outline.all("section"))
    assert any(it.get("id") == name for it in outline.all("h2"))
