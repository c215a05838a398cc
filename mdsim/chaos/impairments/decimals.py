"""Wrong decimals: a source's point has moved, as when a feed changes its scale without a word."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from mdsim.chaos.arguments import given
from mdsim.chaos.impairment import Act, Impairment, Parcel, Post, Rank
from mdsim.core.params import Args, Kind, Param

T = TypeVar("T")

FAULT = "decimals"


def start(post: Post[T]) -> Act[T]:
    """Make its act."""
    factor = float(f"1e{int(given(post.args, FAULT, Decimal) or 0)}")

    def act(parcel: Parcel[T]) -> Sequence[Parcel[T]]:
        if parcel.symbol:
            post.tell(parcel)
            parcel.item = post.handling.scale(parcel.item, factor)
        return (parcel,)

    return act


def check(args: Args) -> tuple[str, str] | None:
    """A point moves by whole places."""
    places = given(args, FAULT, Decimal)
    if places is not None and (places == 0 or places != int(places)):
        return (
            "the point moves by whole places, other than 0",
            "write -2 to divide by 100, 1 to multiply by 10",
        )
    return None


IMPAIRMENT = Impairment(
    name=FAULT,
    summary="the decimal point of the source's prices is shifted",
    rank=Rank.CHANGE,
    params=(
        Param(
            FAULT,
            Kind.NUMBER,
            "places that the point moves to the right; -2 divides by 100",
            low=Decimal(-12),
            high=Decimal(12),
        ),
    ),
    start=start,
    sources_only=True,
    check=check,
)
