"""What waits for a reader that is too slow: the newest message of each feed, and how many it replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mdsim.core.events import BookDelta
from mdsim.publish.feeds import Feed
from mdsim.publish.message import CodecType, Message


@dataclass(slots=True)
class _Waiting:
    message: Message
    codec: CodecType
    skipped: int = 0
    snapshot: bool = False


class Mailbox:
    """At most one message a feed; feeds leave in the order in which they came to wait."""

    def __init__(self) -> None:
        self._newest: dict[Feed, _Waiting] = {}

    def __len__(self) -> int:
        return len(self._newest)

    def put(self, message: Message, codec: CodecType) -> bool:
        """Keep a message; whether it took the place of one that the reader now misses."""
        waiting = self._newest.get(message.feed)
        if waiting is None:
            self._newest[message.feed] = _Waiting(message, codec, message.skipped, message.snapshot)
            return False
        # A snapshot repeats what was published before: nothing is missed when a newer message stands for it.
        missed = not waiting.message.snapshot
        waiting.skipped += missed + message.skipped
        waiting.snapshot |= message.snapshot
        waiting.message, waiting.codec = message, codec
        return missed

    def discard(self, feeds: Iterable[Feed]) -> None:
        """Forget what the reader does not want any more."""
        for feed in feeds:
            self._newest.pop(feed, None)

    def take(self, most_bytes: int, whole: Callable[[Message], Message]) -> bytes:
        """Frames of what waits, oldest feed first, of about ``most_bytes`` and of one message at least.

        Args:
            most_bytes: no further frame is begun past this size; what is left goes on waiting.
            whole: makes a book out of a delta that does not join what the reader has.
        """
        frames: list[bytes] = []
        size = 0
        while self._newest and size < most_bytes:
            feed = next(iter(self._newest))
            waiting = self._newest.pop(feed)
            message, snapshot = waiting.message, waiting.snapshot
            if isinstance(message.event, BookDelta) and (waiting.skipped or snapshot):
                message = whole(message)
            if waiting.skipped != message.skipped or snapshot != message.snapshot:
                message = message.late(waiting.skipped, snapshot=snapshot)
            frames.append(message.frame(waiting.codec))
            size += len(frames[-1])
        return b"".join(frames)
