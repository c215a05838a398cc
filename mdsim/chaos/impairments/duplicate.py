"""Duplicates: a share of the messages arrives twice, with the same number."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from mdsim.chaos.arguments import given
from mdsim.chaos.impairment import Act, Impairment, Parcel, Post, Rank
from mdsim.core.params import Kind, Param

T = TypeVar("T")

FAULT = "duplicate"
DOUBLED_MOST = 6
"""A message comes 64 times at most: thirty steps that double it would make a thousand million of it."""


def start(post: Post[T]) -> Act[T]:
    """Make its act."""
    share = float(given(post.args, FAULT, Decimal) or 0)

    def act(parcel: Parcel[T]) -> Sequence[Parcel[T]]:
        if post.draw(parcel) >= share or parcel.doubled >= DOUBLED_MOST:
            return (parcel,)
        post.tell(parcel)
        parcel.doubled += 1
        return (parcel, parcel.copy())

    return act


IMPAIRMENT = Impairment(
    name=FAULT,
    summary="messages come twice, each with this chance",
    rank=Rank.REPEAT,
    params=(
        Param(
            FAULT,
            Kind.SHARE,
            "share of the messages that comes twice",
            low=Decimal("0.0001"),
            high=Decimal(1),
        ),
    ),
    start=start,
)
