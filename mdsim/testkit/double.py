"""What all doubles have in common: a port, desks that move, faults, and what clients asked."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import trio

from mdsim.core.time import MS, SECOND
from mdsim.testkit.desk import Beat, Desk, Pair
from mdsim.testkit.faults import Faults
from mdsim.testkit.frames import Asked, Reply
from mdsim.testkit.market import Market
from mdsim.testkit.socket import Socket
from mdsim.testkit.web import serve

REQUESTS_KEPT = 10_000
_PING_S = 20.0


class Double:
    """One provider's double.

    Attributes:
        name: the provider's.
        pings_owed_most: unanswered pings, one every 20 s, after which a connection is closed; 0 for never.
        beat_ns: how often its books move; ``tick_ns``: how often it does what happens once a second.
        pairs: what it lists, by its own names.
        market: the truth behind it.
        faults: what is wrong with it now.
        desks: its pairs at work.
        sockets: open connections.
    """

    name: str
    pings_owed_most: int = 0
    beat_ns: int = 100 * MS
    tick_ns: int = SECOND
    pairs: Mapping[str, Pair] = {}

    def __init__(self, market: Market) -> None:
        self.market = market
        self.faults = Faults(self.name)
        self.faults.on_start = self._started
        self.desks = {
            listed: Desk(listed, pair, market.seeds, self.name) for listed, pair in self.pairs.items()
        }
        self._requests: deque[Asked] = deque(maxlen=REQUESTS_KEPT)
        self.sockets: list[Socket] = []
        self._port = 0
        self._held: dict[str, float] = {}  # asset → what it was worth when somebody last looked
        self._shutting: Callable[[], None] = lambda: None

    @property
    def requests(self) -> tuple[Asked, ...]:
        """What clients asked, oldest first; the newest 10,000 are kept."""
        return tuple(self._requests.copy())  # copied at one go: others may ask meanwhile

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """What a configuration names as the address of the source."""
        raise NotImplementedError

    @property
    def rest_url(self) -> str:
        """Base of its REST interface."""
        return f"http://{self.address}"

    @asynccontextmanager
    async def open(self, *, listening: bool = True) -> AsyncIterator[None]:
        """Serve on a free port of this machine while the block runs; an error of the block stays itself.

        Args:
            listening: False for no port: whoever runs in virtual time hands streams to ``web.converse``.
        """
        try:
            async with self._serving(listening):
                yield
        except BaseExceptionGroup as group:
            alone: BaseException = group
            while isinstance(alone, BaseExceptionGroup) and len(alone.exceptions) == 1:
                alone = alone.exceptions[0]
            raise alone from None

    @asynccontextmanager
    async def _serving(self, listening: bool) -> AsyncIterator[None]:
        async with trio.open_nursery() as nursery:
            token = trio.lowlevel.current_trio_token()
            # Faults may be started from any thread.
            self._shutting = lambda: token.run_sync_soon(nursery.start_soon, self._shut)
            self._move(self.market.now_ns())
            if listening:
                self._port = await nursery.start(serve, self)
            nursery.start_soon(self._run)
            try:
                yield
            finally:
                self._shutting = lambda: None
                nursery.cancel_scope.cancel()

    # ------------------------------------------------------------ the market as this venue sees it

    def stamp_ns(self, ts_ns: int | None = None) -> int:
        """The venue's own clock: now, or what it showed at an instant."""
        true_ns = self.market.now_ns() if ts_ns is None else ts_ns
        return true_ns + int(self.faults.amount("clock_skew") * SECOND)

    def usd(self, asset: str, now_ns: int) -> float:
        """What the venue takes an asset to be worth, its faults included."""
        if asset == "USD":
            return 1.0
        if not self.faults.on("frozen") or asset not in self._held:
            self._held[asset] = self.market.prices.usd(asset, now_ns)
        return self._held[asset]

    def mid(self, base: str, quote: str, now_ns: int) -> float:
        """The venue's price of a pair, before its wandering."""
        mid = self.usd(base, now_ns) / self.usd(quote, now_ns)
        return mid * self.faults.amount("wrong_decimals") if self.faults.on("wrong_decimals") else mid

    def _move(self, now_ns: int) -> None:
        frozen = self.faults.on("frozen")
        for desk in self.desks.values():
            pair = desk.pair
            mid = self.mid(pair.base, pair.quote, now_ns)
            beat = desk.beat(mid, self.usd(pair.base, now_ns), now_ns, still=frozen)
            self.moved(desk, beat)

    async def _run(self) -> None:
        begin, beats = trio.current_time(), 0
        next_ping, next_tick = begin + _PING_S, begin
        while True:
            beats += 1
            await trio.sleep_until(begin + beats * self.beat_ns / SECOND)
            now = trio.current_time()
            beats = max(beats, math.floor((now - begin) * SECOND / self.beat_ns))
            self._move(self.market.now_ns())
            if now >= next_tick + self.tick_ns / SECOND:
                next_tick = now
                if not self.faults.on("silence"):
                    self.second()
            if now >= next_ping:
                next_ping += _PING_S
                if not self.faults.on("silence"):
                    for socket in list(self.sockets):
                        if self.pings_owed_most and socket.owed >= self.pings_owed_most:
                            socket.close(1008)
                        socket.ping(str(self.stamp_ns() // MS).encode())

    # ------------------------------------------------------------ for each provider

    def moved(self, desk: Desk, beat: Beat) -> None:
        """Tell whoever subscribed what one beat changed."""

    def second(self) -> None:
        """A second has passed (``tick_ns``)."""

    def opened(self, socket: Socket) -> None:
        """A connection stands."""

    def heard(self, socket: Socket, raw: str) -> None:
        """A client sent a message."""

    def counted(self, socket: Socket) -> bool:
        """Whether one more message, ping or pong of a client is within what the provider allows."""
        del socket
        return True

    def gone(self, socket: Socket) -> None:
        """A connection has ended."""

    def respond(self, asked: Asked) -> Reply:
        """The answer to a request."""
        raise NotImplementedError

    def too_many(self, asked: Asked, retry_after_s: int) -> Reply:
        """The answer to one request too many."""
        raise NotImplementedError

    def refuse_socket(self, asked: Asked) -> Reply | None:
        """Why a connection is not opened; None when it is."""
        del asked
        return None

    def shut_down(self, lead_ns: int) -> None:
        """Announce that connections end, where the provider does."""

    # ------------------------------------------------------------ telling

    def tell(self, socket: Socket, text: str, channel: str = "") -> None:
        """Send a frame, unless a fault has other plans.

        Args:
            socket: to whom.
            text: the frame.
            channel: what it belongs to, such as ``BTCUSDT@depth``; empty for what is no data, which is
                never lost.
        """
        faults = self.faults
        if faults.on("silence"):
            return
        if channel:
            count = socket.sent[channel] = socket.sent.get(channel, 0) + 1
            if faults.on("disconnect_mid_frame"):
                socket.tear(text)
                return
            if faults.on("gap") and count % max(1, int(faults.amount("gap"))) == 0:
                return
        socket.send(text)

    def _started(self, fault: str) -> None:
        if fault == "server_shutdown":
            self._shutting()

    async def _shut(self) -> None:
        lead_s, ending = self.faults.amount("server_shutdown"), list(self.sockets)
        self.shut_down(int(lead_s * SECOND))
        await trio.sleep(lead_s)
        for socket in ending:
            socket.close(1001)

    # ------------------------------------------------------------ the port

    def arrived(self, kind: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Asked:
        """Note a request."""
        asked = Asked(self.market.now_ns(), kind, path, query, headers)
        self._requests.append(asked)
        return asked

    def answer(self, asked: Asked) -> Reply | None:
        """What to answer; None for nothing."""
        if self.faults.on("silence"):
            return None
        if self.faults.on("storm_429"):
            return self.too_many(asked, max(1, math.ceil(self.faults.amount("storm_429"))))
        return self.respond(asked)

    def admit(self, asked: Asked) -> Reply | None:
        """Why a WebSocket is not opened."""
        if self.faults.on("storm_429"):
            return self.too_many(asked, max(1, math.ceil(self.faults.amount("storm_429"))))
        return self.refuse_socket(asked)

    async def attend(self, socket: Socket, prefix: bytes) -> None:
        """Serve a WebSocket until it ends."""
        self.sockets.append(socket)
        try:
            await socket.run(prefix, self.opened, self._heard, self.counted)
        finally:
            self.sockets.remove(socket)
            self.gone(socket)

    def _heard(self, socket: Socket, text: str) -> None:
        asked = Asked(self.market.now_ns(), "SEND", socket.path, socket.query, {}, text)
        self._requests.append(asked)
        if not self.faults.on("silence"):
            self.heard(socket, text)
