"""From a configuration's ``data_sources`` to live sources: the one place where the two rooms meet."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.request import getproxies_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from mdsim.config.settings import Settings, SourceSettings
    from mdsim.core.errors import Problem
    from mdsim.core.impairing import PipelineMaker
    from mdsim.core.instruments import Catalogue
    from mdsim.core.seeds import SeedTree
    from mdsim.providers.pool import LiveSources
    from mdsim.providers.source import SourceSpec
    from mdsim.providers.wire import Recorder, Tell


_FAULTY = {"MD610": "name", "MD611": "type", "MD614": "name"}
"""The key of a source that each of these is about; addresses are judged where they are read."""


def unopenable(source: SourceSettings) -> Problem | None:
    """What is wrong with a source that can never be opened, at a path below the source."""
    from mdsim.core.errors import Problem, UsageError
    from mdsim.core.instruments import ALL

    try:
        _spec(source, ALL)
    except UsageError as error:
        key = _FAULTY.get(error.code)
        return None if key is None else Problem(error.code, error.message, (key,), error.hint)
    return None


def source_specs(settings: Settings) -> tuple[SourceSpec, ...]:
    """Every configured source that is not off, in the order of the file.

    Raises:
        UsageError: one of them cannot be opened.
    """
    return tuple(_spec(source, settings.catalogue) for source in settings.sources if not source.off)


def _spec(source: SourceSettings, catalogue: Catalogue) -> SourceSpec:
    from mdsim.providers.specs import make_spec

    return make_spec(
        source.name,
        tier=source.tier,
        kind=source.type,
        url=source.url,
        priority=source.priority,
        catalogue=catalogue,
        symbols=source.symbols,
        keys=source.keys,
        per_minute=source.rate_limit_per_minute,
    )


def live_sources(
    settings: Settings,
    now: Callable[[], int],
    seeds: SeedTree,
    pipelines: PipelineMaker,
    tell: Tell,
    record: Recorder | None = None,
) -> LiveSources:
    """The sources of a configuration on the network; they work while their ``run`` does.

    Args:
        settings: of the server.
        now: time of day in ns.
        seeds: for the jitter of reconnections.
        pipelines: makes what ``feed`` puts at the wire.
        tell: gets what an operator wants in the log.
        record: gets everything at the wire.

    Raises:
        UsageError: a source cannot be opened.
    """
    from mdsim.providers.pool import LiveSources
    from mdsim.providers.source import Surroundings

    around = Surroundings.real(
        now, lambda name: seeds.stream("sources", name), getproxies_environment(), tell, record
    )
    return LiveSources(source_specs(settings), around, pipelines)
