"""Which aggregator speaks where aggregators alone price an instrument.

They are made of the same exchanges' prices, so the mean of two is no surer than one, and an operator
has said which to trust first: that one speaks, while it passes the gates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mdsim.consensus.centre import bps
from mdsim.consensus.member import Member

Lead = Callable[[str], str]
"""The source that leads for an instrument, empty for none; ``providers.failover`` knows."""


def nobody(_symbol: str) -> str:
    """A lead where no failover watches over the sources: tier and priority alone decide."""
    return ""


def speaker(good: Sequence[Member], lead: str) -> Member:
    """The lead if it is among those that are good, otherwise the first choice of them.

    Args:
        good: at least one, in the order of the configuration among equals.
        lead: a source's name, or empty.
    """
    for member in good:
        if member.terms.name == lead:
            return member
    return min(good, key=lambda member: member.terms.rank)


def spread_bps(value: float, good: Sequence[Member]) -> float:
    """How far the farthest of those that stand by is from the price of the one that speaks."""
    return max(bps(member.value, value) for member in good)
