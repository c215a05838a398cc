"""What one reader still has to be sent, in one order, so that no frame ever begins inside another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from mdsim.publish.conflation import Mailbox
from mdsim.publish.message import Message


class Outbox:
    """Bytes that wait while the line is full.

    First the rest of what was begun, then control frames and answers, then what was published. Bounded:
    the rest is shared with the other readers of the same bytes, answers wait only as long as the reader's
    own messages are not read, and of what was published one message a feed waits.

    Attributes:
        urgent_bytes: size of the control frames and answers that wait.
    """

    def __init__(self, chunk_bytes: int, whole: Callable[[Message], Message]) -> None:
        self.mailbox = Mailbox()
        self.urgent_bytes = 0
        self._rest: bytes | memoryview = b""
        self._urgent: deque[bytes] = deque()
        self._chunk_bytes = chunk_bytes
        self._whole = whole
        self._last: bytes | None = None

    def hold(self, rest: memoryview) -> None:
        """Keep the rest of what was begun; the outbox must be empty."""
        self._rest = rest

    def post(self, data: bytes) -> None:
        """Put a control frame or an answer in line."""
        self._urgent.append(data)
        self.urgent_bytes += len(data)

    def finish(self, data: bytes) -> None:
        """Put the very last bytes in line: what was begun goes out, what was published does not."""
        self._last = data
        self.mailbox = Mailbox()

    def take(self) -> bytes | memoryview:
        """The next bytes to send, empty when nothing waits; give back with ``hold`` what was not sent."""
        rest, self._rest = self._rest, b""
        if rest:
            return rest
        if self._urgent:
            data = self._urgent.popleft()
            self.urgent_bytes -= len(data)
            return data
        if self._last is not None:
            data, self._last = self._last, b""
            return data
        return self.mailbox.take(self._chunk_bytes, self._whole)
