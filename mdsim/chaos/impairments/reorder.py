"""Reordering: a share of the messages is overtaken by the next one of its stream."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from mdsim.chaos.arguments import given
from mdsim.chaos.impairment import REORDER, Act, Impairment, Parcel, Post, Rank
from mdsim.core.params import Kind, Param
from mdsim.core.time import SECOND

T = TypeVar("T")

HELD_MOST_NS = 10 * SECOND
"""How long a message waits to be overtaken in a stream that has fallen silent; then it leaves as it is."""


def start(post: Post[T]) -> Act[T]:
    """Make its act."""
    share = float(given(post.args, REORDER, Decimal) or 0)
    held: dict[tuple[str, str], Parcel[T]] = {}

    def act(parcel: Parcel[T]) -> Sequence[Parcel[T]]:
        chosen = post.draw(parcel) < share
        before = held.pop(parcel.stream, None)
        if before is not None and parcel.sent_ns - before.sent_ns < HELD_MOST_NS:
            post.tell(before)
            parcel.followers.append(before)
        elif chosen and not parcel.followers:
            parcel.held_ns = HELD_MOST_NS
            held[parcel.stream] = parcel
        return (parcel,)

    return act


IMPAIRMENT = Impairment(
    name=REORDER,
    summary="messages are overtaken by the next of their stream, each with this chance",
    rank=Rank.ORDER,
    params=(
        Param(
            REORDER,
            Kind.SHARE,
            "chance that a message is overtaken by the next of its stream",
            low=Decimal("0.0001"),
            high=Decimal(1),
        ),
    ),
    start=start,
)
