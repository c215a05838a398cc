"""Binance Spot: best quotes, trades and the book of changes, on one WebSocket.

A quote (bookTicker) or a change of the book makes a report, whichever is newer by update id; the two come
from one counter, so ``seq`` rises strictly. A trade sets ``last``, which goes out with the quote that the
trade causes, and a summary (miniTicker) sets the 24 h volume. Prices carry no time of their own: a report
has one (``ts_event_ns``) where a change of the book made it, and 0 where a quote did.

Binance takes subscriptions to symbols that do not exist and stays silent. So what is listed is asked
first, and an instrument that is neither listed nor listed the other way round is refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from mdsim.core.sourcing import Report
from mdsim.core.time import HOUR, MINUTE, SECOND
from mdsim.providers.adapters._binance_book import BookSync, Change, Quote, sized
from mdsim.providers.adapters._binance_listing import ListingCheck
from mdsim.providers.adapters._binance_wire import SNAPSHOT, Event, Message, parse, stamp_ns
from mdsim.providers.adapters._pairs import Pair, sound
from mdsim.providers.adapters._retries import Retries
from mdsim.providers.session import (
    UNREADABLE,
    WEBSOCKET,
    Answer,
    Fetch,
    Offer,
    ProviderType,
    Reconnect,
    Replace,
    Send,
    Session,
    SessionRequest,
    rest_base,
)

STREAMS = ("bookTicker", "trade", "depth@100ms", "miniTicker")
SNAPSHOT_LEVELS, SNAPSHOT_COST = 1_000, 50
SNAPSHOT_PAUSE_NS = SECOND
"""Between two snapshots of one symbol: a stream that is all gaps must not eat the quota."""
ACK_NS = 10 * SECOND
MOST_SENDS = 3
"""Messages a second: Binance cuts whoever sends more than five, and counts our pongs among them."""
REST_OF = {
    "stream.binance.com": "https://api.binance.com",
    "data-stream.binance.vision": "https://data-api.binance.vision",
    "stream.testnet.binance.vision": "https://testnet.binance.vision",
    "demo-stream.binance.com": "https://demo-api.binance.com",
    "stream.binance.us": "https://api.binance.us",
}


class Venue:
    """What is known of one symbol of theirs on this connection.

    Attributes:
        pairs: instruments of ours that it serves.
        seq: update id of the newest report, -1 before the first.
        trade: id of the newest trade, -1 before the first.
        generation, asked_ns: number and time of the newest request for a snapshot.
    """

    __slots__ = (
        "asked_ns",
        "book",
        "generation",
        "last",
        "listed",
        "pairs",
        "quote_volume",
        "seq",
        "trade",
        "volume",
    )

    def __init__(self, listed: str) -> None:
        self.listed = listed
        self.pairs: list[Pair] = []
        self.book = BookSync()
        self.generation = 0
        self.asked_ns = -SNAPSHOT_PAUSE_NS
        self.seq = self.trade = -1
        self.last: Decimal | None = None
        self.volume: Decimal | None = None
        self.quote_volume: Decimal | None = None


class BinanceSession(Session):
    """One connection to a market stream.

    Attributes:
        venues: what is subscribed, by their symbol.
    """

    def __init__(self, request: SessionRequest) -> None:
        super().__init__(request)
        self.venues: dict[str, Venue] = {}
        self._listing = ListingCheck(request.instruments)
        self._retries = Retries()
        self._asked: dict[int, tuple[tuple[str, ...], int]] = {}  # id of a subscription → symbols, deadline
        self._next_id = 1
        self._unasked: list[str] = []  # listed, and not subscribed to yet
        self._sent_ns: deque[int] = deque(maxlen=MOST_SENDS)

    def start(self, now_ns: int) -> None:
        """Ask what is listed; subscribing waits for the answers."""
        del now_ns
        for action in self._listing.first():
            self.ask(action)

    def received(self, raw: str | bytes, recv_ns: int) -> Sequence[Report]:
        """Read a frame; what it means for each instrument of its symbol."""
        self.counters.messages += 1
        try:
            message = parse(raw, recv_ns)
            event = message.payload
            if event.e == "" and event.u:
                reports = self._quoted(event, recv_ns)
            elif event.e == "depthUpdate":
                reports = self._changed(event, recv_ns)
            elif event.e == "trade":
                reports = self._traded(event)
            else:
                reports = self._other(message, event, recv_ns)
        except UNREADABLE:
            self.counters.error("malformed")
            return ()
        self.counters.reports += len(reports)
        return reports

    def fetched(self, answer: Answer) -> Sequence[Report]:
        """A listing or a snapshot came, or did not."""
        kind, _, rest = answer.tag.partition(":")
        if kind == "info":
            known, again = self._listing.answered(rest, answer)
            if again:
                self.counters.error(f"http_{answer.status}")
                self._retries.failed(answer.tag, answer.now_ns)
            for action in known:
                self.ask(action)
            self._subscribe(answer.now_ns)
        elif kind == "depth":
            self._snapshot(rest, answer)
        return ()

    def due_ns(self) -> int | None:
        """The next repeated request, the next subscription, or the end of waiting for an acknowledgement."""
        waits = [deadline for _, deadline in self._asked.values()]
        if self._unasked:
            waits.append(self._sent_ns[0] + SECOND)
        again = self._retries.due_ns()
        return min(waits if again is None else [*waits, again], default=None)

    def tick(self, now_ns: int) -> Sequence[Report]:
        """Subscribe, ask again for what failed; give up on a connection that does not acknowledge."""
        self._send(now_ns)
        for tag in self._retries.take(now_ns):
            kind, _, rest = tag.partition(":")
            if kind == "info":
                self.ask(self._listing.fetch(rest))
            elif rest in self.venues:
                self._fetch_snapshot(self.venues[rest], now_ns)
        if any(deadline <= now_ns for _, deadline in self._asked.values()):
            self._asked.clear()
            self.counters.error("no_ack")
            self.ask(Reconnect("no_ack"))
        return ()

    # ------------------------------------------------------------ subscribing

    def _subscribe(self, now_ns: int) -> None:
        """Subscribe to what is known to be listed by now."""
        for pair in self._listing.take():
            venue = self.venues.setdefault(pair.listed, Venue(pair.listed))
            if not venue.pairs:
                self._unasked.append(pair.listed)
            venue.pairs.append(pair)
        self._send(now_ns)

    def _send(self, now_ns: int) -> None:
        """One message for all that waits, unless too many went out within this second."""
        busy = len(self._sent_ns) == MOST_SENDS and now_ns < self._sent_ns[0] + SECOND
        if self._unasked and not busy:
            fresh, self._unasked = tuple(self._unasked), []
            params = [f"{listed.lower()}@{stream}" for listed in fresh for stream in STREAMS]
            body = {"method": "SUBSCRIBE", "params": params, "id": self._next_id}
            self.ask(Send(msgspec.json.encode(body).decode()))
            self._asked[self._next_id] = (fresh, now_ns + ACK_NS)
            self._next_id += 1
            self._sent_ns.append(now_ns)

    def _other(self, message: Message, event: Event, recv_ns: int) -> Sequence[Report]:
        """Answers, summaries, the announcement of an end."""
        if message.error is not None:
            self.counters.error("refused")
            self._asked.clear()
            self.ask(Reconnect("refused", MINUTE))
        elif event.e == "24hrMiniTicker":
            venue = self.venues.get(event.s)
            if venue is not None:
                venue.volume = _volume(event.v)
                venue.quote_volume = _volume(event.q)
        elif event.e == "serverShutdown":
            self.ask(Replace("server_shutdown"))
        elif isinstance(message.id, int) and message.id in self._asked:
            symbols, _ = self._asked.pop(message.id)
            for listed in symbols:  # only now: what comes before the acknowledgement may be of no use
                self._fetch_snapshot(self.venues[listed], recv_ns)
        elif message.id is None:
            self.counters.error("unknown_event")
        return ()

    # ------------------------------------------------------------ prices

    def _quoted(self, event: Event, recv_ns: int) -> Sequence[Report]:
        bid, ask, bid_size, ask_size = event.b, event.a, event.B, event.A
        if not isinstance(bid, Decimal) or not isinstance(ask, Decimal) or not (sound(bid) and sound(ask)):
            raise ValueError
        venue = self.venues.get(event.s)
        if venue is None:
            self.counters.error("unknown_symbol")
            return ()
        if bid_size is not None and ask_size is not None:
            venue.book.quote(Quote(event.u, (bid, bid_size), (ask, ask_size)))
        return self._reports(venue, event.u, 0, recv_ns, bid, ask)

    def _changed(self, event: Event, recv_ns: int) -> Sequence[Report]:
        bids, asks = event.b, event.a
        if not isinstance(bids, list) or not isinstance(asks, list) or not 0 < event.U <= event.u:
            raise ValueError
        if not (sized(bids) and sized(asks)):
            raise ValueError
        venue = self.venues.get(event.s)
        if venue is None:
            self.counters.error("unknown_symbol")
            return ()
        book = venue.book
        gaps, resyncs = book.gaps, book.resyncs
        moved = book.change(Change(event.U, event.u, bids, asks))
        if book.resyncs > resyncs:
            self._resync(venue, gaps, resyncs, recv_ns)
        top = book.book.top() if moved and book.book is not None else None
        if top is None:
            return ()
        return self._reports(venue, event.u, stamp_ns(event.E), recv_ns, top[0][0], top[1][0])

    def _traded(self, event: Event) -> Sequence[Report]:
        if event.p is None or not sound(event.p):
            raise ValueError
        venue = self.venues.get(event.s)
        if venue is None:
            self.counters.error("unknown_symbol")
            return ()
        if venue.trade >= 0 and event.t > venue.trade + 1:
            self.counters.gaps += 1
        if event.t > venue.trade:
            venue.trade, venue.last = event.t, event.p
        return ()

    def _reports(
        self, venue: Venue, seq: int, event_ns: int, recv_ns: int, bid: Decimal, ask: Decimal
    ) -> Sequence[Report]:
        """One report an instrument, unless a newer one went out already."""
        if seq <= venue.seq:
            return ()
        venue.seq = seq
        if not self.ready:
            self._check_ready()
        found = []
        for pair in venue.pairs:
            our_bid, our_ask = pair.quote(bid, ask)
            last = None if venue.last is None else pair.price(venue.last)
            volume = pair.volume(venue.volume, venue.quote_volume)
            name = self.request.source
            found.append(Report(name, pair.symbol, event_ns, recv_ns, seq, our_bid, our_ask, last, volume))
        return found

    # ------------------------------------------------------------ the book

    def _fetch_snapshot(self, venue: Venue, now_ns: int) -> None:
        if now_ns - venue.asked_ns < SNAPSHOT_PAUSE_NS:
            self._retries.failed(f"depth:{venue.listed}", now_ns)
            return
        venue.asked_ns = now_ns
        venue.generation += 1  # an answer to an older request must not be laid under newer changes
        venue.book.wanted = False
        path = f"/api/v3/depth?symbol={venue.listed}&limit={SNAPSHOT_LEVELS}"
        self.ask(Fetch(path, f"depth:{venue.listed}:{venue.generation}", SNAPSHOT_COST))

    def _snapshot(self, rest: str, answer: Answer) -> None:
        listed, _, generation = rest.partition(":")
        venue = self.venues.get(listed)
        if venue is None or generation != str(venue.generation):
            return
        tag = f"depth:{listed}"
        if answer.status != 200:
            self.counters.error(f"http_{answer.status}")
            self._retries.failed(tag, answer.now_ns)
            return
        book = venue.book
        gaps, resyncs = book.gaps, book.resyncs
        try:
            snapshot = SNAPSHOT.decode(answer.body)
            if not (sized(snapshot.bids) and sized(snapshot.asks)):
                raise ValueError
            done = book.snapshot(snapshot.lastUpdateId, snapshot.bids, snapshot.asks)
        except UNREADABLE:
            self.counters.error("malformed")
            done = False
        if book.resyncs > resyncs:
            self.counters.resyncs += book.resyncs - resyncs
            self.counters.gaps += book.gaps - gaps
        if done:
            self._retries.done(tag)
            self._check_ready()
        else:  # too old, or no snapshot: again, but not in a rush
            self._retries.failed(tag, answer.now_ns)

    def _resync(self, venue: Venue, gaps: int, resyncs: int, now_ns: int) -> None:
        self.counters.gaps += venue.book.gaps - gaps
        self.counters.resyncs += venue.book.resyncs - resyncs
        if venue.book.gaps == gaps:
            self.counters.error("book_mismatch")
        self._retries.done(f"depth:{venue.listed}")
        self._fetch_snapshot(venue, now_ns)

    def _check_ready(self) -> None:
        self.ready = self._listing.settled and all(
            venue.seq >= 0 and venue.book.book is not None for venue in self.venues.values()
        )


def _volume(value: Decimal | None) -> Decimal | None:
    return value if value is not None and value.is_finite() and value >= 0 else None


PROVIDER = ProviderType(
    name="binance",
    summary="Binance Spot: best quotes, trades and the order book, over its WebSocket",
    aggregator=False,
    offers=(
        Offer(
            kind=WEBSOCKET,
            url="wss://stream.binance.com:9443/ws",
            open=BinanceSession,
            keyed_per_minute=6_000,
            keyless_per_minute=6_000,
            max_age_ns=10 * SECOND,
            silence_ns=60 * SECOND,
            life_ns=24 * HOUR,
            by_address=True,
            used_header="x-mbx-used-weight-1m",
            rest=lambda url: rest_base(url, REST_OF),
            key_header=lambda _url: "X-MBX-APIKEY",
        ),
    ),
)
