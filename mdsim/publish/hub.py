"""The hub: takes what the market publishes, once a cycle, and sends it to everyone who asked for it.

A message is encoded and framed once for each format. Readers that receive the same set of feeds form an
audience: their bytes are joined once and given to each line by one call that does not wait. A reader
whose line is full leaves that loop until its link has worked off what waits (``outbox``); nobody else
notices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from mdsim.core.errors import MdsimError
from mdsim.core.registry import discover
from mdsim.core.serving import MarketEvent, MarketPort, Published
from mdsim.publish.audience import Audience, Deliveries
from mdsim.publish.counters import Counters
from mdsim.publish.disturber import Disturber
from mdsim.publish.feeds import Feed, feed_of
from mdsim.publish.limits import HubLimits
from mdsim.publish.link import Link
from mdsim.publish.message import CodecType, Message
from mdsim.publish.offer import EVERYTHING, Offer
from mdsim.publish.sequence import Sequences
from mdsim.publish.snapshots import Snapshots
from mdsim.publish.streams import Stream
from mdsim.publish.subscriber import Subscriber, Terms


class FullError(MdsimError):
    """An instrument has all the readers that it may have."""


class Hub:
    """Everyone who reads, and what is sent to them.

    Synchronous and without a clock: ``publish`` is called by the pump once a cycle, ``clock_ns`` gives the
    time for ``ts_publish_ns`` and for the pace of streams with an interval.

    Attributes:
        clock_ns: the present, for ``ts_publish_ns``.
        codecs: formats by name.
        offer: what is published.
        counters: what was sent and what was not.
        subscribers: every reader, in the order in which they came.
        disturber: of delivery faults; None where there are none.
    """

    def __init__(
        self,
        market: MarketPort,
        limits: HubLimits | None = None,
        *,
        clock_ns: Callable[[], int],
        disturber: Disturber | None = None,
        offer: Offer = EVERYTHING,
    ) -> None:
        self.market = market
        self.disturber = disturber
        self.limits = limits or HubLimits()
        self.codecs: Mapping[str, CodecType] = discover("mdsim.publish.codecs", "CODEC", CodecType)
        self.counters = Counters()
        self.sequences = Sequences()
        self.subscribers: dict[Subscriber, None] = {}
        self.clock_ns = clock_ns
        self.offer = offer
        self._snapshots = Snapshots(market, tick_volume=offer.tick_volume)
        self._streams: dict[Feed, dict[Terms, Stream]] = {}
        self._paced: dict[Stream, None] = {}
        self._audiences: dict[Deliveries, Audience] = {}
        self._readers: dict[str, int] = {}
        self._joined = 0

    # Publishing

    def publish(self, batch: Sequence[Published | MarketEvent]) -> None:
        """Send what one cycle published to all who asked for it; never waits, never raises for a reader."""
        now_ns = self.clock_ns()
        touched: dict[Audience, None] = {}
        for event in batch:
            feed = feed_of(event)
            self._snapshots.note(feed, event)
            follows = self.sequences.note(feed, event.seq)
            streams = self._streams.get(feed)
            if not streams:
                continue
            message = Message(feed, event, now_ns, volume=self._snapshots.volume(event))
            if not follows:
                message = self._snapshots.whole(message)
            for stream in streams.values():
                if stream.interval_ns:
                    stream.keep(event)
                else:
                    self._put(stream, message, touched)
        self._pace(now_ns, touched)
        for audience in touched:
            audience.flush()

    def _pace(self, now_ns: int, touched: dict[Audience, None]) -> None:
        messages: dict[Feed, Message] = {}  # whatever streams of a feed keep, it is the feed's last event
        for stream in self._paced:
            if stream.due(now_ns):
                event = stream.leave(now_ns)
                message = messages.get(stream.feed)
                if message is None:
                    late = Message(stream.feed, event, now_ns, volume=self._snapshots.volume(event))
                    message = messages[stream.feed] = self._snapshots.whole(late)
                self._put(stream, message, touched)

    @staticmethod
    def _put(stream: Stream, message: Message, touched: dict[Audience, None]) -> None:
        stream.put(message)
        touched.update(stream.audiences)

    # Readers

    def join(self, link: Link) -> Subscriber:
        """A new reader, who has not asked for anything yet; named in the order of arrival."""
        self._joined += 1
        subscriber = Subscriber(
            link, self.counters, self.limits.push_bytes, self._snapshots.whole, f"ws-{self._joined}"
        )
        self.subscribers[subscriber] = None
        if self.disturber is not None:
            subscriber.refused = self.disturber.join(subscriber, "websocket")
        return subscriber

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a reader; nothing is sent to it any more."""
        if subscriber in self.subscribers:
            self._count(subscriber.wants, {})
            subscriber.wants = {}
            subscriber.ended = True
            if self.disturber is not None:
                self.disturber.leave(subscriber)
            self._regroup(subscriber)
            del self.subscribers[subscriber]

    def room_for(self, subscriber: Subscriber, feeds: Iterable[Feed]) -> None:
        """Whether a reader may have these feeds beside what it has.

        Raises:
            FullError: an instrument has all the readers that it may have.
        """
        has = {feed.symbol for feed in subscriber.wants}
        most = self.limits.subscribers_per_symbol
        for symbol in dict.fromkeys(feed.symbol for feed in feeds):
            if symbol not in has and self._readers.get(symbol, 0) >= most:
                self.counters.refused += 1
                raise FullError(
                    "MD411",
                    f"{symbol} has {most} readers, and that is all it may have",
                    hint="raise publication.max_subscribers_per_symbol, or MAX_SUBSCRIBERS",
                )

    def subscribe(self, subscriber: Subscriber, wishes: dict[Feed, Terms]) -> None:
        """Add feeds, or change the terms of those it has; a snapshot of each is sent before anything else.

        Raises:
            FullError: an instrument has all the readers that it may have; nothing has changed.
        """
        self.room_for(subscriber, wishes)
        self._count(subscriber.wants, subscriber.wants | wishes)
        subscriber.wants = subscriber.wants | wishes
        now_ns = self.clock_ns()
        subscriber.outbox.mailbox.discard(wishes)
        found = [(self._snapshots.of(feed, now_ns), terms) for feed, terms in wishes.items()]
        messages = [(message, self.codecs[terms.format]) for message, terms in found if message]
        self.counters.snapshots += len(messages)
        if messages:
            subscriber.deliver(messages)
        self._regroup(subscriber)

    def unsubscribe(self, subscriber: Subscriber, feeds: Iterable[Feed]) -> tuple[Feed, ...]:
        """Take feeds away, and what of them still waits; those that there were."""
        gone = tuple(feed for feed in feeds if feed in subscriber.wants)
        left = {feed: terms for feed, terms in subscriber.wants.items() if feed not in gone}
        self._count(subscriber.wants, left)
        subscriber.wants = left
        subscriber.outbox.mailbox.discard(gone)
        self._regroup(subscriber)
        return gone

    def close_all(self, code: int, reason: str) -> None:
        """Ask every link to end, as when the server stops."""
        for subscriber in list(self.subscribers):
            subscriber.link.close(code, reason)

    # Asking

    def listened(self, channel: str, symbol: str) -> bool:
        """Whether anybody receives a feed; nobody needs to make what nobody reads."""
        return Feed(channel, symbol) in self._streams

    def readers(self) -> Mapping[str, int]:
        """Readers of each instrument that has any."""
        return self._readers

    def stalled(self) -> int:
        """Readers whose line is full now."""
        return sum(not subscriber.flowing for subscriber in self.subscribers)

    # Grouping

    def _regroup(self, subscriber: Subscriber) -> None:
        """Move a reader to the audience of what it receives now."""
        before = subscriber.audience
        if isinstance(before, Audience):
            before.remove(subscriber)
            if not before:
                self._dissolve(before)
        subscriber.audience = None
        deliveries = tuple(sorted(subscriber.deliveries().items()))
        if deliveries:
            audience = self._audiences.get(deliveries) or self._found(deliveries)
            audience.place(subscriber)
            subscriber.audience = audience

    def _found(self, deliveries: Deliveries) -> Audience:
        audience = Audience(deliveries, self.limits.push_bytes, self.counters)
        self._audiences[deliveries] = audience
        for feed, terms in deliveries:
            streams = self._streams.setdefault(feed, {})
            stream = streams.get(terms)
            if stream is None:
                stream = streams[terms] = Stream(feed, self.codecs[terms.format], terms.interval_ns)
                if terms.interval_ns:
                    self._paced[stream] = None
            stream.audiences[audience] = None
        return audience

    def _dissolve(self, audience: Audience) -> None:
        del self._audiences[audience.deliveries]
        for feed, terms in audience.deliveries:
            streams = self._streams[feed]
            stream = streams[terms]
            del stream.audiences[audience]
            if not stream.audiences:
                del streams[terms]
                self._paced.pop(stream, None)
            if not streams:
                del self._streams[feed]

    def _count(self, before: Mapping[Feed, Terms], after: Mapping[Feed, Terms]) -> None:
        had = dict.fromkeys(feed.symbol for feed in before)
        has = dict.fromkeys(feed.symbol for feed in after)
        for symbol in has:
            if symbol not in had:
                self._readers[symbol] = self._readers.get(symbol, 0) + 1
        for symbol in had:
            if symbol not in has:
                self._readers[symbol] -= 1
                if not self._readers[symbol]:
                    del self._readers[symbol]
