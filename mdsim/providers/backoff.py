"""How long to wait before the next attempt: doubling, capped, with jitter from a seeded stream."""

from __future__ import annotations

import random

from mdsim.core.time import MINUTE, SECOND

FIRST_NS, MOST_NS = SECOND, MINUTE
STABLE_NS = MINUTE
"""A connection that lived so long was a good one: the next failure begins at the first delay again."""


class Backoff:
    """The delays of one connection, between half and all of 1 s, 2 s, 4 s … 60 s.

    The half that is always waited keeps a dead provider from being hammered; the half that is drawn keeps
    many clients of one provider from coming back at the same moment.

    Attributes:
        attempts: failures in a row.
    """

    def __init__(self, rng: random.Random, first_ns: int = FIRST_NS, most_ns: int = MOST_NS) -> None:
        self._rng = rng
        self._first_ns = first_ns
        self._most_ns = most_ns
        self.attempts = 0

    def next_ns(self, lived_ns: int = 0) -> int:
        """The delay after a failure.

        Args:
            lived_ns: how long the connection had stood; past ``STABLE_NS`` the counting starts again.
        """
        if lived_ns >= STABLE_NS:
            self.attempts = 0
        whole = min(self._most_ns, self._first_ns << min(self.attempts, 32))
        self.attempts += 1
        return whole // 2 + self._rng.randrange(whole - whole // 2 + 1)
