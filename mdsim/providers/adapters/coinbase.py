"""Coinbase Exchange: ticker, book in batches of 50 ms and heartbeats, on one WebSocket.

A ticker brings the last trade, the volume and best quotes as of that trade; the book brings the quotes
between trades. A change of the book carries no number, so what a heartbeat says of the last trade is
held against the tickers: a trade that did not come means that messages were lost, and the book of that
product is asked for anew.

Coinbase closes a connection that does not subscribe within 5 s, so the list of products is waited for
3 s only; what turns out not to be listed is refused when the list comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from mdsim.core.sourcing import Report
from mdsim.core.time import MINUTE, SECOND
from mdsim.providers.adapters._books import Book, Level
from mdsim.providers.adapters._coinbase_wire import Message, parse, parse_products
from mdsim.providers.adapters._lines import Line
from mdsim.providers.adapters._pairs import Pair, sound
from mdsim.providers.adapters._resyncs import Resyncs
from mdsim.providers.adapters._retries import Retries
from mdsim.providers.adapters._symbols import renewed, serving
from mdsim.providers.adapters._times import rfc3339_ns
from mdsim.providers.session import (
    UNREADABLE,
    WEBSOCKET,
    Answer,
    Fetch,
    Offer,
    ProviderType,
    Reconnect,
    Refuse,
    Send,
    Session,
    SessionRequest,
    rest_base,
)

BOOK = "level2_batch"
CHANNELS = ("heartbeat", "ticker", BOOK)
LIST_NS = 3 * SECOND
SILENCE_NS = 10 * SECOND
"""A heartbeat comes every second; so long without one and the connection is of no use."""
RESYNC_PAUSE_NS = 30 * SECOND
MOST_LEVELS = 250_000
"""Of one side; past it somebody feeds us levels that nobody takes away."""
REST_OF = {
    "ws-feed.exchange.coinbase.com": "https://api.exchange.coinbase.com",
    "ws-feed-public.sandbox.exchange.coinbase.com": "https://api-public.sandbox.exchange.coinbase.com",
}


class Venue(Line):
    """A product of theirs on this connection.

    Attributes:
        book: None until its snapshot came.
        sequence, trade_id: of the newest ticker; -1 before the first.
        promised: the last trade that a heartbeat knew of.
    """

    __slots__ = ("book", "promised", "sequence", "trade_id")

    def __init__(self, listed: str, served: list[Pair]) -> None:
        super().__init__(listed, served)
        self.book: Book | None = None
        self.sequence = self.trade_id = self.promised = -1


class CoinbaseSession(Session):
    """One connection to the public feed.

    Attributes:
        venues: what is subscribed, by product.
    """

    def __init__(self, request: SessionRequest) -> None:
        super().__init__(request)
        self.venues: dict[str, Venue] = {}
        self._channels: tuple[str, ...] = CHANNELS
        self._retries = Retries()
        self._resyncs = Resyncs(RESYNC_PAUSE_NS)
        self._refused: set[str] = set()
        self._settled = False
        self._subscribe_by: int | None = None
        self._heard_ns = 0

    def start(self, now_ns: int) -> None:
        """Ask what is listed."""
        self._heard_ns = now_ns
        self._subscribe_by = now_ns + LIST_NS
        self.ask(Fetch("/products", "products"))

    def received(self, raw: str | bytes, recv_ns: int) -> Sequence[Report]:
        """Read a frame; what it means for each instrument of its product."""
        self.counters.messages += 1
        try:
            reports = self._heard(parse(raw, recv_ns), recv_ns)
        except UNREADABLE:
            self.counters.error("malformed")
            self._mistrust(recv_ns)
            return ()
        if reports:
            self.counters.reports += len(reports)
            self._check_ready()
        return reports

    def fetched(self, answer: Answer) -> Sequence[Report]:
        """The list of products came, or did not."""
        try:
            products = parse_products(answer.body) if answer.status == 200 else None
        except UNREADABLE:
            self.counters.error("malformed")
            products = None
        if products is None:
            if answer.status != 200:
                self.counters.error(f"http_{answer.status}")
            self._retries.failed(answer.tag, answer.now_ns)
        else:
            self._retries.done(answer.tag)
            self._settled = True
            self._serve({product.id: product.trades for product in products.values()})
        return ()

    def due_ns(self) -> int | None:
        """The end of waiting for the list, a repeated request for it, or the end of patience."""
        times = (self._subscribe_by, self._retries.due_ns(), self._resyncs.due_ns(), self._deadline_ns())
        return min((at for at in times if at is not None), default=None)

    def tick(self, now_ns: int) -> Sequence[Report]:
        """Subscribe without the list, ask for it again, or give up on a silent connection."""
        if self._subscribe_by is not None and now_ns >= self._subscribe_by:
            self._serve(None)
        for tag in self._retries.take(now_ns):
            self.ask(Fetch("/products", tag))
        self._renew(now_ns)
        deadline_ns = self._deadline_ns()
        if deadline_ns is not None and now_ns >= deadline_ns:
            self._heard_ns = now_ns
            self.counters.error("no_heartbeat")
            self.ask(Reconnect("no_heartbeat"))
        return ()

    def _deadline_ns(self) -> int | None:
        return self._heard_ns + SILENCE_NS if self.venues else None

    # ------------------------------------------------------------ subscribing

    def _serve(self, trades: Mapping[str, bool] | None) -> None:
        """Subscribe to what is listed (or usual, while that is not known), and to nothing else."""
        self._subscribe_by = None
        wanted = [item for item in self.request.instruments if item.symbol not in self._refused]
        found = serving(wanted, "-", trades)
        for symbol, reason in found.refused.items():
            self._refuse(symbol, reason)
        gone, fresh = renewed(self.venues, found, Venue)
        for name in gone:
            self._resyncs.forget(name)
        self._send("unsubscribe", gone, self._channels)
        self._send("subscribe", fresh, self._channels)
        self._check_ready()

    def _send(self, kind: str, products: list[str], channels: Iterable[str]) -> None:
        if products:
            body = {"type": kind, "product_ids": products, "channels": list(channels)}
            self.ask(Send(msgspec.json.encode(body).decode()))

    def _refuse(self, symbol: str, reason: str) -> None:
        self._refused.add(symbol)
        self.ask(Refuse(symbol, reason))

    def _failed(self, message: Message) -> None:
        """An error spoils a whole subscription: take out what it names, and subscribe to the rest."""
        self.counters.error("refused")
        reason = message.reason or message.message
        named = next((venue for venue in self.venues.values() if reason.startswith(venue.listed + " ")), None)
        if named is not None:
            del self.venues[named.listed]
            for pair in named.pairs:
                self._refuse(pair.symbol, f"it says: {reason[:200]}")
        elif "authentication" in reason and BOOK in self._channels:
            self._channels = tuple(name for name in self._channels if name != BOOK)
        else:
            self.ask(Reconnect("refused", MINUTE))
            return
        self._send("subscribe", list(self.venues), self._channels)

    # ------------------------------------------------------------ prices

    def _heard(self, message: Message, recv_ns: int) -> Sequence[Report]:
        kind = message.type
        if kind == "error":
            self._failed(message)
            return ()
        if kind == "subscriptions":
            self._heard_ns = recv_ns
            return ()
        venue = self.venues.get(message.product_id)
        if venue is None:
            self.counters.error("unknown_symbol" if message.product_id else "unknown_event")
            return ()
        if kind == "l2update":
            return self._changed(venue, message, recv_ns)
        if kind == "ticker":
            return self._traded(venue, message, recv_ns)
        if kind == "heartbeat":
            self._heard_ns = recv_ns
            self._check_trades(venue, message, recv_ns)
        elif kind == "snapshot":
            return self._snapshot(venue, message, recv_ns)
        else:
            self.counters.error("unknown_event")
        return ()

    def _traded(self, venue: Venue, message: Message, recv_ns: int) -> Sequence[Report]:
        ts_ns = rfc3339_ns(message.time) if message.time else 0
        if message.sequence <= venue.sequence:
            if message.sequence < venue.sequence:
                self.counters.error("out_of_order")
            return ()
        if message.price is None:
            raise ValueError("a ticker without a price")
        venue.trade(message.price, message.volume_24h)
        if message.best_bid is not None and message.best_ask is not None:
            venue.quote(message.best_bid, message.best_ask, ts_ns)
        venue.sequence, venue.trade_id = message.sequence, max(venue.trade_id, message.trade_id)
        return venue.reports(self.request.source, ts_ns, recv_ns, message.sequence)

    def _snapshot(self, venue: Venue, message: Message, recv_ns: int) -> Sequence[Report]:
        bids, asks = message.bids, message.asks
        if len(bids) > MOST_LEVELS or len(asks) > MOST_LEVELS:
            raise ValueError("a book without end")
        _check(bids)
        _check(asks)
        venue.book = Book(reversed(bids), asks)  # prices that rise are put in place without moving others
        return self._told(venue, rfc3339_ns(message.time) if message.time else 0, recv_ns)

    def _changed(self, venue: Venue, message: Message, recv_ns: int) -> Sequence[Report]:
        ts_ns = rfc3339_ns(message.time) if message.time else 0
        book = venue.book
        if book is None:
            return ()  # of the subscription before this one, or its snapshot could not be read
        bids: list[Level] = []
        asks: list[Level] = []
        for side, price, size in message.changes:
            if side not in ("buy", "sell"):
                raise ValueError("no side of a book")
            (bids if side == "buy" else asks).append((price, size))
        _check(bids)
        _check(asks)
        book.apply(bids, asks)
        if len(book.bids) > MOST_LEVELS or len(book.asks) > MOST_LEVELS:
            self.counters.error("overfull")
            self._resync(venue, recv_ns)
            return ()
        return self._told(venue, ts_ns, recv_ns)

    def _told(self, venue: Venue, ts_ns: int, recv_ns: int) -> Sequence[Report]:
        """What the book says now; nothing while a side is empty, and never a crossed book."""
        top = venue.book.top() if venue.book is not None else None
        if top is None:
            return ()
        bid, ask = top[0][0], top[1][0]
        if bid >= ask:
            self.counters.error("crossed")
            self._resync(venue, recv_ns)
            return ()
        venue.quote(bid, ask, ts_ns)
        return venue.reports(self.request.source, ts_ns, recv_ns, 0)

    def _check_trades(self, venue: Venue, message: Message, recv_ns: int) -> None:
        """A trade that one heartbeat knew of must have come by the next; channels may overtake each other."""
        if 0 <= venue.trade_id < venue.promised:
            self.counters.gaps += 1
            venue.trade_id = venue.promised
            self._resync(venue, recv_ns)
        venue.promised = max(venue.promised, message.last_trade_id)

    def _resync(self, venue: Venue, now_ns: int) -> None:
        """The book is of no use: ask for it anew. Until it comes the tickers' quotes count."""
        if BOOK in self._channels:
            venue.book = None
            venue.forget_quote()
            self._resyncs.want(venue.listed, now_ns)
            self._renew(now_ns)

    def _mistrust(self, now_ns: int) -> None:
        """A message that cannot be read may have been a change of any book."""
        for venue in self.venues.values():
            if venue.book is not None:
                self._resync(venue, now_ns)

    def _renew(self, now_ns: int) -> None:
        for name in self._resyncs.take(now_ns):
            self.counters.resyncs += 1
            self._send("unsubscribe", [name], (BOOK,))
            self._send("subscribe", [name], (BOOK,))

    def _check_ready(self) -> None:
        if not self.ready:
            self.ready = self._settled and all(venue.spoken for venue in self.venues.values())


def _check(levels: Iterable[Level]) -> None:
    """Every level is a price and a size.

    Raises:
        ValueError: one is not.
    """
    for price, size in levels:
        if not sound(price) or not (size.is_finite() and size >= Decimal(0)):
            raise ValueError("not a level")


PROVIDER = ProviderType(
    name="coinbase",
    summary="Coinbase Exchange: tickers and the order book, over its WebSocket",
    aggregator=False,
    offers=(
        Offer(
            kind=WEBSOCKET,
            url="wss://ws-feed.exchange.coinbase.com",
            open=CoinbaseSession,
            keyed_per_minute=300,
            keyless_per_minute=300,
            max_age_ns=10 * SECOND,
            silence_ns=15 * SECOND,
            rest=lambda url: rest_base(url, REST_OF),
        ),
    ),
)
