"""The drawing of one instrument: its price against the base feed's, spread and depth below."""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal

from mdsim.core.decimals import CONTEXT
from mdsim.core.time import format_clock
from mdsim.report.chart import Chart, Drawing, Node, axis, layout, marks, seconds
from mdsim.report.story import Story, mentions
from mdsim.run.series import Track

_DOMAINS: dict[int, list[tuple[str, str]]] = {
    2: [("0.32", "1"), ("0", "0.22")],
    3: [("0.44", "1"), ("0.24", "0.38"), ("0", "0.15")],
}
"""Shares of the height of two or three panels, from the top down."""


def draw(track: Track, story: Story) -> Drawing:
    """Published over base price, with the answers that ask about this instrument on it."""
    at: list[Chart] = [seconds(at_ns) for at_ns in track.at_ns]
    published: list[Chart] = [track.decimal(steps) for steps in track.price]
    base: list[Chart] = [track.decimal(steps) for steps in track.reference]
    titles = ["price", "spread, bp"]
    data: list[Chart] = [
        _line("base", at, base, "y", {"color": "--base", "width": 2, "dash": "4,4"}),
        _line("published", at, published, "y", {"color": "--price", "width": 2}),
        _line("spread", at, spread_bps(track), "y2", {"color": "--spread", "width": 1}),
    ]
    if track.depth:
        depth: list[Chart] = [Decimal(usd).scaleb(-6, CONTEXT) for usd in track.depth]
        titles.append("depth within 10 bp, million USD")
        data.append(_line("depth", at, depth, "y3", {"color": "--depth", "width": 1}))
    data.extend(_marks(track, story))
    frame = layout(story)
    names = frame["annotations"]
    assert isinstance(names, list)
    for number, (title, domain) in enumerate(zip(titles, _DOMAINS[len(titles)], strict=True), start=1):
        frame[f"yaxis{number if number > 1 else ''}"] = {
            **axis(zooms=False),
            "domain": [Decimal(bound) for bound in domain],
            "nticks": 6 if number == 1 else 3,
            "rangemode": "normal" if number == 1 else "tozero",
        }
        if number > 1:  # the first is what the heading says
            names.append(_title(title, Decimal(domain[1])))
    time = frame["xaxis"]
    assert isinstance(time, dict)
    time["anchor"] = f"y{len(titles)}"
    return Drawing({"data": data, "layout": frame}, 250 + 90 * len(titles), described(track))


def spread_bps(track: Track) -> list[Chart]:
    """(ask - bid) / mid in basis points, two decimals."""
    found: list[Chart] = []
    for bid, ask, mid in zip(track.bid, track.ask, track.price, strict=True):
        exact = CONTEXT.divide(Decimal((ask - bid) * 10_000), Decimal(mid))
        found.append(CONTEXT.quantize(exact, Decimal("0.01")))
    return found


def described(track: Track) -> str:
    """The drawing in words."""
    if not track.price:
        return "Nothing was published."
    low, high = min(track.price), max(track.price)
    low_at, high_at = track.at_ns[track.price.index(low)], track.at_ns[track.price.index(high)]
    return (
        f"Published from {track.decimal(track.price[0]):f} to {track.decimal(track.price[-1]):f}; "
        f"lowest {track.decimal(low):f} at {format_clock(low_at)}, "
        f"highest {track.decimal(high):f} at {format_clock(high_at)}."
    )


def _line(name: str, at: list[Chart], values: list[Chart], panel: str, style: Node) -> Node:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": at,
        "y": values,
        "yaxis": panel,
        "line": style,
        "hoverinfo": "none",
        "showlegend": False,
    }


def _title(text: str, top: Decimal) -> Node:
    return {
        "text": text,
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": top,
        "yref": "paper",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 11, "color": "--muted"},
    }


def _marks(track: Track, story: Story) -> list[Chart]:
    mine = [check for check in story.checks if mentions(check, track.symbol) and track.at_ns]
    if not mine:
        return []
    levels: list[Chart] = []
    for check in mine:
        at = max(bisect_right(track.at_ns, check.at_ns) - 1, 0)
        levels.append(track.decimal(track.price[at]))
    return [marks(mine, levels, 12)]
