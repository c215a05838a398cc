"""One message on its way out: an event, when it was published, and its frame in each format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from mdsim.publish.feeds import Feed, Outgoing
from mdsim.publish.frames import frame


class Message:
    """An event as readers get it.

    Attributes:
        ts_publish_ns: when it was handed to the readers, on the hub's clock.
        volume: base units traded in the last 24 hours, on ticks; None elsewhere.
        snapshot: it tells how things stand, at the begin of a subscription, and repeats a ``seq``.
        skipped: messages of this feed that this reader was too slow for, since the one before.
    """

    __slots__ = ("_frames", "event", "feed", "skipped", "snapshot", "ts_publish_ns", "volume")

    def __init__(
        self,
        feed: Feed,
        event: Outgoing,
        ts_publish_ns: int,
        *,
        volume: Decimal | None = None,
        snapshot: bool = False,
        skipped: int = 0,
    ) -> None:
        self.feed = feed
        self.event = event
        self.ts_publish_ns = ts_publish_ns
        self.volume = volume
        self.snapshot = snapshot
        self.skipped = skipped
        self._frames: dict[str, bytes] = {}

    def frame(self, codec: CodecType) -> bytes:
        """Its frame, made once for each format however many readers there are."""
        made = self._frames.get(codec.name)
        if made is None:
            made = self._frames[codec.name] = frame(codec.opcode, codec.encode(self))
        return made

    def late(self, skipped: int, *, snapshot: bool) -> Message:
        """The same for one reader who missed ``skipped`` before it."""
        return Message(
            self.feed,
            self.event,
            self.ts_publish_ns,
            volume=self.volume,
            snapshot=snapshot,
            skipped=skipped,
        )


@dataclass(frozen=True, slots=True)
class CodecType:
    """A format of messages; one file each under ``publish/codecs``.

    Attributes:
        opcode: of its frames, ``frames.TEXT`` or ``frames.BINARY``.
        encode: the payload of a message, whole in itself.
    """

    name: str
    summary: str
    opcode: int
    encode: Callable[[Message], bytes]
