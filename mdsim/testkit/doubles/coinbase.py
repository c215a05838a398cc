"""A double of Coinbase Exchange: its public feed and the public part of its REST interface."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from mdsim.core.time import MS, SECOND
from mdsim.testkit.desk import Beat, Desk, Pair, Trade
from mdsim.testkit.double import Double
from mdsim.testkit.doubles import _coinbase_frames as frames
from mdsim.testkit.doubles._coinbase_rest import respond
from mdsim.testkit.frames import Asked, Reply, text
from mdsim.testkit.market import Market
from mdsim.testkit.socket import Socket

PAIRS: Mapping[str, Pair] = {
    "BTC-USD": Pair("BTC", "USD", 2, 8, 0.4, 8_200.0, 0.8),
    "ETH-USD": Pair("ETH", "USD", 2, 8, 0.6, 130_000.0, 0.8),
    "USDT-USD": Pair("USDT", "USD", 5, 2, 1.0, 60_000_000.0, 0.2),
    "BTC-USDT": Pair("BTC", "USDT", 2, 8, 1.2, 180.0, 0.8),
    "ETH-USDT": Pair("ETH", "USDT", 2, 8, 1.6, 2_400.0, 0.8),
    "ETH-BTC": Pair("ETH", "BTC", 5, 8, 3.0, 2_500.0, 0.8),
}
BATCHES = {"ticker_batch": "ticker_1000", "level2_batch": "level2_50"}
"""Channels that are acknowledged under another name."""
CHANNELS = ("heartbeat", "ticker", "ticker_batch", "matches", "level2_batch", "level2", "status")
CLOSED = ("level2", "level3", "full")
NEEDS_KEY = (
    "level2, level3, and full channels now require authentication. "
    "https://docs.cloud.coinbase.com/exchange/docs/websocket-auth"
)
SUBSCRIBE_WITHIN_NS = 5 * SECOND


class Order(msgspec.Struct):
    """A subscription or the end of one; a channel may bring products of its own."""

    type: str
    product_ids: list[str] = []
    channels: list[str | dict[str, object]] = []
    signature: str = ""


@dataclass(slots=True)
class Client:
    """One connection: products by channel, and books whose snapshot has not been sent."""

    opened_ns: int
    channels: dict[str, dict[str, None]] = field(default_factory=dict)
    snapshots: dict[str, int] = field(default_factory=dict)  # product → when it is due

    def has(self, channel: str, product: str) -> bool:
        return product in self.channels.get(channel, ())


class Coinbase(Double):
    """Coinbase Exchange."""

    name = "coinbase"
    beat_ns = 100 * MS
    pairs = PAIRS

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self._clients: dict[Socket, Client] = {}
        self.sequences = {name: desk.seq * 7 for name, desk in self.desks.items()}

    @property
    def url(self) -> str:
        return f"ws://{self.address}"

    # ------------------------------------------------------------ clients

    def opened(self, socket: Socket) -> None:
        self._clients[socket] = Client(self.market.now_ns())

    def gone(self, socket: Socket) -> None:
        self._clients.pop(socket, None)

    def heard(self, socket: Socket, raw: str) -> None:
        """Subscribe or unsubscribe; an acknowledgement lists everything that is subscribed now."""
        client = self._clients[socket]
        try:
            order = msgspec.json.decode(raw, type=Order)
        except msgspec.DecodeError:
            self._error(socket, "Failed to subscribe", "Malformed JSON")
            return
        if order.type not in ("subscribe", "unsubscribe"):
            self._error(socket, "Failed to subscribe", f"{order.type} is not a valid type")
            return
        wanted = list(_wanted(order))
        if order.type == "unsubscribe":
            self._unsubscribe(client, wanted)
        else:
            reason = self._refusal(order, wanted)
            if reason:
                self._error(socket, "Failed to subscribe", reason)
                return
            fresh = [pair for pair in wanted if not client.has(*pair)]
            for channel, product in fresh:
                client.channels.setdefault(channel, {})[product] = None
        self._acknowledge(socket, client)
        if order.type == "subscribe":
            for channel, product in fresh:
                self._greet(socket, client, channel, product)

    def _refusal(self, order: Order, wanted: list[tuple[str, str]]) -> str:
        """Why a subscription is refused as a whole."""
        if not wanted:
            return "No channels provided"
        for channel, product in wanted:
            if channel in CLOSED and not order.signature:
                return NEEDS_KEY
            if channel not in CHANNELS:
                return f"{channel} is not a valid channel"
            if product not in self.desks:
                return f"{product} is not a valid product"
        return ""

    def _unsubscribe(self, client: Client, wanted: list[tuple[str, str]]) -> None:
        for channel, product in wanted:
            if product:
                client.channels.get(channel, {}).pop(product, None)
            else:
                client.channels.pop(channel, None)
            if channel in ("level2", "level2_batch"):
                client.snapshots.pop(product, None)

    def _acknowledge(self, socket: Socket, client: Client) -> None:
        channels = [
            {"name": BATCHES.get(name, name), "product_ids": list(products), "account_ids": None}
            for name, products in client.channels.items()
            if products
        ]
        self.tell(socket, text({"type": "subscriptions", "channels": channels}))

    def _greet(self, socket: Socket, client: Client, channel: str, product: str) -> None:
        """What comes at once: the last trade, the whole book."""
        desk = self.desks[product]
        if channel in ("ticker", "ticker_batch"):
            self.tell(socket, self._ticker(desk, desk.last), f"{product}@ticker")
        elif channel == "matches":
            sequence = self.sequences[product]
            event = frames.match(desk, desk.last, sequence, self.stamp_ns(desk.last.ts_ns), "last_match")
            self.tell(socket, text(event), f"{product}@matches")
        elif channel in ("level2", "level2_batch"):
            late_ns = int(self.faults.amount("late_snapshot") * SECOND)
            client.snapshots[product] = self.market.now_ns() + late_ns
            if not late_ns:
                self._snapshot(socket, client, desk)

    def _snapshot(self, socket: Socket, client: Client, desk: Desk) -> None:
        client.snapshots.pop(desk.listed, None)
        self.tell(socket, text(frames.snapshot(desk, self.stamp_ns())), f"{desk.listed}@snapshot")

    def _error(self, socket: Socket, message: str, reason: str) -> None:
        self.tell(socket, text({"type": "error", "message": message, "reason": reason}))

    # ------------------------------------------------------------ channels

    def moved(self, desk: Desk, beat: Beat) -> None:
        """A batch of changes, then matches, each with its ticker."""
        product = desk.listed
        self.sequences[product] += len(beat.bids) + len(beat.asks)
        update = text(frames.l2update(desk, beat, self.stamp_ns())) if beat.changed else ""
        matches: list[tuple[str, str]] = []
        for trade in beat.trades:
            self.sequences[product] += 1
            event = frames.match(desk, trade, self.sequences[product], self.stamp_ns(trade.ts_ns), "match")
            matches.append((text(event), self._ticker(desk, trade)))
        for socket, client in list(self._clients.items()):
            if client.has("level2_batch", product) or client.has("level2", product):
                due_ns = client.snapshots.get(product)
                if due_ns is not None:
                    if self.market.now_ns() >= due_ns:
                        self._snapshot(socket, client, desk)
                elif update:
                    self.tell(socket, update, f"{product}@level2")
            for match, ticker in matches:
                if client.has("matches", product):
                    self.tell(socket, match, f"{product}@matches")
                if client.has("ticker", product):
                    self.tell(socket, ticker, f"{product}@ticker")

    def second(self) -> None:
        """Heartbeats, slow tickers, and the end of those who did not subscribe."""
        now_ns = self.market.now_ns()
        for socket, client in list(self._clients.items()):
            if not any(client.channels.values()) and now_ns - client.opened_ns > SUBSCRIBE_WITHIN_NS:
                socket.close(1008)
            for product in client.channels.get("heartbeat", ()):
                desk = self.desks[product]
                event = frames.heartbeat(desk, self.sequences[product], self.stamp_ns())
                self.tell(socket, text(event))
            for product in client.channels.get("ticker_batch", ()):
                desk = self.desks[product]
                self.tell(socket, self._ticker(desk, desk.last), f"{product}@ticker")

    def _ticker(self, desk: Desk, trade: Trade) -> str:
        sequence = self.sequences[desk.listed]
        return text(frames.ticker(desk, trade, sequence, self.stamp_ns(trade.ts_ns)))

    # ------------------------------------------------------------ REST

    def respond(self, asked: Asked) -> Reply:
        return respond(self, asked)

    def too_many(self, asked: Asked, retry_after_s: int) -> Reply:
        del asked
        body = msgspec.json.encode({"message": "Public rate limit exceeded"})
        return Reply(429, body, {"Retry-After": str(retry_after_s)})


def _wanted(order: Order) -> Iterable[tuple[str, str]]:
    """Channel and product of an order; no product means that the whole channel is dropped."""
    for channel in order.channels:
        if isinstance(channel, str):
            name, products = channel, order.product_ids
        else:
            own = channel.get("product_ids")
            name = str(channel.get("name", ""))
            products = [str(one) for one in own] if isinstance(own, list) else order.product_ids
        if not products and order.type == "unsubscribe":
            yield name, ""
        for product in products:
            yield name, product
