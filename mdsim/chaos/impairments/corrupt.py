"""Corruption: a share of the messages arrives damaged, so that a reader can notice."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from mdsim.chaos.arguments import given
from mdsim.chaos.impairment import Act, Impairment, Parcel, Post, Rank
from mdsim.core.params import Kind, Param

T = TypeVar("T")

FAULT = "corrupt"


def start(post: Post[T]) -> Act[T]:
    """Make its act."""
    share = float(given(post.args, FAULT, Decimal) or 0)

    def act(parcel: Parcel[T]) -> Sequence[Parcel[T]]:
        if post.draw(parcel) < share:
            post.tell(parcel)
            parcel.item = post.handling.corrupt(parcel.item, post.rng(parcel))
        return (parcel,)

    return act


IMPAIRMENT = Impairment(
    name=FAULT,
    summary="messages arrive damaged, each with this chance",
    rank=Rank.DAMAGE,
    params=(
        Param(
            FAULT, Kind.SHARE, "share of the messages that is damaged", low=Decimal("0.0001"), high=Decimal(1)
        ),
    ),
    start=start,
)
