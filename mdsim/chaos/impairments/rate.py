"""A rate limit: a bucket of tokens for the connection; what finds none is dropped."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from mdsim.chaos.arguments import given
from mdsim.chaos.impairment import Act, Impairment, Parcel, Post, Rank
from mdsim.core.decimals import CONTEXT
from mdsim.core.params import Kind, Param
from mdsim.core.time import SECOND

T = TypeVar("T")

FAULT = "rate"


def start(post: Post[T]) -> Act[T]:
    """Make its act; the bucket holds what flows in within a second, at least one message, and begins full."""
    rate = given(post.args, FAULT, Decimal) or Decimal(1)
    cost_ns = int(CONTEXT.divide(Decimal(SECOND), rate))
    most_ns = max(SECOND, cost_ns)
    credit_ns, since_ns = most_ns, -1

    def act(parcel: Parcel[T]) -> Sequence[Parcel[T]]:
        nonlocal credit_ns, since_ns
        if since_ns >= 0:
            credit_ns = min(most_ns, credit_ns + parcel.sent_ns - since_ns)
        since_ns = parcel.sent_ns
        if credit_ns < cost_ns:
            post.tell(parcel)
            return ()
        credit_ns -= cost_ns
        return (parcel,)

    return act


IMPAIRMENT = Impairment(
    name=FAULT,
    summary="at most so many messages a second; what is over is dropped",
    rank=Rank.DROP,
    params=(
        Param(
            FAULT,
            Kind.RATE,
            "messages of a connection that pass in a second",
            low=Decimal("0.001"),
            high=Decimal(1_000_000),
        ),
    ),
    start=start,
)
