"""What a provider lets us ask: a token bucket a key, keys in turn, and a stop before the quota is spent.

Pure: every call is told the time in nanoseconds, so a month of requests is tested in an instant.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from mdsim.core.time import DAY, MINUTE, SECOND

BURST_SHARE = 4
"""A quarter of a minute's quota may go at once; the rest refills evenly, so no minute exceeds the quota."""
BREAKER_PERCENT = 90
"""Of what the provider says is used up: past it we stop until its minute is over."""
UNSAID_NS = MINUTE
UNSAID_BAN_NS = 2 * MINUTE
MOST_WAIT_NS = 3 * DAY
"""No ban is longer; a header that says so is broken."""
MONTH_NS = 30 * DAY


class _Key:
    """One key's bucket. ``level`` counts tokens times nanoseconds of a minute, so that it is exact."""

    __slots__ = ("at_ns", "blocked_ns", "level", "limited", "month_ns", "month_used", "refused")

    def __init__(self, level: int) -> None:
        self.level = level
        self.at_ns = 0
        self.blocked_ns = 0
        self.limited = 0  # answers in a row that said: too often
        self.month_ns = 0
        self.month_used = 0
        self.refused = ""


class Quota:
    """The quota of one source.

    Attributes:
        tripped: times that the breaker opened before the provider had to say no.
        limited: answers that said: too often.
    """

    def __init__(
        self, per_minute: int, keys: int = 1, *, per_month: int = 0, by_address: bool = False
    ) -> None:
        """Full buckets.

        Args:
            per_minute: of each key, or of the address.
            keys: how many keys there are; a source without keys counts as one.
            per_month: of each key, 0 for no such limit; nine tenths are used.
            by_address: the provider counts our address: keys take turns, but share one bucket.
        """
        self._per_minute = per_minute
        self._burst, self._refill = shares(per_minute)
        self._most = self._burst * MINUTE
        self._keys = [_Key(self._most) for _ in range(keys)]
        self._per_month = per_month * BREAKER_PERCENT // 100
        self._by_address = by_address
        self._turn = 0
        self._held_ns = 0  # all keys
        self.tripped = self.limited = 0

    def take(self, cost: int, now_ns: int) -> int | None:
        """The number of the key to ask with now, whose tokens are taken; None: not before ``ready_ns``."""
        count = len(self._keys)
        for step in range(count):
            at = (self._turn + step) % count
            if self._key_ready_ns(at, cost, now_ns) <= now_ns:
                self._turn = (at + 1) % count
                key, bucket = self._keys[at], self._bucket(at)
                bucket.level -= min(cost, self._burst) * MINUTE
                key.month_used += cost
                return at
        return None

    def ready_ns(self, cost: int, now_ns: int) -> int | None:
        """When a request of this cost may go; None when every key is refused."""
        times = [self._key_ready_ns(at, cost, now_ns) for at, key in enumerate(self._keys) if not key.refused]
        return min(times, default=None)

    def answered(self, at: int, status: int, headers: Mapping[str, str], now_ns: int) -> None:
        """Hear what an answer says of the quota; ``headers`` have names in lower case."""
        if status == 418:  # a ban of the address: no key helps
            self.limited += 1
            self._held_ns = max(self._held_ns, now_ns + (retry_after_ns(headers, now_ns) or UNSAID_BAN_NS))
        elif status == 429:
            self.too_often(at, retry_after_ns(headers, now_ns), now_ns)
        elif status:
            self._keys[at].limited = 0

    def too_often(self, at: int, wait_ns: int, now_ns: int) -> None:
        """A key is held back for what the provider asks, or 1, 2, 4 … minutes when it does not say."""
        key = self._keys[at]
        self.limited += 1
        wait_ns = wait_ns or UNSAID_NS << min(key.limited, 12)
        until_ns = now_ns + min(wait_ns, MOST_WAIT_NS)
        key.limited += 1
        if self._by_address:
            self._held_ns = max(self._held_ns, until_ns)
        else:
            key.blocked_ns = max(key.blocked_ns, until_ns)

    def used(self, used: int, limit: int, now_ns: int) -> None:
        """The provider tells how much of its minute is used: stop before it has to."""
        if used * 100 >= limit * BREAKER_PERCENT:
            self.tripped += 1
            self._held_ns = max(self._held_ns, (now_ns // MINUTE + 1) * MINUTE)

    def refuse(self, at: int, reason: str) -> None:
        """The provider does not take this key: it is not used again."""
        self._keys[at].refused = reason

    def in_turn(self, number: int) -> int:
        """The key for the ``number``-th connection: those that are not refused take turns."""
        usable = [at for at, key in enumerate(self._keys) if not key.refused]
        return usable[number % len(usable)] if usable else 0

    def state(self, now_ns: int) -> str:
        """For people: empty while requests may go."""
        refused = [key.refused for key in self._keys if key.refused]
        if len(refused) == len(self._keys):
            return f"every key is refused: {refused[0]}"
        ready = self.ready_ns(1, now_ns)
        wait_s = 0 if ready is None else -(-(ready - now_ns) // SECOND)
        return f"held back by its quota for {wait_s} s" if wait_s > 1 else ""

    def _bucket(self, at: int) -> _Key:
        return self._keys[0 if self._by_address else at]

    def _key_ready_ns(self, at: int, cost: int, now_ns: int) -> int:
        """When a key may go; far away for a refused one."""
        key, bucket = self._keys[at], self._bucket(at)
        if key.refused:
            return now_ns + MOST_WAIT_NS
        if now_ns > bucket.at_ns:
            bucket.level = min(self._most, bucket.level + self._refill * (now_ns - bucket.at_ns))
            bucket.at_ns = now_ns
        missing = min(cost, self._burst) * MINUTE - bucket.level
        ready_ns = max(now_ns, key.blocked_ns, self._held_ns)
        if missing > 0:
            ready_ns = max(ready_ns, now_ns - (-missing // self._refill))
        if self._per_month:
            if now_ns >= key.month_ns + MONTH_NS:
                key.month_ns, key.month_used = now_ns, 0
            if key.month_used + cost > self._per_month:
                ready_ns = max(ready_ns, key.month_ns + MONTH_NS)
        return ready_ns


def shares(per_minute: int) -> tuple[int, int]:
    """How much of a minute's quota may go at once, and how much comes back in a minute.

    Together they are the quota, except for one request a minute, which is both.
    """
    burst = max(1, per_minute // BURST_SHARE)
    return burst, max(1, per_minute - burst)


def retry_after_ns(headers: Mapping[str, str], now_ns: int) -> int:
    """The wait that ``Retry-After`` asks for, in seconds or as a date; 0 when it says nothing usable."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]) * SECOND, MOST_WAIT_NS)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return 0
    at = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return min(max(0, int(at.timestamp()) * SECOND - now_ns), MOST_WAIT_NS)
