"""An outlier: a source's prices stand off from what they should be."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from mdsim.chaos.arguments import given
from mdsim.chaos.impairment import Act, Impairment, Parcel, Post, Rank
from mdsim.core.params import Args, Kind, Param

T = TypeVar("T")

FAULT = "outlier"


def start(post: Post[T]) -> Act[T]:
    """Make its act."""
    factor = 1.0 + float(given(post.args, FAULT, Decimal) or 0)

    def act(parcel: Parcel[T]) -> Sequence[Parcel[T]]:
        if parcel.symbol:
            post.tell(parcel)
            parcel.item = post.handling.scale(parcel.item, factor)
        return (parcel,)

    return act


def check(args: Args) -> tuple[str, str] | None:
    """By 0% nothing is off."""
    if given(args, FAULT, Decimal) == 0:
        return "an outlier by 0% is none", "write a change such as +5% or -300bp"
    return None


IMPAIRMENT = Impairment(
    name=FAULT,
    summary="the source's prices are off by this change",
    rank=Rank.CHANGE,
    params=(Param(FAULT, Kind.CHANGE, "change of its prices", low=Decimal("-0.99"), high=Decimal(100)),),
    start=start,
    sources_only=True,
    check=check,
)
