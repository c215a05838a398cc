"""``mdsim list``: what there is to name in a playbook, straight from the registries."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mdsim.core.events import Json
    from mdsim.core.params import Param
    from mdsim.venues.venue import Venue


class What(StrEnum):
    """The kinds of things to list."""

    EFFECTS = "effects"
    CURVES = "curves"
    METRICS = "metrics"
    INSTRUMENTS = "instruments"
    FEEDS = "feeds"
    SOURCES = "sources"
    DATASETS = "datasets"
    CRISES = "crises"
    PLAYBOOKS = "playbooks"


def list_(
    what: Annotated[What | None, typer.Argument(help=f"One of {', '.join(What)}; without it, all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs, with every parameter.")] = False,
) -> None:
    """List what a playbook may name: effects, metrics, instruments, sources, datasets, crises, playbooks."""
    shown = {kind.value: items(kind) for kind in ([what] if what else What)}
    if as_json:
        typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    for at, (title, entries) in enumerate(shown.items()):
        if what is None:
            typer.echo(("\n" if at else "") + title)
        width = max((len(str(entry["name"])) for entry in entries), default=0)
        for entry in entries:
            typer.echo(f"  {entry['name']:<{width}}  {entry['summary']}")


def items(what: What) -> list[dict[str, Json]]:
    """The things of one kind: name, summary, and what else a program may want."""
    from mdsim.chaos import crises
    from mdsim.cli import library, recorded, wiring
    from mdsim.core.conditions import METRICS
    from mdsim.core.instruments import INSTRUMENTS

    if what is What.EFFECTS:
        return [
            {"name": it.name, "summary": it.summary, "tap": it.tap.value, "params": _params(it.params)}
            for it in wiring.effects().values()
        ]
    if what is What.CURVES:
        return [
            {"name": it.name, "summary": it.summary, "random": it.random, "params": _params(it.params)}
            for it in wiring.curves().values()
        ]
    if what is What.METRICS:
        return [
            {"name": it.signature, "summary": it.summary, "kind": it.kind.value} for it in METRICS.values()
        ]
    if what is What.INSTRUMENTS:
        return [
            {
                "name": it.symbol,
                "summary": f"steps of {it.price_increment:f}"
                + ("" if it.enabled else ", off until it is named"),
                "enabled": it.enabled,
                "perpetual": it.perpetual,
            }
            for it in INSTRUMENTS
        ]
    if what is What.FEEDS:
        found: list[dict[str, Json]] = [
            {"name": it.name, "summary": it.summary} for it in wiring.feeds().values()
        ]
        return [*found, {"name": recorded.NAME, "summary": recorded.SUMMARY}]
    if what is What.SOURCES:
        return [_source(venue) for venue in wiring.venues().values()]
    if what is What.DATASETS:
        return [{"name": name, "summary": about} for name, about in wiring.datasets()]
    if what is What.CRISES:
        return [_crisis(name) for name in crises.names()]
    return [{"name": name, "summary": _about(name)} for name in library.playbooks()]


def _source(venue: Venue) -> dict[str, Json]:
    symbols = [one.symbol for one in venue.listings]
    return {"name": venue.name, "summary": f"{venue.summary}: {', '.join(symbols)}", "symbols": [*symbols]}


def _crisis(name: str) -> dict[str, Json]:
    from mdsim.chaos import crises
    from mdsim.core.decimals import plain
    from mdsim.core.time import format_duration

    crisis = crises.load(name)
    series: list[Json] = [
        {"asset": item.asset, "source": item.source, "start": plain(item.start), "low": plain(item.low)}
        for item in crisis.series.values()
    ]
    recorded = f"{', '.join(crisis.series)}, {format_duration(crisis.length_ns)}"
    return {
        "name": name,
        "summary": f"{recorded}: {crisis.about}",
        "start": crisis.start,
        "missing": crisis.missing,
        "series": series,
    }


def _about(name: str) -> str:
    from mdsim.cli import documents

    about = documents.load(documents.Found(name, _raw(name))).data.get("about")
    return " ".join(str(about or "").split())


def _raw(name: str) -> bytes:
    from mdsim.cli import library

    return library.playbooks()[name].read_bytes()


def _params(params: Iterable[Param]) -> list[Json]:
    from mdsim.playbook.plan import canonical

    found: list[Json] = []
    for param in params:
        entry: dict[str, Json] = {"name": param.name, "kind": param.kind.value, "help": param.help}
        if param.required:
            entry["required"] = True
        for key, value in (("default", param.default), ("low", param.low), ("high", param.high)):
            if value is not None:
                entry[key] = canonical(value)
        if param.choices:
            entry["choices"] = list(param.choices)
        found.append(entry)
    return found
