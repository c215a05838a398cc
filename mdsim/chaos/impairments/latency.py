"""Latency: everything arrives later by the same time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from mdsim.chaos.arguments import given
from mdsim.chaos.impairment import Act, Impairment, Parcel, Post, Rank
from mdsim.core.params import Kind, Param
from mdsim.core.time import HOUR

T = TypeVar("T")

FAULT = "latency"


def start(post: Post[T]) -> Act[T]:
    """Make its act."""
    by_ns = given(post.args, FAULT, int) or 0

    def act(parcel: Parcel[T]) -> Sequence[Parcel[T]]:
        post.tell(parcel, by_ns)
        parcel.delays[post.place] = parcel.delays.get(post.place, 0) + by_ns
        return (parcel,)

    return act


IMPAIRMENT = Impairment(
    name=FAULT,
    summary="messages arrive later by this time",
    rank=Rank.DELAY,
    params=(Param(FAULT, Kind.DURATION, "every message is late by this", low=0, high=HOUR),),
    start=start,
    unit="ns",
)
