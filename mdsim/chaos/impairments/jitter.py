"""Jitter: each message is late by a time of its own; the order of messages stands.

On a connection nothing overtakes, so a message waits for those before it: the pipeline's rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from mdsim.chaos.arguments import given
from mdsim.chaos.impairment import Act, Impairment, Parcel, Post, Rank
from mdsim.core.params import Kind, Param
from mdsim.core.time import HOUR

T = TypeVar("T")

FAULT = "jitter"


def start(post: Post[T]) -> Act[T]:
    """Make its act."""
    most_ns = given(post.args, FAULT, int) or 0

    def act(parcel: Parcel[T]) -> Sequence[Parcel[T]]:
        by_ns = int(post.draw(parcel) * (most_ns + 1))
        if by_ns:
            post.tell(parcel, by_ns)
            parcel.delays[post.place] = parcel.delays.get(post.place, 0) + by_ns
        return (parcel,)

    return act


IMPAIRMENT = Impairment(
    name=FAULT,
    summary="messages arrive later by a time drawn for each, in their order",
    rank=Rank.DELAY,
    params=(
        Param(FAULT, Kind.DURATION, "each message is late by up to this, drawn evenly", low=0, high=HOUR),
    ),
    start=start,
    unit="ns",
)
