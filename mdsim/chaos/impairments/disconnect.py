"""Disconnection: closed politely, and refused until it is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from mdsim.chaos.impairment import DISCONNECT, Act, Impairment, Parcel, Post, Rank
from mdsim.core.params import Kind, Param

T = TypeVar("T")


def start(post: Post[T]) -> Act[T]:
    """Make its act."""

    def act(parcel: Parcel[T]) -> Sequence[Parcel[T]]:
        post.tell(parcel)
        return ()

    return act


IMPAIRMENT = Impairment(
    name=DISCONNECT,
    summary="the connection is closed politely, and a new one refused",
    rank=Rank.LINK,
    params=(Param(DISCONNECT, Kind.FLAG, "true: closed politely, a new one is refused"),),
    start=start,
    changes=False,
)
