"""A wrong clock: the times that a source writes into its messages are off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from mdsim.chaos.arguments import given
from mdsim.chaos.impairment import Act, Impairment, Parcel, Post, Rank
from mdsim.core.params import Kind, Param
from mdsim.core.time import DAY, MS

T = TypeVar("T")

FAULT = "clock_skew"
WAY = "clock"
AHEAD, BEHIND = "ahead", "behind"


def start(post: Post[T]) -> Act[T]:
    """Make its act."""
    by_ns = given(post.args, FAULT, int) or 0
    if post.args.get(WAY) == BEHIND:
        by_ns = -by_ns

    def act(parcel: Parcel[T]) -> Sequence[Parcel[T]]:
        post.tell(parcel, by_ns)
        parcel.item = post.handling.shift(parcel.item, by_ns)
        return (parcel,)

    return act


IMPAIRMENT = Impairment(
    name=FAULT,
    summary="the source's clock is wrong by this time",
    rank=Rank.CHANGE,
    params=(
        Param(FAULT, Kind.DURATION, "how far the times in its messages are off", low=MS, high=365 * DAY),
        Param(WAY, Kind.CHOICE, "which way its clock is wrong; absent: ahead", choices=(AHEAD, BEHIND)),
    ),
    start=start,
    sources_only=True,
    unit="ns",
)
