"""The page: one file of HTML that needs nothing else, reads without its script, and trusts no text in it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from html import escape
from importlib.resources import files

import msgspec
from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]  # it ships no types

from mdsim.core.decimals import CONTEXT
from mdsim.core.events import Json
from mdsim.core.time import format_clock, format_duration
from mdsim.report import gantt, price_chart
from mdsim.report.chart import Drawing, sign
from mdsim.report.story import Bar, Story, plain
from mdsim.run.result import Check, Verdict
from mdsim.run.series import Series, Track

_ENCODER = msgspec.json.Encoder(order="deterministic", decimal_format="number")
_STEPS_MOST = 500
"""Rows of the table of steps."""

_HEADINGS = {
    "passed": "✓",
    "failed": "✗",
    "error": "✗",
}
_LEGEND = (
    ("published price", '<path d="M0 6h26" stroke="var(--price)" stroke-width="2.5"/>'),
    ("base price", '<path d="M0 6h26" stroke="var(--base)" stroke-width="2.5" stroke-dasharray="4 4"/>'),
    ("check passed", '<path d="M13 1l6 10h-12z" fill="var(--pass)"/>'),
    ("failed", '<path d="M8 1l10 10m0-10l-10 10" stroke="var(--fail)" stroke-width="3.5"/>'),
    ("open", '<path d="M13 0l6 6l-6 6l-6-6z" fill="var(--open)"/>'),
)


@dataclass(frozen=True, slots=True)
class Page:
    """A run to be shown.

    Attributes:
        series: its prices, or None when nothing recorded them.
        again: the command that gives the same run.
    """

    story: Story
    series: Series | None
    again: str

    def html(self) -> str:
        """The whole file; the same run gives the same bytes."""
        tracks = self._tracks()
        drawings = [price_chart.draw(track, self.story) for track in tracks]
        parts = [self._head(), *self._against(), self._nav()]
        parts += ["<main>", *self._prices(tracks, drawings)]
        if self.story.lanes:
            drawings.append(gantt.draw(self.story))
            parts += self._timeline(drawings[-1], len(drawings) - 1)
        parts += [*self._checks(), *self._symbols(tracks), *self._run(), "</main>"]
        version = escape(self.story.text("version"))
        parts.append(f"<footer>Written by mdsim {version}. This file needs no network.</footer>")
        return _document(self._title(), "\n".join(parts), drawings)

    # head

    def _title(self) -> str:
        return f"{self.story.verdict}: {self.story.text('playbook')} · mdsim"

    def _head(self) -> str:
        story = self.story
        verdict = escape(story.verdict)
        lasted = plain(story.ending.get("lasted")) or format_duration(story.lasted_ns)
        facts = [f"{lasted} of market", f"seed {story.text('seed')}"]
        counts = [(name, story.ending.get(name)) for name in ("cycles", "ticks")]
        facts += [f"{count:,} {name}" for name, count in counts if isinstance(count, int)]
        counted = [check for check in story.checks if check.level == "fail"]
        passed = sum(check.verdict is Verdict.PASSED for check in counted)
        if counted:
            facts.insert(0, f"{passed} of {len(counted)} checks passed")
        reason = f"<p>{escape(story.reason)}</p>" if story.reason else ""
        return (
            '<header><p class="kicker">Report of a run</p>'
            f'<div class="head"><h1>{escape(story.text("playbook"))}</h1>'
            f'<span class="verdict {verdict}"><span aria-hidden="true">'
            f"{_HEADINGS.get(story.verdict, '?')}</span>{verdict}</span></div>"
            f'<p class="about">{escape(story.text("about"))}</p>'
            f"<p>{escape(' · '.join(facts))}</p>{reason}</header>"
        )

    def _against(self) -> list[str]:
        """What speaks against the run, before everything else."""
        found = [check for check in self.story.checks if check.verdict is not Verdict.PASSED]
        counting = [check for check in found if check.level == "fail"]
        if not counting:
            return []
        items = "".join(f"<li>{_asked(check)}<br>{_answer(check)}</li>" for check in counting[:20])
        more = f"<p>and {len(counting) - 20} more</p>" if len(counting) > 20 else ""
        return [
            f'<section class="against" aria-label="What speaks against it"><ul>{items}</ul>{more}</section>'
        ]

    def _nav(self) -> str:
        links = [("prices", "Prices")]
        if self.story.lanes:
            links.append(("timeline", "Timeline"))
        if self.story.checks:
            links.append(("checks", "Checks"))
        links.append(("run", "The run"))
        inside = "".join(f'<a href="#{name}">{title}</a>' for name, title in links)
        return f'<nav aria-label="Sections">{inside}</nav>'

    # drawings

    def _tracks(self) -> list[Track]:
        """Instruments in the order in which they were moved or asked about, then the rest."""
        tracks = [] if self.series is None else [track for track in self.series.tracks if track.at_ns]
        first = {symbol: at for at, symbol in enumerate(self.story.touched)}
        return sorted(tracks, key=lambda track: first.get(track.symbol, len(first)))

    def _prices(self, tracks: list[Track], drawings: list[Drawing]) -> list[str]:
        parts = ['<section aria-labelledby="prices"><h2 id="prices">Prices</h2>']
        if not tracks:
            parts.append(
                "<p>There are no prices beside this journal: series.json is missing. "
                "A run with --journal writes one.</p></section>"
            )
            return parts
        marks = _LEGEND if self.story.checks else _LEGEND[:2]
        items = "".join(
            f'<li><svg width="26" height="12" fill="none" aria-hidden="true">{drawing}</svg>{text}</li>'
            for text, drawing in marks
        )
        parts.append(f'<ul class="legend">{items}</ul>')
        parts.append(
            '<p class="note hint">Bands are phases. Time is since the start. <span class="mouse">Point at a '
            "drawing to read values; drag to zoom all of them, double-click to see everything again."
            '</span><span class="touch">Tap a drawing to read values.</span></p>'
        )
        for number, (track, drawing) in enumerate(zip(tracks, drawings, strict=True)):
            decimals = len(track.increment.partition(".")[2])
            parts.append(
                f"<figure><h3>{escape(track.symbol)}</h3>"
                f"<figcaption>{escape(drawing.label)}</figcaption>"
                f'<p class="readout" aria-hidden="true"></p>'
                f"{_chart(drawing, number, decimals)}</figure>"
            )
        return [*parts, "</section>"]

    def _timeline(self, drawing: Drawing, number: int) -> list[str]:
        story = self.story
        drawn = gantt.drawn(story.lanes)
        note = f" The first {drawn:,} of {story.steps:,} steps are drawn." if drawn < story.steps else ""
        bars = [bar for lane in story.lanes for row in lane.rows for bar in row]
        bars.sort(key=lambda bar: (bar.start_ns, bar.path))
        rows = "".join(self._step(bar) for bar in bars[:_STEPS_MOST])
        more = f"<p>and {len(bars) - _STEPS_MOST:,} more</p>" if len(bars) > _STEPS_MOST else ""
        return [
            '<section aria-labelledby="timeline"><h2 id="timeline">What ran when</h2>'
            '<p class="note">Bars are steps, diamonds are steps that take no time, thin tails are effects '
            f"that act on. A red edge: cut by the end of its block.{note}</p>"
            f"<figure>{_chart(drawing, number, 0)}</figure>"
            f"<details><summary>The same as a table: {len(bars):,} steps</summary>"
            '<table class="cards"><thead><tr><th scope="col">start</th><th scope="col">lasts</th>'
            '<th scope="col">step</th><th scope="col">where</th></tr></thead>'
            f"<tbody>{rows}</tbody></table>{more}</details></section>"
        ]

    def _step(self, bar: Bar) -> str:
        lasting = format_duration(bar.end_ns - bar.start_ns) if bar.end_ns > bar.start_ns else "at once"
        where = f"{self.story.text('file')}:{bar.place}" if bar.place else bar.path
        return (
            f'<tr><td class="time" data-label="start">{format_clock(bar.start_ns)}</td>'
            f'<td class="short" data-label="lasts">{lasting}{", cut" if bar.cut else ""}</td>'
            f'<td data-label="step">{escape(bar.summary)}</td>'
            f'<td class="where" data-label="where"><code>{escape(where)}</code></td></tr>'
        )

    # tables

    def _checks(self) -> list[str]:
        if not self.story.checks:
            return []
        rows = "".join(_check_row(check) for check in self.story.checks)
        return [
            '<section aria-labelledby="checks"><h2 id="checks">What was checked</h2>'
            '<table class="cards"><thead><tr><th scope="col">answer</th><th scope="col">time</th>'
            '<th scope="col">question</th><th scope="col">seen</th><th scope="col">where</th></tr></thead>'
            f"<tbody>{rows}</tbody></table></section>"
        ]

    def _symbols(self, tracks: list[Track]) -> list[str]:
        if not tracks:
            return []
        rows = "".join(_symbol_row(track) for track in tracks)
        titles = "".join(
            f'<th scope="col" class="number">{title}</th>'
            for title in ("first", "low", "at", "high", "at", "last", "change")
        )
        return [
            '<section aria-labelledby="symbols"><h2 id="symbols">Where prices went</h2>'
            f'<table class="cards"><thead><tr><th scope="col">symbol</th>{titles}</tr></thead>'
            f"<tbody>{rows}</tbody></table></section>"
        ]

    def _run(self) -> list[str]:
        story = self.story
        facts = {
            "playbook": story.text("file"),
            "seed": story.text("seed"),
            "digest": story.digest or "none: the journal ends before the run did",
            "prices from": story.text("feed"),
            "market time": f"from {story.text('start')}, a cycle every {story.text('cycle')}",
            "clock": f"{story.text('clock')} time",
            "made with": f"mdsim {story.text('version')}, Python {story.text('python')}",
        }
        listed = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
        parts = [
            '<section aria-labelledby="run"><h2 id="run">The run</h2>',
            f"<h3>Run it again</h3><pre><code>{escape(self.again)}</code></pre>",
            f"<h3>Facts</h3><dl>{listed}</dl>",
        ]
        if params := _params(story.head):
            values = "".join(
                f"<dt><code>{escape(name)}</code></dt><dd><code>{escape(text)}</code></dd>"
                for name, text in params.items()
            )
            parts.append(f"<h3>Parameters</h3><dl>{values}</dl>")
        notes = story.head.get("notes")
        told = [plain(note) for note in notes] if isinstance(notes, list) else []
        told += [f"{format_clock(at_ns)} {text}" for at_ns, text in (*story.marks, *story.warnings)]
        if told:
            items = "".join(f"<li>{escape(note)}</li>" for note in told)
            parts.append(f"<h3>Notes</h3><ul>{items}</ul>")
        return [*parts, "</section>"]


def _params(head: Mapping[str, Json]) -> dict[str, str]:
    """Parameters as ``--set`` takes them; a journal of an older version has their bare values alone."""
    plan, bare = head.get("plan"), head.get("params")
    given = plan.get("given") if isinstance(plan, dict) else None
    if isinstance(given, list):
        return {plain(it.get("name")): plain(it.get("text")) for it in given if isinstance(it, dict)}
    return {name: _told(value) for name, value in bare.items()} if isinstance(bare, dict) else {}


def _told(value: Json) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _chart(drawing: Drawing, number: int, decimals: int) -> str:
    return (
        f'<div class="chart" id="chart-{number}" role="img" aria-label="{escape(drawing.label)}" '
        f'data-height="{drawing.height}" data-decimals="{decimals}" '
        f'style="min-height:{drawing.height}px"></div>'
    )


def _asked(check: Check) -> str:
    warned = ' <span class="note">(a warning, it does not count)</span>' if check.level == "warn" else ""
    return f"{escape(check.kind)} <code>{escape(check.text)}</code>{warned}"


def _answer(check: Check) -> str:
    seen = ", ".join(f"{metric} = {value}" for metric, value in check.seen)
    told = "; ".join(part for part in (check.note, f"saw {seen}" if seen else "") if part)
    where = f"{format_clock(check.at_ns)}, {check.place}"
    return f'<span class="note">{escape(where)}{": " if told else ""}{escape(told)}</span>'


def _check_row(check: Check) -> str:
    seen = "<br>".join(escape(f"{metric} = {value}") for metric, value in check.seen)
    told = "<br>".join(part for part in (seen, escape(check.note)) if part)
    verdict = check.verdict.value
    return (
        f'<tr><td class="answer {verdict}" data-label="answer"><span><span aria-hidden="true">'
        f"{sign(check)}</span> {verdict}</span></td>"
        f'<td class="time" data-label="time">{format_clock(check.at_ns)}</td>'
        f'<td data-label="question"><span>{_asked(check)}</span></td>'
        f'<td data-label="seen"><span>{told}</span></td>'
        f'<td class="where" data-label="where"><code>{escape(check.place)}</code></td></tr>'
    )


def _symbol_row(track: Track) -> str:
    low, high = min(track.price), max(track.price)
    first, last = track.decimal(track.price[0]), track.decimal(track.price[-1])
    percent = CONTEXT.multiply(CONTEXT.subtract(CONTEXT.divide(last, first), 1), 100)
    cells = (
        ("first", f"{first:f}"),
        ("low", f"{track.decimal(low):f}"),
        ("low at", format_clock(track.at_ns[track.price.index(low)])),
        ("high", f"{track.decimal(high):f}"),
        ("high at", format_clock(track.at_ns[track.price.index(high)])),
        ("last", f"{last:f}"),
        ("change", f"{CONTEXT.quantize(percent, Decimal('0.01')):+f}%"),
    )
    inside = "".join(f'<td class="number" data-label="{name}">{value}</td>' for name, value in cells)
    return f'<tr><th scope="row">{escape(track.symbol)}</th>{inside}</tr>'


@cache
def _part(name: str) -> str:
    return files("mdsim.report").joinpath(name).read_text(encoding="utf-8")


def _document(title: str, body: str, drawings: list[Drawing]) -> str:
    """Everything in one file; the policy lets only these two scripts run and forbids the network."""
    plotly, script, style = str(get_plotlyjs()), _part("page.js"), _part("page.css")
    figures = _ENCODER.encode([drawing.figure for drawing in drawings]).decode()
    for sign_ in "<>&\u2028\u2029":
        figures = figures.replace(sign_, f"\\u{ord(sign_):04x}")
    allowed = " ".join(f"'sha256-{_sha256(text)}'" for text in (plotly, script))
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}\n"
        f'<script type="application/json" id="charts">{figures}</script>\n'
        f"<script>{plotly}</script>\n<script>{script}</script>\n</body>\n</html>\n"
    )


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
