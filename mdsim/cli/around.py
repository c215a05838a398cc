"""Simulated venues put around a base feed, and their agreed price put in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mdsim.consensus.settings import ConsensusSettings
    from mdsim.core.ports import BaseFeed
    from mdsim.core.seeds import SeedTree
    from mdsim.engine.agreed import AgreedFeed
    from mdsim.venues.venue import Venue


def with_venues(
    feed: BaseFeed, seeds: SeedTree, venues: Iterable[Venue], settings: ConsensusSettings | None = None
) -> AgreedFeed:
    """The market of a base feed as its simulated venues agree on it.

    Args:
        feed: opened and not yet advanced past its start.
        seeds: of the venues' own draws.
        venues: those to simulate.
        settings: of the consensus; its defaults when None.
    """
    from mdsim.chaos.pipeline import make_pipeline
    from mdsim.consensus.room import Consensus
    from mdsim.engine.agreed import AgreedFeed
    from mdsim.venues.simulated import SimulatedVenues

    reports = SimulatedVenues(feed, venues, seeds, make_pipeline)
    return AgreedFeed(
        reports,
        Consensus(feed.catalogue, reports.terms, settings),
        feed.catalogue,
        start_ns=feed.start_ns,
        step_ns=feed.step_ns,
        around=feed,
        name=feed.name,
    )
