"""Silence: the connection stands, and nothing is sent on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from mdsim.chaos.impairment import Act, Impairment, Parcel, Post, Rank
from mdsim.core.params import Kind, Param

T = TypeVar("T")

FAULT = "silence"


def start(post: Post[T]) -> Act[T]:
    """Make its act."""

    def act(parcel: Parcel[T]) -> Sequence[Parcel[T]]:
        post.tell(parcel)
        return ()

    return act


IMPAIRMENT = Impairment(
    name=FAULT,
    summary="the connection stands and nothing is sent on it",
    rank=Rank.DROP,
    params=(Param(FAULT, Kind.FLAG, "true: nothing is sent, the connection stays up"),),
    start=start,
)
