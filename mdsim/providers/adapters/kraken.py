"""Kraken (WebSocket v2): instruments, tickers on every change of the best quotes, and a verified book.

The list of instruments comes over the same socket, so nothing is fetched. Every change of a book carries
a checksum; a book that does not match is thrown away and subscribed to anew, and the ticker's quotes
count until it comes. While the engine is not open (``status``) its prices are those of no market, so the
connection is left and tried again later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from mdsim.core.sourcing import Report
from mdsim.core.time import MINUTE, SECOND
from mdsim.providers.adapters._kraken_book import KrakenBook
from mdsim.providers.adapters._kraken_wire import BookData, Message, PairData, TickerData, parse
from mdsim.providers.adapters._lines import Line
from mdsim.providers.adapters._pairs import Pair
from mdsim.providers.adapters._resyncs import Resyncs
from mdsim.providers.adapters._symbols import renewed, serving
from mdsim.providers.adapters._times import rfc3339_ns
from mdsim.providers.session import (
    UNREADABLE,
    WEBSOCKET,
    Answer,
    Offer,
    ProviderType,
    Reconnect,
    Refuse,
    Send,
    Session,
    SessionRequest,
)

DEPTH = 10
LIST_NS = 5 * SECOND
PING_NS = 10 * SECOND
"""Heartbeats come every second when nothing else does; after so long without anything we ask."""
SILENCE_NS = 20 * SECOND
ACK_NS = 10 * SECOND
"""For the answers to a subscription, one a pair, unless prices say as much."""
RESYNC_PAUSE_NS = 5 * SECOND
CLOSED_NS = 30 * SECOND
OPEN = ("online", "limit_only")
_UNKNOWN_PAIR = "Currency pair not supported"


class Venue(Line):
    """A pair of theirs on this connection.

    Attributes:
        book: None until its snapshot came.
        trades: its market is open.
    """

    __slots__ = ("book", "trades")

    def __init__(self, listed: str, served: list[Pair]) -> None:
        super().__init__(listed, served)
        self.book: KrakenBook | None = None
        self.trades = True


class KrakenSession(Session):
    """One connection to the public feed.

    Attributes:
        venues: what is subscribed, by pair.
    """

    def __init__(self, request: SessionRequest) -> None:
        super().__init__(request)
        self.venues: dict[str, Venue] = {}
        self._resyncs = Resyncs(RESYNC_PAUSE_NS)
        self._refused: set[str] = set()
        self._settled = False
        self._subscribe_by: int | None = None
        self._heard_ns = 0
        self._pinged = False
        self._requests = 0
        self._unanswered: dict[int, tuple[int, int]] = {}  # number of a subscription → answers, deadline

    def start(self, now_ns: int) -> None:
        """Ask what is listed."""
        self._heard_ns = now_ns
        self._subscribe_by = now_ns + LIST_NS
        self._request("subscribe", {"channel": "instrument", "snapshot": True})

    def received(self, raw: str | bytes, recv_ns: int) -> Sequence[Report]:
        """Read a frame; what it means for each instrument of its pair."""
        self.counters.messages += 1
        self._heard_ns, self._pinged = recv_ns, False
        try:
            reports = self._heard(parse(raw, recv_ns), recv_ns)
        except UNREADABLE:
            self.counters.error("malformed")
            return ()
        if reports:
            self.counters.reports += len(reports)
            if not self.ready:
                self._check_ready()
        return reports

    def fetched(self, answer: Answer) -> Sequence[Report]:
        """Nothing is ever fetched."""
        del answer
        return ()

    def due_ns(self) -> int | None:
        """The end of waiting for the list or an answer, a book to ask for again, a ping, or no patience."""
        silence_ns = self._heard_ns + (SILENCE_NS if self._pinged else PING_NS)
        answers_ns = min((deadline for _, deadline in self._unanswered.values()), default=None)
        times = (self._subscribe_by, self._resyncs.due_ns(), silence_ns, answers_ns)
        return min(at for at in times if at is not None)

    def tick(self, now_ns: int) -> Sequence[Report]:
        """Subscribe without the list, renew books, ping, or give up on a silent connection."""
        if self._subscribe_by is not None and now_ns >= self._subscribe_by:
            self._serve(None, now_ns)
        self._renew(now_ns)
        if any(deadline <= now_ns for _, deadline in self._unanswered.values()):
            self._unanswered.clear()
            self.counters.error("no_ack")
            self.ask(Reconnect("no_ack"))
        silent_ns = now_ns - self._heard_ns
        if silent_ns >= SILENCE_NS:
            self._heard_ns, self._pinged = now_ns, False
            self.counters.error("no_heartbeat")
            self.ask(Reconnect("no_heartbeat"))
        elif silent_ns >= PING_NS and not self._pinged:
            self._pinged = True
            self._request("ping", None)
        return ()

    # ------------------------------------------------------------ subscribing

    def _serve(self, trades: Mapping[str, bool] | None, now_ns: int) -> None:
        """Subscribe to what is listed (or usual, while that is not known), and to nothing else."""
        self._subscribe_by = None
        wanted = [item for item in self.request.instruments if item.symbol not in self._refused]
        found = serving(wanted, "/", trades)
        for symbol, reason in found.refused.items():
            self._refuse(symbol, reason)
        gone, fresh = renewed(self.venues, found, Venue)
        for name in gone:
            self._resyncs.forget(name)
        for method, names in (("unsubscribe", gone), ("subscribe", fresh)):
            if names:
                self._order(method, {"channel": "ticker", "symbol": names, "event_trigger": "bbo"}, now_ns)
                self._order(method, {"channel": "book", "symbol": names, "depth": DEPTH}, now_ns)
        self._check_ready()

    def _order(self, method: str, params: Mapping[str, object], now_ns: int) -> None:
        """Subscribe to pairs or the other way round; what is subscribed to is answered."""
        self._request(method, params)
        names = params["symbol"]
        if method == "subscribe" and isinstance(names, list):
            self._unanswered[self._requests] = len(names), now_ns + ACK_NS

    def _request(self, method: str, params: Mapping[str, object] | None) -> None:
        self._requests += 1
        body: dict[str, object] = {"method": method, "req_id": self._requests}
        if params is not None:
            body["params"] = params
        self.ask(Send(msgspec.json.encode(body).decode()))

    def _refuse(self, symbol: str, reason: str) -> None:
        self._refused.add(symbol)
        self.ask(Refuse(symbol, reason))

    def _answered(self, message: Message, now_ns: int) -> None:
        """One answer comes for each pair of a request; only a refusal says something new."""
        answers, deadline = self._unanswered.pop(message.req_id or 0, (0, 0))
        if answers > 1:
            self._unanswered[message.req_id or 0] = answers - 1, deadline
        if message.success or message.error == "Already subscribed":
            return
        self.counters.error("refused")
        name = message.symbol or message.error.rpartition(" ")[2]
        venue = self.venues.get(name)
        if message.error.startswith(_UNKNOWN_PAIR):
            if venue is not None:  # the second channel's refusal finds it gone
                del self.venues[name]
                self._resyncs.forget(name)
                for pair in venue.pairs:
                    self._refuse(pair.symbol, f"it says: {message.error[:200]}")
        elif message.method == "unsubscribe":
            return
        elif self._subscribe_by is not None:  # the list itself
            self._serve(None, now_ns)
        else:
            self.ask(Reconnect("refused", MINUTE))

    # ------------------------------------------------------------ what comes

    def _heard(self, message: Message, recv_ns: int) -> Sequence[Report]:
        channel = message.channel
        if self._unanswered and channel in ("book", "ticker"):
            self._unanswered.clear()
        if channel == "book":
            return self._booked(message, recv_ns)
        if channel == "ticker":
            return [report for data in message.tickers for report in self._ticked(data, recv_ns)]
        if channel == "instrument":
            self._listed(message.pairs, recv_ns, whole=message.type == "snapshot")
        elif channel == "status":
            if any(status.system not in OPEN for status in message.status):
                self.counters.error("maintenance")
                self.ask(Reconnect("maintenance", CLOSED_NS))
        elif message.method:
            self._answered(message, recv_ns)
        elif channel != "heartbeat":
            self.counters.error("unknown_event")
        return ()

    def _listed(self, listed: list[PairData], now_ns: int, *, whole: bool) -> None:
        if whole:
            self._settled = True
            self._serve({pair.symbol: pair.trades for pair in listed}, now_ns)
            return
        for pair in listed:
            venue = self.venues.get(pair.symbol)
            if venue is not None and venue.trades != pair.trades:
                venue.trades = pair.trades
                if not pair.trades:
                    self.counters.error("not_trading")

    def _ticked(self, data: TickerData, recv_ns: int) -> list[Report]:
        venue = self.venues.get(data.symbol)
        if venue is None:
            self.counters.error("unknown_symbol")
            return []
        ts_ns = rfc3339_ns(data.timestamp) if data.timestamp else 0
        if not data.bid or not data.ask:
            return []  # a side is empty
        venue.quote(data.bid, data.ask, ts_ns)
        venue.trade(data.last or None, data.volume)
        return venue.reports(self.request.source, ts_ns, recv_ns, 0) if venue.trades else []

    # ------------------------------------------------------------ the book

    def _booked(self, message: Message, recv_ns: int) -> Sequence[Report]:
        found: list[Report] = []
        for data in message.books:
            venue = self.venues.get(data.symbol)
            if venue is None:
                self.counters.error("unknown_symbol")
                continue
            if message.type == "snapshot":
                venue.book = KrakenBook(DEPTH)
            if venue.book is not None:  # otherwise of the subscription before this one
                found += self._changed(venue, venue.book, data, recv_ns)
        return found

    def _changed(self, venue: Venue, book: KrakenBook, data: BookData, recv_ns: int) -> list[Report]:
        try:
            ts_ns = rfc3339_ns(data.timestamp) if data.timestamp else 0
            book.apply(data.bids, data.asks)
        except UNREADABLE:
            self._resync(venue, recv_ns)
            raise
        if book.checksum() != data.checksum:
            self.counters.error("checksum")
            self._resync(venue, recv_ns)
            return []
        top = book.top()
        if top is None:
            return []
        if top[0] >= top[1]:
            self.counters.error("crossed")
            return []
        venue.quote(top[0], top[1], ts_ns)
        return venue.reports(self.request.source, ts_ns, recv_ns, 0) if venue.trades else []

    def _resync(self, venue: Venue, now_ns: int) -> None:
        venue.book = None
        venue.forget_quote()
        self._resyncs.want(venue.listed, now_ns)
        self._renew(now_ns)

    def _renew(self, now_ns: int) -> None:
        for name in self._resyncs.take(now_ns):
            self.counters.resyncs += 1
            for method in ("unsubscribe", "subscribe"):
                self._order(method, {"channel": "book", "symbol": [name], "depth": DEPTH}, now_ns)

    def _check_ready(self) -> None:
        self.ready = self._settled and all(venue.spoken for venue in self.venues.values())


PROVIDER = ProviderType(
    name="kraken",
    summary="Kraken: tickers and the order book with its checksums, over WebSocket v2",
    aggregator=False,
    offers=(
        Offer(
            kind=WEBSOCKET,
            url="wss://ws.kraken.com/v2",
            open=KrakenSession,
            keyed_per_minute=60,
            keyless_per_minute=60,
            max_age_ns=10 * SECOND,
            silence_ns=30 * SECOND,
        ),
    ),
)
