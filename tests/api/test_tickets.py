"""Tickets hold what was asked for as long as they are used, and never too many of them."""

from __future__ import annotations

import pytest

from mdsim.api.asks import Ask
from mdsim.api.tickets import Tickets
from mdsim.core.errors import NotFoundError

ASK = Ask(("tick",), ("BTC-USD",))
OTHER = Ask(("depth",), ("ETH-USD",), "protobuf", 5)


class Clock:
    """A clock that stands where the test put it."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_ticket_stands_for_what_was_asked() -> None:
    """Two tickets are different, and neither can be guessed from the other."""
    tickets = Tickets(Clock())
    first, second = tickets.issue(ASK), tickets.issue(OTHER)

    assert first != second
    assert min(len(first), len(second)) >= 24
    assert (tickets.redeem(second), tickets.redeem(first)) == (OTHER, ASK)


def test_a_ticket_lives_as_long_as_it_is_used() -> None:
    """Each use begins its time anew; unused it ends, and says what to do."""
    clock = Clock()
    tickets = Tickets(clock, kept_s=10)
    used, unused = tickets.issue(ASK), tickets.issue(ASK)
    for _ in range(3):
        clock.now_s += 9
        assert tickets.redeem(used) == ASK

    with pytest.raises(NotFoundError, match="not used in time") as caught:
        tickets.redeem(unused)
    assert (caught.value.code, len(tickets)) == ("MD409", 1)
    assert "POST /api/v1/subscribe" in caught.value.hint


def test_the_longest_unused_makes_room() -> None:
    """The store is bounded; what had to go early is counted."""
    tickets = Tickets(Clock(), most=2)
    first, second = tickets.issue(ASK), tickets.issue(ASK)
    tickets.redeem(first)
    third = tickets.issue(OTHER)

    assert (tickets.redeem(first), tickets.redeem(third)) == (ASK, OTHER)
    with pytest.raises(NotFoundError):
        tickets.redeem(second)
    assert (len(tickets), tickets.forgotten) == (2, 1)
