"""A double of Binance Spot: market streams, raw and combined, and the market data of its REST interface."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from mdsim.core.time import HOUR, MS, SECOND
from mdsim.testkit.desk import Beat, Desk, Levels, Pair
from mdsim.testkit.double import Double
from mdsim.testkit.doubles import _binance_frames as frames
from mdsim.testkit.doubles import _binance_windows as windows
from mdsim.testkit.doubles._binance_control import RefusedError, read
from mdsim.testkit.doubles._binance_rest import TOO_MUCH, BinanceRest
from mdsim.testkit.frames import Asked, Reply, text
from mdsim.testkit.market import Market
from mdsim.testkit.socket import Socket

PAIRS: Mapping[str, Pair] = {
    "BTCUSDT": Pair("BTC", "USDT", 2, 5, 0.02, 21_000.0, 0.4),
    "ETHUSDT": Pair("ETH", "USDT", 2, 4, 0.05, 420_000.0, 0.4),
    "ETHBTC": Pair("ETH", "BTC", 5, 4, 0.6, 25_000.0, 0.4),
    "BTCUSDC": Pair("BTC", "USDC", 2, 5, 0.1, 2_600.0, 0.4),
    "ETHUSDC": Pair("ETH", "USDC", 2, 4, 0.2, 30_000.0, 0.4),
    "USDCUSDT": Pair("USDC", "USDT", 5, 0, 0.1, 900_000_000.0, 0.1),
}
FAST_NS, SLOW_NS = 100 * MS, SECOND
LIFE_NS = 24 * HOUR
MOST_STREAMS = 1_024
KLINE = "@kline_"


@dataclass(slots=True)
class Client:
    """One connection.

    Attributes:
        combined: frames are wrapped; ``micros``: times are in microseconds.
        streams: as they were asked for.
        came: when the newest messages, pings and pongs came.
    """

    combined: bool
    opened_ns: int
    streams: dict[str, None] = field(default_factory=dict)
    micros: bool = False
    came: deque[int] = field(default_factory=deque)


@dataclass(slots=True)
class Diff:
    """Changes of a book since the last event of a diff stream of one speed."""

    first: int
    last: int
    sent_ns: int
    bids: Levels = field(default_factory=dict)
    asks: Levels = field(default_factory=dict)

    def add(self, beat: Beat) -> None:
        """Take a beat in; the newest size of a price counts."""
        if not self.first:
            self.first = beat.first
        self.last = beat.last
        self.bids.update(beat.bids)
        self.asks.update(beat.asks)

    def clear(self, now_ns: int) -> None:
        """An event was sent."""
        self.first, self.sent_ns = 0, now_ns
        self.bids, self.asks = {}, {}


class Binance(Double):
    """Binance Spot.

    Attributes:
        messages_most: that a client may send within a second, pings and pongs among them.
    """

    name = "binance"
    beat_ns = 50 * MS
    pings_owed_most = 3
    messages_most = 5
    pairs = PAIRS

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self._clients: dict[Socket, Client] = {}
        self._diffs = {
            (listed, speed_ns): Diff(0, 0, 0) for listed in self.desks for speed_ns in (FAST_NS, SLOW_NS)
        }
        self._told_bars: dict[str, int] = {}  # stream → when the bar began that it told last
        self._rest = BinanceRest(self)

    @property
    def url(self) -> str:
        """Base of the market streams; what mdsim's ``url:`` wants."""
        return f"ws://{self.address}/ws"

    @property
    def combined_url(self) -> str:
        """Base of the combined streams; clients that look for ``/stream`` in it want this one."""
        return f"ws://{self.address}/stream"

    # ------------------------------------------------------------ clients

    def opened(self, socket: Socket) -> None:
        """Subscribe to what the address names: it is never refused, only silent where it does not exist."""
        steps = [step for step in socket.path.split("/") if step]
        client = Client("stream" in steps and "ws" not in steps, self.market.now_ns())
        client.micros = socket.query.get("timeUnit", "").upper() == "MICROSECOND"
        names = socket.query.get("streams", "").split("/") + [step for step in steps if "@" in step]
        client.streams.update((name.split("?")[0], None) for name in names if name)
        self._clients[socket] = client

    def counted(self, socket: Socket) -> bool:
        """Whether the client keeps to five messages a second."""
        now_ns, came = self.market.now_ns(), self._clients[socket].came
        came.append(now_ns)
        while came[0] <= now_ns - SECOND:
            came.popleft()
        return len(came) <= self.messages_most

    def gone(self, socket: Socket) -> None:
        self._clients.pop(socket, None)

    def heard(self, socket: Socket, raw: str) -> None:
        """Answer a control message; answers are never wrapped."""
        client = self._clients[socket]
        try:
            asked = read(raw)
        except RefusedError as refused:
            self.tell(socket, refused.text)
            return
        if asked.method == "SUBSCRIBE" and len({*client.streams, *asked.names}) > MOST_STREAMS:
            socket.close(1008)
            return
        result: object = None
        if asked.method == "SUBSCRIBE":
            client.streams.update(dict.fromkeys(asked.names))
        elif asked.method == "UNSUBSCRIBE":
            for name in asked.names:
                client.streams.pop(name, None)
        elif asked.method == "LIST_SUBSCRIPTIONS":
            result = list(client.streams)
        elif asked.method == "SET_PROPERTY":
            client.combined = asked.flag
        else:
            result = client.combined
        self.tell(socket, text({"result": result, "id": asked.id}))

    def shut_down(self, lead_ns: int) -> None:
        """Announce it, as Binance does since 2026."""
        del lead_ns
        for socket, client in self._clients.items():
            event = {"e": "serverShutdown", "E": self._time(client)}
            self.tell(socket, frames.wrapped(event, "!serverShutdown" if client.combined else ""))

    # ------------------------------------------------------------ streams

    def moved(self, desk: Desk, beat: Beat) -> None:
        """Trades and quotes at once; changes of the book every 100 or 1,000 ms."""
        stem = desk.listed.lower()
        for trade in beat.trades:
            self._publish(f"{stem}@trade", frames.trade(desk, trade, self.stamp_ns(trade.ts_ns)))
            self._publish(f"{stem}@aggTrade", frames.agg_trade(desk, trade, self.stamp_ns(trade.ts_ns)))
        if beat.touch:
            self._publish(f"{stem}@bookTicker", frames.book_ticker(desk))
        now_ns = self.market.now_ns()
        for speed_ns, suffixes in ((FAST_NS, ("@100ms",)), (SLOW_NS, ("", "@1000ms"))):
            diff = self._diffs[desk.listed, speed_ns]
            if beat.changed:
                diff.add(beat)
            # Half a beat of slack: events are 100 ms apart, not 150 whenever a beat comes a little early.
            if diff.first and now_ns - diff.sent_ns >= speed_ns - self.beat_ns // 2:
                event = frames.depth_update(
                    desk, diff.first, diff.last, diff.bids, diff.asks, self.stamp_ns()
                )
                for suffix in suffixes:
                    self._publish(f"{stem}@depth{suffix}", event)
                    for levels in (5, 10, 20):
                        name = f"{stem}@depth{levels}{suffix}"
                        self._publish(name, frames.partial(desk, levels))
                diff.clear(now_ns)

    def second(self) -> None:
        """Summaries and bars, and the end of connections that are a day old."""
        stamp_ns = self.stamp_ns()
        for socket, client in self._clients.items():
            if self.market.now_ns() - client.opened_ns >= LIFE_NS:
                socket.close(1001)
        minis = []
        for desk in self.desks.values():
            stem = desk.listed.lower()
            minis.append(frames.mini_ticker(desk, stamp_ns))
            self._publish(f"{stem}@miniTicker", minis[-1])
            self._publish(f"{stem}@ticker", frames.ticker(desk, stamp_ns))
            self._publish(f"{stem}@avgPrice", frames.avg_price(desk, stamp_ns))
        for name in ("!miniTicker@arr", "!miniTicker@arr@1000ms"):
            self._publish(name, minis)
        self._tell_windows(stamp_ns)
        self._tell_bars(stamp_ns)

    def _tell_windows(self, stamp_ns: int) -> None:
        """Rolling windows, each symbol's and all in one."""
        wanted = {name for client in self._clients.values() for name in client.streams if "ticker_" in name}
        for size, minutes in windows.STREAMS.items():
            if not any(f"ticker_{size}" in name for name in wanted):
                continue
            made = []
            for desk in self.desks.values():
                bar = windows.rolling(desk, minutes, self.market.now_ns())
                made.append(windows.event(desk, size, bar, stamp_ns))
                self._publish(f"{desk.listed.lower()}@ticker_{size}", made[-1])
            self._publish(f"!ticker_{size}@arr", made)

    def _tell_bars(self, stamp_ns: int) -> None:
        """The bar that is open; before it, once, the one that has ended since."""
        names = {name: None for client in self._clients.values() for name in client.streams if KLINE in name}
        self._told_bars = {name: self._told_bars.get(name, 0) for name in names}
        for name in names:
            stem, _, interval = name.partition(KLINE)
            desk, minutes = self.desks.get(stem.upper()), frames.INTERVALS.get(interval)
            if desk is None or minutes is None:
                continue  # taken without a word, and silent
            bars, told_ns = desk.bars_of(minutes, self.market.now_ns())[-2:], self._told_bars[name]
            if len(bars) == 2 and told_ns == bars[0].open_ns:
                self._publish(name, frames.kline(desk, bars[0], interval, stamp_ns, closed=True))
            self._publish(name, frames.kline(desk, bars[-1], interval, stamp_ns, closed=False))
            self._told_bars[name] = bars[-1].open_ns

    def _publish(self, name: str, event: Mapping[str, object] | Sequence[Mapping[str, object]]) -> None:
        """Send an event to everyone who subscribed to its stream."""
        plain = wrapped = ""
        for socket, client in list(self._clients.items()):
            if name not in client.streams:
                continue
            told = frames.in_micros(event) if client.micros else event
            if client.combined:
                wrapped = wrapped if wrapped and not client.micros else frames.wrapped(told, name)
                self.tell(socket, wrapped, name)
            else:
                plain = plain if plain and not client.micros else text(told)
                self.tell(socket, plain, name)

    def _time(self, client: Client) -> int:
        return self.stamp_ns() // (1_000 if client.micros else MS)

    # ------------------------------------------------------------ REST

    def respond(self, asked: Asked) -> Reply:
        return self._banned() or self._rest.respond(asked)

    def refuse_socket(self, asked: Asked) -> Reply | None:
        """A banned address opens no stream either."""
        del asked
        return self._banned()

    def _banned(self) -> Reply | None:
        wait_s = math.ceil(self.faults.amount("ban_418"))
        return self._rest.ban(wait_s) if wait_s else None

    def too_many(self, asked: Asked, retry_after_s: int) -> Reply:
        del asked
        body = msgspec.json.encode({"code": -1003, "msg": TOO_MUCH})
        return Reply(429, body, {"Retry-After": str(retry_after_s)})
