"""A double of Kraken: WebSocket v2 with its checksums, and the public part of its REST interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from mdsim.core.time import MS, SECOND
from mdsim.testkit.desk import Beat, Desk, Pair
from mdsim.testkit.double import Double
from mdsim.testkit.doubles import _kraken_frames as frames
from mdsim.testkit.doubles._kraken_rest import INTERVALS, respond
from mdsim.testkit.frames import Asked, Reply, iso, text
from mdsim.testkit.market import Market
from mdsim.testkit.socket import Socket

PAIRS: Mapping[str, Pair] = {
    "BTC/USD": Pair("BTC", "USD", 1, 8, 0.6, 2_500.0, 1.1),
    "ETH/USD": Pair("ETH", "USD", 2, 8, 0.9, 36_000.0, 1.1),
    "USDT/USD": Pair("USDT", "USD", 5, 8, 0.8, 85_000_000.0, 0.2),
    "USDC/USD": Pair("USDC", "USD", 4, 8, 1.0, 30_000_000.0, 0.2),
    "BTC/USDT": Pair("BTC", "USDT", 1, 8, 1.4, 320.0, 1.1),
    "ETH/USDT": Pair("ETH", "USDT", 2, 8, 1.9, 5_200.0, 1.1),
    "ETH/BTC": Pair("ETH", "BTC", 5, 8, 3.5, 3_000.0, 1.1),
}
IDLE_NS = 60 * SECOND
"""After so long without a subscription or a word a connection is closed."""
DEPTHS = (10, 25, 100, 500, 1_000)
CHANNELS = ("book", "ticker", "trade", "ohlc", "instrument")


class Params(msgspec.Struct):
    """What is subscribed to."""

    channel: str = ""
    symbol: list[str] = []
    depth: int = 10
    interval: int = 1
    snapshot: bool | None = None
    event_trigger: str = "trades"


class Order(msgspec.Struct):
    """A request on the socket."""

    method: str
    params: Params = msgspec.field(default_factory=Params)
    req_id: int | None = None


@dataclass(slots=True)
class Sub:
    """One channel of one pair; the book as the client has it, and when its snapshot is due."""

    params: Params
    shown: frames.Shown = field(default_factory=frames.Shown)
    due_ns: int | None = None


@dataclass(slots=True)
class Client:
    """One connection.

    Attributes:
        told: something was sent in this second; ``heard_ns``: when the client last said anything.
    """

    heard_ns: int
    subs: dict[tuple[str, str], Sub] = field(default_factory=dict)
    told: bool = False


class Kraken(Double):
    """Kraken."""

    name = "kraken"
    beat_ns = 100 * MS
    pairs = PAIRS

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self._clients: dict[Socket, Client] = {}
        self._connections = 12_393_906_104_898_154_337  # past 2^53, as theirs are

    @property
    def url(self) -> str:
        return f"ws://{self.address}/v2"

    @property
    def rest_url(self) -> str:
        return f"http://{self.address}/0/public"

    # ------------------------------------------------------------ clients

    def opened(self, socket: Socket) -> None:
        """The state of the engine comes first."""
        self._clients[socket] = Client(self.market.now_ns())
        self._connections += 1
        self._status(socket, "online")

    def gone(self, socket: Socket) -> None:
        self._clients.pop(socket, None)

    def shut_down(self, lead_ns: int) -> None:
        """Announce maintenance."""
        del lead_ns
        for socket in self._clients:
            self._status(socket, "maintenance")

    def _status(self, socket: Socket, system: str) -> None:
        state = {
            "version": "2.0.10",
            "system": system,
            "api_version": "v2",
            "connection_id": self._connections,
        }
        self.tell(socket, text({"channel": "status", "type": "update", "data": [state]}))

    def heard(self, socket: Socket, raw: str) -> None:
        """Answer each symbol of a request by itself."""
        self._clients[socket].heard_ns = self.market.now_ns()
        time_in = iso(self.stamp_ns())
        try:
            order = msgspec.json.decode(raw, type=Order)
        except msgspec.DecodeError:
            self._answer(socket, Order("error"), time_in, error="Malformed request")
            return
        if order.method == "ping":
            self._answer(socket, Order("pong", req_id=order.req_id), time_in, success=None)
        elif order.method in ("subscribe", "unsubscribe"):
            channel = order.params.channel
            if channel not in CHANNELS:
                self._answer(socket, order, time_in, error=f"Channel not supported {channel}")
            elif channel == "book" and order.params.depth not in DEPTHS:
                self._answer(socket, order, time_in, error="Subscription depth not supported")
            elif channel == "ohlc" and order.params.interval not in INTERVALS:
                self._answer(socket, order, time_in, error="Subscription ohlc interval not supported")
            else:
                for symbol in order.params.symbol or ([""] if channel == "instrument" else []):
                    self._order(socket, order, symbol, time_in)
        else:
            self._answer(socket, order, time_in, error="Event(s) not found")

    def _order(self, socket: Socket, order: Order, symbol: str, time_in: str) -> None:
        client, params = self._clients[socket], order.params
        key = (params.channel, symbol)
        if symbol and symbol not in self.desks:
            error = f"Currency pair not supported {symbol}"
            self._answer(socket, order, time_in, symbol=symbol, error=error)
        elif order.method == "unsubscribe":
            known = client.subs.pop(key, None) is not None
            error = "" if known else "Subscription Not Found"
            self._answer(socket, order, time_in, symbol=symbol, error=error)
        elif key in client.subs:
            self._answer(socket, order, time_in, symbol=symbol, error="Already subscribed")
        else:
            sub = client.subs[key] = Sub(params)
            self._answer(socket, order, time_in, symbol=symbol)
            self._greet(socket, sub, symbol)

    def _answer(
        self,
        socket: Socket,
        order: Order,
        time_in: str,
        *,
        symbol: str = "",
        error: str = "",
        success: bool | None = True,
    ) -> None:
        found: dict[str, object] = {"method": order.method}
        if error:
            found |= {"error": error, "success": False}
            if symbol:
                found["symbol"] = symbol
        elif success:
            result: dict[str, object] = {"channel": order.params.channel}
            if order.params.channel == "book":
                result["depth"] = order.params.depth
            if order.params.channel == "ohlc":
                result["interval"] = order.params.interval
            if order.params.channel == "ticker":
                result["event_trigger"] = order.params.event_trigger
            result["snapshot"] = order.params.snapshot is not False
            if symbol:
                result["symbol"] = symbol
            found |= {"result": result, "success": True}
        found |= {"time_in": time_in, "time_out": iso(self.stamp_ns())}
        if order.req_id is not None:
            found["req_id"] = order.req_id
        self.tell(socket, text(found))

    def _greet(self, socket: Socket, sub: Sub, symbol: str) -> None:
        """What comes at once."""
        channel, wants = sub.params.channel, sub.params.snapshot is not False
        if channel == "instrument":
            if wants:
                self.tell(socket, frames.instruments(self.desks.values()))
            return
        desk = self.desks[symbol]
        if channel == "ticker" and wants:
            self._tell(socket, frames.ticker(desk, self.stamp_ns(), "snapshot"), f"{symbol}@ticker")
        elif channel == "trade" and sub.params.snapshot:
            trades = list(desk.trades)[-50:]
            self._tell(socket, frames.trades(desk, trades, "snapshot", self.stamp_ns), f"{symbol}@trade")
        elif channel == "ohlc" and wants:
            self._tell_bars(socket, desk, sub, "snapshot")
        elif channel == "book":
            late_ns = int(self.faults.amount("late_snapshot") * SECOND)
            sub.due_ns = self.market.now_ns() + late_ns
            if not late_ns:
                self._snapshot(socket, sub, desk)

    def _snapshot(self, socket: Socket, sub: Sub, desk: Desk) -> None:
        sub.due_ns = None
        frame = sub.shown.snapshot(desk, sub.params.depth, self.stamp_ns(), self._flip())
        self._tell(socket, frame, f"{desk.listed}@snapshot")

    def _tell_bars(self, socket: Socket, desk: Desk, sub: Sub, kind: str) -> None:
        """All bars at first; then the one that a trade changed."""
        minutes = sub.params.interval
        made = desk.bars_of(minutes, self.market.now_ns())
        made = made if kind == "snapshot" else made[-1:]
        frame = frames.bars(desk, made, minutes, kind, self.stamp_ns())
        self._tell(socket, frame, f"{desk.listed}@ohlc")

    def _flip(self) -> int:
        return 1 if self.faults.on("bad_checksum") else 0

    def _tell(self, socket: Socket, frame: str, channel: str) -> None:
        self._clients[socket].told = True
        self.tell(socket, frame, channel)

    # ------------------------------------------------------------ channels

    def moved(self, desk: Desk, beat: Beat) -> None:
        """Books, tickers and trades."""
        listed = desk.listed
        for socket, client in list(self._clients.items()):
            sub = client.subs.get(("book", listed))
            if sub is not None and sub.due_ns is not None:
                if self.market.now_ns() >= sub.due_ns:
                    self._snapshot(socket, sub, desk)
            elif sub is not None:
                update = sub.shown.update(desk, sub.params.depth, self.stamp_ns(), self._flip())
                if update:
                    self._tell(socket, update, f"{listed}@book")
            sub = client.subs.get(("ticker", listed))
            if sub is not None and (beat.trades or (beat.touch and sub.params.event_trigger == "bbo")):
                self._tell(socket, frames.ticker(desk, self.stamp_ns(), "update"), f"{listed}@ticker")
            sub = client.subs.get(("ohlc", listed))
            if sub is not None and beat.trades:
                self._tell_bars(socket, desk, sub, "update")
            if beat.trades and ("trade", listed) in client.subs:
                frame = frames.trades(desk, beat.trades, "update", self.stamp_ns)
                self._tell(socket, frame, f"{listed}@trade")

    def second(self) -> None:
        """A heartbeat for whoever heard nothing else, and the end of those who want nothing."""
        now_ns = self.market.now_ns()
        for socket, client in self._clients.items():
            if not client.subs and now_ns - client.heard_ns > IDLE_NS:
                socket.close(1000)
            if client.subs and not client.told:
                self.tell(socket, '{"channel":"heartbeat"}')
            client.told = False

    # ------------------------------------------------------------ REST

    def respond(self, asked: Asked) -> Reply:
        return respond(self, asked)

    def too_many(self, asked: Asked, retry_after_s: int) -> Reply:
        body = msgspec.json.encode({"error": ["EAPI:Rate limit exceeded"]})
        if asked.kind != "OPEN":  # REST says whatever is wrong with a status of 200
            return Reply(200, body)
        return Reply(429, body, {"Retry-After": str(retry_after_s)})
