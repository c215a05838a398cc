"""A gap: the numbers of messages jump ahead and stay ahead; nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from mdsim.chaos.arguments import given
from mdsim.chaos.impairment import Act, Impairment, Parcel, Post, Rank
from mdsim.core.params import Kind, Param

T = TypeVar("T")

FAULT = "gap"


def start(post: Post[T]) -> Act[T]:
    """Make its act."""
    by = given(post.args, FAULT, int) or 0

    def act(parcel: Parcel[T]) -> Sequence[Parcel[T]]:
        if parcel.seq:
            post.tell(parcel, by)
            parcel.item = post.handling.skip(parcel.item, by)
        return (parcel,)

    return act


IMPAIRMENT = Impairment(
    name=FAULT,
    summary="sequence numbers jump ahead, with nothing lost",
    rank=Rank.CHANGE,
    params=(
        Param(
            FAULT,
            Kind.COUNT,
            "numbers that every stream skips at the start; they are true again at the end",
            low=1,
            high=1_000_000,
        ),
    ),
    start=start,
    unit="numbers",
)
