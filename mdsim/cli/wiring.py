"""Which rooms meet: registries found, playbooks compiled against them, the base feed opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from mdsim.cli import documents, recorded
from mdsim.core.errors import UsageError
from mdsim.core.spelling import suggest

if TYPE_CHECKING:
    from mdsim.core.ports import BaseFeed, CurveType, EffectType, FeedType
    from mdsim.playbook.compiler import Compiled, World
    from mdsim.playbook.plan import Plan
    from mdsim.venues.venue import Venue


@cache
def effects() -> Mapping[str, EffectType]:
    """Every effect, by verb."""
    from mdsim.core.ports import EffectType
    from mdsim.core.registry import discover

    return discover("mdsim.chaos.effects", "EFFECT", EffectType)


@cache
def curves() -> Mapping[str, CurveType]:
    """Every curve, by shape."""
    from mdsim.core.ports import CurveType
    from mdsim.core.registry import discover

    return discover("mdsim.chaos.curves", "CURVE", CurveType)


@cache
def feeds() -> Mapping[str, FeedType]:
    """Every base feed, by name."""
    from mdsim.core.ports import FeedType
    from mdsim.core.registry import discover

    return discover("mdsim.sources", "FEED", FeedType)


@cache
def venues() -> Mapping[str, Venue]:
    """Every simulated venue, by the name of the source that it stands for."""
    from mdsim.core.registry import discover
    from mdsim.venues.venue import Venue

    return discover("mdsim.venues.profiles", "VENUE", Venue)


def datasets() -> list[tuple[str, str]]:
    """Name and description of every recording that travels with mdsim."""
    from mdsim.sources import _datasets

    return [(name, _datasets.describe(_datasets.find(name))) for name in _datasets.names()]


@cache
def world() -> World:
    """What a playbook may name, here and now."""
    from mdsim.core.instruments import ALL
    from mdsim.playbook.compiler import World
    from mdsim.sources import _datasets

    return World(
        effects=effects(),
        curves=curves(),
        catalogue=ALL,
        feeds=(*feeds(), recorded.NAME),
        datasets=_datasets.names(),
        sources=tuple(venues()),
        listings={name: tuple(one.symbol for one in venue.listings) for name, venue in venues().items()},
    )


def overrides(settings: Sequence[str]) -> dict[str, str]:
    """``--set name=value`` as a mapping; the compiler types the values.

    Raises:
        UsageError: one has no ``=``, or a name comes twice.
    """
    found: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        name = name.strip()
        if not equals or not name:
            raise UsageError("MD332", f"--set {setting} sets nothing", hint="write --set name=value")
        if name in found:
            raise UsageError("MD332", f"--set {name} is given twice", hint="keep one of them")
        found[name] = value.strip()
    return found


def compile_found(found: documents.Found, settings: Mapping[str, str]) -> Compiled:
    """Read and compile a playbook.

    Raises:
        PlaybookError: with every problem and its place.
    """
    from mdsim.playbook.compiler import compile_playbook

    return compile_playbook(documents.load(found), world(), overrides=settings)


def open_feed(plan: Plan, seed: int, step_ns: int) -> BaseFeed:
    """Open the base feed that the plan asks for.

    Raises:
        DataError: the recording cannot be used, or is too short.
        UsageError: there is no such feed or recording.
    """
    from mdsim.core.instruments import ALL
    from mdsim.core.ports import FeedRequest
    from mdsim.core.seeds import SeedTree
    from mdsim.playbook.sources import names_sources

    base = plan.baseline
    if base.source == recorded.NAME:
        return recorded.open_recording(plan, step_ns)
    if base.source not in feeds():
        known = world().feeds
        near = suggest(base.source, known)
        hint = f"did you mean {near}?" if near else f"there are: {', '.join(known)}"
        raise UsageError("MD335", f"there is no base feed {base.source!r}", hint=hint)
    seeds = SeedTree(seed)
    of_sources = names_sources(plan)
    # Venues need the legs: what binance tells of BTC-USD it tells in USDT.
    legs = [item.symbol for item in ALL if item.enabled] if of_sources else []
    feed = feeds()[base.source].open(
        FeedRequest(
            catalogue=ALL.only([*plan.symbols, *legs]),
            seeds=seeds,
            start_ns=base.start_ns,
            step_ns=step_ns,
            length_ns=plan.expected_ns,
            prices=dict(base.prices),
            dataset=base.dataset,
        )
    )
    if not of_sources:
        return feed
    from mdsim.cli.around import with_venues

    return with_venues(feed, seeds, venues().values())
