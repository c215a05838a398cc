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
            payload = self.payload(codec)
            made = payload if codec.opcode is None else frame(codec.opcode, payload)
            self._frames[codec.name] = made
        return made

    def payload(self, codec: CodecType) -> bytes:
        """What its frame carries; not kept."""
        return codec.encode(self)

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

    def telling(self, event: Outgoing, volume: Decimal | None) -> Message:
        """The same message with another event in it, for a reader whose delivery is disturbed."""
        return Message(
            self.feed,
            event,
            self.ts_publish_ns,
            volume=volume,
            snapshot=self.snapshot,
            skipped=self.skipped,
        )


@dataclass(frozen=True, slots=True)
class CodecType:
    """A format of messages; one file each under ``publish/codecs``.

    Attributes:
        opcode: of its frames, ``frames.TEXT`` or ``frames.BINARY``; None where no frame goes around it.
        encode: the payload of a message, whole in itself.
        damage: a payload spoilt so that whoever reads this format notices, at a place 0..1 of its length.
    """

    name: str
    summary: str
    opcode: int | None
    encode: Callable[[Message], bytes]
    damage: Callable[[bytes, float], bytes]
