"""The markets that a server can serve: real sources where there are any, simulated ones otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import trio

from mdsim.chaos.pipeline import make_pipeline
from mdsim.cli import wiring
from mdsim.cli.agreement import consensus_of
from mdsim.cli.around import with_venues
from mdsim.cli.connections import Connections
from mdsim.cli.live_sources import live_sources
from mdsim.cli.opening import Opening
from mdsim.cli.replaying import Replay, ReplayRequest, find_replay
from mdsim.cli.spreads import spreads_of
from mdsim.config.settings import Settings
from mdsim.core.instruments import Catalogue, Instrument
from mdsim.core.ports import BaseFeed, FeedRequest
from mdsim.core.seeds import SeedTree
from mdsim.core.time import MS
from mdsim.engine.tape import TapeSettings
from mdsim.run.clock import Steady, utc_ns
from mdsim.run.live import LiveMarket


@dataclass(frozen=True, slots=True)
class Opened:
    """A market that is ready to be served.

    Attributes:
        connections: its real sources; None where they are simulated.
        warnings: what whoever started it should know.
        replay: the recording that it rests on, if it does.
    """

    market: LiveMarket
    connections: Connections | None = None
    warnings: tuple[str, ...] = ()
    replay: Replay | None = None


async def open_market(
    settings: Settings,
    seed: int,
    nursery: trio.Nursery,
    replay: ReplayRequest | None = None,
    connections: Connections | None = None,
) -> Opened:
    """The market of a configuration; its connections work in ``nursery`` until that is cancelled.

    ``connections`` gets the real sources as soon as they are opened, for whoever tells how they do meanwhile.

    With ``replay``, the sources are those of a recording, and the configured ones are left alone.

    Raises:
        UsageError: a source cannot be opened, or the recording's place does not exist.
        UnavailableError: no source told a price in time.
        DataError: the recording is damaged, or tells nothing.
    """
    if replay is not None:
        return await _replayed(settings, seed, replay)
    if any(not source.off for source in settings.sources):
        return await _connected(settings, seed, nursery, connections or Connections())
    return Opened(synthetic(settings, seed))


def synthetic(settings: Settings, seed: int) -> LiveMarket:
    """Enabled instruments on synthetic prices, from now on, in real time.

    Simulated venues bear the providers' names, and the consensus agrees on what they say.
    """
    seeds = SeedTree(seed)
    feed = wiring.feeds()["synthetic"].open(_request(settings, seeds, utc_ns()))
    agreed = with_venues(feed, seeds, wiring.venues().values(), consensus_of(settings))
    return _market(settings, seeds, agreed)


async def _connected(
    settings: Settings, seed: int, nursery: trio.Nursery, connections: Connections
) -> Opened:
    """The market that real sources agree on; instruments that none tells are left out, with a warning."""
    seeds, now = SeedTree(seed), Steady(utc_ns())
    sources = live_sources(settings, now, seeds, make_pipeline, connections.tell)
    connections.sources = sources
    nursery.start_soon(sources.run)
    made_up = None
    if settings.consensus.fill_in:
        made_up = wiring.feeds()["synthetic"].open(_request(settings, seeds, now()))
    opening = Opening(sources, Catalogue(_enabled(settings)), consensus_of(settings), now)
    feed, warnings = await opening.agree(settings.publication.interval_ns, made_up)
    return Opened(_market(settings, seeds, feed), connections, warnings)


async def _replayed(settings: Settings, seed: int, request: ReplayRequest) -> Opened:
    """The market that recorded sources agree on, as if what they sent came now."""
    interval_ns = settings.publication.interval_ns
    asked = Catalogue(_enabled(settings))
    found = await trio.to_thread.run_sync(
        find_replay, request, settings.catalogue, asked, consensus_of(settings), abandon_on_cancel=True
    )
    replay, feed = found.begin(utc_ns() // interval_ns * interval_ns, interval_ns, consensus_of(settings))
    market = _market(settings, SeedTree(seed), feed)
    market.sinks.append(replay.look)
    return Opened(market, warnings=found.warnings, replay=replay)


def tape_settings(settings: Settings) -> TapeSettings:
    """What a market remembers, and how often its slower channels speak."""
    publication = settings.publication
    return TapeSettings(
        ticks_kept=settings.history.buffer_ticks,
        depth_levels=publication.depth_levels,
        depth_every_ns=publication.depth_interval_ns,
        intervals=publication.bar_intervals,
        lag_ns=publication.bar_lag_ns,
    )


def _market(settings: Settings, seeds: SeedTree, feed: BaseFeed) -> LiveMarket:
    return LiveMarket(
        feed,
        wiring.effects(),
        wiring.curves(),
        seeds=seeds,
        interval_ns=settings.publication.interval_ns,
        tape=tape_settings(settings),
        spreads=spreads_of(settings),
    )


def _request(settings: Settings, seeds: SeedTree, now_ns: int) -> FeedRequest:
    interval_ns = settings.publication.interval_ns
    return FeedRequest(
        catalogue=Catalogue(_enabled(settings)),
        seeds=seeds,
        start_ns=now_ns // interval_ns * interval_ns,
        step_ns=max(interval_ns, MS),
    )


def _enabled(settings: Settings) -> list[Instrument]:
    return [item for item in settings.catalogue if item.enabled]
