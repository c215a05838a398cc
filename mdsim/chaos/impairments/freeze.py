"""Freeze: messages go on, with new numbers and times, and repeat one value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from mdsim.chaos.impairment import Act, Impairment, Parcel, Post, Rank
from mdsim.core.params import Kind, Param

T = TypeVar("T")

FAULT = "freeze"


def start(post: Post[T]) -> Act[T]:
    """Make its act."""
    last: dict[tuple[str, str], T] = {}

    def act(parcel: Parcel[T]) -> Sequence[Parcel[T]]:
        if not parcel.symbol:
            return (parcel,)
        if parcel.stream not in last:
            last[parcel.stream] = parcel.item
        else:
            post.tell(parcel)
            parcel.item = post.handling.repeat(last[parcel.stream], parcel.item)
        return (parcel,)

    return act


IMPAIRMENT = Impairment(
    name=FAULT,
    summary="messages go on and repeat one value",
    rank=Rank.CHANGE,
    params=(
        Param(FAULT, Kind.FLAG, "true: every stream repeats its first value from the start of the fault on"),
    ),
    start=start,
)
