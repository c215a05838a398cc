"""The seams of a reader: the line to it, and what may stand in the line's way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from mdsim.publish.message import CodecType, Message


class Link(Protocol):
    """The line to one reader.

    Attributes:
        send: gives bytes to the line without waiting and says how many it took; raises ``BlockingIOError``
            when it takes none now, another ``OSError`` when it never will again.
    """

    @property
    def send(self) -> Callable[[bytes | memoryview], int]: ...

    def stalled(self) -> None:
        """The line is full and the reader's outbox fills: empty it as the line allows.

        Called once; whoever empties it calls ``Subscriber.drain`` or ``Subscriber.next_chunk``.
        """

    def close(self, code: int, reason: str) -> None:
        """End it politely, with a close frame and a code."""

    def cut(self) -> None:
        """End it at once."""

    def reset(self) -> None:
        """End it at once, and let the other side see a connection that was reset."""


class Reader(Protocol):
    """What a fault sees of the reader that it disturbs."""

    def write(self, messages: Iterable[tuple[Message, CodecType]]) -> None:
        """Send messages at once, or let the newest of each feed wait."""


class Fault(Protocol):
    """A disturbance of one reader's delivery; it stands between the hub and the reader's outbox.

    A reader without one never touches this: the hub keeps disturbed readers apart.
    """

    def deliver(self, reader: Reader, messages: Sequence[tuple[Message, CodecType]]) -> None:
        """Called instead of ``reader.write(messages)``, which it may call later, changed or never."""
