"""A market that stands still, and venues around it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mdsim.chaos.pipeline import make_pipeline
from mdsim.core.instruments import ALL
from mdsim.core.ports import FeedRequest
from mdsim.core.registry import discover
from mdsim.core.seeds import SeedTree
from mdsim.core.time import SECOND
from mdsim.sources.still import StillFeed
from mdsim.venues.simulated import SimulatedVenues
from mdsim.venues.venue import Venue


@pytest.fixture
def profiles() -> tuple[Venue, ...]:
    """Every venue that ships."""
    return tuple(discover("mdsim.venues.profiles", "VENUE", Venue).values())


@pytest.fixture
def around(profiles: tuple[Venue, ...]) -> Callable[..., SimulatedVenues]:
    """Make venues around a market that stands still."""

    def make(seed: int = 1, names: tuple[str, ...] | None = None) -> SimulatedVenues:
        still = StillFeed(FeedRequest(ALL, SeedTree(seed), None, SECOND))
        chosen = [one for one in profiles if names is None or one.name in names]
        return SimulatedVenues(still, chosen, SeedTree(seed), make_pipeline)

    return make
