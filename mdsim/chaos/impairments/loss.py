"""Loss: a share of the messages never arrives, each drawn by itself."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from mdsim.chaos.arguments import given
from mdsim.chaos.impairment import Act, Impairment, Parcel, Post, Rank
from mdsim.core.params import Kind, Param

T = TypeVar("T")

FAULT = "loss"


def start(post: Post[T]) -> Act[T]:
    """Make its act."""
    share = float(given(post.args, FAULT, Decimal) or 0)

    def act(parcel: Parcel[T]) -> Sequence[Parcel[T]]:
        if post.draw(parcel) >= share:
            return (parcel,)
        post.tell(parcel)
        return ()

    return act


IMPAIRMENT = Impairment(
    name=FAULT,
    summary="messages are lost, each with this chance",
    rank=Rank.DROP,
    params=(Param(FAULT, Kind.SHARE, "share of the messages that is lost", low=Decimal(0), high=Decimal(1)),),
    start=start,
)
