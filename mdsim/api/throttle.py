"""How much of our work one reader may cause: a bucket of tokens that fills with time."""

from __future__ import annotations

import trio


class Throttle:
    """Lets bursts pass and then only so much a second; who is over it is read from later, not refused.

    Attributes:
        waits: times that the reader had to wait.
    """

    def __init__(self, per_second: float, burst: float) -> None:
        self.waits = 0
        self._per_second = per_second
        self._burst = burst
        self._tokens = burst
        self._at_s = trio.current_time()

    def charge(self, tokens: float = 1.0) -> None:
        """Take tokens; the bucket may go below empty."""
        now_s = trio.current_time()
        self._tokens = min(self._burst, self._tokens + (now_s - self._at_s) * self._per_second) - tokens
        self._at_s = now_s

    async def wait(self) -> None:
        """Wait until the bucket is not below empty; always lets other tasks go first."""
        self.charge(0.0)
        if self._tokens < 0:
            self.waits += 1
        await trio.sleep(max(0.0, -self._tokens / self._per_second))
