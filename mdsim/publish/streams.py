"""Streams: one feed in one format at one pace, and the audiences that receive it."""

from __future__ import annotations

from mdsim.publish.audience import Audience
from mdsim.publish.feeds import Feed, Outgoing
from mdsim.publish.message import CodecType, Message


class Stream:
    """One feed as some audiences receive it.

    Attributes:
        interval_ns: shortest time between two messages, 0 for every message. Messages leave on a grid of
            this width, so that cycles that come a little early never halve the pace.
        newest: what waits for the next point of the grid.
    """

    def __init__(self, feed: Feed, codec: CodecType, interval_ns: int) -> None:
        self.feed = feed
        self.codec = codec
        self.interval_ns = interval_ns
        self.newest: Outgoing | None = None
        self.audiences: dict[Audience, None] = {}
        self._slot = -1

    def put(self, message: Message) -> None:
        """Hand a message to every audience."""
        for audience in self.audiences:
            audience.outgoing.append((message, self.codec))

    def keep(self, event: Outgoing) -> None:
        """Keep an event for the next point of the grid, in place of what was kept before."""
        self.newest = event

    def due(self, now_ns: int) -> bool:
        """Whether something waits and the next point of the grid is reached."""
        return self.newest is not None and now_ns // self.interval_ns != self._slot

    def leave(self, now_ns: int) -> Outgoing:
        """Take out what waited."""
        assert self.newest is not None
        event, self.newest = self.newest, None
        self._slot = now_ns // self.interval_ns
        return event
