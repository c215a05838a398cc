"""Reset: the connection is cut without a word, and refused until it is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from mdsim.chaos.impairment import RESET, Act, Impairment, Parcel, Post, Rank
from mdsim.core.params import Kind, Param

T = TypeVar("T")


def start(post: Post[T]) -> Act[T]:
    """Make its act."""

    def act(parcel: Parcel[T]) -> Sequence[Parcel[T]]:
        post.tell(parcel)
        return ()

    return act


IMPAIRMENT = Impairment(
    name=RESET,
    summary="the connection is cut without a word, and a new one refused",
    rank=Rank.LINK,
    params=(Param(RESET, Kind.FLAG, "true: cut without a word, a new one is refused"),),
    start=start,
    changes=False,
)
