"""The drawing of what ran when: lanes as rows of bars, with the answers in a row of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mdsim.core.time import format_clock, format_duration
from mdsim.report.chart import HOVER, WRAP, Chart, Drawing, Node, escaped, layout, marks, seconds
from mdsim.report.story import Bar, LaneRows, Story

_ROW = 26
"""Height of one row of bars, in px."""
_TITLE = 22
"""Height of a lane's name above its rows."""
_GAP = 6


def draw(story: Story) -> Drawing:
    """Every lane from the top down; heights are in px, so that bars do not depend on their number."""
    columns = _Columns(story)
    titles: list[Chart] = []
    y = 0
    data: list[Chart] = []
    if story.checks:
        titles.append(_lane_title("checks", y))
        levels: list[Chart] = [y + _TITLE + _ROW // 2] * len(story.checks)
        data.append(marks(story.checks, levels, 13))
        y += _TITLE + _ROW + _GAP
    for lane in story.lanes:
        titles.append(_lane_title(f"{lane.phase} · {lane.name}" if lane.name else lane.phase, y))
        y += _TITLE
        for row in lane.rows:
            for bar in row:
                columns.add(bar, y + _ROW // 2)
            y += _ROW
        y += _GAP
    frame = layout(story)
    names = frame["annotations"]
    assert isinstance(names, list)
    frame["annotations"] = [*names, *titles]
    frame["barmode"] = "overlay"
    frame["yaxis"] = {"range": [y, 0], "visible": False, "fixedrange": True}
    frame["hovermode"] = "closest"
    label = f"What ran when: {len(story.phases)} phases, {len(story.lanes)} lanes, {story.steps} steps."
    return Drawing({"data": [*columns.traces(), *data], "layout": frame}, max(y + 60, 160), label)


def drawn(lanes: Iterable[LaneRows]) -> int:
    """How many steps have a bar."""
    return sum(len(row) for lane in lanes for row in lane.rows)


@dataclass(slots=True)
class _Columns:
    """Bars as plotly wants them: one list a property."""

    story: Story
    bars: list[tuple[Bar, int]] = field(default_factory=list)
    tails: list[tuple[Bar, int]] = field(default_factory=list)
    instants: list[tuple[Bar, int]] = field(default_factory=list)

    def add(self, bar: Bar, y: int) -> None:
        """Put a bar at a height; one that takes no time becomes a point."""
        (self.bars if bar.end_ns > bar.start_ns else self.instants).append((bar, y))
        if bar.tail_ns > bar.end_ns:
            self.tails.append((bar, y))

    def traces(self) -> list[Chart]:
        """Tails below bars below points."""
        return [self._tails(), self._bars(), self._instants()]

    def _tails(self) -> Node:
        return {
            "type": "bar",
            "orientation": "h",
            "width": 8,
            "base": [seconds(bar.end_ns) for bar, _ in self.tails],
            "x": [seconds(bar.tail_ns - bar.end_ns) for bar, _ in self.tails],
            "marker": {"color": "--tail"},
            **self._common(self.tails),
        }

    def _bars(self) -> Node:
        waits = ("wait", "expect")
        return {
            "type": "bar",
            "orientation": "h",
            "width": _ROW - 6,
            "base": [seconds(bar.start_ns) for bar, _ in self.bars],
            "x": [seconds(bar.end_ns - bar.start_ns) for bar, _ in self.bars],
            "text": [bar.summary for bar, _ in self.bars],  # the script shortens and escapes it
            "marker": {
                "color": ["--wait" if bar.verb in waits else "--bar" for bar, _ in self.bars],
                "line": {"color": ["--fail" if bar.cut else "--edge" for bar, _ in self.bars], "width": 1},
            },
            "textposition": "inside",
            "insidetextanchor": "start",
            "insidetextfont": {"color": "--ink", "size": 12},
            "constraintext": "none",
            "textangle": 0,
            "cliponaxis": True,
            **self._common(self.bars),
        }

    def _instants(self) -> Node:
        return {
            "type": "scatter",
            "mode": "markers",
            "x": [seconds(bar.start_ns) for bar, _ in self.instants],
            "marker": {
                "symbol": "diamond-tall",
                "size": 14,
                "color": "--bar",
                "line": {"color": "--edge", "width": 1},
            },
            "cliponaxis": False,
            **self._common(self.instants),
        }

    def _common(self, placed: list[tuple[Bar, int]]) -> Node:
        told: list[Chart] = [self._told(bar) for bar, _ in placed]
        return {"y": [y for _, y in placed], "hovertext": told, **HOVER}

    def _told(self, bar: Bar) -> str:
        times = f"{format_clock(bar.start_ns)}, at once"
        if bar.end_ns > bar.start_ns:
            lasting = format_duration(bar.end_ns - bar.start_ns)
            times = f"{format_clock(bar.start_ns)} to {format_clock(bar.end_ns)}, {lasting}"
        if bar.tail_ns > bar.end_ns:
            times += f"<br>acts until {format_clock(bar.tail_ns)}"
        lines = [escaped(bar.summary, wrap=WRAP), times + (", cut" if bar.cut else "")]
        if bar.place:
            lines.append(escaped(f"{self.story.text('file')}:{bar.place}"))
        return "<br>".join(lines)


def _lane_title(name: str, y: int) -> Node:
    return {
        "text": escaped(name),
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": y + _TITLE,
        "yref": "y",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 12, "color": "--muted"},
    }
