"""What every drawing of a page shares: time axis, phase bands, marks; plain data for plotly's JavaScript.

Time is in seconds since the start of the run. A colour is the name of a variable of the page's style
sheet (``--price``), so that the page can change to dark and to paper without being drawn anew from here.
Whatever a playbook says is escaped: plotly reads tags and links inside its texts.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from mdsim.core.decimals import CONTEXT
from mdsim.core.time import SECOND, format_clock
from mdsim.report.story import PhaseSpan, Story
from mdsim.run.result import Check, Verdict

Chart: TypeAlias = "dict[str, Chart] | list[Chart] | str | int | bool | Decimal | None"
Node: TypeAlias = "dict[str, Chart]"

WRAP = 44
"""Characters a line in what is shown under the pointer; it must fit a telephone."""

SIGNS = {Verdict.PASSED: "✓", Verdict.FAILED: "✗"}
_SYMBOLS = {"✓": "triangle-up", "✗": "x", "?": "diamond"}
_COLOURS = {"✓": "--pass", "✗": "--fail", "?": "--open"}

HOVER: Node = {"hoverinfo": "text", "showlegend": False}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure with its place on the page.

    Attributes:
        figure: ``data`` and ``layout`` of plotly.
        height: in px.
        label: what it shows, for those who do not see it.
    """

    figure: Node
    height: int
    label: str


def escaped(text: str, *, wrap: int = 0) -> str:
    """Text for plotly: no tag, no link, no entity of the playbook's own; lines of at most ``wrap``."""
    lines = textwrap.wrap(text, wrap) if wrap else [text]
    return "<br>".join(html.escape(line, quote=False) for line in lines)


def seconds(at_ns: int) -> Decimal:
    """An instant for the time axis."""
    return CONTEXT.divide(Decimal(at_ns), Decimal(SECOND))


def sign(check: Check) -> str:
    """A verdict as one sign, so that colour is never alone."""
    return SIGNS.get(check.verdict, "?")


def marks(checks: Sequence[Check], levels: Sequence[Chart], size: int) -> Node:
    """Answers as signs at their time; ``levels`` are their heights."""
    signs = [sign(check) for check in checks]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "checks",
        "x": [seconds(check.at_ns) for check in checks],
        "y": list(levels),
        "hovertext": [_check_text(check) for check in checks],
        "marker": {
            "symbol": [_SYMBOLS[one] for one in signs],
            "color": [_COLOURS[one] for one in signs],
            "size": size,
            "line": {"color": "--paper", "width": 1},
        },
        "cliponaxis": False,
        **HOVER,
    }


def _check_text(check: Check) -> str:
    seen = ", ".join(f"{metric} = {value}" for metric, value in check.seen)
    lines = [
        f"{sign(check)} {escaped(f'{check.verdict.value}: {check.kind} {check.text}', wrap=WRAP)}",
        f"{format_clock(check.at_ns)}, {escaped(check.place)}",
    ]
    if seen:
        lines.append(escaped(f"saw {seen}", wrap=WRAP))
    return "<br>".join(lines)


def layout(story: Story) -> Node:
    """The frame of a drawing: time along the bottom, phases as bands behind."""
    end = seconds(max(story.lasted_ns, 1))
    margin = CONTEXT.divide(end, Decimal(100))
    return {
        "margin": {"l": 54, "r": 12, "t": 26, "b": 30, "pad": 0},
        "paper_bgcolor": "--paper",
        "plot_bgcolor": "--paper",
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": "--ink"},
        "hoverlabel": {
            "bgcolor": "--raised",
            "bordercolor": "--line",
            "font": {"color": "--ink"},
            "align": "left",
        },
        "hovermode": "x",
        "dragmode": "zoom",
        "showlegend": False,
        "xaxis": {
            **axis(zooms=True),
            "range": [CONTEXT.minus(margin), CONTEXT.add(end, margin)],
            "zeroline": False,
            "showspikes": True,
            "spikemode": "across",
            "spikethickness": 1,
            "spikedash": "solid",
            "spikecolor": "--muted",
        },
        "shapes": [_band(phase, at) for at, phase in enumerate(story.phases)],
        "annotations": [_band_name(phase) for phase in story.phases],
    }


def axis(*, zooms: bool) -> Node:
    """One axis, with labels that do not take more room than there is."""
    return {
        "gridcolor": "--grid",
        "linecolor": "--line",
        "zeroline": False,
        "automargin": False,
        "exponentformat": "none",
        "fixedrange": not zooms,
        "tickfont": {"size": 11, "color": "--muted"},
    }


def _band(phase: PhaseSpan, number: int) -> Node:
    return {
        "type": "rect",
        "layer": "below",
        "xref": "x",
        "yref": "paper",
        "x0": seconds(phase.start_ns),
        "x1": seconds(phase.end_ns),
        "y0": 0,
        "y1": 1,
        "fillcolor": "--band-odd" if number % 2 else "--band-even",
        "line": {"width": 0},
    }


def _band_name(phase: PhaseSpan) -> Node:
    """The script shortens it to the width that its phase has on screen, and escapes it."""
    return {
        "name": "phase",
        "text": phase.name,
        "x": seconds(phase.start_ns),
        "xref": "x",
        "xanchor": "left",
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 11, "color": "--muted"},
    }
