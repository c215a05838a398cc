"""The page about simulated venues shows them as they are."""

from __future__ import annotations

from pathlib import Path

from mdsim.core.time import format_duration
from mdsim.venues.venue import Venue

PAGE = Path(__file__).parent.parent.parent / "docs" / "venues.md"


def test_the_table_holds_every_venue_with_its_figures(profiles: tuple[Venue, ...]) -> None:
    """A venue that is changed or added must be changed or added there."""
    shown = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert shown == [
        f"| `{venue.name}` | {format_duration(venue.every_ns)} | {format_duration(venue.delay_ns)} "
        f"| {venue.noise_bps:g} bps | {', '.join(one.symbol for one in venue.listings)} |"
        for venue in profiles
    ]
